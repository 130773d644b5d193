"""What becomes of groups of near-duplicates among the lines of a table: their examples are read again, some groups at a time, side by side."""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from curate.detect.cluster import Choice, Pair
from curate.detect.keeper import ranking
from curate.detect.near import decided
from curate.detect.picked import Compared, Wanted, picked
from curate.detect.remembered import Remembered, Verdicts
from curate.detect.shingles import Sets
from curate.detect.table import Reader, Spot, Table
from curate.worker_pool import WorkerPool

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[np.int64]]

BATCH: Final = 1000
"""Examples, at the least, of the groups that are decided about in one go."""


class Batch(NamedTuple):
    """Some groups, and all that it takes to decide about them in another process."""

    groups: list[list[int]]
    """Numbers in what follows."""
    keys: list[bytes]
    """What each group is remembered by."""
    positions: list[int]
    """Where each member stands among all examples."""
    spots: list[Spot]
    sets: Sets
    verdicts: dict[bytes, bool]
    """Those on facts that are known of pairs in a group, by both ids."""
    wanted: Wanted


def decide_groups(table: Table, compared: Compared, groups: "Sequence[Numbers]", wanted: Wanted, crew: WorkerPool, memory: Remembered | None) -> Choice:
    """What becomes of the members of groups, all together, by where they stand among all examples.

    What is remembered of a group, by the ids of its members and all else that decides, is not decided again.
    """
    found, groups = picked(table, compared, groups, wanted, crew, memory)

    def take(positions: list[int], choice: Choice) -> None:
        found.similarities.extend(choice.similarities)
        found.gone.extend(Pair(positions[left], positions[right], similarity) for left, right, similarity in choice.gone)
        found.apart.extend(Pair(positions[left], positions[right], similarity) for left, right, similarity in choice.apart)

    open_groups, keys = list[Any](), list[bytes]()
    name = _named(wanted)
    for group in groups:
        key = _key(name, table, compared, group, wanted) if memory else b""
        known = memory.choice(key) if memory else None
        if known is None:
            open_groups.append(group)
            keys.append(key)
        else:
            take(compared.positions[group].tolist(), known)
    for batch, choices, verdicts in crew.each(decide, _batches(table, compared, open_groups, keys, wanted, memory)):
        if memory:
            memory.take(verdicts)
        for numbers, key, choice in zip(batch.groups, batch.keys, choices, strict=True):
            if memory:
                memory.choose(key, choice)
            take(batch.positions[numbers[0] :], choice)
    return found


def _named(wanted: Wanted) -> bytes:
    """What is the same for all groups, as bytes."""
    return wanted.config.model_dump_json(exclude={"stop_share", "stop_cluster", "stop_least", "embeddings"}).encode()


def _key(name: bytes, table: Table, compared: Compared, group: "Numbers", wanted: Wanted) -> bytes:
    """A hash of all that decides about a group."""
    positions = compared.positions[group]
    key = blake2b(name, digest_size=16)
    key.update(table.ids[positions].tobytes())
    if wanted.old:
        key.update(b"old" + (positions < wanted.old).tobytes())
    ids = [table.id(at) for at in positions.tolist()] if wanted.pinned or wanted.findings else []
    if wanted.pinned:
        key.update(b"pinned" + bytes(example in wanted.pinned for example in ids))
    if wanted.findings:
        key.update(repr([wanted.findings.get(example) for example in ids]).encode())
    if wanted.aside:
        key.update(b"aside" + bytes(number in wanted.aside for number in group.tolist()))
    return key.digest()


def _batches(
    table: Table, compared: Compared, groups: "Sequence[Numbers]", keys: Sequence[bytes], wanted: Wanted, memory: Remembered | None
) -> Iterator[Batch]:
    import numpy as np

    first = size = 0
    for nth, group in enumerate(groups, start=1):
        size += len(group)
        if size < BATCH and nth < len(groups):
            continue
        members = np.concatenate(groups[first:nth])
        ends = np.cumsum([0, *map(len, groups[first:nth])]).tolist()
        standing: list[int] = compared.positions[members].tolist()
        spots = [table.spot(line, at) for line, at in zip(table.lines[standing].tolist(), standing, strict=True)]
        numbers = [list(range(start, end)) for start, end in pairwise(ends)]
        verdicts = memory.among([[spots[at].id for at in some] for some in numbers]) if memory else {}
        pinned = wanted.pinned.intersection(spot.id for spot in spots) if wanted.pinned else wanted.pinned
        aside = frozenset(at for at, number in enumerate(members.tolist()) if number in wanted.aside) if wanted.aside else wanted.aside
        own = wanted._replace(pinned=pinned, aside=aside)
        yield Batch(numbers, list(keys[first:nth]), standing, spots, compared.sets.chosen(members), verdicts, own)
        first, size = nth, 0


def decide(batch: Batch) -> tuple[Batch, list[Choice], dict[bytes, bool]]:
    """What becomes of the members of a batch, group by group, each numbered in its group, and the verdicts on facts that were used.

    Raises `InputError` when their lines cannot be read again.
    """
    reader, verdicts = Reader(), Verdicts(batch.verdicts)
    config, pinned, findings, old, aside, common = batch.wanted
    choices = decided(
        batch.sets,
        batch.groups,
        lambda members: [reader.example(batch.spots[at]) for at in members],
        config,
        pinned,
        ranking(config.keep, findings),
        old,
        verdicts,
        batch.positions.__getitem__,
        aside,
        common,
    )
    numbered = [_from(choice, group[0]) for group, choice in zip(batch.groups, choices, strict=True)]
    return batch._replace(spots=[], sets=batch.sets.part(0, 0), verdicts={}), numbered, verdicts.used


def _from(choice: Choice, start: int) -> Choice:
    """The same with the members numbered from `start`."""
    gone, apart = ([Pair(left - start, right - start, similarity) for left, right, similarity in pairs] for pairs in (choice.gone, choice.apart))
    return Choice(gone, apart, choice.similarities)
