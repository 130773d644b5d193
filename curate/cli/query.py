"""`curate query`."""

from collections.abc import Iterator
from typing import Annotated

import typer

from curate.cli import options
from curate.commands.query import QueryResult
from curate.commands.query import query as query_data
from curate.core.example import where as place_text
from curate.core.expression import FIELDS_HELP, LINE_TERMS
from curate.core.text import plural, visible
from curate.render.console import console, print_result


def query(
    expression: Annotated[
        str,
        typer.Argument(
            help="Expression such as 'turns >= 4 and score.ending > .7', or words and the terms "
            f"{', '.join(f'{term}:' for term in LINE_TERMS)}. Fields are {FIELDS_HELP}.",
            metavar="EXPR",
            show_default=False,
        ),
    ],
    paths: options.Paths,
    as_json: options.AsJson = False,
    no_cache: options.NoCache = False,
    quiet: options.Quiet = False,
) -> None:
    """Print FILE:LINE and the question of each example that an expression selects.

    check, stats, select, split and review take the same expression by --where. A comparison is FIELD OPERATOR VALUE
    with = != < <= > >= in contains begins ~ (a regular expression); and, or, not and parentheses combine them. In
    texts, case does not matter, and * stands for any characters after =. A word selects lines that contain it.

    Exit status: 0, 1 if a line holds no example, 2 if a file cannot be read.
    """
    session = options.session(where=expression, reads_files="curate query", cached=not no_cache)
    work = session.open_plain(options.named_files(paths))
    result = query_data(work)
    print_result(result, _result_lines(result), as_json=as_json)
    if not quiet and not as_json:
        summary = f"{len(result.selected):,} of {plural(result.read, 'line')} selected"
        console(stderr=True).print(summary, markup=False)
    options.end(result.not_understood, "selected by file, line, text and keys alone")


def _result_lines(result: QueryResult) -> Iterator[str]:
    for line in result.selected:
        yield f"{visible(place_text(line.file, line.line))}: {line.text}"
