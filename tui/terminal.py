"""Detect a closed terminal.

A closing shell ends its processes by a signal. A review without a controlling terminal (started by a service, or in a
session of its own) gets none: Textual would read an ended input again and again, and block on an output without a
reader.
"""

import codecs
import os
import shlex
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from curate.core.errors import ExitCode

if TYPE_CHECKING:
    from rich.style import Style

POLL_SECONDS: Final = 2.0
"""Seconds between checks of the terminal."""
EXIT_GRACE_SECONDS: Final = 3.0
"""Seconds for the application to exit by itself; drawing to a closed terminal may block it."""


def command_line(words: Sequence[str]) -> str:
    """A command line for a shell with every word quoted. It replaces the shell (`exec`), so that the server is the
    parent.
    """
    return subprocess.list2cmdline(words) if os.name == "nt" else f"exec {shlex.join(words)}"


def accept_all_input() -> None:
    """Read bytes that are not UTF-8 as U+FFFD; at one of them, Textual would end the application."""
    if os.name != "nt":
        from textual.drivers import linux_driver

        decoder = partial(codecs.getincrementaldecoder("utf-8"), errors="replace")
        vars(linux_driver)["getincrementaldecoder"] = lambda _encoding: decoder


def release_lines() -> None:
    """Free a drawn line when it is replaced: Textual keeps a line that is neither divided nor cropped in its own cache.

    Such lines, ten objects each, wait for a full garbage collection, which stops the keys for 0.1 s.
    """
    from textual.strip import Strip

    divide, crop_extend = Strip.divide, Strip.crop_extend

    def divided(strip: Strip, cuts: Iterable[int]) -> Sequence[Strip]:
        cuts = list(cuts)
        return [strip] if cuts == [strip.cell_length] else divide(strip, cuts)

    def cropped(strip: Strip, start: int, end: int, style: "Style | None") -> Strip:
        return strip if (start, end) == (0, strip.cell_length) else crop_extend(strip, start, end, style)

    Strip.divide, Strip.crop_extend = divided, cropped  # type: ignore[assignment, method-assign]


def end_with_terminal(leave: Callable[[], object], stays: Callable[[], bool]) -> None:
    """Wait in a thread until the terminal, or a browser's server, is closed (`stays`); then call `leave` and end the
    process.

    Every decision is on disk already.
    """

    def watch() -> None:
        while stays():
            time.sleep(POLL_SECONDS)
        leave()
        time.sleep(EXIT_GRACE_SECONDS)
        os._exit(ExitCode.INTERRUPTED)

    threading.Thread(target=watch, name="curate-terminal", daemon=True).start()
