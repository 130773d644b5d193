"""`curate stats`."""

from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import AsJson, Paths, Quiet, end, named_files, progress
from curate.core.config import find_config
from curate.core.text import plural
from curate.corpus.stats import Plan, collect
from curate.read.dataset import demand_understood
from curate.report.console import console, print_json, print_lines
from curate.report.stats import stats_result, stats_text


def stats(
    paths: Paths,
    model: Annotated[str | None, typer.Option(help="Model whose tokenizer and chat template count tokens; without, they are bytes / 4.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs of the training that is estimated; else what services choose for so many examples.")] = None,
    price: Annotated[float | None, typer.Option(min=0, help="Price of a million tokens, to estimate what a training costs.")] = None,
    speed: Annotated[float | None, typer.Option(min=1e-6, help="Tokens a second, to estimate how long a training takes.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show the numbers of a data set: examples, turns, roles, lengths, scripts, tools, system prompts, duplicates.

    Exit status: 0, or 1 where a line holds no example, 2 where none does and when a file cannot be read.
    """
    files = named_files(paths)
    plan = Plan(epochs, price, speed)
    with progress("counting", "lines", quiet=quiet) as advance:
        found = collect(files, find_config(Path.cwd()).check.model if model is None else model, advance)
    result = stats_result(found, plan)
    if as_json:
        print_json(result)
    else:
        name = str(files[0]) if len(files) == 1 else plural(len(files), "file")
        print_lines(stats_text(result, name, console().width))
    demand_understood(found.lines, found.lines - found.not_understood)
    end(found.not_understood, "counted as a line only")
