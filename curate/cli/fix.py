"""The options of `curate check` that fix: --fix, --unsafe-fixes, --diff and --fix-only."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from curate.cli.check_options import CheckOptions
from curate.cli.options import progress
from curate.commands.session import Workspace
from curate.core.errors import ExitCode, UsageError
from curate.core.text import visible
from curate.lint.fixer import FixedFile, Fixer, FixReport, fix_paths
from curate.render.console import console
from curate.render.fix import fix_text, unified_diff
from curate.storage.files import STDIN, display_name, real_path
from curate.storage.urls import is_url


def run_fix(args: CheckOptions, work: Workspace) -> bool:
    """Fix the files, except for suppressed findings, and report on stderr; returns whether a line was changed. Ends the
    command for `--diff` (status 1 for changes) and `--fix-only`.

    Standard input is fixed to standard output. Raises `UsageError` for a pipe, `OutputError` if a file
    cannot be written, `DataError` if too much would be deleted.
    """
    if pipe := next((path for path in work.files if path.is_fifo()), None):
        raise UsageError(
            f"{pipe}: is a pipe and cannot be fixed in place", "pass it as standard input: curate check --fix -"
        )
    at_url = (name for path in work.files if is_url(name := display_name(path)))
    if not args.diff and (url := next(at_url, "")):
        raise UsageError(f"{visible(url)}: is at a URL and cannot be fixed in place", "download the file and fix that")
    report = FixReport()
    config, suppressed = work.rules.check, work.rules.suppressed
    try:
        if args.diff:
            _show(work.files, Fixer(config, unsafe=args.unsafe_fixes, suppressed=suppressed), report)
        else:
            with progress("fixing", "lines", quiet=args.quiet) as advance:
                limits = None if args.yes else work.config.dedup
                fix_paths(
                    work.files, config,
                    unsafe=args.unsafe_fixes, suppressed=suppressed, limits=limits, report=report, progress=advance,
                )  # fmt: skip
    finally:
        err = console(stderr=True)
        for line in fix_text(report, done=not args.diff) if not args.quiet or report.lines else ():
            err.print(line)
    if STDIN in work.files and not args.diff:
        with real_path(STDIN).open("rb") as mended:
            shutil.copyfileobj(mended, sys.stdout.buffer)
        sys.stdout.flush()
    if args.diff:
        raise typer.Exit(ExitCode.FINDINGS if report.lines else ExitCode.CLEAN)
    if args.fix_only:
        raise typer.Exit(ExitCode.FINDINGS if args.exit_non_zero_on_fix and report.lines else ExitCode.CLEAN)
    return bool(report.lines)


def _show(files: Sequence[Path], fixer: Fixer, report: FixReport) -> None:
    """Print the diff: escaped on a terminal, else byte for byte so that it can be applied."""
    terminal = sys.stdout.isatty()
    for path in files:
        fixed = FixedFile(str(path))
        for line in unified_diff(fixed.name, fixer.lines(path, fixed)):
            if terminal:
                sys.stdout.write(visible(line.decode("utf-8", "backslashreplace"), keep_newlines=True))
            else:
                sys.stdout.flush()
                sys.stdout.buffer.write(line)
        report.files.append(fixed)
    sys.stdout.flush()
