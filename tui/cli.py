"""`curate review`."""

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from curate.decision import DecisionLog
from curate.errors import ExitCode, MissingExtra, UsageError
from curate.review.facts import Fact
from curate.review.sources import Sources, sources_of


def review(
    paths: Annotated[list[Path], typer.Argument(help="Data files, or the folder of a project.", metavar="PATH...")],
    merge: Annotated[list[Path] | None, typer.Option("--merge", help="Take in the decisions of another journal first.", metavar="JOURNAL")] = None,
) -> int:
    """Decide about findings, duplicates and conflicts in the terminal.

    Decisions are kept in .curate/decisions.jsonl of the project: the folder that was named, else the working folder. What two people
    decided differently is contested, and shown. `textual serve "curate review PATH"` shows the same in a browser.
    """
    served = "TEXTUAL_DRIVER" in os.environ  # `textual serve` takes the place of the terminal
    if not served and not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):  # Textual draws on stderr
        raise UsageError("curate review needs a terminal", "`curate check PATH...` prints the findings")
    if importlib.util.find_spec("textual") is None:
        raise MissingExtra("curate review", "tui", "textual")
    sources = sources_of(paths)  # a path that is not there is told before the screen opens
    log = DecisionLog(sources.project.decisions)
    merged = sum(len(log.merge(other)) for other in merge or ())

    from tui.app import CurateApp  # Textual, only once it is known to be there and wanted
    from tui.messages import TerminalGone
    from tui.terminal import end_with_terminal

    app = CurateApp(sources, scanned, merged)
    if not served:
        end_with_terminal(lambda: app.post_message(TerminalGone()), sys.stdin.fileno())
    app.run()
    if app.crash is not None:
        raise app.crash
    return ExitCode.INTERRUPTED if app.abandoned else ExitCode.CLEAN


def scanned(sources: Sources, tell: Callable[[Fact], None], stopped: Callable[[], bool]) -> None:
    """Check and compare in a process of its own, and tell what it finds."""
    from curate.pipeline import load_conflicts  # detectors and models' code: not before the screen is there
    from curate.review.scan import Scan

    scan = Scan(sources, load_conflicts)
    try:
        for fact in scan.facts():
            if stopped():
                return
            tell(fact)
    finally:
        scan.stop()
