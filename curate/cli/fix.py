"""The options of `curate check` that fix: --fix, --unsafe-fixes, --diff and --fix-only."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from curate.cli.options import progress
from curate.core.config import DedupConfig
from curate.core.errors import ExitCode, UsageError
from curate.core.files import STDIN, real_path
from curate.core.text import visible
from curate.lint.fixer import FixedFile, Fixer, FixReport
from curate.lint.fixes import fix_paths
from curate.lint.project_check import ProjectRules
from curate.render.console import console
from curate.render.fix import fix_text, unified_diff


@dataclass(frozen=True, slots=True)
class Fixing:
    """The fix options of the command line."""

    fix: bool = False
    unsafe: bool = False
    diff: bool = False
    only: bool = False
    yes: bool = False
    tell: bool = False
    """Whether the exit status of `only` says that something was fixed."""
    limits: DedupConfig | None = None
    """How much of a file may be deleted without confirmation (D008)."""


def run_fix(files: Sequence[Path], rules: ProjectRules, asked: Fixing, *, quiet: bool = False) -> bool:
    """Fix the files, except for suppressed findings, and report on stderr; returns whether a line was changed. Ends the
    command for `--diff` (status 1 for changes) and `--fix-only`.

    Standard input is fixed to standard output. Raises `UsageError` for conflicting options, `OutputError` if a file
    cannot be written, `DataError` if too much would be deleted.
    """
    if asked.diff and (asked.fix or asked.only):
        raise UsageError("--diff cannot be combined with --fix or --fix-only", "leave one of them out")
    if asked.unsafe and not (asked.fix or asked.only or asked.diff):
        raise UsageError(
            "--unsafe-fixes requires --fix, --fix-only or --diff",
            "use --fix --unsafe-fixes, or --diff --unsafe-fixes to see the changes",
        )
    if pipe := next((path for path in files if path.is_fifo()), None):
        raise UsageError(
            f"{pipe}: is a pipe and cannot be fixed in place", "pass it as standard input: curate check --fix -"
        )
    report = FixReport()
    config, suppressed = rules.check, rules.suppressed
    try:
        if asked.diff:
            _show(files, Fixer(config, unsafe=asked.unsafe, suppressed=suppressed), report)
        else:
            with progress("fixing", "lines", quiet=quiet) as advance:
                limits = None if asked.yes else asked.limits
                fix_paths(
                    files,
                    config,
                    unsafe=asked.unsafe,
                    suppressed=suppressed,
                    limits=limits,
                    report=report,
                    progress=advance,
                )
    finally:
        err = console(stderr=True)
        for line in fix_text(report, done=not asked.diff) if not quiet or report.lines else ():
            err.print(line)
    if STDIN in files and not asked.diff:
        with real_path(STDIN).open("rb") as mended:
            shutil.copyfileobj(mended, sys.stdout.buffer)
        sys.stdout.flush()
    if asked.diff:
        raise typer.Exit(ExitCode.FINDINGS if report.lines else ExitCode.CLEAN)
    if asked.only:
        raise typer.Exit(ExitCode.FINDINGS if asked.tell and report.lines else ExitCode.CLEAN)
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
