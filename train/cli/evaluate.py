"""`curate evaluate`."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from curate.cli.options import AgreeToSend, AsJson, consent, print_work, takes_options
from curate.core.errors import ExitCode, InputError, UsageError
from curate.core.text import visible
from train.cli.common import (
    BaseUrl,
    Key,
    MovedData,
    Price,
    Quiet,
    print_result,
    require_runs,
    with_trainer,
)  # fmt: skip
from train.evaluation.options import LIMIT, SHOTS, SYSTEMS, EvaluationOptions, SystemName
from train.evaluation.prompts import Turns
from train.evaluation.task import TaskName
from train.scores import METRICS
from train.server import Server, server_of

if TYPE_CHECKING:
    from train.evaluation.evaluation_result import Evaluation
    from train.results import Overfitting
    from train.trained import Trained

SHOTS_HELP: Final = f"Put this many examples into a prompt.  [default: {SHOTS}; more for labels]"
DOCUMENTS_HELP: Final = "Retrieve from the Markdown and text files in this folder, not from training examples."
TURNS_HELP: Final = "Ask for the last or for all answers of an example.  [default: last; all for tools]"


@dataclass(frozen=True)
class EvaluateOptions:
    """The options of `curate evaluate`, in the order of its help."""

    run: Annotated[
        str | None,
        typer.Argument(
            help="Folder of a finished run, or its name in .curate/runs.", show_default=False, metavar="RUN"
        ),
    ] = None
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            help="Measure this base on the split in --data, without a run; with --base-url, its name at the server.",
        ),
    ] = None
    tuned: Annotated[
        str | None, typer.Option("--tuned", help="Ask this tuned model of the server, such as ft:...", metavar="MODEL")
    ] = None
    base_url: BaseUrl = None
    key: Key = None
    price: Price = None
    yes: AgreeToSend = False
    systems: Annotated[
        str | None, typer.Option("--systems", help=f"Compare these of {', '.join(SYSTEMS)}.  [default: all]")
    ] = None
    task: Annotated[
        TaskName | None, typer.Option("--task", help="Measure answers of this kind.  [default: guessed from the data]")
    ] = None
    metric: Annotated[str | None, typer.Option("--metric", help=f"Decide by this metric: {', '.join(METRICS)}.")] = None
    shots: Annotated[int | None, typer.Option("--shots", min=0, help=SHOTS_HELP)] = None
    embeddings: Annotated[
        str | None,
        typer.Option("--embeddings", help="Find the nearest examples or passages with this embedding model."),
    ] = None
    documents: Annotated[Path | None, typer.Option("--documents", help=DOCUMENTS_HELP, metavar="FOLDER")] = None
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="Ask at most this many questions, spread over the split.")
    ] = LIMIT
    turns: Annotated[Turns | None, typer.Option("--turns", help=TURNS_HELP)] = None
    max_new_tokens: Annotated[
        int | None, typer.Option("--max-new-tokens", min=1, help="Limit answers to this many tokens.")
    ] = None
    split: Annotated[str | None, typer.Option("--split", help="Measure on this split.  [default: the run's]")] = None
    data: MovedData = None
    outputs: Annotated[
        int, typer.Option("--outputs", min=0, help="Show this many questions with all answers, side by side.")
    ] = 3
    seed: Annotated[int, typer.Option("--seed", help="Set the seed of the shots and of the bootstrap.")] = 0
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Ask all questions again instead of reading cached answers.")
    ] = False
    overfitting: Annotated[
        bool, typer.Option("--overfitting", help="Report only whether the training overfitted; loads no model.")
    ] = False
    as_json: AsJson = False
    quiet: Quiet = False


@takes_options
def evaluate(args: EvaluateOptions) -> int:
    """Measure whether training helped: compare the tuned model with the base and a good prompt, on held-out examples.
    With --model and --data, measure what a training would have to beat. With --base-url, ask models of a server.

    The base answers alone, with examples of the training split in its prompt, and with those nearest to each question;
    so does the tuned model. With --documents, the passages nearest to each question are shown instead of examples.
    Answers are cached in the run's folder, so that nothing is computed twice. Exit status 1 if training did not help;
    with --overfitting, if there is a sign of overfitting.
    """
    server = _server(args)
    _require_consistent(args, served=server is not None)
    options = _options(args, served=server is not None)
    if args.run is not None:
        require_runs(args.run)
    with with_trainer():
        from train.evaluation.evaluation_text import evaluation_text
        from train.report.training_report import overfitting_text
        from train.trained import open_trained, untrained

    if args.run is not None:
        trained = open_trained(args.run)
    else:
        trained = untrained(str(args.model or args.tuned), Path(str(args.data)), served=server is not None)
    diagnosis = trained.report.overfitting
    if args.overfitting:
        return _print_overfitting(args, diagnosis)
    report = _measure(args, trained, server, options)
    before = overfitting_text(diagnosis) if diagnosis is not None and server is None else ()
    print_result(report, chain(before, evaluation_text(report, args.outputs)), as_json=args.as_json)
    return ExitCode.CLEAN if report.verdict.outcome in ("helped", "not-compared") else ExitCode.FINDINGS


def _server(args: EvaluateOptions) -> Server | None:
    """The server that is asked; None for models on this machine."""
    return server_of(
        args.base_url, (args.model, args.tuned), consent(yes=args.yes, as_json=args.as_json),
        partial(print_work, noun="prompt", suffix=", at most", quiet=args.quiet, verb="asking"),
        key=args.key, price=args.price,
    )  # fmt: skip


def _options(args: EvaluateOptions, *, served: bool) -> EvaluationOptions:
    """The options of the evaluation. Raises `UsageError` for a system that cannot be measured."""
    has_tuned = args.tuned is not None if served else args.run is not None
    has_base = args.model is not None if served else True
    names = [name for name, system in SYSTEMS.items() if (has_tuned if system.tuned else has_base)]
    return EvaluationOptions(
        systems=tuple(_system_named(name, names) for name in args.systems.split(",")) if args.systems else tuple(names),
        data=args.data, split=args.split, task=args.task, metric=args.metric, shots=args.shots, limit=args.limit,
        turns=args.turns, max_new_tokens=args.max_new_tokens, embeddings=args.embeddings, documents=args.documents,
        seed=args.seed, fresh=args.fresh,
    )  # fmt: skip


def _print_overfitting(args: EvaluateOptions, diagnosis: "Overfitting | None") -> int:
    """Print the diagnosis and return the exit status. Raises `InputError` without a diagnosis."""
    from train.report.training_report import overfitting_text

    if diagnosis is None:
        raise InputError(
            f"{visible(str(args.run))}: has no diagnosis of overfitting",
            "name a run that it is composed of; a run of an old version is trained again with --fresh",
        )
    print_result(diagnosis, overfitting_text(diagnosis), as_json=args.as_json)
    return ExitCode.FINDINGS if diagnosis.signs else ExitCode.CLEAN


def _measure(
    args: EvaluateOptions, trained: "Trained", server: Server | None, options: EvaluationOptions
) -> "Evaluation":
    """Ask the models, and compare their answers."""
    with with_trainer():
        from train.evaluation.evaluator import evaluate as measure
        from train.evaluation.local_model import LocalModel
        from train.evaluation.served_model import ServedModel
        from train.journal import JournalPrinter

    printer = JournalPrinter(quiet=args.quiet)
    if server is None:
        return measure(trained, LocalModel(trained, printer), options, printer)
    served = ServedModel(server, args.model, args.tuned, trained.report.key, printer)
    return measure(trained, served, options, printer)


def _require_consistent(args: EvaluateOptions, *, served: bool) -> None:
    """Raise `UsageError` for arguments that do not name models and data."""
    if served:
        if (args.model is None and args.tuned is None) or (args.run is None and args.data is None) or args.overfitting:
            raise UsageError(
                "name the models of the server with --model and --tuned, and a run or a split folder with --data",
                "for example  curate evaluate --base-url URL --model BASE --tuned TUNED --data out",
            )
        return
    if args.tuned is not None:
        raise UsageError("--tuned names a model of a server", "add its address with --base-url")
    if (args.run is None) == (args.model is None) or (
        args.model is not None and (args.data is None or args.overfitting)
    ):
        raise UsageError(
            "name a run, or a base model with --model and a split folder with --data",
            "for example  curate evaluate RUN,  or before training  curate evaluate --model BASE --data out",
        )


def _system_named(name: str, systems: Sequence[SystemName]) -> SystemName:
    """The system with this name. Raises `UsageError` if there is none."""
    for system in systems:
        if system == name.strip():
            return system
    raise UsageError(f"--systems {name}: is unknown", f"there are {', '.join(systems)}")
