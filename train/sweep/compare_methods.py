"""A comparison of methods: a sweep whose trials are methods, with the same base, data, steps and seed.

Each trains to its end, in a process of its own, so that its memory is its own. Nothing is decided, so the methods are
measured on the held-out split, which the trials of other sweeps do not see.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import RenderableType

from curate.core.errors import CurateError, UsageError
from curate.core.text import gigabytes
from curate.project.manifest import SPLIT_NAMES
from curate.render.console import tables
from curate.storage.files import write_bytes, write_json
from train.journal import JournalPrinter, JsonLines
from train.methods import METHODS
from train.recipe import Recipe
from train.run_folder import RunFolder, folder_lock
from train.sweep.halving import Halving
from train.sweep.space import Trial, new_trial
from train.sweep.sweep_folder import SweepFolder, inputs_of
from train.sweep.sweep_result import Comparison, MethodResult
from train.sweep.sweeper import Trainings
from train.sweep.trial import Runner, run_process

VARIANTS: Final[dict[str, dict[str, Any]]] = {
    name: {"method": method, **keys}
    for method, how in METHODS.items()
    for name, keys in (how.variants or {method: {}}).items()
}
"""By name in `--methods`."""


OWN_FILES: Final = frozenset(("sweep.json", "journal.jsonl", "compare.json", "compare.md")) | {
    name + ending for name in VARIANTS for ending in ("", ".toml", ".json", ".failure.json", ".log")
}


def compare(
    recipe: Recipe,
    folder: Path,
    names: Sequence[str],
    printer: JournalPrinter,
    *,
    fresh: bool = False,
    runner: Runner = run_process,
) -> Comparison:
    """Train by each of the methods and write compare.json and compare.md; finished methods are not trained again.

    A learning rate in the recipe applies to methods with the same keys as the recipe's method; others use their
    default. Raises `UsageError` for an unknown or impossible method, `CurateError` with the reasons if trainings
    failed, after all others were done.
    """
    if unknown := [name for name in names if name not in VARIANTS]:
        raise UsageError(f"no such method: {', '.join(unknown)}", f"there are {', '.join(VARIANTS)}")
    trials = variants(recipe)
    chosen = [trial for name in names for trial in trials if trial.name == name]
    if refused := [f"{trial.name}: {trial.refused}" for trial in chosen if trial.refused]:
        raise UsageError.of_lines(refused, "leave it out with --methods, or change the recipe")
    place = SweepFolder(folder, "--run-dir", trials="", ours=OWN_FILES)
    halving = Halving(tuple(trial.number for trial in chosen), 1)
    with folder_lock(folder, "comparison", place.option):
        inputs = inputs_of(recipe, trials, halving, SPLIT_NAMES)
        place.open(inputs, {trial.name: trial.values for trial in trials if trial.values}, fresh=fresh)
        trainings = Trainings(trials, halving, place, printer, runner)
        for _ in trainings.run():
            pass
        reasons = {
            outcome.trial: f"{outcome.state}: {outcome.reason}" for outcome in trainings.outcomes if outcome.reason
        }
        if failed := [f"{trial.name}: {reasons[trial.number]}" for trial in chosen if trial.number in reasons]:
            raise CurateError.of_lines(failed, "the other methods are trained: name them with --methods")
        made = _comparison(recipe, [RunFolder(place.run(trial.name)) for trial in chosen])
        write_json(folder / "compare.json", made.model_dump(mode="json"))
        write_bytes(folder / "compare.md", markdown(made).encode())
    return made


def variants(recipe: Recipe) -> list[Trial]:
    """The recipe by each of the methods."""
    without = ("rslora", "dora", "quantisation")
    return [
        new_trial(recipe, number, changes, without=without, method=name)
        for number, (name, changes) in enumerate(VARIANTS.items(), start=1)
    ]


def _comparison(recipe: Recipe, runs: Sequence[RunFolder]) -> Comparison:
    first = runs[0].read("report.json")
    counts = {key: first[key] for key in ("steps", "train_examples", "held_out_examples")}
    return Comparison(model=recipe.model, methods=tuple(map(_method_result, runs)), **counts)


def _method_result(run: RunFolder) -> MethodResult:
    """The result of a finished run of a method, from its report and journal."""
    name, report, lines = run.path.name, run.read("report.json"), JsonLines(run.metrics).lines()
    finished = next(line for line in reversed(lines) if line.get("event") == "finished")
    steps = [line for line in lines if "loss" in line]
    return MethodResult(
        name=name,
        share=report["trainable_parameters"] / report["total_parameters"],
        memory=finished["memory"],
        seconds=round(sum(line["tokens"] / line["tokens_per_second"] for line in steps), 1),
        cpu_seconds=finished["cpu_seconds"],
        size=sum(file.stat().st_size for file in run.adapter.glob("*.safetensors")),
        **{key: report[key] for key in ("learning_rate", "trainable_parameters", "base_loss", "tuned_loss")},
        merges=Recipe.model_validate({"model": "m", "data": "d", **VARIANTS[name]}).how.merges,
    )


COLUMNS: Final = (
    "method", "learning rate", "trainable", "share", "memory", "time", "CPU time", "saved", "held-out loss", "merges",
)  # fmt: skip


def cells(method: MethodResult) -> tuple[str, ...]:
    """A row of the table, in the order of the columns."""
    return (
        method.name, f"{method.learning_rate:g}", f"{method.trainable_parameters:,}", f"{method.share:.2%}",
        gigabytes(method.memory), f"{method.seconds:.0f} s",
        f"{method.cpu_seconds:.0f} s", gigabytes(method.size), f"{method.base_loss:.4f} -> {method.tuned_loss:.4f}",
        "yes" if method.merges else "no",
    )  # fmt: skip


def markdown(made: Comparison) -> str:
    """The table for a README."""
    rows = [COLUMNS, tuple("---" for _ in COLUMNS), *map(cells, made.methods)]
    return "".join("| " + " | ".join(row) + " |\n" for row in rows)


def comparison_text(made: Comparison) -> Iterator[RenderableType]:
    """The table for people."""
    title = f"{made.steps:,} steps on {made.train_examples:,} examples"
    yield from tables(title, *COLUMNS, after=5, numbers=COLUMNS[1:-1], rows=map(cells, made.methods))
