"""The options of an evaluation and the systems it compares: base and tuned, with or without examples in the prompt."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from train.evaluation.prompts import Turns
from train.evaluation.task import TaskName

SystemName = Literal["zero-shot", "few-shot", "retrieval", "tuned", "tuned+retrieval"]
Shots = Literal["none", "fixed", "nearest"]


@dataclass(frozen=True, slots=True)
class System:
    """One way to answer."""

    name: SystemName
    title: str
    tuned: bool
    """Whether it is the trained model that answers; else the base."""
    shots: Shots
    """Training examples in the prompt: none, the same for all questions, or the nearest to each question."""


SYSTEMS: Final[dict[SystemName, System]] = {
    one.name: one
    for one in (
        System("zero-shot", "base, zero-shot", tuned=False, shots="none"),
        System("few-shot", "base, few-shot", tuned=False, shots="fixed"),
        System("retrieval", "base, retrieval", tuned=False, shots="nearest"),
        System("tuned", "tuned", tuned=True, shots="none"),
        System("tuned+retrieval", "tuned, retrieval", tuned=True, shots="nearest"),
    )
}


EMBEDDINGS: Final = "offline:all-MiniLM-L6-v2"
"""Finds the nearest training examples where no other model is named; a package, so no hub is asked."""
LIMIT: Final = 200
SHOTS: Final = 4


@dataclass(frozen=True, slots=True)
class Options:
    """Options of `curate evaluate`; None leaves the choice to the data."""

    contenders: tuple[SystemName, ...] = tuple(SYSTEMS)
    data: Path | None = None
    """Split folder, where it is not where the training found it."""
    split: str | None = None
    task: TaskName | None = None
    metric: str | None = None
    shots: int | None = None
    limit: int = LIMIT
    """Questions that are asked, at most, spread over the split."""
    turns: Turns | None = None
    max_new_tokens: int | None = None
    embeddings: str | None = None
    seed: int = 0
