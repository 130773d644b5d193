"""Standard streams in any initial state: closed, full, or without a reader."""

import io
import os
import sys
from contextlib import suppress
from typing import Any

from curate.core.text import visible


class _Lenient(io.FileIO):
    """A stream for messages that ignores write errors."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data) or 0
        except OSError:
            return len(data)


def open_closed_streams() -> None:
    """Open closed standard streams, since files opened later would get their numbers and receive the output.

    Writing to a closed standard output and reading from a closed standard input are errors; standard error accepts
    everything and shows what it can.
    """
    for number, mode in (
        (0, os.O_WRONLY),
        (1, os.O_RDONLY),
        (2, os.O_WRONLY),
    ):  # opened in the wrong mode, so that using it fails
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # gets the lowest free number, which is this one
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(_Lenient(2, "wb", closefd=False)),
        encoding="utf-8",
        errors="backslashreplace",
        line_buffering=True,
    )


def discard_output() -> None:
    """Discard all further output to standard output, so that the interpreter does not fail at exit."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def escape_logs() -> None:
    """Escape what libraries log, which may be a text of a stranger, such as the type that a model's folder names."""
    import logging  # every command with a lock loads it anyway

    class Visible(logging.LogRecord):
        def getMessage(self) -> str:  # noqa: N802 - as the library calls it
            return visible(super().getMessage())

    logging.setLogRecordFactory(Visible)
