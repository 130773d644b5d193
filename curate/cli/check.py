"""`curate check`."""

import sys
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import Annotated

import typer

from curate.check import check_paths
from curate.cli.adopt import Adopted
from curate.cli.options import PATHS, processes, progress
from curate.config import chosen, find_config
from curate.errors import ExitCode
from curate.files import STDIN, data_files
from curate.paths import demand_apart
from curate.report.check_formats import OutputFormat, reported, write_report
from curate.report.check_grouped import GroupBy
from curate.report.check_text import SHOWN
from curate.targets import Target


def check(
    paths: Annotated[list[str], typer.Argument(help=PATHS, metavar="PATH")],
    select: Annotated[list[str] | None, typer.Option(help="Codes or prefixes of rules to run; may be given several times.")] = None,
    ignore: Annotated[list[str] | None, typer.Option(help="Codes or prefixes of rules not to run.")] = None,
    extend_select: Annotated[list[str] | None, typer.Option(help="Codes or prefixes to run besides the default or selected ones.")] = None,
    target: Annotated[Target | None, typer.Option(help=f"Trainer or service that the data is meant for: {', '.join(Target)}.", metavar="TARGET")] = None,
    model: Annotated[str | None, typer.Option(help="Model whose tokenizer and chat template the rules of family K use.")] = None,
    max_length: Annotated[int | None, typer.Option(help="Tokens of the longest example that will be trained on.")] = None,
    output_format: Annotated[OutputFormat, typer.Option(help="How findings are written.")] = OutputFormat.CONCISE,
    output_file: Annotated[Path | None, typer.Option(help="Write the findings to this file, whole or not at all.")] = None,
    group_by: Annotated[GroupBy, typer.Option(help="What `--output-format grouped` puts together.")] = GroupBy.FILE,
    statistics: Annotated[bool, typer.Option("--statistics", help="Only count the findings of each rule.")] = False,
    baseline: Annotated[Path | None, typer.Option(help="Tell only findings that this file does not have.")] = None,
    new_baseline: Annotated[Path | None, typer.Option("--write-baseline", help="Write the findings to a baseline; tell none.")] = None,
    show_all: Annotated[bool, typer.Option("--all", help=f"Show every finding, not only the first {SHOWN} of each rule.")] = False,
    fix: Annotated[
        bool,
        typer.Option("--fix", help="Mend what can be mended without changing the meaning, then check; - is mended to standard output."),
    ] = False,
    unsafe_fixes: Annotated[bool, typer.Option("--unsafe-fixes", help="With --fix, --fix-only or --diff: also fixes that may change the meaning.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show what --fix would change, and change nothing; exit status 1 if there is something.")] = False,
    fix_only: Annotated[bool, typer.Option("--fix-only", help="Fix, and report nothing else; exit status 0.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes that check a big file; as a rule, one for each core, at most 8.", metavar="N")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Say what is wrong with a data set, and where.

    Exit status: 0 when there is nothing above info, 1 with errors or warnings, 2 when a file cannot be read.
    """
    files = data_files(paths)
    demand_apart(files, (output_file, new_baseline), named=paths)
    demand_apart([baseline] if baseline else [], (output_file,))
    options = {"select": select, "ignore": ignore, "extend_select": extend_select, "target": target, "model": model, "max_length": max_length}
    project = find_config(Path.cwd())
    config = chosen(project.check, **options)
    if fix or unsafe_fixes or diff or fix_only:
        from curate.cli.fix import Fixing, mend  # what a hook that only checks need not load

        mend(files, config, Fixing(fix, unsafe_fixes, diff, fix_only), quiet=quiet)
    adopted = Adopted.read(baseline, new_baseline)
    with progress("checking", "lines", quiet=quiet, waits=True) as advance:
        report = check_paths(files, config, advance, workers=workers or processes(), conflicts=project.conflicts)
    adopted.settle(report, files)
    limit = None if show_all else SHOWN
    told = reported(report, output_format, files, limit, group_by, statistics=statistics, model=config.model)
    with redirect_stdout(sys.stderr) if fix and STDIN in files else nullcontext():  # standard output has the fixed data
        write_report(told, output_file)
    raise typer.Exit(ExitCode.FINDINGS if report.failed else ExitCode.CLEAN)
