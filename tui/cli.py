"""`curate review`."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from curate.errors import MissingExtra, UsageError
from curate.review import ReviewSession, open_review, sources_of


def review(
    paths: Annotated[list[Path], typer.Argument(help="Data files, or the folder of a project.", metavar="PATH...")],
) -> None:
    """Decide about findings, duplicates and conflicts in the terminal.

    Decisions are kept in .curate/decisions.jsonl of the project: the folder that was named, else the working folder.
    """
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):  # Textual draws on stderr
        raise UsageError("curate review needs a terminal", "`curate check PATH...` prints the findings")
    if importlib.util.find_spec("textual") is None:
        raise MissingExtra("curate review", "tui", "textual")
    sources = sources_of(paths)  # a path that is not there is told before the screen opens

    from curate.pipeline import load_conflicts
    from tui.app import CurateApp  # Textual, only once it is known to be there and wanted

    def opener() -> Iterator[str | ReviewSession]:
        return open_review(sources, load_conflicts)

    app = CurateApp(opener)
    app.run()
    if app.crash is not None:
        raise app.crash
