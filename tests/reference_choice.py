"""The definition of what becomes of a group of near-duplicates, in plain Python: what `curate.dedup.cluster_resolution`
has to come to.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from curate.core.example import Example
from curate.corpus.features import length, rank_of
from curate.dedup.cluster_resolution import DuplicatePair, Resolution
from curate.similarity.shingles import ShingleSets
from curate.similarity.similarity_index import MAX_COMPARED, jaccard

Rank = tuple[Any, ...]


def ranking(keep: str, findings: Mapping[str, tuple[int, ...]] | None = None) -> Callable[[int, Example], Rank]:
    """The rank of an example at a position, for a policy; the smallest one stays. `findings`: errors, warnings and
    infos by id.
    """
    known, own = findings or {}, rank_of(keep)
    first: dict[str, Callable[[int, Example], Rank]] = {
        "first": lambda at, _: (at,),
        "last": lambda at, _: (-at,),
        "best": lambda at, example: (*known.get(example.id, (0, 0, 0)), at),
    }

    def rank(at: int, example: Example) -> Rank:
        return (*(first[keep](at, example) if keep in first else (own(example),)), -length(example), example.id)

    return rank


def choose(
    order: Iterable[int],
    similarity: Callable[[int, int], float],
    same: Callable[[int, int], bool],
    floor: float,
    threshold: float,
    pinned: Collection[int] = (),
    apart: Collection[int] = (),
    old: Collection[int] = (),
) -> Resolution:
    """Which examples of a group go, and for which each.

    They are taken in the order given; one goes when it is like one that was kept before and `same` says that the two
    agree in their facts. It names the most similar of these. Those in `pinned` never go. Those in `apart` take nobody's
    place. Those in `old` stay unasked.
    """
    choice, stays = Resolution(), list[int]()
    for at in order:
        if at in old:
            stays.append(at)
            continue
        near = sorted(
            ((found, -nth, other) for nth, other in enumerate(stays) if (found := similarity(at, other)) >= floor),
            reverse=True,
        )[:MAX_COMPARED]
        alike = [(found, other) for found, _, other in near if found >= threshold]
        winner = next(((found, other) for found, other in alike if same(at, other)), None)
        if winner is not None and at not in pinned:
            choice.gone.append(DuplicatePair(at, winner[1], winner[0]))
            choice.similarities.append(winner[0])
            continue
        if alike and winner is None:
            choice.apart.append(DuplicatePair(at, alike[0][1], alike[0][0]))
        choice.similarities.extend(found for found, _, _ in near)
        if at not in apart:
            stays.append(at)
    return choice


def similarity_in(sets: ShingleSets) -> Callable[[int, int], float]:
    """Of two sets by their numbers."""
    return lambda left, right: jaccard(sets, left, right)
