"""`curate diff`."""

from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import AsJson
from curate.core.errors import ExitCode
from curate.output.difference import difference
from curate.render.console import print_result
from curate.render.difference import MAX_SHOWN, diff_text


def diff(
    before: Annotated[Path, typer.Argument(help="Folder of a split.", metavar="DIR")],
    now: Annotated[Path, typer.Argument(help="Folder of another split.", metavar="DIR")],
    show_all: Annotated[
        bool, typer.Option("--all", help=f"Show every example, not only {MAX_SHOWN} of each kind.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare two splits: inputs, settings, versions, decisions, and the examples that were added, removed or moved.

    Exit status: 0 if the two are the same, 1 if they differ.
    """
    comparison = difference(before, now)
    print_result(comparison, diff_text(comparison, None if show_all else MAX_SHOWN), as_json=as_json)
    raise typer.Exit(ExitCode.CLEAN if comparison.same else ExitCode.FINDINGS)
