"""`curate train --plan`."""

from collections.abc import Sequence
from pathlib import Path

from curate.cli.options import memory_of
from curate.core.errors import ExitCode, UsageError
from train.cli.common import print_result, recipe_of, with_trainer


def print_plan(
    recipe: Path,
    *,
    data: Path | None,
    changes: Sequence[str] | None,
    vram: str | None,
    measure: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Print what a training will do and need; returns exit status 1 if the training would be refused."""
    if measure and vram is not None:
        raise UsageError(
            "--measure cannot be combined with --vram", "leave one of them out: --measure runs on this machine"
        )
    chosen = recipe_of(recipe, data, changes)
    memory = None if vram is None else memory_of(vram, "--vram")
    with with_trainer():
        from train import distributed
        from train.journal import JournalPrinter
        from train.plan.plan import plan
        from train.plan.plan_text import plan_text

    with JournalPrinter(quiet=quiet or distributed.rank() > 0).showing() as printer:
        made = plan(chosen, printer, memory=memory, measure=measure)
    if distributed.rank() == 0:
        print_result(made, plan_text(made), as_json=as_json)
    return ExitCode.FINDINGS if made.refusals else ExitCode.CLEAN
