"""`curate check`."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from curate.check import check_paths
from curate.cli.options import chosen, progress
from curate.config import find_config
from curate.errors import ExitCode
from curate.files import data_files
from curate.report.check_json import check_json
from curate.report.check_text import SHOWN, check_text
from curate.report.console import console


class OutputFormat(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"


def check(
    paths: Annotated[list[str], typer.Argument(help="Files or folders: JSON Lines, JSON arrays, .gz, .zst.", metavar="PATH...")],
    select: Annotated[list[str] | None, typer.Option(help="Codes or prefixes of rules to run; may be given several times.")] = None,
    ignore: Annotated[list[str] | None, typer.Option(help="Codes or prefixes of rules not to run.")] = None,
    output_format: Annotated[OutputFormat, typer.Option(help="How findings are written.")] = OutputFormat.TEXT,
    show_all: Annotated[bool, typer.Option("--all", help=f"Show every finding, not only the first {SHOWN} of each rule.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Say what is wrong with a data set, and where.

    Exit status: 0 when there is nothing above info, 1 with errors or warnings, 2 when a file cannot be read.
    """
    files = data_files(paths)
    config = chosen(find_config(Path.cwd()).check, select=select, ignore=ignore)
    with progress("checking", "lines", quiet=quiet) as advance:
        report = check_paths(files, config, advance)
    if output_format is OutputFormat.JSON:
        json.dump(check_json(report), sys.stdout)  # all ASCII: names and keys from the data may hold what a terminal obeys
        sys.stdout.write("\n")
    else:
        out = console()
        for line in check_text(report, None if show_all else SHOWN):
            out.print(line)
    raise typer.Exit(ExitCode.FINDINGS if report.failed else ExitCode.CLEAN)
