"""Duplicates of one another, with a keeper; nothing leaves that is not similar to the very example that stays.

Closure is not used: in a chain a~b~c, where a and c are unlike, c survives when a is the keeper. A tool that removes
whole connected components merges unrelated examples through their common boilerplate.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from curate.example import Example

Code = Literal["D001", "D003", "D004", "D007"]


class Pair(NamedTuple):
    """Two examples, by position, and how similar they are: true Jaccard, not an estimate."""

    left: int
    right: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An example that may go, the one kept in its place, and how similar the two are."""

    example: Example
    kept: Example
    code: Code
    """D001: the same content; D003: nearly the same; D004: the same in other words, which stays; D007: the beginning of the other."""
    similarity: float


class Stays(Protocol):
    """The examples of a group that stay so far; `curate.detect.verify.Alike` is one."""

    def add(self, at: int) -> None:
        """One more."""

    def to(self, at: int) -> list[tuple[float, int]]:
        """Similarity and position of those that the example at a position is like, as many as facts are compared of, the most similar first."""


@dataclass(slots=True)
class Choice:
    """What becomes of the examples of a group."""

    gone: list[Pair] = field(default_factory=list)
    """Who goes (left), for whom (right)."""
    apart: list[Pair] = field(default_factory=list)
    """Who stays (left) although it is like one that stays (right), the most similar such one, because they differ in a fact."""
    similarities: list[float] = field(default_factory=list)
    """Of all pairs above, and of those that are less similar than the threshold."""


def choose(
    order: Iterable[int], stays: Stays, same: Callable[[int, int], bool], threshold: float, pinned: Collection[int] = (), apart: Collection[int] = ()
) -> Choice:
    """Which examples of a group go, and for which each.

    They are taken in the order given; one goes when it is like one that was kept before and `same` says that the two agree in their facts.
    It names the most similar of these. Those in `pinned` never go. Those in `apart` take nobody's place.
    """
    choice = Choice()
    for at in order:
        near = stays.to(at)
        alike = [(similarity, other) for similarity, other in near if similarity >= threshold]
        winner = next(((similarity, other) for similarity, other in alike if same(at, other)), None)
        if winner is not None and at not in pinned:
            choice.gone.append(Pair(at, winner[1], winner[0]))
            choice.similarities.append(winner[0])
            continue
        if alike and winner is None:
            choice.apart.append(Pair(at, alike[0][1], alike[0][0]))
        choice.similarities.extend(similarity for similarity, _ in near)
        if at not in apart:
            stays.add(at)
    return choice
