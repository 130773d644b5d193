"""Errors that end a command early.

    CurateError            the command cannot continue; has a hint and an exit code
    ├── UsageError         the command line is invalid
    ├── InputError         a file cannot be read, or does not have the expected content
    ├── OutputError        a result cannot be written
    ├── ConfigError        the configuration or a recipe has mistakes
    ├── ModelError         a given model is not available
    ├── RemoteError        a service cannot be reached, or refuses
    ├── DataError          the data has findings that the user configured to stop at (exit code 1)
    └── MissingExtra       an optional dependency is not installed

Bad *data* is never an exception: it is a finding (see `curate.core.finding`). Anything that is not a `CurateError` is a
bug in curate.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Final, Self

from curate.core.text import visible

PANIC: Final = "PanicException"
"""Type of the exception for a panic in Rust code: not an `Exception`, and a different class in each package."""


def ends_program(error: BaseException) -> bool:
    """Whether an error is to end the program, such as an interruption: neither an `Exception` nor a panic."""
    return not isinstance(error, Exception) and type(error).__name__ != PANIC


class ExitCode(IntEnum):
    """The exit status of a command; a documented interface."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    BUG = 3
    INTERRUPTED = 130
    PIPE_CLOSED = 141


class CurateError(Exception):
    """Names the problem and, in `hint`, the next step; ends a command with `exit_code`."""

    exit_code = ExitCode.USAGE
    lined: bool = False
    """Whether curate wrote the line breaks of the message. All others come from names and data and are escaped."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @classmethod
    def of_lines(cls, lines: Iterable[str], hint: str = "") -> Self:
        """An error whose message has several lines, each of which may hold names and data."""
        error = cls("\n".join(map(visible, lines)), hint)
        error.lined = True
        return error


class UsageError(CurateError):
    """The command line is invalid."""


class InputError(CurateError):
    """A file cannot be read, or does not have the expected content."""

    @classmethod
    def of(cls, path: object, error: OSError, hint: str = "check the path and its permissions") -> Self:
        """The error for a file that the system does not read."""
        return cls(f"{path}: cannot be read: {error.strerror or error}", hint)

    @classmethod
    def changed(cls, name: str) -> Self:
        """The error for a file that changed while it was read."""
        return cls(f"{visible(name)}: changed while it was read", "run it again when no other process writes to it")


class OutputError(CurateError):
    """A result cannot be written; the old content is unchanged."""

    @classmethod
    def of(cls, path: object, error: OSError, hint: str) -> Self:
        """The error for a file that the system does not write."""
        return cls(f"{path}: cannot be written: {error.strerror or error}", hint)


class ConfigError(CurateError):
    """The configuration or a recipe has mistakes; the message lists all of them."""

    lined = True


class LogError(CurateError):
    """A child process failed; the message ends with the last lines of its output."""

    lined = True


class ModelError(CurateError):
    """A given model is not available."""


class RemoteError(CurateError):
    """A service cannot be reached, or refuses."""

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        status: int | None = None,
        passing: bool = False,
        wait: float | None = None,
    ) -> None:
        super().__init__(message, hint)
        self.status = status
        """HTTP status of the reply; None without a reply."""
        self.passing = passing
        """Whether the same request may succeed later."""
        self.wait = wait
        """Seconds to wait, as requested by the service."""


class DataError(CurateError):
    """The data has findings that the user configured to stop at."""

    exit_code = ExitCode.FINDINGS


class MissingExtra(CurateError):
    """An optional dependency is not installed, or cannot be imported for `reason`."""

    def __init__(self, what: str, extra: str, missing: str, reason: str = "") -> None:
        required = f"{what} requires the package {missing!r}, which"
        if reason:
            super().__init__(f"{required} cannot be imported: {reason}", f"pip install --force-reinstall {missing}")
        else:
            super().__init__(f"{required} is not installed", f"pip install 'curate-chat[{extra}]'")
        self._parts = what, extra, missing, reason

    def __reduce__(self) -> tuple[type["MissingExtra"], tuple[str, str, str, str]]:
        """Pickle support, to pass the error from another process."""
        return MissingExtra, self._parts


@contextmanager
def requiring(what: str, extra: str, missing: str) -> Iterator[None]:
    """Raise `MissingExtra` if an import in the block fails."""
    try:
        yield
    except ImportError as error:
        reason = "" if isinstance(error, ModuleNotFoundError) else " ".join(str(error).split())
        raise MissingExtra(what, extra, missing, reason) from error


class LineAccountingError(Exception):
    """Some lines are neither kept nor removed, or both: a bug in curate. Nothing was written."""


def require_all_lines(read: int, kept: int, removed: int) -> None:
    """Raise `LineAccountingError` unless kept + removed = read; the counts are those of the written lines."""
    if kept + removed != read:
        raise LineAccountingError(f"{read} lines read are not {kept} kept + {removed} removed")
