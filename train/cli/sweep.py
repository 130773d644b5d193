"""`curate sweep`. The trainings are processes of their own: nothing heavy is imported here."""

from pathlib import Path
from typing import Annotated

import typer

from curate.errors import ExitCode
from curate.runs import Project
from train.cli.common import CHANGES, DATA, RECIPE, recipe_of, with_trainer


def sweep(
    recipe: Annotated[Path, RECIPE],
    *,
    over: Annotated[
        list[str] | None, typer.Option("--over", help="KEY=VALUE,VALUE of the recipe, or KEY=LOW..HIGH with --random; repeatable.", show_default=False)
    ] = None,
    random: Annotated[int | None, typer.Option("--random", min=1, help="Trials to draw.  [default: all combinations]", show_default=False)] = None,
    minutes: Annotated[float | None, typer.Option("--minutes", min=0, help="Budget of the whole sweep.  [default: none]", show_default=False)] = None,
    halving: Annotated[int | None, typer.Option("--halving", min=1, help="One trial in so many goes on; 1: all.  [default: 3]", show_default=False)] = None,
    tie: Annotated[float | None, typer.Option("--tie", min=0, help="Losses as close as this are a tie.  [default: 0.001]", show_default=False)] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Decides what is drawn.  [default: 0]", show_default=False)] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Folder.  [default: .curate/sweeps/RECIPE]", show_default=False)] = None,
    data: Annotated[Path | None, DATA] = None,
    changes: Annotated[list[str] | None, CHANGES] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Replace the sweep in the folder, whatever it is.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what came out as JSON.")] = False,
) -> int:
    """Find the best recipe: train by many, stop the poor ones early, decide by the loss on the validation split.

    What is tried stands in the recipe's table [sweep], or is named here. The folder gets best.toml, a report and every run. Killed or interrupted,
    the same command goes on, with the same end. Exit status 1 where no trial is better than the base.
    """
    chosen = recipe_of(recipe, data, changes)
    from train.sweep.space import space_of

    space = space_of(recipe, over or (), random=random, minutes=minutes, halving=halving, tie=tie, seed=seed)
    with with_trainer():
        from train.sweep.sweep_folder import SweepFolder
        from train.sweep.sweeper import sweep as run
    from curate.report.console import console, print_json
    from train.journal import Narrator
    from train.sweep.sweep_report import show

    report = run(chosen, space, SweepFolder(output or Project(Path.cwd()).sweep(recipe.stem)), Narrator(quiet=quiet), fresh=fresh)
    if as_json:
        print_json(report.model_dump(mode="json"), indent=2)
    else:
        show(report, console())
    return ExitCode.CLEAN if report.better else ExitCode.FINDINGS
