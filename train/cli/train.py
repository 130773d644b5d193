"""`curate train`. Nothing heavy is imported before a recipe has been read."""

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from curate.errors import ExitCode, UsageError
from curate.files import json_text
from curate.runs import Project
from train.cli.common import CHANGES, DATA, RECIPE, recipe_of, with_trainer

FOLLOW_STDIN = "CURATE_FOLLOW_STDIN"


def train(
    recipe: Annotated[Path, RECIPE],
    *,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an unfinished run of this recipe.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Replace the run in the folder, whatever it is.")] = False,
    run_dir: Annotated[Path | None, typer.Option("--run-dir", help="Folder of the run.  [default: .curate/runs/RECIPE]", show_default=False)] = None,
    data: Annotated[Path | None, DATA] = None,
    changes: Annotated[list[str] | None, CHANGES] = None,
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
    chosen = recipe_of(recipe, data, changes)
    with with_trainer():
        from train import ranks
        from train.folder import RunFolder
        from train.progress import Narrator
        from train.run import train as run
        from train.summary import show
    from curate.report.console import console

    folder = RunFolder(run_dir or Project(Path.cwd()).run(recipe.stem))
    narrator = Narrator(quiet=quiet or ranks.rank() > 0)
    report = run(chosen, folder, mode="fresh" if fresh else "resume" if resume else "new", narrator=narrator)
    ranks.leave()
    if ranks.rank() > 0:
        return
    if as_json:
        sys.stdout.write(json_text(report.model_dump(mode="json")))
    else:
        show(report, console())


def _end_with_parent() -> None:
    """End this process when its stdin ends: whoever started it holds the other end, and has been killed."""
    with suppress(OSError):  # no stdin at all is an ended one
        while os.read(0, 4096):
            pass
    os._exit(ExitCode.INTERRUPTED)
