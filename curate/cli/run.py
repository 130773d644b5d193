"""`curate run`."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from curate.config import load_config
from curate.errors import UsageError
from curate.pipeline import RunResult
from curate.pipeline import run as run_pipeline
from curate.report.console import console, table
from curate.report.progress import StageProgress
from curate.runs import Project
from curate.text import excerpt, plural


def run(
    config: Annotated[Path, typer.Argument(help="The project's configuration.", metavar="curate.toml")] = Path("curate.toml"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """All stages from one configuration: check, dedup, conflicts, split, train.

    A stage whose inputs have not changed is not run again; after an interruption the next run goes on behind the last finished stage.
    """
    path = config / "curate.toml" if config.is_dir() else config
    if not path.exists() and config == Path("curate.toml") and Path("pyproject.toml").exists():
        path = Path("pyproject.toml")
    settings = load_config(path)
    if not settings.data:
        raise UsageError(f"{path}: names no data", 'write  data = ["data.jsonl"]')
    with StageProgress(quiet=quiet) as progress:
        result = run_pipeline(Project(path.absolute().parent), settings, progress.listen)
    if as_json:
        json.dump(_as_json(result), sys.stdout)
        sys.stdout.write("\n")
        return
    _show(result)


def _as_json(result: RunResult) -> dict[str, Any]:
    return {
        "manifest_sha256": result.manifest_sha256,
        "manifest": result.manifest.model_dump(mode="json"),
        "findings": dict(sorted(Counter(finding.code for finding in result.findings).items())),
        "conflicts": len(result.conflicts),
        "undecided": result.undecided,
        "apart": result.apart,
        "notes": result.notes,
        "training": result.training,
    }


def _show(result: RunResult) -> None:
    out = console()
    summary = table("", "", " ")
    summary.show_header = False
    for name, value in _summary(result):
        summary.add_row(name, value)
    out.print(summary)
    for note in result.notes:
        out.print(f"note: {note}", style="dim")
    if result.training and result.training.get("generations"):
        spoken = table("Held-out prompts, before and after", "Prompt", "Expected", "Base", "Tuned")
        for item in result.training["generations"]:
            spoken.add_row(*(excerpt(str(item[key]), 60) for key in ("prompt", "reference", "base", "tuned")))
        out.print(spoken)
    out.print(f"manifest {result.manifest_sha256}")


def _summary(result: RunResult) -> list[tuple[str, str]]:
    severities = Counter(finding.severity.value for finding in result.findings)
    reasons = result.manifest.removed.reasons
    exact, near, begun = (reasons.get(code, 0) for code in ("D001", "D003", "D007"))
    duplicates = exact + near + begun
    counts = f"{exact:,} exact, {near:,} near"
    counts += f", {plural(begun, 'beginning')}" if begun else ""
    rows = [
        ("lines read", f"{result.manifest.read:,}"),
        ("findings", ", ".join(plural(severities[name], name) for name in ("error", "warning", "info"))),
        ("duplicates removed", f"{duplicates:,} ({counts}; {result.apart:,} pairs kept apart)"),
        ("removed for other reasons", f"{result.manifest.removed.lines - duplicates:,}"),
        ("conflicts", f"{len(result.conflicts):,} ({result.undecided:,} undecided)"),
        *((f"{name} examples", f"{part.examples:,}") for name, part in result.manifest.splits.items()),
    ]
    if result.training:
        trained = result.training
        share = trained["trainable_parameters"] / trained["total_parameters"]
        difference = trained["tuned_loss"] - trained["base_loss"]
        rows += [
            ("trainable parameters", f"{trained['trainable_parameters']:,} ({share:.2%} of {trained['total_parameters']:,})"),
            ("held-out loss, base", f"{trained['base_loss']:.4f} ({trained['held_out']}, {trained['held_out_examples']:,} examples)"),
            ("held-out loss, tuned", f"{trained['tuned_loss']:.4f} ({difference:+.4f})"),
        ]
    return rows
