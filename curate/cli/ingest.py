"""`curate ingest`."""

from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import AsJson, Overwrite, Paths, Quiet, end, named_files, named_numbers, output_option, progress
from curate.commands.ingest import ingest_paths
from curate.read.sessions.rows import Keep, Per, SessionOptions
from curate.render.console import print_result
from curate.render.convert import ingest_text
from curate.storage.output_pair import checked_removed_path


def ingest(
    paths: Paths,
    output: Annotated[
        Path,
        output_option(
            "Write messages to this file (out.jsonl), lines that are not converted beside it (out.unconverted.jsonl)."
        ),
    ],
    min_score: Annotated[
        list[str] | None,
        typer.Option(help="Write only calls with at least this score; repeatable.", metavar="NAME=VALUE"),
    ] = None,
    per: Annotated[
        Per,
        typer.Option(
            help="Set what of a session becomes a row: all of it, each turn with what came before (turn), or alone "
            "(task)."
        ),
    ] = Per.SESSION,
    sidechains: Annotated[
        Keep, typer.Option(help="Write the conversations of sub-agents as rows of their own, or drop them.")
    ] = Keep.KEEP,
    unfinished: Annotated[
        Keep, typer.Option(help="Keep or drop sessions that were aborted or ended with an error.")
    ] = Keep.KEEP,
    system: Annotated[Keep, typer.Option(help="Keep or drop the system prompts of sessions.")] = Keep.KEEP,
    max_result: Annotated[
        int | None,
        typer.Option(help="Leave out the middle of tool results with more characters.", metavar="CHARS", min=100),
    ] = None,
    mask: Annotated[
        bool, typer.Option("--mask", help="Replace secrets, and names of users in paths, in rows of sessions.")
    ] = False,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Convert traces, batches, chats of accounts and sessions of coding agents to messages.

    Reads exported JSON and JSON Lines files of Langfuse, LangSmith, OpenTelemetry, Helicone, OpenPipe and OpenAI
    Responses; chats are those of ChatGPT, Claude, Open WebUI and LM Studio; sessions those of Claude Code, Codex, Pi,
    OpenHands and SWE-agent. Requests and results of a batch are joined by `custom_id`, messages of a thread of
    OpenAssistant by `parent_id`: name all files. Ids, model and scores are written to `metadata`. `curate dedup`
    removes calls that are only the beginning of a later one. `curate split` keeps sessions of one session, repository
    or task in one split.

    Exit status: 0 if every call was read, 1 if some were not, 2 if a file cannot be read.
    """
    minima = named_numbers("--min-score", min_score, "helpfulness=0.7")
    files = named_files(paths)
    aside = checked_removed_path(output, "unconverted", files, paths, overwrite=overwrite)
    with progress("reading", "lines", quiet=quiet) as advance:
        options = SessionOptions(per, sidechains, unfinished, system, max_result, mask)
        report = ingest_paths(
            files, output, aside, minima=minima, options=options, overwrite=overwrite, progress=advance
        )
    print_result(report, ingest_text(report, str(output), str(aside)), as_json=as_json)
    end(0, "", found=bool(report.notes))
