"""`curate train`: parse, call, print. Nothing heavy is imported before a recipe has been read."""

import logging
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from curate.errors import ExitCode, MissingExtra, UsageError
from curate.files import json_text
from curate.runs import Project
from train.recipe import load_recipe

FOLLOW_STDIN = "CURATE_FOLLOW_STDIN"


def train(
    recipe: Annotated[Path, typer.Argument(help="Recipe, a TOML file.", show_default=False)],
    *,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an unfinished run of this recipe.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Replace the run in the folder, whatever it is.")] = False,
    run_dir: Annotated[Path | None, typer.Option("--run-dir", help="Folder of the run.  [default: .curate/runs/RECIPE]", show_default=False)] = None,
    data: Annotated[Path | None, typer.Option("--data", help="Split folder, instead of the recipe's.", show_default=False)] = None,
    changes: Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE, instead of the recipe's; repeatable.", show_default=False)] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Train an adapter on a split and measure it against the model it started from.

    Checkpoints, metrics, adapter and report go to the run's folder. A training that was killed goes on with --resume
    and, on a CPU, ends with the same weights to the bit.
    """
    if resume and fresh:
        raise UsageError("--resume and --fresh exclude each other", "leave one out")
    if os.environ.get(FOLLOW_STDIN) == "1":
        threading.Thread(target=_end_with_parent, name="follow-stdin", daemon=True).start()
    chosen = load_recipe(recipe, changes or ())
    if data is not None:
        chosen = chosen.model_copy(update={"data": str(data.resolve())})
    # Said at import: an optional package of kernels is missing. Results are the same without.
    logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
    try:
        from train.run import train as run
    except ImportError as error:
        raise MissingExtra("training", "train", error.name or "torch") from error
    from curate.report.console import console
    from train import ranks
    from train.folder import RunFolder
    from train.progress import Narrator
    from train.summary import show

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
