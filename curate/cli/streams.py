"""The standard streams of the process, whatever state it was started in: closed, full, or with nobody who reads."""

import io
import os
import sys
from contextlib import suppress
from typing import Any


class _Lenient(io.FileIO):
    """A stream for narration: where it cannot be written, that is nobody's loss."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data) or 0
        except OSError:
            return len(data)


def opened() -> None:
    """Open the streams that are closed. A file that is opened later would take their numbers, and get what is printed.

    What is written to a closed standard output, or read from a closed standard input, is an error; standard error takes
    all and shows what it can.
    """
    for number, way in (
        (0, os.O_WRONLY),
        (1, os.O_RDONLY),
        (2, os.O_WRONLY),
    ):  # 0 and 1 the wrong way round, so that using them fails
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, way)  # gets the smallest free number, which is this one
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(_Lenient(2, "wb", closefd=False)),
        encoding="utf-8",
        errors="backslashreplace",
        line_buffering=True,
    )


def abandon() -> None:
    """Let nothing more be printed on standard output: what waits there goes nowhere, and the interpreter does not
    stumble over it at its end.
    """
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
