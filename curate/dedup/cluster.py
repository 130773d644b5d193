"""What becomes of the examples of a group of near-duplicates, by position, and by place and id for a reader."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from curate.core.example import Place

Code = Literal["D001", "D003", "D004", "D007"]
"""D001: the same content; D003: nearly the same; D004: the same in other words, which stays; D007: the beginning of the
other.
"""


class Pair(NamedTuple):
    """Two examples, by position, and how similar they are: true Jaccard, not an estimate."""

    left: int
    right: int
    similarity: float


@dataclass(slots=True)
class Choice:
    """What becomes of the examples of a group."""

    gone: list[Pair] = field(default_factory=list)
    """Who goes (left), for whom (right)."""
    apart: list[Pair] = field(default_factory=list)
    """Who stays (left) although it is like one that stays (right), the most similar such one, because they differ in a
    fact.
    """
    similarities: list[float] = field(default_factory=list)
    """Of all pairs above, and of those that are less similar than the threshold."""


class DuplicateRemoval(NamedTuple):
    """A line that goes, or one side of a pair that is kept apart, and the line that it is compared with."""

    place: Place
    example: str
    """Id of the example that goes."""
    kept_place: Place
    kept: str
    """Id of the example that stays."""
    code: Code
    similarity: float
    """True Jaccard of the two, 0 to 1; 1 for exact copies."""
    words: bool = False
    """Whether the two are short, have the same words of meaning, and are less similar than the threshold (see
    `curate.dedup.wording`).
    """
