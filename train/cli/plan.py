"""`curate plan`."""

from pathlib import Path
from typing import Annotated

import typer

from curate.errors import ExitCode
from train.cli.common import CHANGES, DATA, RECIPE, memory_of, recipe_of, with_trainer


def plan(
    recipe: Annotated[Path, RECIPE],
    *,
    data: Annotated[Path | None, DATA] = None,
    changes: Annotated[list[str] | None, CHANGES] = None,
    vram: Annotated[str | None, typer.Option("--vram", help="Memory of the GPU that is meant, e.g. 6GB, instead of what is here.", show_default=False)] = None,
    measure: Annotated[bool, typer.Option("--measure", help="Load the model and run a step, for the time and the memory it takes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes.")] = False,
) -> int:
    """Tell what a training will do and need before a byte of weights is loaded: memory, steps, what is trained on, what is wrong.

    Exit status 1 where the training would be refused; the plan says why and what would fit.
    """
    chosen = recipe_of(recipe, data, changes)
    memory = None if vram is None else memory_of(vram)
    with with_trainer():
        from train.journal import Narrator
        from train.plan import measured
        from train.plan import plan as make
        from train.plan_text import show
    from curate.report.console import console, print_json

    narrator = Narrator(quiet=quiet)
    with narrator.showing():
        made = make(chosen, narrator, memory=memory, measure=measured if measure else None)
    if as_json:
        print_json(made.model_dump(mode="json"), indent=2)
    else:
        show(made, console())
    return ExitCode.FINDINGS if made.refusals else ExitCode.CLEAN
