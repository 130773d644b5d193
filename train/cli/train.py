"""`curate train`. Nothing heavy is imported before a recipe has been read."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer

from curate.errors import CurateError, ExitCode, UsageError
from curate.files import write_json
from curate.runs import Project
from train.cli.common import CHANGES, DATA, RECIPE, recipe_of, with_trainer
from train.recipe import Recipe

FOLLOW_STDIN = "CURATE_FOLLOW_STDIN"
FAILURE = "CURATE_FAILURE"
"""Names a file for the error that ends a training, for whoever started it; without it there is none."""


def train(
    recipe: Annotated[Path, RECIPE],
    *,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an unfinished run of this recipe.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Replace the run in the folder, whatever it is.")] = False,
    run_dir: Annotated[Path | None, typer.Option("--run-dir", help="Folder of the run.  [default: .curate/runs/RECIPE]", show_default=False)] = None,
    data: Annotated[Path | None, DATA] = None,
    changes: Annotated[list[str] | None, CHANGES] = None,
    pause_at: Annotated[float, typer.Option("--pause-at", min=0, max=1, help="Pause after this share of the steps.", show_default=False)] = 1.0,
    compare: Annotated[bool, typer.Option("--compare", help="Train by several methods, each in a process of its own, and compare them.")] = False,
    methods: Annotated[str | None, typer.Option("--methods", help="Methods to compare, with commas between.  [default: all]", show_default=False)] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Train an adapter on a split and measure it against the model it started from.

    Checkpoints, metrics, adapter and report go to the run's folder. A training that was killed goes on with --resume
    and, on a CPU, ends with the same weights to the bit. Several GPUs: torchrun --nproc-per-node N -m curate train RECIPE.
    """
    if resume and fresh:
        raise UsageError("--resume and --fresh exclude each other", "leave one out")
    if os.environ.get(FOLLOW_STDIN) == "1":
        threading.Thread(target=_end_with_parent, name="follow-stdin", daemon=True).start()
    if compare and pause_at < 1:
        raise UsageError("--compare and --pause-at exclude each other", "leave one out")
    if methods is not None and not compare:
        raise UsageError("--methods names what --compare compares", "say --compare too")
    chosen = recipe_of(recipe, data, changes)
    place = run_dir or Project(Path.cwd()).run(f"{recipe.stem}-compared" if compare else recipe.stem)
    if compare:
        _compare(chosen, place, methods, quiet=quiet, as_json=as_json)
        return
    with with_trainer():
        from train import distributed
        from train.journal import Narrator
        from train.results import Pause
        from train.run_folder import RunFolder
        from train.training import train_until
        from train.training_text import show
    from curate.report.console import console, print_json

    folder = RunFolder(place)
    narrator = Narrator(quiet=quiet or distributed.rank() > 0)
    with _told_to_whom_it_concerns():
        report = train_until(pause_at, chosen, folder, mode="fresh" if fresh else "resume" if resume else "new", narrator=narrator)
    distributed.leave()
    if distributed.rank() > 0:
        return
    if as_json:
        print_json(report.model_dump(mode="json"), indent=2)
    elif isinstance(report, Pause):
        sys.stdout.write(f"paused after step {report.step:,} of {report.steps:,}: validation loss {report.validation_loss:.4f}; --resume goes on\n")
    else:
        show(report, console())


@contextmanager
def _told_to_whom_it_concerns() -> Iterator[None]:
    try:
        yield
    except CurateError as error:
        if file := os.environ.get(FAILURE):
            write_json(Path(file), {"kind": type(error).__name__, "message": error.message, "next": error.hint})
        raise


def _compare(recipe: Recipe, folder: Path, methods: str | None, *, quiet: bool, as_json: bool) -> None:
    with with_trainer():
        from train.journal import Narrator
        from train.sweep.compare_methods import COLUMNS, VARIANTS, cells, compare
    from rich.text import Text

    from curate.report.console import console, print_json, table

    narrator = Narrator(quiet=quiet)
    names = list(VARIANTS) if methods is None else [name.strip() for name in methods.split(",")]
    with narrator.showing():
        made = compare(recipe, folder, names, narrator)
    if as_json:
        print_json(made.model_dump(mode="json"), indent=2)
        return
    shown = table(f"{made.steps:,} steps on {made.train_examples:,} examples", *COLUMNS, numbers=COLUMNS[1:-1])
    for one in made.methods:
        shown.add_row(*map(Text, cells(one)))
    console().print(shown)


def _end_with_parent() -> None:
    """End this process when its stdin ends: whoever started it holds the other end, and has been killed."""
    with suppress(OSError):  # no stdin at all is an ended one
        while os.read(0, 4096):
            pass
    os._exit(ExitCode.INTERRUPTED)
