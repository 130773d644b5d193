"""`curate select`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from curate.cli import options
from curate.cli.options import takes_options
from curate.cli.score import Embeddings, LossModel, NoModels
from curate.commands.compare_selections import compare_selection, splits_of
from curate.commands.dedup import write_plan
from curate.commands.score import models_of
from curate.commands.select import SelectionGoal
from curate.commands.select import select as select_data
from curate.core.errors import UsageError
from curate.core.text import visible
from curate.core.validation import load_toml
from curate.core.verb_options import Given
from curate.lint.rules.duplicates import require_small_removals
from curate.project.config_consent import require_recipe_agreed
from curate.render.console import print_result
from curate.render.select import select_text
from curate.storage.files import display_name
from curate.storage.output_pair import checked_removed_path


@dataclass(frozen=True)
class SelectOptions(options.CommonOptions):
    """The options of `curate select`, in the order of its help."""

    paths: options.Paths
    examples: Annotated[int | None, typer.Option(min=1, help="Select this many examples.", metavar="N")] = None
    tokens: Annotated[
        int | None, typer.Option(min=1, help="Select examples of about this many tokens (bytes / 4).", metavar="N")
    ] = None
    output: Annotated[
        Path | None,
        options.output_option(
            "Write selected lines to this file (kept.jsonl), others beside it (kept.removed.jsonl); if omitted, "
            "nothing is written."
        ),
    ] = None
    floor: Annotated[
        list[str] | None,
        typer.Option(
            help="Select at least N examples of each value: label, source, language, script, tools or a key such as "
            "meta.topic.",
            metavar="FIELD=N",
        ),
    ] = None
    where: options.Where = ""
    given: Given = field(default_factory=dict)
    embeddings: Embeddings = None
    no_models: NoModels = False
    loss_model: LossModel = None
    no_decisions: options.NoDecisions = False
    compare: Annotated[
        Path | None,
        typer.Option(
            help="Train by this recipe on the selection, on random and the longest examples of the same size and on "
            "all; compare the losses on the test split.",
            metavar="RECIPE",
        ),
    ] = None
    seeds: Annotated[
        int | None,
        typer.Option(min=2, help="Train this many times on each choice, for --compare; if omitted, 3 times."),
    ] = None
    questions: Annotated[
        int,
        typer.Option(
            min=0,
            help="Ask each trained model this many questions of the test split, and compare the metric of the task "
            "too, for --compare.",
        ),
    ] = 0
    overwrite: options.Overwrite = False
    yes: options.Heavy = False
    as_json: options.AsJson = False
    no_cache: options.NoCache = False
    quiet: options.Quiet = False


@takes_options
def select(args: SelectOptions) -> None:
    """Select examples to train on: one of each cluster of duplicates, then those that cover the data best.

    Doubtful examples count less; none is left out for a score without --where. Each line that is left out is recorded
    with its reason; `curate restore` brings it back.

    Exit status: 0, 1 if too much would be removed without --yes or a line holds no example, 2 if a file cannot be read
    or written.
    """
    _require_combination(args)
    files = options.named_files(args.paths)
    splits = None if args.compare is None else splits_of(args.compare, files)
    if args.compare is not None:  # its `data` are the files of the command line
        values = {key: value for key, value in load_toml(args.compare, "recipe", "").items() if key != "data"}
        require_recipe_agreed(args.compare, values, options.agreement(yes=args.yes))
    removed = checked_removed_path(args.output, "removed", files, args.paths, overwrite=args.overwrite)
    goal = SelectionGoal(args.examples, args.tokens, _minimums(args.floor))
    with args.stages() as shown:
        work = args.session(listen=shown.listen).open(files, args.given, conflicts={"embeddings": args.embeddings})
        models = models_of(work.config, args.embeddings, args.loss_model, no_models=args.no_models)
        result = select_data(work, goal, models)
        if args.compare and splits:
            folder, seeds = work.project.state / "comparisons", args.seeds or 3
            try:
                result.comparison = compare_selection(
                    result, goal, args.compare, splits, folder, seeds, shown.listen, args.questions
                )
            except KeyboardInterrupt:
                work.session.note(
                    f"finished trainings are kept in {display_name(folder)}; the same command continues with the others"
                )
                raise
    result.written = args.output is not None and (not result.heavy or args.yes)
    if args.output is not None and result.written:
        write_plan(result.plan, args.output, overwrite=args.overwrite)
    print_result(result, select_text(result), as_json=args.as_json)
    if not args.as_json:
        options.print_output_place(args.output, removed, result.plan.gone, written=result.written)
    if args.output is not None and not result.written:
        hint = "inspect them with `curate score` and `curate check`, then add --yes; nothing written"
        require_small_removals(result.heavy, hint)
    options.end(result.plan.not_understood, "left out")


def _require_combination(args: SelectOptions) -> None:
    """Raise `UsageError` unless one size is given, and for options that have no effect without another one."""
    if args.examples is None and args.tokens is None:
        raise UsageError("no size is given", "pass --examples N or --tokens N; `curate stats` shows how many there are")
    options.check_combination(needs={"questions": "compare", "seeds": "compare"}, apart=[("examples", "tokens")])


def _minimums(texts: list[str] | None) -> dict[str, int]:
    """The values of --floor: the least number of examples by field value. Raises `UsageError`."""
    numbers = options.named_numbers("--floor", texts, "label=20")
    for name, number in numbers.items():
        if number < 1 or not number.is_integer():
            raise UsageError(f"--floor {visible(name)}={number:g}: not a number of examples", "write it like label=20")
    return {name: int(number) for name, number in numbers.items()}
