"""Wait for what a test is about: a busy machine may take minutes for it, and an idle one no more than milliseconds."""

import asyncio
import os
import time
from collections.abc import Callable
from typing import Final

PATIENCE_SECONDS: Final = 240
"""After this time, nothing is expected any more; a test that fails then says what it waited for. Less than the limit of
pytest-timeout, which cannot say that.
"""
PAUSE_SECONDS: Final = 0.005
ASKING_SECONDS: Final = 0.05
"""The pause where each question starts a process: asked more often, it takes the processor from what is waited for."""


def until(true: Callable[[], object], message: Callable[[], object] = lambda: "", pause: float = PAUSE_SECONDS) -> None:
    """Return as soon as `true` returns a true value; `message` describes what was waited for in vain."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < end, message()
        time.sleep(pause)


async def eventually(
    true: Callable[[], object], message: Callable[[], object] = lambda: "", pause: float = PAUSE_SECONDS
) -> None:
    """`until` for code of an event loop, which goes on meanwhile."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < end, message()
        await asyncio.sleep(pause)


def is_running(process: int) -> bool:
    """Whether a process exists; of a negative number, whether any process of that group does."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
