"""`curate convert`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import PATHS, progress
from curate.convert import convert_paths
from curate.errors import ExitCode, UsageError
from curate.files import data_files
from curate.report.console import console, print_json
from curate.report.convert import convert_json, convert_text


class To(StrEnum):
    """Formats that can be written."""

    MESSAGES = "messages"


def convert(
    paths: Annotated[list[str], typer.Argument(help=PATHS, metavar="PATH")],
    output: Annotated[Path, typer.Option("-o", "--output", help="File for the messages; what cannot be converted goes to unconverted.jsonl beside it.")],
    to: Annotated[To, typer.Option("--to", help="The format to write.")] = To.MESSAGES,  # noqa: ARG001  (there is one so far)
    chosen: Annotated[bool, typer.Option("--chosen", help="Of preference pairs take the chosen side; the rejected one is left out.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Convert any known format to messages, one JSON object a line; nothing is dropped silently.

    Exit status: 0 when every line was converted, 1 when some were set aside, 2 when a file cannot be read.
    """
    files = data_files(paths)
    aside = output.with_name("unconverted.jsonl")
    if output.resolve() == aside.resolve():
        raise UsageError(f"{output}: is where lines that cannot be converted are written", "name another output")
    if any(path.resolve() in (output.resolve(), aside.resolve()) for path in files):
        raise UsageError(f"{output}: would replace a file that is read", "name another output; input files are never overwritten")
    with progress("converting", "lines", quiet=quiet) as advance:
        report = convert_paths(files, output, aside, chosen=chosen, progress=advance)
    if as_json:
        print_json(convert_json(report).model_dump())
    else:
        out = console()
        for line in convert_text(report, str(output), str(aside)):
            out.print(line)
    raise typer.Exit(ExitCode.FINDINGS if report.aside else ExitCode.CLEAN)
