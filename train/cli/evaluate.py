"""`curate evaluate`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from curate.core.errors import ExitCode, InputError, UsageError
from curate.core.text import visible
from train.cli.common import AsJson, MovedData, Quiet, print_result, with_trainer
from train.evaluation.options import LIMIT, SHOTS, SYSTEMS, Options, SystemName
from train.evaluation.prompts import Turns
from train.evaluation.task import TaskName
from train.scores import METRICS

if TYPE_CHECKING:
    from rich.console import Console

    from train.evaluation.evaluation_result import Evaluation


Contenders = Annotated[
    str | None, typer.Option("--contenders", help=f"Compare these of {', '.join(SYSTEMS)}.  [default: all]")
]
Task = Annotated[
    TaskName | None, typer.Option("--task", help="Set the kind of answers.  [default: guessed from the data]")
]
Metric = Annotated[str | None, typer.Option("--metric", help=f"Decide by this metric, of {', '.join(METRICS)}.")]
SHOTS_HELP: Final = f"Put this many examples into a prompt.  [default: {SHOTS}; more for labels]"
Shots = Annotated[int | None, typer.Option("--shots", min=0, help=SHOTS_HELP)]
Embeddings = Annotated[
    str | None, typer.Option("--embeddings", help="Find the nearest training examples with this embedding model.")
]
Limit = Annotated[int, typer.Option("--limit", min=1, help="Ask at most this many questions, spread over the split.")]
TURNS_HELP: Final = "Ask for the last or for all answers of an example.  [default: last; all for tools]"
AskedTurns = Annotated[Turns | None, typer.Option("--turns", help=TURNS_HELP)]
MaxNewTokens = Annotated[int | None, typer.Option("--max-new-tokens", min=1, help="Limit answers to this many tokens.")]
Split = Annotated[str | None, typer.Option("--split", help="Measure on this split.  [default: the run's]")]
Outputs = Annotated[
    int, typer.Option("--outputs", min=0, help="Show this many questions with all answers, side by side.")
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of the shots and of the bootstrap.")]
OverfittingOnly = Annotated[
    bool, typer.Option("--overfitting", help="Report only whether the training overfitted; loads no model.")
]


def evaluate(
    run: Annotated[
        str | None, typer.Argument(help="Folder of a finished run, or its name in .curate/runs.", show_default=False)
    ] = None,
    *,
    model: Annotated[
        str | None, typer.Option("--model", help="Measure this base on the split --data, without any training.")
    ] = None,
    contenders: Contenders = None,
    task: Task = None,
    metric: Metric = None,
    shots: Shots = None,
    embeddings: Embeddings = None,
    limit: Limit = LIMIT,
    turns: AskedTurns = None,
    max_new_tokens: MaxNewTokens = None,
    split: Split = None,
    data: MovedData = None,
    outputs: Outputs = 3,
    seed: Seed = 0,
    overfitting: OverfittingOnly = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Measure whether training helped: compare the tuned model with the base and a good prompt, on held-out examples.
    With --model and --data, measure what a training would have to beat.

    The base answers alone, with examples of the training split in its prompt, and with those nearest to each question;
    so does the tuned model. Answers are cached in the run's folder, so that nothing is computed twice. Exit status 1 if
    training did not help; with --overfitting, if there is a sign of overfitting.
    """
    if (run is None) == (model is None) or (model is not None and (data is None or overfitting)):
        raise UsageError(
            "name a run, or a base model with --model and a split folder with --data",
            "for example  curate evaluate RUN,  or before training  curate evaluate --model BASE --data out",
        )
    known = [name for name in SYSTEMS if run is not None or not SYSTEMS[name].tuned]
    options = Options(
        contenders=tuple(_known(name, known) for name in contenders.split(",")) if contenders else tuple(known),
        data=data, split=split, task=task, metric=metric, shots=shots, limit=limit, turns=turns,
        max_new_tokens=max_new_tokens, embeddings=embeddings, seed=seed,
    )  # fmt: skip
    with with_trainer():
        from train.evaluation.evaluation_text import show
        from train.evaluation.evaluator import evaluate as measure
        from train.journal import Narrator
        from train.trained import open_trained, untrained
        from train.training_report import show_overfitting

    trained = open_trained(run) if run is not None else untrained(str(model), Path(str(data)))
    found = trained.report.overfitting
    if overfitting:
        if found is None:
            raise InputError(
                f"{visible(str(run))}: this run is older than the diagnosis of overfitting",
                "`curate train RECIPE --fresh` trains it again",
            )
        print_result(found, show_overfitting, as_json=as_json)
        return ExitCode.FINDINGS if found.signs else ExitCode.CLEAN
    with Narrator(quiet=quiet).showing() as narrator:
        report = measure(trained, options, narrator)

    def show_all(report: "Evaluation", console: "Console") -> None:
        if found is not None:
            show_overfitting(found, console)
        show(report, console, outputs)

    print_result(report, show_all, as_json=as_json)
    return ExitCode.CLEAN if report.verdict.outcome in ("helped", "not-compared") else ExitCode.FINDINGS


def _known(name: str, systems: Sequence[SystemName]) -> SystemName:
    for known in systems:
        if known == name.strip():
            return known
    raise UsageError(f"--contenders {name}: is unknown", f"there are {', '.join(systems)}")
