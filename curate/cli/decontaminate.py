"""`curate decontaminate`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import PATHS
from curate.decontaminate import decontaminated, write_decontaminated
from curate.errors import ExitCode, UsageError
from curate.files import data_files
from curate.report.console import console, print_json
from curate.report.decontaminate import SHOWN, decontaminate_json, decontaminate_text
from curate.report.progress import StageProgress
from curate.text import plural


def decontaminate(
    paths: Annotated[list[str], typer.Argument(help=PATHS, metavar="PATH")],
    bench: Annotated[list[str], typer.Option("--bench", help="Benchmark: .jsonl, .json, .csv or .tsv, also as .gz or .zst. May be given more than once.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="File for what is kept; what goes is written to removed.jsonl beside it. Without it nothing is written."),
    ] = None,
    field: Annotated[list[str] | None, typer.Option(help="Field of the benchmark to look for, in place of the known names.", metavar="NAME")] = None,
    share: Annotated[float, typer.Option(min=0, max=1, help="Least share of an item's words that has to be found in runs of 13.")] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    show_all: Annotated[bool, typer.Option("--all", help=f"Show every find, not only {SHOWN}.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Remove what a benchmark asks or answers; say which item, and by which words.

    Exit status: 0 when nothing was found or all that was found was removed, 1 when something was found and no output named, 2 when a
    file cannot be read or written.
    """
    files, benchmarks = data_files(paths), data_files(bench)
    removed = output and output.with_name("removed.jsonl")
    read = {path.resolve() for path in (*files, *benchmarks)}
    for path in (output, removed):
        if path is not None and path.resolve() in read:
            raise UsageError(f"{path}: would replace a file that is read", "name another output; input files are never overwritten")
    if output is not None and output == removed:
        raise UsageError(f"{output}: two things would be written there", "name another output; what goes is written to removed.jsonl")
    with StageProgress(quiet=quiet or not sys.stderr.isatty()) as shown:
        result = decontaminated(files, benchmarks, fields=tuple(field or ()), share=share, listen=shown.listen)
    if output is not None and removed is not None:
        write_decontaminated(result, output, removed)
    if as_json:
        print_json(decontaminate_json(result, written=output is not None))
    else:
        for text in decontaminate_text(result, None if show_all else SHOWN):
            console().print(text)
        if result.unreadable:
            console(stderr=True).print(f"{plural(result.unreadable, 'line')} without an example stay as they are; `curate check` says what is wrong with them")
    raise typer.Exit(ExitCode.FINDINGS if result.leaks and output is None else ExitCode.CLEAN)
