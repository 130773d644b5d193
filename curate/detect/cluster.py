"""Duplicates of one another, with a keeper; nothing leaves that is not similar to the very example that stays.

Closure is not used: in a chain a~b~c, where a and c are unlike, c survives when a is the keeper. A tool that removes
whole connected components merges unrelated examples through their common boilerplate.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from curate.example import Example

Code = Literal["D001", "D003"]


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
    """D001: the same content; D003: nearly the same."""
    similarity: float


def choose(
    examples: Sequence[Example], pairs: Iterable[Pair], priority: Callable[[int], tuple[object, ...]], pinned: frozenset[str] = frozenset()
) -> list[Duplicate]:
    """Which of near-duplicate `examples` go, and for which each.

    Examples are taken in order of `priority`, smallest first; one goes when it is paired with one that was kept before, and
    names the most similar of these. Ids in `pinned` never go. The outcome depends on the pairs and priorities alone.
    """
    partners: dict[int, list[Pair]] = defaultdict(list)
    for pair in pairs:
        partners[pair.left].append(pair)
        partners[pair.right].append(Pair(pair.right, pair.left, pair.similarity))
    kept: set[int] = set()
    gone: list[Duplicate] = []
    for at in sorted(partners, key=lambda i: (examples[i].id not in pinned, *priority(i))):
        stay = [pair for pair in partners[at] if pair.right in kept]
        if not stay or examples[at].id in pinned:
            kept.add(at)
            continue
        best = min(stay, key=lambda pair: (-pair.similarity, *priority(pair.right)))
        gone.append(Duplicate(examples[at], examples[best.right], "D003", best.similarity))
    return gone
