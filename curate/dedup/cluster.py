"""The outcome for the examples of a group of near-duplicates: by position, and by place and id for the reader."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from curate.core.example import Place

Code = Literal["D001", "D003", "D004", "D007"]
"""D001: the same content; D003: near-duplicate; D004: the same in other words, which is kept; D007: the beginning of
the other.
"""


class Pair(NamedTuple):
    """Two examples, by position, and their true Jaccard similarity (not an estimate)."""

    left: int
    right: int
    similarity: float


@dataclass(slots=True)
class Choice:
    """The outcome for the examples of a group."""

    gone: list[Pair] = field(default_factory=list)
    """Removed examples (left), each with the example kept instead (right)."""
    apart: list[Pair] = field(default_factory=list)
    """Examples that are kept (left) although they are similar to another kept one (right, the most similar one),
    because they differ in a fact.
    """
    similarities: list[float] = field(default_factory=list)
    """Similarities of all pairs above, and of pairs below the threshold."""


class DuplicateRemoval(NamedTuple):
    """A removed line, or one side of a pair that is kept apart, and the line that it is compared with."""

    place: Place
    example: str
    """Id of the removed example."""
    kept_place: Place
    kept: str
    """Id of the kept example."""
    code: Code
    similarity: float
    """True Jaccard similarity of the two, 0 to 1; 1 for exact copies."""
    words: bool = False
    """Whether both are short, have the same words of meaning, and are less similar than the threshold (see
    `curate.dedup.wording`).
    """
