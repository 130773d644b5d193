"""`curate ingest`."""

from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import AsJson, Overwrite, Paths, Quiet, end, named_files, named_numbers, progress
from curate.commands.ingest import ingest_paths
from curate.core.output_pair import checked_removed_path
from curate.render.console import print_result
from curate.render.convert import ingest_text


def ingest(
    paths: Paths,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            help="Write messages to this file (out.jsonl), lines that are not converted beside it "
            "(out.unconverted.jsonl).",
        ),
    ],
    min_score: Annotated[
        list[str] | None,
        typer.Option(help="Write only calls with at least this score; repeatable.", metavar="NAME=VALUE"),
    ] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Convert traces of Langfuse, LangSmith or OpenTelemetry, batches, and chats of accounts to messages.

    Reads exported JSON and JSON Lines files; chats are those of ChatGPT, Claude, Open WebUI and LM Studio. Requests and
    results of a batch are joined by `custom_id`, messages of a thread of OpenAssistant by `parent_id`: name all files.
    Ids, model and scores are written to `metadata`. `curate dedup` removes calls that are only the beginning of a later
    one.

    Exit status: 0 if every call was read, 1 if some were not, 2 if a file cannot be read.
    """
    minima = named_numbers("--min-score", min_score, "helpfulness=0.7")
    files = named_files(paths)
    aside = checked_removed_path(output, "unconverted", files, paths, overwrite=overwrite)
    with progress("reading", "lines", quiet=quiet) as advance:
        report = ingest_paths(files, output, aside, minima=minima, overwrite=overwrite, progress=advance)
    print_result(report, ingest_text(report, str(output), str(aside)), as_json=as_json)
    end(len(report.notes), "not converted")
