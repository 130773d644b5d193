"""What the workers of a cluster call around their tasks, so that one is lost in the middle of them."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any


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
    """The first task that runs beside the head node writes down where, and does not end."""
    import ray

    node = ray.get_runtime_context().get_node_id()
    if node != head:
        with suppress(FileExistsError), marker.open("x") as file:
            file.write(node)
            file.flush()
            time.sleep(600)
    return make(*items)
