"""`curate check`."""

from pathlib import Path
from typing import Annotated

import typer

from curate.check import check_paths
from curate.cli.options import chosen, progress
from curate.config import find_config
from curate.errors import ExitCode
from curate.files import data_files
from curate.report.check_formats import OutputFormat, reported, write_report
from curate.report.check_grouped import GroupBy
from curate.report.check_text import SHOWN
from curate.targets import Target


def check(
    paths: Annotated[list[str], typer.Argument(help="Files or folders: JSON Lines, JSON arrays, .gz, .zst.", metavar="PATH...")],
    select: Annotated[list[str] | None, typer.Option(help="Codes or prefixes of rules to run; may be given several times.")] = None,
    ignore: Annotated[list[str] | None, typer.Option(help="Codes or prefixes of rules not to run.")] = None,
    extend_select: Annotated[list[str] | None, typer.Option(help="Codes or prefixes to run besides the default or selected ones.")] = None,
    target: Annotated[Target | None, typer.Option(help="Trainer or service that the data is meant for.")] = None,
    model: Annotated[str | None, typer.Option(help="Model whose tokenizer and chat template the rules of family K use.")] = None,
    max_length: Annotated[int | None, typer.Option(help="Tokens of the longest example that will be trained on.")] = None,
    output_format: Annotated[OutputFormat, typer.Option(help="How findings are written.")] = OutputFormat.CONCISE,
    output_file: Annotated[Path | None, typer.Option(help="Write the findings to this file, whole or not at all.")] = None,
    group_by: Annotated[GroupBy, typer.Option(help="What `--output-format grouped` puts together.")] = GroupBy.FILE,
    statistics: Annotated[bool, typer.Option("--statistics", help="Only count the findings of each rule.")] = False,
    show_all: Annotated[bool, typer.Option("--all", help=f"Show every finding, not only the first {SHOWN} of each rule.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Say what is wrong with a data set, and where.

    Exit status: 0 when there is nothing above info, 1 with errors or warnings, 2 when a file cannot be read.
    """
    files = data_files(paths)
    options = {"select": select, "ignore": ignore, "extend_select": extend_select, "target": target, "model": model, "max_length": max_length}
    config = chosen(find_config(Path.cwd()).check, **options)
    with progress("checking", "lines", quiet=quiet) as advance:
        report = check_paths(files, config, advance)
    limit = None if show_all else SHOWN
    write_report(reported(report, output_format, files, limit, group_by, statistics=statistics), output_file)
    raise typer.Exit(ExitCode.FINDINGS if report.failed else ExitCode.CLEAN)
