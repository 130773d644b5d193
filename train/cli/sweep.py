"""`curate sweep`. The trainings are processes of their own: nothing heavy is imported here."""

from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import Address, AsJson, executor_of, output_option
from curate.core.errors import ExitCode
from curate.parallel.cluster import Engine
from curate.project.runs import Project
from train.cli.common import Changes, DataFolder, Quiet, Reach, RecipeFile, print_result, recipe_of, with_trainer


def sweep(
    recipe: RecipeFile,
    *,
    over: Annotated[
        list[str] | None,
        typer.Option(
            "--over",
            help="Try these values of a key, with --random also KEY=LOW..HIGH; repeatable.",
            metavar="KEY=VALUE,VALUE",
        ),
    ] = None,
    random: Annotated[
        int | None, typer.Option("--random", min=1, help="Draw this many trials.  [default: try all combinations]")
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            "--minutes",
            min=0,
            help="Stop the sweep after this many minutes; trials of earlier calls count.  [default: no limit]",
        ),
    ] = None,
    halving: Annotated[
        int | None,
        typer.Option("--halving", min=1, help="Continue one trial in this many after each rung; 1: all.  [default: 3]"),
    ] = None,
    tie: Annotated[
        float | None, typer.Option("--tie", min=0, help="Treat losses this close as a tie.  [default: 0.001]")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Set the seed of the drawn trials.  [default: 0]")
    ] = None,
    output: Annotated[Path | None, output_option("Write to this folder.  [default: .curate/sweeps/RECIPE]")] = None,
    data: DataFolder = None,
    changes: Changes = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Replace the sweep in the folder.")] = False,
    engine: Annotated[
        Engine,
        typer.Option(
            help="Train one trial after another on this machine (local), or several at once on a Ray cluster (ray), a "
            "GPU each.",
            metavar="local|ray",
        ),
    ] = Engine.LOCAL,
    address: Address = None,
    yes: Reach = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> int:
    """Find the best recipe: train many, stop poor ones early, decide by the loss on the validation split.

    The values to try are in the recipe's table [sweep] or in --over. The folder gets best.toml, a report and every run.
    After a kill or an interruption the same command resumes, with the same result. Exit status 1 if no trial is better
    than the base.
    """
    executor = executor_of(engine, address)
    chosen = recipe_of(recipe, data, changes, yes=yes)
    from train.sweep.space import space_of

    space = space_of(recipe, over or (), random=random, minutes=minutes, halving=halving, tie=tie, seed=seed)
    with with_trainer():
        from train.sweep.sweep_folder import SweepFolder
        from train.sweep.sweeper import sweep as run
    from train.journal import JournalPrinter
    from train.sweep.sweep_report import sweep_text

    folder = SweepFolder(output or Project(Path.cwd()).sweep(recipe.stem))
    report = run(chosen, space, folder, JournalPrinter(quiet=quiet), fresh=fresh, executor=executor)
    print_result(report, sweep_text(report), as_json=as_json)
    return ExitCode.CLEAN if report.better else ExitCode.FINDINGS
