"""Everything that can end a command early.

    CurateError            cannot go on; carries the next step and an exit code
    ├── UsageError         the command line does not make sense
    ├── InputError         a file cannot be read, or is not what it was said to be
    ├── OutputError        a result cannot be written
    ├── ConfigError        the configuration or a recipe has mistakes
    ├── ModelError         a model was named that is not at hand
    ├── RemoteError        a service cannot be reached, or refuses
    ├── DataError          the data has findings that the user asked to stop at (exit code 1)
    └── MissingExtra       a part of curate is not installed

Bad *data* is never an exception: it is a finding (see `curate.core.finding`). Anything that is not a `CurateError` is our bug.
"""

from enum import IntEnum
from typing import Final

PANIC: Final = "PanicException"
"""Type of what a panic of Rust code raises in Python: no `Exception`, and a type of its own in each package."""


class ExitCode(IntEnum):
    """What a command's exit status means; a documented interface."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    BUG = 3
    INTERRUPTED = 130


class CurateError(Exception):
    """Says what is wrong and, in `hint`, what to do next; ends a command with `exit_code`."""

    exit_code = ExitCode.USAGE
    lined = False
    """Whether line breaks in the message are ours. Others come from names and data, and are shown as escapes."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(CurateError):
    """The command line does not make sense."""


class InputError(CurateError):
    """A file cannot be read, or is not what it was said to be."""


class OutputError(CurateError):
    """A result cannot be written; what was there before is still there."""


class ConfigError(CurateError):
    """The configuration or a recipe has mistakes; the message lists all of them."""

    lined = True


class LogError(CurateError):
    """A process of ours failed; the message ends with the last lines that it said."""

    lined = True


class ModelError(CurateError):
    """A model was named that is not at hand."""


class RemoteError(CurateError):
    """A service cannot be reached, or refuses."""

    def __init__(self, message: str, hint: str = "", *, status: int | None = None, passing: bool = False, wait: float | None = None) -> None:
        super().__init__(message, hint)
        self.status = status
        """Of the reply over HTTP; None where there was no reply."""
        self.passing = passing
        """Whether the same request may well succeed later."""
        self.wait = wait
        """Seconds that the service asked to wait."""


class DataError(CurateError):
    """The data has findings that the user asked to stop at."""

    exit_code = ExitCode.FINDINGS


class MissingExtra(CurateError):
    """A part of curate is not installed."""

    def __init__(self, what: str, extra: str, missing: str) -> None:
        super().__init__(f"{what} needs the package {missing!r}, which is not installed", f"pip install 'curate-chat[{extra}]'")
        self._parts = what, extra, missing

    def __reduce__(self) -> tuple[type["MissingExtra"], tuple[str, str, str]]:
        """How another process hands it over."""
        return MissingExtra, self._parts


class LostLineError(Exception):
    """Lines were read that were neither kept nor removed, or are both: a bug of ours. Nothing was written."""


def demand_all(read: int, kept: int, removed: int) -> None:
    """Raise `LostLineError` unless kept + removed = read; counted where the lines were written."""
    if kept + removed != read:
        raise LostLineError(f"{read} lines read are not {kept} kept + {removed} removed")
