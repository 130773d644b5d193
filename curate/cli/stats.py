"""`curate stats`."""

from typing import Annotated

import typer

from curate.cli import options
from curate.commands.stats import stats as stats_data
from curate.core.text import plural
from curate.corpus.stats import Plan
from curate.parallel.cluster import Engine
from curate.read.dataset import require_examples
from curate.render.console import console, print_json, print_lines
from curate.render.stats import stats_result, stats_text


def stats(
    paths: options.Paths,
    model: Annotated[
        str | None,
        typer.Option(
            help="Count tokens with this model's tokenizer and chat template; if omitted, they are estimated as bytes "
            "/ 4."
        ),
    ] = None,
    chat_template: options.ChatTemplate = None,
    where: options.Where = "",
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Estimate a training of this many epochs; if omitted, the number that services use for this size.",
        ),
    ] = None,
    price: Annotated[
        float | None, typer.Option(min=0, help="Estimate the cost at this price for 1,000,000 tokens.")
    ] = None,
    speed: Annotated[
        float | None, typer.Option(min=1e-6, help="Estimate the duration at this many tokens per second.")
    ] = None,
    yes: options.Agree = False,
    no_cache: options.NoCache = False,
    engine: options.RunOn = Engine.LOCAL,
    address: options.Address = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Show statistics of a data set: examples, turns, roles, lengths, scripts, tools, system prompts, duplicates.

    Exit status: 0, 1 if a line holds no example, 2 if no line holds one or a file cannot be read.
    """
    files = options.named_files(paths, engine)
    settings = {"check": {"model": model, "chat_template": chat_template}}
    session = options.session(
        yes=yes, where=where, reads_files="curate stats", cached=not no_cache, engine=engine, address=address
    )
    work = session.open(files, settings)
    with options.progress("counting", "lines", quiet=quiet) as advance:
        statistics = stats_data(work, advance)
    result = stats_result(statistics, Plan(epochs, price, speed))
    if as_json:
        print_json(result)
    else:
        name = str(files[0]) if len(files) == 1 else plural(len(files), "file")
        print_lines(stats_text(result, name, console().width))
    require_examples(statistics.lines, statistics.lines - statistics.not_understood)
    options.end(statistics.not_understood, "counted only as a line")
