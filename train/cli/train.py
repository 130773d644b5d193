"""`curate train`. Nothing heavy is imported before a recipe has been read."""

import os
import re
import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Final

import typer

from curate.cli.options import AsJson, check_combination, memory_of
from curate.core.errors import CurateError, ExitCode, UsageError
from curate.core.text import visible
from curate.project.runs import Project
from curate.storage.files import write_json
from train.cli.common import Changes, DataFolder, Quiet, Reach, RecipeFile, print_result, recipe_of, with_trainer
from train.recipe import Recipe

FOLLOW_STDIN = "CURATE_FOLLOW_STDIN"
FAILURE = "CURATE_FAILURE"
"""Environment variable with the name of a file for the error that ends a training; a sweep reads it."""


RunDir = Annotated[
    Path | None,
    typer.Option("--run-dir", help="Write the run to this folder.  [default: .curate/runs/RECIPE, with the --set]"),
]
PauseAt = Annotated[
    float, typer.Option("--pause-at", min=0, max=1, help="Pause after this share of the steps.", show_default=False)
]
Compare = Annotated[
    bool, typer.Option("--compare", help="Train by several methods, each in its own process, and compare them.")
]
MethodNames = Annotated[
    str | None,
    typer.Option("--methods", help="Compare these methods, separated by commas, with --compare.  [default: all]"),
]
PLAN_HELP: Final = "Show steps, memory, loss masks and problems of the training before any weights are loaded."
ShowPlan = Annotated[bool, typer.Option("--plan", help=PLAN_HELP)]
VRAM_HELP: Final = "Plan for a GPU with this much memory, e.g. 6GB, not for this machine, with --plan."
Vram = Annotated[str | None, typer.Option("--vram", help=VRAM_HELP, metavar="SIZE")]
MEASURE_HELP: Final = "Load the model and run one step, to measure its time and memory, with --plan."
Measure = Annotated[bool, typer.Option("--measure", help=MEASURE_HELP)]
NEEDS: Final = {"methods": "compare", "vram": "plan", "measure": "plan"}
"""Options that have no effect without another one, by parameter."""
ALONE: Final = {
    "plan": ("data", "changes", "vram", "measure", "yes", "quiet", "as_json"),
    "compare": ("data", "changes", "methods", "resume", "fresh", "run_dir", "yes", "quiet", "as_json"),
}
"""What can be combined with an option that does something else than one training, by parameter."""


def train(
    context: typer.Context,
    recipe: RecipeFile,
    *,
    resume: Annotated[bool, typer.Option("--resume", help="Resume an unfinished run of this recipe.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Replace the run in the folder.")] = False,
    run_dir: RunDir = None,
    data: DataFolder = None,
    changes: Changes = None,
    pause_at: PauseAt = 1.0,
    compare: Compare = False,
    methods: MethodNames = None,
    plan: ShowPlan = False,
    vram: Vram = None,
    measure: Measure = False,
    yes: Reach = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> int:
    """Train an adapter on a split and measure it against the base model.

    Checkpoints, metrics, adapter and report are written to the run's folder. --resume continues a training that was
    killed; on a CPU it ends with exactly the same weights. Several GPUs: torchrun --nproc-per-node N -m curate train
    RECIPE.

    --plan trains nothing. Exit status 1 if the training would be refused; the plan says why and what would fit.
    """
    check_combination(context, needs=NEEDS, alone=ALONE)
    if plan:
        if measure and vram is not None:
            hint = "leave one of them out: --measure runs on this machine"
            raise UsageError("--measure cannot be combined with --vram", hint)
        words = ["curate", "train", str(recipe), *(["--data", str(data)] if data else []), *(["--yes"] if yes else [])]
        command = shlex.join([*words, *(word for change in changes or () for word in ("--set", change))])
        return _plan(
            recipe_of(recipe, data, changes, yes=yes), command, vram, measure=measure, quiet=quiet, as_json=as_json
        )
    if os.environ.get(FOLLOW_STDIN) == "1":
        threading.Thread(target=_end_with_parent, name="follow-stdin", daemon=True).start()
    if resume and fresh:
        raise UsageError("--resume cannot be combined with --fresh", "leave one of them out")
    chosen = recipe_of(recipe, data, changes, yes=yes)
    # Another recipe has another run, so that commands that differ in --set do not end at each other's folder.
    name = "-".join(filter(None, (recipe.stem, re.sub(r"[^\w.]+", "-", " ".join(changes or ())).strip("-.")[:80])))
    place = run_dir or Project(Path.cwd()).run(f"{name}-compared" if compare else name)
    if compare:
        _compare(chosen, place, methods, fresh=fresh, quiet=quiet, as_json=as_json)
        return ExitCode.CLEAN
    with with_trainer():
        from train import distributed
        from train.journal import JournalPrinter
        from train.report.training_report import training_text
        from train.run_folder import RunFolder
        from train.training.training import Mode, train_until

    printer = JournalPrinter(quiet=quiet or distributed.rank() > 0)
    if changes and run_dir is None:
        printer.print(f"run: {visible(str(place))}")
    mode: Mode = "fresh" if fresh else "resume" if resume else "new"
    with _failure_reported():
        report = train_until(pause_at, chosen, RunFolder(place), mode=mode, printer=printer)
    distributed.leave_group()
    if distributed.rank() == 0:
        print_result(report, training_text(report), as_json=as_json)
        if pause_at == 1:
            printer.print(f"run: {visible(str(place))}; next: curate evaluate {visible(shlex.quote(str(place)))}")
    return ExitCode.CLEAN


def _plan(recipe: Recipe, command: str, vram: str | None, *, measure: bool, quiet: bool, as_json: bool) -> int:
    """Print what a training will do and need, and the `command` that starts it; returns exit status 1 if the training
    would be refused.
    """
    memory = None if vram is None else memory_of(vram, "--vram")
    with with_trainer():
        from train import distributed
        from train.journal import JournalPrinter
        from train.plan.plan import plan
        from train.plan.plan_text import plan_text

    with JournalPrinter(quiet=quiet or distributed.rank() > 0).showing() as printer:
        made = plan(recipe, printer, memory=memory, measure=measure)
    if distributed.rank() == 0:
        print_result(made, plan_text(made, command), as_json=as_json)
    return ExitCode.FINDINGS if made.refusals else ExitCode.CLEAN


@contextmanager
def _failure_reported() -> Iterator[None]:
    """Write an error of the block to the file that a sweep names in the environment, if it names one."""
    try:
        yield
    except CurateError as error:
        if file := os.environ.get(FAILURE):
            write_json(Path(file), {"kind": type(error).__name__, "message": error.message, "next": error.hint})
        raise


def _compare(recipe: Recipe, folder: Path, methods: str | None, *, fresh: bool, quiet: bool, as_json: bool) -> None:
    """Train with each of the methods, separated by commas, and print a comparison; None for all methods."""
    with with_trainer():
        from train.journal import JournalPrinter
        from train.sweep.compare_methods import VARIANTS, compare, comparison_text

    names = list(VARIANTS) if methods is None else [name.strip() for name in methods.split(",")]
    with JournalPrinter(quiet=quiet).showing() as printer:
        made = compare(recipe, folder, names, printer, fresh=fresh)
    print_result(made, comparison_text(made), as_json=as_json)


def _end_with_parent() -> None:
    """End this process when its stdin ends, because the process that started it was killed."""
    with suppress(OSError):  # no stdin at all is an ended one
        while os.read(0, 4096):
            pass
    os._exit(ExitCode.INTERRUPTED)
