"""Duplicates among the lines of a table: as `curate.detect.near` finds them among examples, with the examples read again group by group."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from curate.config import DedupConfig
from curate.detect.bands import Bands
from curate.detect.beginnings import Beginnings
from curate.detect.cluster import Choice, Code, Pair
from curate.detect.crew import Crew
from curate.detect.keeper import ranking
from curate.detect.loss import Loss
from curate.detect.near import decided
from curate.detect.remembered import Remembered, Verdicts
from curate.detect.shingles import Sets
from curate.detect.table import Reader, Spot, Table
from curate.detect.verify import grouped

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[np.int64]]

BATCH: Final = 1000
"""Examples, at the least, of the groups that are decided about in one go."""


@dataclass(slots=True)
class Sifted:
    """What was found among the lines of a table."""

    losses: list[Loss]
    """Lines that may go, in the order they stand."""
    apart: list[Loss]
    """Pairs of near-duplicates that differ in a fact."""
    similarities: list[float]
    """As in `curate.detect.near.NearReport`."""
    bands: Bands


class Batch(NamedTuple):
    """Some groups, and all that it takes to decide about them in another process."""

    groups: list[list[int]]
    """Numbers in what follows."""
    positions: list[int]
    """Where each member stands among all examples."""
    spots: list[Spot]
    sets: Sets
    pinned: frozenset[str]
    verdicts: dict[bytes, bool]
    """Those on facts that are known of pairs in a group, by both ids."""
    config: DedupConfig
    findings: Mapping[str, tuple[int, ...]] | None
    old: int
    aside: frozenset[int]
    """Numbers of those that neither go nor take a place."""


class Deciding(NamedTuple):
    """What is the same for all batches."""

    config: DedupConfig
    findings: Mapping[str, tuple[int, ...]] | None
    old: int
    memory: Remembered | None
    aside: frozenset[int]


@dataclass(slots=True)
class _Found:
    """What was decided, by the numbers of examples."""

    gone: list[Pair] = field(default_factory=list)
    apart: list[Pair] = field(default_factory=list)
    similarities: list[float] = field(default_factory=list)


def sift(
    table: Table,
    config: DedupConfig,
    crew: Crew,
    pinned: frozenset[str] = frozenset(),
    findings: Mapping[str, tuple[int, ...]] | None = None,
    old: int = 0,
    memory: Remembered | None = None,
) -> Sifted:
    """Duplicates among the examples of a table, the first `old` of which others are held against; see `find_duplicates`.

    `findings` are those that the policy `best-signal` counts. Takes the table's sets away from it, since there are many.
    """
    import numpy as np

    stands = originals(table, last=config.keep == "last" and not old)
    distinct = np.flatnonzero(stands == np.arange(len(stands)))
    every, table.sets = table.sets, table.sets.part(0, 0)
    if len(distinct) < len(stands):
        every = every.chosen(distinct)
    sets = memory.sets(table.ids[distinct], every.chosen) if memory else every
    del every
    begun = Beginnings(table.keys.chosen(distinct), table.ids[distinct]) if config.beginnings and table.keys else None
    groups = grouped(sets, config.threshold, crew.count)
    found = _Found(similarities=list(groups.misses))
    batches = _batches(table, sets, groups.members, distinct, Deciding(config, findings, old, memory, begun.numbers if begun else frozenset()), pinned)
    for members, choices, verdicts in crew.each(decide, batches):
        if memory:
            memory.take(verdicts)
        for choice in choices:
            found.similarities.extend(choice.similarities)
            found.gone.extend(Pair(members[left], members[right], similarity) for left, right, similarity in choice.gone)
            found.apart.extend(Pair(members[left], members[right], similarity) for left, right, similarity in choice.apart)
    lost: dict[int, tuple[Code, Pair]] = {pair.left: ("D003", pair) for pair in found.gone}
    if begun:
        lost |= _beginnings(table, begun, sets, distinct, lost, pinned, old)
    losses = [_loss(table, at, pair, code) for at, (code, pair) in lost.items()]
    for at in np.flatnonzero(stands != np.arange(len(stands))).tolist():  # a copy of what goes has lost to the same example
        original = int(stands[at])
        if original in lost or not old or original < old <= at:
            code, pair = lost.get(original, ("D001", Pair(at, original, 1.0)))
            losses.append(_loss(table, at, pair, code))
    return Sifted([loss for _, loss in sorted(losses, key=lambda item: item[0])], _pairs(table, found.apart), sorted(found.similarities), groups.bands)


def originals(table: Table, *, last: bool = False) -> "Numbers":
    """Of each example the first one, or the last one, of the same id."""
    import numpy as np

    order = np.lexsort((table.ids[:, 1], table.ids[:, 0]))  # stable: equal ids in the order of the lines
    ids = table.ids[order]
    starts = np.ones(len(order), dtype=np.bool_)
    starts[1:] = (ids[1:] != ids[:-1]).any(axis=1)
    runs = np.cumsum(starts) - 1
    bounds = np.flatnonzero(starts)
    stays = order[np.append(bounds[1:], len(order)) - 1] if last else order[bounds]
    found = np.empty(len(order), dtype=np.int64)
    found[order] = stays[runs]
    return found


def _batches(
    table: Table,
    sets: Sets,
    groups: "Sequence[Numbers]",
    distinct: "Numbers",
    deciding: Deciding,
    pinned: frozenset[str],
) -> Iterator[Batch]:
    import numpy as np

    waiting: list[Numbers] = []
    for nth, group in enumerate(groups, start=1):
        waiting.append(group)
        if sum(map(len, waiting)) < BATCH and nth < len(groups):
            continue
        members = np.concatenate(waiting)
        ends = np.cumsum([0, *map(len, waiting)]).tolist()
        positions: list[int] = distinct[members].tolist()
        bound = pinned.intersection(map(table.id, positions)) if pinned else pinned
        spots = [table.spot(line, at) for line, at in zip(table.lines[positions].tolist(), positions, strict=True)]
        numbers = [list(range(start, end)) for start, end in pairwise(ends)]
        verdicts = deciding.memory.among([[table.id(positions[at]) for at in group] for group in numbers]) if deciding.memory else {}
        config, findings, old, _, aside = deciding
        apart = frozenset(at for at, number in enumerate(members.tolist()) if number in aside) if aside else aside
        yield Batch(numbers, positions, spots, sets.chosen(members), bound, verdicts, config, findings, old, apart)
        waiting = []


def decide(batch: Batch) -> tuple[list[int], list[Choice], dict[bytes, bool]]:
    """The positions of a batch's members, what becomes of them, group by group, and the verdicts on facts that were used.

    Raises `InputError` when their lines cannot be read again.
    """
    reader, verdicts = Reader(), Verdicts(batch.verdicts)
    choices = decided(
        batch.sets,
        batch.groups,
        lambda members: [reader.example(batch.spots[at]) for at in members],
        batch.config,
        batch.pinned,
        ranking(batch.config.keep, batch.findings),
        batch.old,
        verdicts,
        batch.positions.__getitem__,
        batch.aside,
    )
    return batch.positions, list(choices), verdicts.used


def _beginnings(
    table: Table, begun: Beginnings, sets: Sets, distinct: "Numbers", lost: Mapping[int, object], pinned: frozenset[str], old: int
) -> dict[int, tuple[Code, Pair]]:
    """Which beginnings of longer conversations go; by their numbers among all examples."""
    pairs = begun.settled(
        lambda at: int(distinct[at]) >= old and table.id(int(distinct[at])) not in pinned,
        lambda _, other: int(distinct[other]) not in lost and (not old or int(distinct[other]) < old),
        sets,
    )
    return {int(distinct[at]): ("D007", Pair(int(distinct[at]), int(distinct[other]), similarity)) for at, other, similarity in pairs}


def _loss(table: Table, at: int, pair: Pair, code: Code = "D003") -> tuple[int, Loss]:
    """The line of example `at`, and what it lost to."""
    line = int(table.lines[at])
    kept = table.place(int(table.lines[pair.right]))
    return line, Loss(table.place(line), table.id(at), kept, table.id(pair.right), code, pair.similarity)


def _pairs(table: Table, apart: Sequence[Pair]) -> list[Loss]:
    """Pairs that stay, in the order of their ids, which is that of no file."""
    ordered = [pair if table.id(pair.left) < table.id(pair.right) else Pair(pair.right, pair.left, pair.similarity) for pair in apart]
    return sorted((_loss(table, pair.left, pair)[1] for pair in ordered), key=lambda loss: (loss.example, loss.kept))
