"""`curate evaluate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curate.errors import ExitCode, InputError, UsageError
from curate.text import visible
from train.cli.common import RUN, with_trainer
from train.evaluation.options import LIMIT, SHOTS, SYSTEMS, Options, SystemName
from train.evaluation.prompts import Turns
from train.evaluation.task import TaskName
from train.scores import METRICS

if TYPE_CHECKING:
    from train.results import Overfitting


def evaluate(
    run: Annotated[str, RUN],
    *,
    contenders: Annotated[str | None, typer.Option("--contenders", help=f"Which of {', '.join(SYSTEMS)}.  [default: all]", show_default=False)] = None,
    task: Annotated[TaskName | None, typer.Option("--task", help="Kind of answers.  [default: guessed]", show_default=False)] = None,
    metric: Annotated[str | None, typer.Option("--metric", help=f"Metric that decides, of {', '.join(METRICS)}.", show_default=False)] = None,
    shots: Annotated[int | None, typer.Option("--shots", min=0, help=f"Examples in a prompt.  [default: {SHOTS}; more for labels]", show_default=False)] = None,
    embeddings: Annotated[str | None, typer.Option("--embeddings", help="Model that finds the nearest training examples.", show_default=False)] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Questions, at most, spread over the split.")] = LIMIT,
    turns: Annotated[Turns | None, typer.Option("--turns", help="Answers of an example.  [default: last; all for tools]", show_default=False)] = None,
    max_new_tokens: Annotated[int | None, typer.Option("--max-new-tokens", min=1, help="Longest answer.", show_default=False)] = None,
    split: Annotated[str | None, typer.Option("--split", help="Split to measure on.  [default: the run's]", show_default=False)] = None,
    data: Annotated[Path | None, typer.Option("--data", help="Split folder, should it have moved since the training.", show_default=False)] = None,
    outputs: Annotated[int, typer.Option("--outputs", min=0, help="Questions to show with all answers, side by side.")] = 3,
    seed: Annotated[int, typer.Option("--seed", help="Decides the shots and the resamples.")] = 0,
    overfitting: Annotated[bool, typer.Option("--overfitting", help="Say only whether the training overfitted, from what it kept; loads no model.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the evaluation as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes.")] = False,
) -> int:
    """Say whether training helped: the tuned model beside the base with a good prompt, on held-out examples.

    The base answers alone, with examples of the training split in its prompt, and with the nearest ones to each question; so does the tuned
    model. Answers are kept in the run's folder: called again, nothing is computed twice. Exit status 1 where training did not help, with
    --overfitting where there is a sign of it.
    """
    options = Options(
        contenders=tuple(map(_known, contenders.split(","))) if contenders else tuple(SYSTEMS),
        data=data, split=split, task=task, metric=metric, shots=shots, limit=limit,
        turns=turns, max_new_tokens=max_new_tokens,
        embeddings=embeddings, seed=seed,
    )  # fmt: skip
    with with_trainer():
        from train.evaluation.evaluation_text import show
        from train.evaluation.evaluator import evaluate as measure
        from train.journal import Narrator
        from train.trained import open_trained
        from train.training_text import show_overfitting
    from curate.report.console import console, print_json

    trained = open_trained(run)
    if overfitting:
        return _told(trained.report.overfitting, run, as_json=as_json)
    narrator = Narrator(quiet=quiet)
    with narrator.showing():
        report = measure(trained, options, narrator)
    if as_json:
        print_json(report.model_dump(mode="json"), indent=2)
    else:
        if trained.report.overfitting is not None:
            show_overfitting(trained.report.overfitting, console())
        show(report, console(), outputs)
    return ExitCode.CLEAN if report.verdict.outcome in ("helped", "not-compared") else ExitCode.FINDINGS


def _told(found: "Overfitting | None", run: str, *, as_json: bool) -> int:
    from curate.report.console import console, print_json
    from train.training_text import show_overfitting

    if found is None:
        raise InputError(f"{visible(run)}: this run was made before overfitting was looked for", "`curate train RECIPE --fresh` makes it anew")
    if as_json:
        print_json(found.model_dump(mode="json"), indent=2)
    else:
        show_overfitting(found, console())
    return ExitCode.FINDINGS if found.signs else ExitCode.CLEAN


def _known(name: str) -> SystemName:
    for known in SYSTEMS:
        if known == name.strip():
            return known
    raise UsageError(f"--contenders {name}: is not known", f"there are {', '.join(SYSTEMS)}")
