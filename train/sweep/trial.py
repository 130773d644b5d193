"""One training of a sweep, as a process of its own: its memory is its own, and what kills it kills nothing else."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Final

from curate.core.runs import new_events

TICK: Final = 0.25
"""Seconds between looks at a training."""
GRACE: Final = 600.0
"""Seconds that a training has to end a step and save before it is killed."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done: train by this recipe in this folder, up to a share of the steps."""

    recipe: Path
    run: Path
    share: float
    result: Path
    """Where what it prints goes, as JSON."""
    failure: Path
    """Where the error goes that ends it."""

    @property
    def words(self) -> list[str]:
        """The command, without its name."""
        return [
            "train",
            str(self.recipe),
            "--run-dir",
            str(self.run),
            "--resume",
            "--quiet",
            "--json",
            "--pause-at",
            repr(self.share),
        ]


class Watch:
    """Follows a training: whether it should stop, and a callback for its events."""

    def __init__(self, told: Callable[[dict[str, Any]], None], deadline: float | None) -> None:
        self.told = told
        self.deadline = deadline
        """On the clock of `monotonic`; None for none."""
        self.asked = 0
        """How often somebody wanted it to end: once is gently, twice at once."""

    @property
    def late(self) -> bool:
        """Whether the budget is used up."""
        return self.deadline is not None and monotonic() >= self.deadline

    @contextmanager
    def listening(self, said: Callable[[str], None]) -> Iterator[None]:
        """Ctrl-C and SIGTERM ask for an end while the block runs, instead of making one."""

        def heard(number: int, _frame: Any) -> None:
            self.asked += 1
            said(
                f"{signal.Signals(number).name}: the trial saves after its step; a second one stops it at once"
                if self.asked == 1
                else "ended at once"
            )

        before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


Runner = Callable[[Work, Watch], int]
"""Does the work and returns the exit status, below 0 the signal that ended it."""


def run_process(work: Work, watch: Watch) -> int:
    """Run a training in a session of its own: Ctrl-C reaches it through us, and it ends with us (we hold its stdin)."""
    work.failure.unlink(missing_ok=True)
    work.result.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "CURATE_FOLLOW_STDIN": "1", "CURATE_FAILURE": str(work.failure)}
    # -P: nothing in the working folder can take the place of a module
    command = [sys.executable, "-P", "-m", "curate", *work.words]
    said = work.run.with_suffix(".log")
    with (
        work.result.open("wb") as result,
        said.open("ab") as log,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=result, stderr=log, env=environment, start_new_session=True
        ) as process,
    ):
        try:
            return _followed(process, work, watch)
        finally:
            if process.poll() is None:
                process.kill()


def _followed(process: "subprocess.Popen[bytes]", work: Work, watch: Watch) -> int:
    offset, stopped, patience = 0, 0, 0.0
    while True:
        try:
            return process.wait(TICK)
        except subprocess.TimeoutExpired:
            pass
        offset, events = new_events(work.run / "metrics.jsonl", offset)
        for event in events:
            watch.told(event)
        wanted = watch.asked or int(watch.late)
        if wanted and not stopped:
            process.send_signal(signal.SIGTERM)
            stopped, patience = 1, monotonic() + GRACE
        if stopped and (wanted > 1 or monotonic() > patience):
            process.kill()


def last_words(work: Work) -> str:
    """The last lines of a training's log."""
    log = work.run.with_suffix(".log")
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log.is_file() else []
    return " ".join(line.strip() for line in lines[-3:])
