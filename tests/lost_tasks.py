"""What the workers of a cluster call around their tasks, so that one is lost in the middle of them; a training."""

import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.waiting import until

if TYPE_CHECKING:  # the tests of the engine are collected without the trainer, too
    from train.sweep.trial import TrialMonitor, TrialRun


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


def written_nowhere(*_: object) -> None:
    """A task on a node that does not have the folder of the output."""


def held_once(marker: Path, head: str, make: Callable[..., Any], *items: Any) -> Any:
    """The first task that runs beside the head node writes down where, and does not end; those on the head node wait
    for it, else they may be done with all of them before.
    """
    import ray

    node = ray.get_runtime_context().get_node_id()
    until(lambda: node != head or marker.exists())
    if node != head:
        with suppress(FileExistsError), marker.open("x") as file:
            file.write(node)
            file.flush()
            time.sleep(600)
    return make(*items)


def trained(folder: Path, work: "TrialRun", watch: "TrialMonitor") -> int:
    """A training whose loss is its rank; the one of rank 2 has no memory, the one of rank 3 is killed each time.

    The process of the one of rank 4 is killed once. While there is a file `hold` in the folder, those of rank 5 and
    more wait there until they are interrupted.
    """
    from train.recipe import load_recipe

    rank = load_recipe(work.recipe).rank
    if rank == 2:
        work.failure.write_text(json.dumps({"kind": "NoMemory", "message": "too big", "next": ""}))
        return 2
    if rank == 3:
        return -signal.SIGKILL
    if rank == 4:
        with suppress(FileExistsError), (folder / "killed").open("x"):
            os.kill(os.getpid(), signal.SIGKILL)
    if rank > 4 and (folder / "hold").exists():
        (folder / f"held-{rank}").touch()
        until(lambda: watch.asked)
        return 130
    told = {"steps": 12, "trainable_parameters": 100, "validation_loss": float(rank)}
    ended = {"kept_step": 12, "tuned_loss": float(rank), "base_loss": 9.0, "held_out_examples": 6}
    work.result.write_text(json.dumps(told | (ended if work.share == 1 else {"step": round(12 * work.share)})))
    return 0
