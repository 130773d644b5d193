"""What a running pipeline tells: one immutable fact at a time, for whoever shows it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunPlanned:
    """A run begins that has these stages, in this order."""

    stages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StageStarted:
    """A stage's work begins."""

    stage: str


@dataclass(frozen=True, slots=True)
class StageAdvanced:
    """A stage got on: `done` of `total` (None: not known), and a few words on where it is."""

    stage: str
    done: int
    total: int | None
    text: str


@dataclass(frozen=True, slots=True)
class StageFinished:
    """A stage has its result; `reused` when that was there already, made from the same inputs."""

    stage: str
    reused: bool
    summary: str


Event = RunPlanned | StageStarted | StageAdvanced | StageFinished
Listener = Callable[[Event], None]


def ignore_events(event: Event) -> None:
    """Listens to nothing."""
