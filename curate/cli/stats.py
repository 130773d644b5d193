"""`curate stats`."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import PATHS, progress
from curate.config import find_config
from curate.files import data_files
from curate.report.console import console
from curate.report.stats_json import stats_json, stats_output
from curate.report.stats_text import stats_text
from curate.stats import collect
from curate.text import plural


def stats(
    paths: Annotated[list[str], typer.Argument(help=PATHS, metavar="PATH")],
    model: Annotated[str | None, typer.Option(help="Model whose tokenizer and chat template count tokens; without, they are bytes / 4.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Show the numbers of a data set: examples, turns, roles, lengths, scripts, tools, system prompts, duplicates."""
    files = data_files(paths)
    with progress("counting", "lines", quiet=quiet) as advance:
        found = collect(files, find_config(Path.cwd()).check.model if model is None else model, advance)
    if as_json:
        json.dump(stats_json(found), sys.stdout)
        sys.stdout.write("\n")
        return
    out = console()
    name = str(files[0]) if len(files) == 1 else plural(len(files), "file")
    for part in stats_text(stats_output(found), name, out.width):
        out.print(part)
