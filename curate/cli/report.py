"""`curate report`."""

from pathlib import Path
from typing import Annotated

import typer

from curate.cli import options
from curate.commands.report import report as report_of
from curate.core.errors import UsageError
from curate.core.text import visible
from curate.render.console import print_lines
from curate.render.report_html import MAX_SHOWN, next_lines, report_html
from curate.storage.files import display_name
from curate.storage.paths import require_distinct_paths


def report(
    paths: options.Paths,
    output: Annotated[Path, options.output_option("Write the report to this file.", "FILE.html")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace FILE.html if it exists.")] = False,
    show_all: Annotated[bool, typer.Option("--all", help=f"Show every entry, not only {MAX_SHOWN} of a kind.")] = False,
    yes: options.Agree = False,
    quiet: options.Quiet = False,
) -> None:
    """Write one HTML page about a data set, to hand on.

    It holds findings, duplicates, contradictions, leaks of splits and statistics: each part is what `check`,
    `dedup`, `conflicts`, `verify` and `stats` say. Nothing is changed.

    Exit status: 0, 1 if a line holds no example, 2 if a file cannot be read or written.
    """
    if output.is_dir():
        raise UsageError(f"{visible(display_name(output))}: is a folder", "name a file")
    if output.exists() and not overwrite:
        raise UsageError(f"{visible(display_name(output))} exists", "name another file, or add --overwrite")
    files = options.named_files(paths)
    require_distinct_paths(files, (output,), named=paths)
    folders = [Path(path) for path in paths if Path(path).is_dir()]
    with options.stages(quiet=quiet) as shown:
        work = options.session(yes=yes, reads_files="curate report", listen=shown.listen).open(files)
        result = report_of(work, folders)
    options.write_html(report_html(result, paths, None if show_all else MAX_SHOWN), output, files)
    options.print_notes(result.not_verified)
    steps = [f"next: {reason}: {line}" for reason, line in next_lines(result, paths)]
    print_lines([*map(visible, steps), f"report: {visible(display_name(output))}"])
    options.end(result.statistics.not_understood, "not in the report")
