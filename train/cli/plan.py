"""`curate plan`."""

from typing import Annotated

import typer

from curate.cli.options import memory_of
from curate.core.errors import ExitCode, UsageError
from train.cli.common import (
    AsJson,
    Changes,
    DataFolder,
    Quiet,
    RecipeFile,
    Vram,
    print_result,
    recipe_of,
    with_trainer,
)


def plan(
    recipe: RecipeFile,
    *,
    data: DataFolder = None,
    changes: Changes = None,
    vram: Vram = None,
    measure: Annotated[
        bool, typer.Option("--measure", help="Load the model and run one step, to measure its time and memory.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Show what a training will do and need before any weights are loaded: memory, steps, what is trained on, and
    problems.

    Exit status 1 if the training would be refused; the plan says why and what would fit.
    """
    if measure and vram is not None:
        raise UsageError(
            "--measure cannot be combined with --vram", "leave one of them out: --measure runs on this machine"
        )
    chosen = recipe_of(recipe, data, changes)
    memory = None if vram is None else memory_of(vram, "--vram")
    with with_trainer():
        from train.journal import Narrator
        from train.plan.plan import plan as planned
        from train.plan.plan_text import plan_text

    with Narrator(quiet=quiet).showing() as narrator:
        made = planned(chosen, narrator, memory=memory, measure=measure)
    print_result(made, plan_text(made), as_json=as_json)
    return ExitCode.FINDINGS if made.refusals else ExitCode.CLEAN
