"""Limit time and memory of third-party code: chat templates are programs by unknown authors.

On POSIX, timers and memory limits end the call within the process, since a process per rendering would cost more than
the rendering. Timers work in the main thread only; other threads have the memory limit alone. The limit holds for the
whole process, so calls of several threads follow one another, and it is set anew for each call.
"""

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Final, NoReturn, TypeVar

Result = TypeVar("Result")
SECONDS_VARIABLE: Final = "CURATE_MAX_TEMPLATE_SECONDS"
DEFAULT_SECONDS: Final = 10.0
"""Time limit of one rendering. A template usually needs less than a thousandth of it."""
CPU_FACTOR: Final = 10
"""Processor time, in multiples of the time limit, after which the system ends the process: Python handles a signal
between bytecodes only, and a template can have it compare nested lists for years within one.
"""
EXTRA_BYTES: Final = 2 << 30
"""Bytes that a call may allocate in addition to the memory of the process when it begins."""
_LIMITED: Final = threading.RLock()
"""Held during a call: limits that two threads set and restore at once would outlast both calls."""


class OutOfBoundsError(Exception):
    """A call took too much time or memory; the message says which."""


class Bounds:
    """Calls functions and stops those that exceed the limits."""

    def __init__(self) -> None:
        try:
            self.seconds = float(os.environ.get(SECONDS_VARIABLE, "") or DEFAULT_SECONDS)
        except ValueError:
            self.seconds = DEFAULT_SECONDS

    def call(self, function: Callable[[], Result]) -> Result:
        """Call a function and return its result. Raises `OutOfBoundsError`; SIGVTALRM ends what cannot be stopped."""
        with _LIMITED:
            return self._call(function)

    def _call(self, function: Callable[[], Result]) -> Result:
        timed = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
        before = signal.signal(signal.SIGALRM, self._on_alarm) if timed else None
        waiting = signal.setitimer(signal.ITIMER_REAL, self.seconds) if timed else (0.0, 0.0)
        used = signal.setitimer(signal.ITIMER_VIRTUAL, CPU_FACTOR * self.seconds) if timed else (0.0, 0.0)
        limits = _limit_address_space(_address_space())
        try:
            return function()
        except MemoryError:
            raise OutOfBoundsError(f"takes more than {EXTRA_BYTES >> 20:,} MiB of memory") from None
        finally:
            _restore_limit(limits)
            if timed:
                signal.setitimer(signal.ITIMER_VIRTUAL, *used)
                signal.setitimer(signal.ITIMER_REAL, *waiting)
                signal.signal(signal.SIGALRM, before)

    def _on_alarm(self, signal_number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG002
        raise OutOfBoundsError(f"takes more than {self.seconds:g} seconds; {SECONDS_VARIABLE} sets the limit")


def _address_space() -> int | None:
    """Limit of the address space; None if the system does not report its size."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE") + EXTRA_BYTES
    except (OSError, ValueError):
        return None


def _limit_address_space(most: int | None) -> tuple[int, int] | None:
    """Lower the limit of the address space to `most` bytes. Returns the earlier limits; None if nothing was changed."""
    if most is None:
        return None
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY and soft <= most:
        return None
    try:
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    except (OSError, ValueError):
        return None
    return soft, hard


def _restore_limit(limits: tuple[int, int] | None) -> None:
    if limits is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, limits)
