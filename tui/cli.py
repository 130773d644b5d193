"""`curate review`."""

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from curate.core.decision import DecisionLog
from curate.core.errors import ExitCode, MissingExtra, UsageError
from curate.core.runs import Project, data_of, find_run
from curate.review.events import ScanEvent
from curate.review.quality_scores import read_scores
from curate.review.sources import Sources, sources_of
from curate.review.training_signals import FILTER, HARDEST, training_of


def review(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Data files, or the folder of a project.", metavar="PATH...", show_default=False),
    ] = None,
    merge: Annotated[
        list[Path] | None,
        typer.Option("--merge", help="Merge the decisions of another journal first.", metavar="JOURNAL"),
    ] = None,
    from_run: Annotated[
        str | None,
        typer.Option(
            "--from-run",
            help="Show the hardest examples of a training first; without PATH, in its own data.",
            metavar="RUN",
        ),
    ] = None,
    hardest: Annotated[
        int, typer.Option("--hardest", min=1, help="Show this many of the hardest examples, with --from-run.")
    ] = HARDEST,
    scores: Annotated[
        Path | None,
        typer.Option(
            "--scores",
            help="Filter and sort examples by the quality signals in this file of `curate score -o`.",
            metavar="FILE",
        ),
    ] = None,
) -> int:
    """Decide about findings, duplicates and conflicts in the terminal.

    Decisions are saved in .curate/decisions.jsonl of the project: the named folder, else the working folder. Different
    decisions by several people are shown as contested. `textual serve "curate review PATH"` shows the same in a
    browser.
    """
    served = "TEXTUAL_DRIVER" in os.environ  # `textual serve` replaces the terminal
    if not served and not all(
        stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)
    ):  # Textual draws on stderr
        raise UsageError("curate review needs a terminal", "`curate check PATH...` prints the findings")
    if importlib.util.find_spec("textual") is None:
        raise MissingExtra("curate review", "tui", "textual")
    run = None if from_run is None else find_run(from_run, Project(Path.cwd()))
    if not paths and run is None:
        raise UsageError("nothing to review", "name data files, the folder of a project, or a run with --from-run")
    known = None if run is None else training_of(run, hardest)
    scored = None if scores is None else read_scores(scores)
    sources = sources_of(
        paths or [data_of(run)] if run else paths or []
    )  # report a missing path before the screen opens
    log = DecisionLog(sources.project.decisions)
    merged = sum(len(log.merge(other)) for other in merge or ())

    from tui.app import CurateApp  # import Textual only once it is needed
    from tui.messages import TerminalGone
    from tui.review_state import At
    from tui.terminal import end_with_terminal

    def told(sources: Sources, tell: Callable[[ScanEvent], None], stopped: Callable[[], bool]) -> None:
        if known is not None:
            tell(known)
        if scored is not None:
            tell(scored)
        scanned(sources, tell, stopped)

    app = CurateApp(sources, told, merged, None if known is None else At("finding", FILTER, "as found"))
    if not served:
        end_with_terminal(lambda: app.post_message(TerminalGone()), sys.stdin.fileno())
    app.run()
    if app.crash is not None:
        raise app.crash
    return ExitCode.INTERRUPTED if app.abandoned else ExitCode.CLEAN


def scanned(sources: Sources, tell: Callable[[ScanEvent], None], stopped: Callable[[], bool]) -> None:
    """Check and compare in a separate process; yields the results."""
    from curate.pipeline import load_conflicts  # imported only once the screen is shown
    from curate.review.scan import Scan

    scan = Scan(sources, load_conflicts)
    try:
        for fact in scan.events():
            if stopped():
                return
            tell(fact)
    finally:
        scan.stop()
