"""The result of a run so far, updated by each stage, for people and programs."""

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from curate.commands.run.result import RunResult
from curate.core.text import EMPTY, excerpt, plural, visible
from curate.render.console import table


def run_text(result: RunResult, project: Path, output: Path) -> Iterator[RenderableType]:
    """The result as a table and lines; `project` and `output`: the folders that the next steps name."""
    yield table("", "", "", rows=(*_summary_rows(result), *_training_rows(result.training)))
    for note in result.notes:
        yield Text(f"note: {note}", style="dim")
    if result.training and result.training.get("generations"):
        keys, answers = ("prompt", "reference", "base", "tuned"), result.training["generations"]
        rows = [[excerpt(str(item[key]), 60) or EMPTY for key in keys] for item in answers]
        columns = ("Prompt", "Expected", "Base", "Tuned")
        yield table("Held-out prompts, before and after training", *columns, rows=rows)
    if result.undecided:
        conflicts = plural(result.undecided, "conflict")
        yield Text(f"next: {conflicts} to decide: curate review {visible(shlex.quote(str(project)))}")
    if result.manifest_sha256:
        yield Text(f"next: prove that the splits do not leak: curate verify {visible(shlex.quote(str(output)))}")
        yield Text(f"manifest {result.manifest_sha256}")


def dry_text(result: RunResult) -> Iterator[RenderableType]:
    """The result of a dry run: each stage and what it would do."""
    for name, state in result.stages.items():
        yield f"{name:<10} {state}"
    yield "nothing written"


def _summary_rows(result: RunResult) -> Iterator[tuple[str, str]]:
    if skipped := [name for name, state in result.stages.items() if state == "skipped"]:
        yield "skipped", ", ".join(skipped)
    if result.stages.get("check") != "skipped":
        severities = Counter(finding.severity.value for finding in result.findings)
        yield "findings", ", ".join(plural(severities[name], name) for name in ("error", "warning", "info"))
    if result.stages.get("conflicts") != "skipped":
        yield "conflicts", f"{len(result.conflicts):,} ({result.undecided:,} undecided)"
    if result.manifest is None:
        return
    reasons = result.manifest.removed.reasons
    exact, near_duplicates, prefixes = (reasons.get(code, 0) for code in ("D001", "D003", "D007"))
    duplicates = exact + near_duplicates + prefixes
    counts = f"{exact:,} exact, {near_duplicates:,} near" + (f", {plural(prefixes, 'beginning')}" if prefixes else "")
    yield "lines read", f"{result.manifest.read:,}"
    yield "duplicates removed", f"{duplicates:,} ({counts}; {plural(result.apart, 'pair')} kept apart)"
    if result.same_words or result.alike:
        pairs = f"{plural(result.same_words, 'pair')} with the same content words"
        yield "kept, see `curate dedup`", f"{pairs}, {plural(result.alike, 'paraphrase')}"
    mixed = reasons.get("mix", 0)
    if mixed:
        yield "not in the mix", f"{mixed:,}"
    yield "removed for other reasons", f"{result.manifest.removed.lines - duplicates - mixed:,}"
    yield from ((f"{name} examples", f"{part.examples:,}") for name, part in result.manifest.splits.items())


def _training_rows(trained: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    """Label and value of each row about the training; none without a training."""
    if not trained:
        return
    share = trained["trainable_parameters"] / trained["total_parameters"]
    difference = trained["tuned_loss"] - trained["base_loss"]
    yield (
        "trainable parameters",
        f"{trained['trainable_parameters']:,} ({share:.2%} of {trained['total_parameters']:,})",
    )
    yield (
        "held-out loss, base",
        f"{trained['base_loss']:.4f} ({trained['held_out']}, {trained['held_out_examples']:,} examples)",
    )
    yield "held-out loss, tuned", f"{trained['tuned_loss']:.4f} ({difference:+.4f})"
