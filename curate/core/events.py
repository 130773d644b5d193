"""Events of a running pipeline: immutable, one at a time, for any listener."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunPlanned:
    """A run starts, with these stages in this order."""

    stages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StageStarted:
    """A stage starts."""

    stage: str


@dataclass(frozen=True, slots=True)
class StageAdvanced:
    """Progress of a stage: `done` of `total` (None: unknown), with a short description."""

    stage: str
    done: int
    total: int | None
    text: str


@dataclass(frozen=True, slots=True)
class StageFinished:
    """A stage is finished; `reused` if its result existed already for the same inputs."""

    stage: str
    reused: bool
    summary: str


Event = RunPlanned | StageStarted | StageAdvanced | StageFinished
Listener = Callable[[Event], None]

Advance = Callable[[int], None]
"""Is called with the number of lines, bytes or replies that were processed since the last call."""


def ignore_events(event: Event) -> None:
    """Ignore an event."""


def advancing(
    listen: Callable[[StageAdvanced], None], stage: str, total: int | None = None, text: str = "lines"
) -> Advance:
    """A callback that reports progress of a stage. It gets the number of lines (or other units, `text`) since its last
    call; `total`: None if unknown.
    """
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        listen(StageAdvanced(stage, done, total, text))

    return advance
