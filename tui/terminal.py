"""Detect a closed terminal.

A closing shell ends its processes by a signal. A review without a controlling terminal (started by a service, or in a
session of its own) gets none: Textual would read an ended input again and again, and block on an output without a
reader.
"""

import os
import threading
import time
from collections.abc import Callable
from typing import Final

from curate.core.errors import ExitCode

LOOK: Final = 2.0
"""Seconds between checks of the terminal."""
GRACE: Final = 3.0
"""Seconds for the application to exit by itself; drawing to a closed terminal may block it."""


def end_with_terminal(leave: Callable[[], object], terminal: int) -> None:
    """Watch a terminal by its file descriptor; when it is closed, call `leave` and end the process.

    Every decision is on disk already.
    """

    def watch() -> None:
        while os.isatty(terminal):  # after the other end is closed, it no longer counts as a terminal
            time.sleep(LOOK)
        leave()
        time.sleep(GRACE)
        os._exit(ExitCode.INTERRUPTED)

    threading.Thread(target=watch, name="curate-terminal", daemon=True).start()
