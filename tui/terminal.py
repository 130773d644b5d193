"""The end of the terminal that a review is drawn on.

A shell that is closed tells its processes with a signal, and that ends them. A review that has no controlling terminal
(started by a service, or in a session of its own) hears of nothing: Textual would read an ended input again and again,
and block on an output that nobody takes.
"""

import os
import threading
import time
from collections.abc import Callable
from typing import Final

from curate.core.errors import ExitCode

LOOK: Final = 2.0
"""Seconds between two looks at the terminal."""
GRACE: Final = 3.0
"""Seconds in which the application may leave by itself; drawing on what is gone may block it."""


def end_with_terminal(leave: Callable[[], object], terminal: int) -> None:
    """Watch a terminal by its file descriptor: once it is gone, `leave` is called, and the process ended. Every
    decision is on the disk already.
    """

    def watch() -> None:
        while os.isatty(terminal):  # of a terminal whose other end was closed it is none any more
            time.sleep(LOOK)
        leave()
        time.sleep(GRACE)
        os._exit(ExitCode.INTERRUPTED)

    threading.Thread(target=watch, name="curate-terminal", daemon=True).start()
