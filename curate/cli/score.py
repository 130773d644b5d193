"""`curate score`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curate.cli import options
from curate.commands.score import models_of, require_scores_file, write_scores
from curate.commands.score import score as score_data
from curate.core.errors import UsageError
from curate.core.text import visible
from curate.core.verb_options import require_named_model
from curate.render.console import print_result
from curate.render.score import score_text
from curate.storage.paths import require_distinct_paths
from curate.storage.snapshot import rights_of

if TYPE_CHECKING:
    from curate.conflicts.judges.verdict_cache import Work

Embeddings = Annotated[
    str | None,
    typer.Option(help="Use this sentence-transformers model for signals that need embeddings.", metavar="MODEL"),
]
NoModels = Annotated[bool, typer.Option("--no-models", help="Use no model: compute the signals of the text alone.")]
LossModel = Annotated[
    str | None,
    typer.Option(
        help="Compute the loss of each answer and its IFD by this causal model: a folder, a hub id or offline:NAME.",
        metavar="MODEL",
    ),
]


def score(
    paths: options.Paths,
    embeddings: Embeddings = None,
    no_models: NoModels = False,
    loss_model: LossModel = None,
    judge: Annotated[
        str | None,
        typer.Option(
            help="Rate each answer by --rubric with this language model: a folder, a hub id, offline:NAME, or the "
            "address of an endpoint (http...)."
        ),
    ] = None,
    rubric: Annotated[
        Path | None, typer.Option(help="Read what a good answer is from this text file, for --judge.", metavar="FILE")
    ] = None,
    judge_model: Annotated[
        str | None, typer.Option(help="Ask this model of the judge's endpoint.", metavar="MODEL")
    ] = None,
    judge_key: options.JudgeKey = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Send data to the judge's endpoint without asking.")] = False,
    output: Annotated[Path | None, options.output_option("Write all values to this Parquet file.", "FILE")] = None,
    as_json: options.AsJson = False,
    show_all: Annotated[
        bool, typer.Option("--all", help="Show ten examples at each end of each signal, and all correlations.")
    ] = False,
    no_cache: options.NoCache = False,
    quiet: options.Quiet = False,
) -> None:
    """Score each example by quality signals, and list the lines to look at and why. Nothing is removed.

    Exit status: 0, 1 if a line holds no example, 2 if a file cannot be read or a model is not available.
    """
    files = options.named_files(paths)
    require_distinct_paths(files, (output,), named=paths)
    if output is not None:
        require_scores_file(output)
    options.check_combination(needs={"judge": "rubric", "rubric": "judge"})
    require_named_model("judge", judge, judge_model=judge_model, judge_key=judge_key)
    with options.stages(quiet=quiet) as shown:
        session = options.session(
            yes=yes, as_json=as_json, reads_files="curate score", cached=not no_cache, listen=shown.listen
        )
        work = session.open(files, check={}, conflicts={"embeddings": embeddings})

        def before(work: "Work") -> None:
            shown.stop()  # a prompt replaces the progress bar
            options.print_work(work, "answer", quiet=quiet)

        judge_rubric = None
        if judge is not None and rubric is not None:
            from curate.quality.rubric import rubric_of

            agreed = session.consent
            judge_rubric = rubric_of(
                read_rubric(rubric), judge, judge_model, key=judge_key, consent=agreed, before=before
            )
        models = models_of(work.config, embeddings, loss_model, no_models=no_models)
        result = score_data(work, models, rubric=judge_rubric)
    if output is not None:
        write_scores(result, output, mode=rights_of(files))
    print_result(result, score_text(result, full=show_all, paths=paths, output=output), as_json=as_json)
    options.end(result.not_understood, "not scored")


def read_rubric(path: Path) -> str:
    """The rubric in a file. Raises `UsageError`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--rubric {visible(str(path))}: cannot be read: {error}", "name a text file") from None
    if not text.strip():
        raise UsageError(f"--rubric {visible(str(path))}: is empty", "write what a good answer is, for example 3 lines")
    return text
