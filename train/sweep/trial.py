"""One training of a sweep, as a process of its own, on this machine or on a node of a cluster."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, Final

from curate.commands.run.training import OWN_GROUP, STOP_SIGNAL
from curate.parallel.cluster import MODEL_PACKAGES, PACKAGES, ClusterPool, ClusterTask, Executor
from curate.project.runs import new_events
from train.journal import signals_to

POLL_SECONDS: Final = 0.25
MAX_STOP_SECONDS: Final = 600.0
"""Seconds to finish a step and save, before a training is killed."""


@dataclass
class TrialRun:
    """Train in a folder, up to a share of the steps.

    Beside the folder lie its recipe, the JSON that it prints, the error that ends it, and its messages.
    """

    run: Path
    share: float

    def __post_init__(self) -> None:
        endings = (".toml", ".json", ".failure.json", ".log")
        self.recipe, self.result, self.failure, self.log = map(self.run.with_suffix, endings)

    @property
    def words(self) -> list[str]:
        """The command, without its name."""
        options = ("--resume", "--yes", "--quiet", "--json", "--pause-at", repr(self.share))
        return ["train", str(self.recipe), "--run-dir", str(self.run), *options]


class TrialMonitor:
    """Follows trainings: whether they should stop, and a callback for their events."""

    def __init__(self, event: Callable[[TrialRun, dict[str, Any]], None], deadline: float | None = None) -> None:
        self.event = event
        self.deadline = deadline
        """On the clock of `monotonic`; None for none."""
        self.asked = 0
        """Requests to stop: the first is gentle, the second is at once."""

    @property
    def is_over_budget(self) -> bool:
        """Whether the budget is used up."""
        return self.deadline is not None and monotonic() >= self.deadline

    @contextmanager
    def listening(self, report: Callable[[str], None]) -> Iterator[None]:
        """Ctrl-C and SIGTERM ask the trainings to stop while the block runs; `report` gets a message for the user."""

        def request_stop(name: str) -> None:
            self.asked += 1
            first = f"{name}: the trial saves after its step; a second one stops it at once"
            report(first if self.asked == 1 else "ended at once")

        with signals_to(request_stop):
            yield


Runner = Callable[[TrialRun, TrialMonitor], int]
"""Runs a training and returns its exit status; below 0: the signal that ended it."""


def run_process(work: TrialRun, watch: TrialMonitor) -> int:
    """Run a training in a session of its own. This process forwards Ctrl-C and holds its standard input, so that it
    ends with this process.
    """
    work.failure.unlink(missing_ok=True)
    work.result.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "CURATE_FOLLOW_STDIN": "1", "CURATE_FAILURE": str(work.failure)}
    # -P: nothing in the working folder can take the place of a module
    command = [sys.executable, "-P", "-m", "curate", *work.words]
    with (
        work.result.open("wb") as result,
        work.log.open("ab") as log,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=result,
            stderr=log,
            env=environment,
            start_new_session=True,
            creationflags=OWN_GROUP,
        ) as process,
    ):
        try:
            return _wait_for(process, work, watch)
        finally:
            if process.poll() is None:
                process.kill()


@contextmanager
def placed_runner(runner: Runner, executor: Executor, files: Iterable[Path]) -> Iterator[tuple[Runner, int]]:
    """A runner where the executor is, and how many trainings it runs at once. `files`: see `Executor.pool`."""
    if not executor.remote:
        yield runner, 1
        return
    with executor.cluster(files=files, packages=(*PACKAGES, *MODEL_PACKAGES), gpu=True) as pool:
        yield partial(_run_task, pool, runner), pool.places


def _run_task(pool: ClusterPool, runner: Runner, work: TrialRun, watch: TrialMonitor) -> int:
    """Run a training as a task of a cluster, and return its exit code."""
    return _wait_for(pool.task(partial(_on_node, runner), work), work, watch)


def _on_node(runner: Runner, work: TrialRun) -> int:
    """Run a training in a task: Ray interrupts it as Ctrl-C does."""
    watch = TrialMonitor(lambda *_: None)
    with watch.listening(lambda _: None):
        return runner(work, watch)


def _wait_for(process: "subprocess.Popen[bytes] | ClusterTask", work: TrialRun, watch: TrialMonitor) -> int:
    """Follow a training until it ends, ask it to stop if needed, and return its exit code."""
    offset, stopped, patience = 0, 0, 0.0
    while True:
        try:
            return process.wait(POLL_SECONDS)
        except (subprocess.TimeoutExpired, TimeoutError):
            pass
        offset, events = new_events(work.run / "metrics.jsonl", offset)
        for event in events:
            watch.event(work, event)
        stop_requests = watch.asked or int(watch.is_over_budget)
        if stop_requests and not stopped:
            process.send_signal(STOP_SIGNAL)
            stopped, patience = 1, monotonic() + MAX_STOP_SECONDS
        if stopped and (stop_requests > 1 or monotonic() > patience):
            process.kill()


def last_words(work: TrialRun) -> str:
    """The last lines of a training's log."""
    log = work.log.read_text(encoding="utf-8", errors="replace") if work.log.is_file() else ""
    return " ".join(line.strip() for line in log.strip().splitlines()[-3:])
