"""What an evaluation can be told."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from train.evaluation.contender import CONTENDERS, ContenderName
from train.evaluation.question import Turns
from train.evaluation.task import TaskName

EMBEDDINGS: Final = "offline:all-MiniLM-L6-v2"
"""Finds the nearest training examples where no other model is named; a package, so no hub is asked."""
LIMIT: Final = 200
SHOTS: Final = 4


@dataclass(frozen=True, slots=True)
class Options:
    """Options of `curate evaluate`; None leaves the choice to the data."""

    contenders: tuple[ContenderName, ...] = tuple(CONTENDERS)
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
