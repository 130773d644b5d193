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
    """A system that answers: a model and the examples in its prompt."""

    name: SystemName
    title: str
    tuned: bool
    """Whether the tuned model answers; else the base."""
    shots: Shots
    """Training examples in the prompt: none, the same for all questions, or the nearest to each question. The nearest
    are passages of documents where there are documents.
    """


SYSTEMS: Final[dict[SystemName, System]] = {
    system.name: system
    for system in (
        System("zero-shot", "base, zero-shot", tuned=False, shots="none"),
        System("few-shot", "base, few-shot", tuned=False, shots="fixed"),
        System("retrieval", "base, retrieval", tuned=False, shots="nearest"),
        System("tuned", "tuned", tuned=True, shots="none"),
        System("tuned+retrieval", "tuned, retrieval", tuned=True, shots="nearest"),
    )
}


EMBEDDINGS: Final = "offline:all-MiniLM-L6-v2"
"""Default model to find the nearest training examples; a package, so no hub is asked."""
LIMIT: Final = 200
SHOTS: Final = 4


@dataclass(frozen=True, slots=True)
class EvaluationOptions:
    """Options of `curate evaluate`; None leaves the choice to the data."""

    systems: tuple[SystemName, ...] = tuple(SYSTEMS)
    data: Path | None = None
    """Split folder, if it was moved since the training."""
    split: str | None = None
    task: TaskName | None = None
    metric: str | None = None
    shots: int | None = None
    limit: int = LIMIT
    """Maximum number of questions, spread over the split."""
    turns: Turns | None = None
    max_new_tokens: int | None = None
    embeddings: str | None = None
    documents: Path | None = None
    """Folder of documents, whose passages retrieval shows instead of training examples."""
    seed: int = 0
    fresh: bool = False
    """Whether to ask again what was answered before."""
