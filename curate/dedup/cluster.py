"""What becomes of the examples of a group of near-duplicates."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

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
