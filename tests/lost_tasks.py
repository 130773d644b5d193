"""What the workers of a cluster call around their tasks, so that one is lost in the middle of them."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

WAIT: Final = 30.0
"""Seconds until another node has to take a task."""


def killed_once(marker: Path, make: Callable[..., Any], *items: Any) -> Any:
    """The third task of all kills its process."""
    with suppress(FileExistsError):
        for number in range(3):
            if not (there := marker.with_suffix(f".{number}")).exists():
                there.touch(exist_ok=False)
                if number == 2:
                    os.kill(os.getpid(), signal.SIGKILL)
                break
    return make(*items)


def held_once(marker: Path, head: str, make: Callable[..., Any], *items: Any) -> Any:
    """The first task that runs beside the head node writes down where, and does not end; those on the head node wait
    for it, else they may be done with all of them before.
    """
    import ray

    node = ray.get_runtime_context().get_node_id()
    until = time.monotonic() + WAIT
    while node == head and not marker.exists() and time.monotonic() < until:
        time.sleep(0.05)
    if node != head:
        with suppress(FileExistsError), marker.open("x") as file:
            file.write(node)
            file.flush()
            time.sleep(600)
    return make(*items)
