"""`curate check --watch`: check again whenever a file changes."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import sleep
from typing import Final, NoReturn

import typer

from curate.cli.invocation import invocation
from curate.cli.main import ended
from curate.core.config import SUPPRESSIONS
from curate.core.errors import CurateError, ExitCode, UsageError
from curate.core.text import plural
from curate.project.config_files import config_file
from curate.project.runs import project_of
from curate.render.console import console
from curate.storage.data_files import data_files
from curate.storage.urls import is_url

POLL_SECONDS: Final = 0.5
State = dict[Path, tuple[int, int] | None] | str
"""Time of change and size of each file, or why there are none."""


def watch(paths: Sequence[str], baseline: Path | None, check: Callable[[], None]) -> NoReturn:
    """Run a check, and again after each change of the data, the configuration, suppressions or the baseline.

    Ends the command at Ctrl-C, with the exit status of the last check. A terminal is cleared before each. Raises
    `UsageError` for standard input and URLs.
    """
    if unwatched := next((name for name in paths if name == "-" or is_url(name)), None):
        raise UsageError(
            f"--watch cannot watch {'standard input' if unwatched == '-' else 'a URL'}", "pass files or folders"
        )
    status = int(ExitCode.CLEAN)
    try:
        while True:
            before = _files_state(paths, baseline)
            if sys.stdout.isatty():
                console().clear()
            status = _run(check)
            count = "no file" if isinstance(before, str) else plural(len(before), "file")
            sys.stderr.write(f"watching {count}; Ctrl-C ends\n")
            while (now := _files_state(paths, baseline)) == before:
                sleep(POLL_SECONDS)
            while True:  # until nobody writes any more
                sleep(POLL_SECONDS)
                if now == (now := _files_state(paths, baseline)):
                    break
    except KeyboardInterrupt:
        raise typer.Exit(status) from None


def _run(check: Callable[[], None]) -> int:
    """Run a check; returns its exit status. An error is printed: the next change may mend it."""
    try:
        check()
    except typer.Exit as error:
        return error.exit_code
    except (CurateError, OSError) as error:
        return ended(error)
    return ExitCode.CLEAN


def _files_state(paths: Sequence[str], baseline: Path | None) -> State:
    """The time and size of each watched file, by path; the message of the error if the files cannot be listed."""
    try:
        current = invocation()
        files = data_files(paths, lambda _: None, current.left_out)
        folder = project_of(files, current.config).folder
        others = [config_file(folder, current.config), folder / SUPPRESSIONS, baseline]
    except CurateError as error:
        return error.message
    return {path: _file_stamp(path) for path in (*files, *filter(None, others)) if path in files or path.is_file()}


def _file_stamp(path: Path) -> tuple[int, int] | None:
    """Modification time and size of a file; None if it cannot be read."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size
