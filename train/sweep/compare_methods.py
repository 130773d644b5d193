"""Methods side by side: a sweep over methods in which each trial trains to its end, with the same base, data, steps and
seed.

Each trains in a process of its own, so that its memory is its own. Unlike other sweeps it decides nothing: it measures
on the held-out split.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from curate.core.errors import ExitCode, LogError, UsageError
from curate.core.files import write_bytes, write_json
from curate.report.console import table
from train.autoconfig import gigabytes
from train.journal import JsonLines, Narrator
from train.recipe import Recipe, changed, recipe_text
from train.run_folder import RunFolder, identify
from train.sweep.sweep_result import Compared, Comparison
from train.sweep.trial import Watch, Work, last_words, run_process

VARIANTS: Final[dict[str, dict[str, Any]]] = {
    "lora": {"method": "lora"},
    "qlora": {"method": "qlora"},
    "rslora": {"method": "qlora", "rslora": True},
    "dora": {"method": "qlora", "dora": True},
    "ia3": {"method": "ia3"},
    "prefix-tuning": {"method": "prefix-tuning"},
    "prompt-tuning": {"method": "prompt-tuning"},
    "houlsby": {"method": "bottleneck", "places": "houlsby"},
    "pfeiffer": {"method": "bottleneck", "places": "pfeiffer"},
    "full": {"method": "full"},
}
"""By the name that is given to `--methods`."""


def compare(recipe: Recipe, folder: Path, names: Sequence[str], narrator: Narrator) -> Comparison:
    """Train by each of the methods; those that were trained before are not trained again. The result is written to
    compare.json and compare.md.

    Each method trains at its own default learning rate, except those of the recipe's own kind. Raises `UsageError` for
    an unknown name, `CurateError` with the last words of a training that failed.
    """
    if unknown := [name for name in names if name not in VARIANTS]:
        raise UsageError(f"no such method: {', '.join(unknown)}", f"there are {', '.join(VARIANTS)}")
    phase = narrator.phase("methods", len(names))
    reports: dict[str, dict[str, Any]] = {}
    compared = []
    for name in names:
        run = RunFolder(folder / name)
        reports[name] = _train(variant(recipe, name), folder, run, narrator)
        compared.append(_compared(name, reports[name], run))
        phase.advance(note=f"{name}: {compared[-1].tuned_loss:.4f}")
    first = next(iter(reports.values()))
    made = Comparison(
        model=recipe.model,
        steps=first["steps"],
        train_examples=first["train_examples"],
        held_out_examples=first["held_out_examples"],
        methods=tuple(compared),
    )
    write_json(folder / "compare.json", made.model_dump(mode="json"))
    write_bytes(folder / "compare.md", markdown(made).encode())
    return made


def variant(recipe: Recipe, name: str) -> dict[str, Any]:
    """The values of the recipe for one of the methods."""
    return changed(recipe, VARIANTS[name], without=("rslora", "dora", "quantisation"))


def _train(values: dict[str, Any], folder: Path, run: RunFolder, narrator: Narrator) -> dict[str, Any]:
    finished: dict[str, Any] | None = run.read("report.json")
    if finished is not None and run.key == identify(Recipe.model_validate(values))["key"]:
        return finished
    name = run.path.name
    work = Work(folder / f"{name}.toml", run.path, 1.0, folder / f"{name}.json", folder / f"{name}.failure.json")
    write_bytes(work.recipe, recipe_text(values).encode())
    watch = Watch(lambda _: None, None)
    with watch.listening(narrator.say):
        code = run_process(work, watch)
    if watch.asked or code == ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if code != ExitCode.CLEAN:
        raise LogError(
            f"{name}: its training failed: {last_words(work)}",
            "the finished methods are kept; the same command resumes",
        )
    report: dict[str, Any] = json.loads(work.result.read_bytes())
    return report


def _compared(name: str, report: dict[str, Any], run: RunFolder) -> Compared:
    lines = JsonLines(run.metrics).lines()
    finished = next(line for line in reversed(lines) if line.get("event") == "finished")
    steps = [line for line in lines if "loss" in line]
    return Compared(
        name=name,
        learning_rate=report["learning_rate"],
        trainable_parameters=report["trainable_parameters"],
        share=report["trainable_parameters"] / report["total_parameters"],
        memory=finished["memory"],
        seconds=round(sum(line["tokens"] / line["tokens_per_second"] for line in steps), 1),
        cpu_seconds=finished["cpu_seconds"],
        size=sum(file.stat().st_size for file in run.adapter.glob("*.safetensors")),
        base_loss=report["base_loss"],
        tuned_loss=report["tuned_loss"],
        merges=Recipe.model_validate({"model": "m", "data": "d", **VARIANTS[name]}).how.merges,
    )


COLUMNS: Final = (
    "method",
    "learning rate",
    "trainable",
    "share",
    "memory",
    "time",
    "CPU time",
    "saved",
    "held-out loss",
    "merges",
)


def cells(one: Compared) -> tuple[str, ...]:
    """A row of the table, in the order of the columns."""
    return (
        one.name, f"{one.learning_rate:g}", f"{one.trainable_parameters:,}", f"{one.share:.2%}", gigabytes(one.memory),
        f"{one.seconds:.0f} s",
        f"{one.cpu_seconds:.0f} s", gigabytes(one.size), f"{one.base_loss:.4f} -> {one.tuned_loss:.4f}",
        "yes" if one.merges else "no",
    )  # fmt: skip


def markdown(made: Comparison) -> str:
    """The table for a README."""
    rows = [COLUMNS, tuple("---" for _ in COLUMNS), *map(cells, made.methods)]
    return "".join("| " + " | ".join(row) + " |\n" for row in rows)


def show(made: Comparison, console: Console) -> None:
    """Print the table."""
    shown = table(f"{made.steps:,} steps on {made.train_examples:,} examples", *COLUMNS, numbers=COLUMNS[1:-1])
    for one in made.methods:
        shown.add_row(*map(Text, cells(one)))
    console.print(shown)
