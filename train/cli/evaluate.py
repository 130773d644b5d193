"""`curate evaluate`."""

from collections.abc import Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Annotated, Final

import typer

from curate.cli.options import consent, print_work
from curate.core.errors import ExitCode, InputError, UsageError
from curate.core.text import visible
from train.cli.common import AsJson, BaseUrl, Key, MovedData, Price, Quiet, Yes, print_result, with_trainer
from train.evaluation.options import LIMIT, SHOTS, SYSTEMS, Options, SystemName
from train.evaluation.prompts import Turns
from train.evaluation.task import TaskName
from train.scores import METRICS
from train.server import server_of

Systems = Annotated[
    str | None, typer.Option("--systems", help=f"Compare these of {', '.join(SYSTEMS)}.  [default: all]")
]
Task = Annotated[
    TaskName | None, typer.Option("--task", help="Measure answers of this kind.  [default: guessed from the data]")
]
Metric = Annotated[str | None, typer.Option("--metric", help=f"Decide by this metric: {', '.join(METRICS)}.")]
SHOTS_HELP: Final = f"Put this many examples into a prompt.  [default: {SHOTS}; more for labels]"
Shots = Annotated[int | None, typer.Option("--shots", min=0, help=SHOTS_HELP)]
Embeddings = Annotated[
    str | None, typer.Option("--embeddings", help="Find the nearest examples or passages with this embedding model.")
]
DOCUMENTS_HELP: Final = "Retrieve from the Markdown and text files in this folder, not from training examples."
Documents = Annotated[Path | None, typer.Option("--documents", help=DOCUMENTS_HELP, metavar="FOLDER")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="Ask at most this many questions, spread over the split.")]
TURNS_HELP: Final = "Ask for the last or for all answers of an example.  [default: last; all for tools]"
AskedTurns = Annotated[Turns | None, typer.Option("--turns", help=TURNS_HELP)]
MaxNewTokens = Annotated[int | None, typer.Option("--max-new-tokens", min=1, help="Limit answers to this many tokens.")]
Split = Annotated[str | None, typer.Option("--split", help="Measure on this split.  [default: the run's]")]
Outputs = Annotated[
    int, typer.Option("--outputs", min=0, help="Show this many questions with all answers, side by side.")
]
Seed = Annotated[int, typer.Option("--seed", help="Set the seed of the shots and of the bootstrap.")]
OverfittingOnly = Annotated[
    bool, typer.Option("--overfitting", help="Report only whether the training overfitted; loads no model.")
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Ask all questions again instead of reading cached answers.")]


def evaluate(
    run: Annotated[
        str | None,
        typer.Argument(
            help="Folder of a finished run, or its name in .curate/runs.", show_default=False, metavar="RUN"
        ),
    ] = None,
    *,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            help="Measure this base on the split in --data, without a run; with --base-url, its name at the server.",
        ),
    ] = None,
    tuned: Annotated[
        str | None, typer.Option("--tuned", help="Ask this tuned model of the server, such as ft:...", metavar="MODEL")
    ] = None,
    base_url: BaseUrl = None,
    key: Key = None,
    price: Price = None,
    yes: Yes = False,
    systems: Systems = None,
    task: Task = None,
    metric: Metric = None,
    shots: Shots = None,
    embeddings: Embeddings = None,
    documents: Documents = None,
    limit: Limit = LIMIT,
    turns: AskedTurns = None,
    max_new_tokens: MaxNewTokens = None,
    split: Split = None,
    data: MovedData = None,
    outputs: Outputs = 3,
    seed: Seed = 0,
    fresh: Fresh = False,
    overfitting: OverfittingOnly = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Measure whether training helped: compare the tuned model with the base and a good prompt, on held-out examples.
    With --model and --data, measure what a training would have to beat. With --base-url, ask models of a server.

    The base answers alone, with examples of the training split in its prompt, and with those nearest to each question;
    so does the tuned model. With --documents, the passages nearest to each question are shown instead of examples.
    Answers are cached in the run's folder, so that nothing is computed twice. Exit status 1 if training did not help;
    with --overfitting, if there is a sign of overfitting.
    """
    server = server_of(
        base_url, (model, tuned), consent(yes=yes, as_json=as_json),
        partial(print_work, noun="prompt", suffix=", at most", quiet=quiet, verb="asking"), key=key, price=price,
    )  # fmt: skip
    _require_consistent(run, model, tuned, data, served=server is not None, overfitting=overfitting)
    has_tuned = tuned is not None if server is not None else run is not None
    has_base = model is not None if server is not None else True
    known = [name for name, one in SYSTEMS.items() if (has_tuned if one.tuned else has_base)]
    options = Options(
        systems=tuple(_system_named(name, known) for name in systems.split(",")) if systems else tuple(known),
        data=data, split=split, task=task, metric=metric, shots=shots, limit=limit, turns=turns,
        max_new_tokens=max_new_tokens, embeddings=embeddings, documents=documents, seed=seed, fresh=fresh,
    )  # fmt: skip
    with with_trainer():
        from train.evaluation.evaluation_text import evaluation_text
        from train.evaluation.evaluator import evaluate as measure
        from train.evaluation.local_model import LocalModel
        from train.evaluation.served_model import ServedModel
        from train.journal import JournalPrinter
        from train.report.training_report import overfitting_text
        from train.trained import open_trained, untrained

    if run is not None:
        trained = open_trained(run)
    else:
        trained = untrained(str(model or tuned), Path(str(data)), served=server is not None)
    found = trained.report.overfitting
    if overfitting:
        if found is None:
            raise InputError(
                f"{visible(str(run))}: has no diagnosis of overfitting",
                "name a run that it is composed of; a run of an old version is trained again with --fresh",
            )
        print_result(found, overfitting_text(found), as_json=as_json)
        return ExitCode.FINDINGS if found.signs else ExitCode.CLEAN
    printer = JournalPrinter(quiet=quiet)
    if server is None:
        report = measure(trained, LocalModel(trained, printer), options, printer)
    else:
        report = measure(trained, ServedModel(server, model, tuned, trained.report.key, printer), options, printer)
    before = overfitting_text(found) if found is not None and server is None else ()
    print_result(report, chain(before, evaluation_text(report, outputs)), as_json=as_json)
    return ExitCode.CLEAN if report.verdict.outcome in ("helped", "not-compared") else ExitCode.FINDINGS


def _require_consistent(
    run: str | None, model: str | None, tuned: str | None, data: Path | None, *, served: bool, overfitting: bool
) -> None:
    """Raise `UsageError` for arguments that do not name models and data."""
    if served:
        if (model is None and tuned is None) or (run is None and data is None) or overfitting:
            raise UsageError(
                "name the models of the server with --model and --tuned, and a run or a split folder with --data",
                "for example  curate evaluate --base-url URL --model BASE --tuned TUNED --data out",
            )
        return
    if tuned is not None:
        raise UsageError("--tuned names a model of a server", "add its address with --base-url")
    if (run is None) == (model is None) or (model is not None and (data is None or overfitting)):
        raise UsageError(
            "name a run, or a base model with --model and a split folder with --data",
            "for example  curate evaluate RUN,  or before training  curate evaluate --model BASE --data out",
        )


def _system_named(name: str, systems: Sequence[SystemName]) -> SystemName:
    for known in systems:
        if known == name.strip():
            return known
    raise UsageError(f"--systems {name}: is unknown", f"there are {', '.join(systems)}")
