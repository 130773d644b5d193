"""All pairs of a held-out and an earlier set that are similar enough: none is left to chance, and none is left out where thousands are alike.

Hashes of all sets have one order, rare ones first. Two sets of n and m hashes, n <= m, with a Jaccard similarity of t or more share at least
t / (1 + t) * (n + m) of them. So the first hash that both have stands early: among the first n - 2t / (1 + t) * n + 1 of the smaller set, the short
prefix, and the first m - tm + 1 of the larger one, the long prefix. Sets that meet there are candidates, and are counted hash by hash.

A hash that very many sets have is crowded (`CROWDED`), and nothing is looked up by it. Where two sets share crowded hashes alone, what they share
is counted among those: the crowded part of a set is then at least t of it, so that few such parts differ, and sets of equal parts are counted once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from curate.verify.sets import CROWDED, Flags, Halves, Ranks, Sets, Table, differing, spans
from curate.verify.words import Hashes, Numbers, mixed

HITS: Final = 1 << 21
"""Hashes that two sets share, as many as are looked at at a time."""
BITS: Final = 20
"""Bits of a key that are the size of a set."""
NO_SIZE: Final[Numbers] = np.zeros(1, dtype=np.int64)
SLACK: Final = 1e-9
"""A threshold is no exact number in binary: a bound may be too low by this, never too high."""


def least_shared(n: Numbers, m: Numbers, threshold: float) -> Numbers:
    """How many hashes sets of these sizes have to share."""
    least: Numbers = np.ceil(threshold / (1 + threshold) * (n + m) - SLACK).astype(np.int64)
    return least


def long_prefix(n: Numbers, threshold: float) -> Numbers:
    """How many of the first hashes of a set are looked up where it is the larger one."""
    prefix: Numbers = n - np.maximum(np.ceil(threshold * n - SLACK).astype(np.int64), 1) + 1
    return prefix


def short_prefix(n: Numbers, threshold: float) -> Numbers:
    """How many of the first hashes of a set are looked up where it is the smaller one, or both are of one size."""
    return n - np.maximum(least_shared(n, n, threshold), 1) + 1


class Matches(NamedTuple):
    """Held-out sets, each with the most similar one of the earlier sets that it was held against."""

    held: Numbers
    earlier: Numbers
    similarity: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"


class Postings(NamedTuple):
    """Where hashes stand: sorted by hash, and of each hash by the size of the set."""

    keys: Hashes
    """See `_keys`."""
    sets: Numbers
    places: Numbers


@dataclass(frozen=True)
class Index:
    """Held-out sets, to be looked up by their first hashes."""

    hashes: Hashes
    sizes: Numbers
    parities: Halves
    """See `Sets.parities`."""
    splits: Numbers
    """The number of the split of each; only what is in an earlier one is held against it."""
    equal: Hashes
    """Digests, sorted."""
    equal_sets: Numbers
    """The set of each."""
    short: Postings
    long: Postings
    short_table: Table
    long_table: Table
    dense: Numbers
    """Sets that have a crowded hash in their long prefix."""
    crowds: Hashes
    """The crowded hashes of dense sets, sorted."""
    crowded: Numbers
    """Of each dense set its crowded hashes, as positions in `crowds`, one set after another."""
    crowded_sizes: Numbers

    @property
    def sets(self) -> Sets:
        """All sets."""
        return Sets(self.hashes, self.sizes)


def index_of(sets: Sets, splits: Numbers, ranks: Ranks, threshold: float) -> Index:
    """An index of held-out sets. `splits`: of each set the number of its split."""
    owners, places = sets.owners, sets.places
    inside = places < long_prefix(sets.sizes, threshold)[owners]
    crowd = ranks.ranks(sets.hashes) >= CROWDED
    dense = np.unique(owners[inside & crowd])
    chosen = crowd & np.isin(owners, dense)
    crowds, crowded = np.unique(sets.hashes[chosen], return_inverse=True)
    long = _postings(sets, owners, places, inside & ~crowd)
    short = _postings(sets, owners, places, (places < short_prefix(sets.sizes, threshold)[owners]) & ~crowd)
    digests = sets.digests
    order = np.argsort(digests, kind="stable")
    sizes = np.bincount(owners[chosen], minlength=len(sets.sizes))[dense]
    tables = Table.of(_keys(short.keys, NO_SIZE)), Table.of(_keys(long.keys, NO_SIZE))
    return Index(sets.hashes, sets.sizes, sets.parities, splits, digests[order], order, short, long, *tables, dense, crowds, crowded, sizes)


def _postings(sets: Sets, owners: Numbers, places: Numbers, chosen: Flags) -> Postings:
    at = np.flatnonzero(chosen)
    keys = _keys(sets.hashes[at], sets.sizes[owners[at]])
    order = np.argsort(keys, kind="stable")
    return Postings(keys[order], owners[at[order]], places[at[order]])


def _keys(hashes: Hashes, sizes: Numbers) -> Hashes:
    """Hashes, whose last bits give way to the sizes of their sets: of a hash, those of some sizes stand side by side."""
    return hashes >> np.uint64(BITS) << np.uint64(BITS) | np.clip(sizes, 0, (1 << BITS) - 1).astype(np.uint64)


def save(index: Index, folder: Path) -> None:
    """Write an index to a folder, for `load` in other processes."""
    folder.mkdir()
    for column in fields(Index):
        value = getattr(index, column.name)
        for nth, part in enumerate(value if isinstance(value, tuple) else (value,)):
            np.save(folder / f"{column.name}-{nth}.npy", np.asarray(part))


@lru_cache(4)
def load(folder: Path) -> Index:
    """The index in a folder; what is not used of it is not read."""

    def column(name: str, nth: int = 0) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint64]]":
        path = folder / f"{name}-{nth}.npy"
        found: np.ndarray[tuple[int, ...], np.dtype[np.uint64]] = np.load(path, mmap_mode="r" if path.stat().st_size > 1 << 16 else None)
        return found

    kinds = {"short": Postings, "long": Postings}
    values = {}
    for name in (column.name for column in fields(Index)):
        if name in kinds:
            values[name] = Postings(*(column(name, nth) for nth in range(3)))  # type: ignore[arg-type]
        elif name.endswith("_table"):
            values[name] = Table(column(name), int(column(name, 1)))  # type: ignore[arg-type, assignment]
        else:
            values[name] = column(name)  # type: ignore[assignment]
    return Index(**values)  # type: ignore[arg-type]


def matches(index: Index, earlier: Sets, split: int, found: Flags, ranks: Ranks, threshold: float) -> Matches:
    """The held-out sets that are similar to one of `earlier`, which are of one split. `found`: held-out sets that nothing is looked for any more."""
    return _Matching(index, earlier, (index.splits > split) & ~found, ranks, threshold).all()


class _Matching:
    """Earlier sets that are held against an index."""

    def __init__(self, index: Index, earlier: Sets, wanted: Flags, ranks: Ranks, threshold: float) -> None:
        self.index, self.wanted, self.ranks, self.threshold = index, wanted, ranks, threshold
        self.digests, self.firsts = np.unique(earlier.digests, return_index=True)
        self.earlier = earlier.chosen(self.firsts)
        self.parities, self.owners, self.places = self.earlier.parities, self.earlier.owners, self.earlier.places
        self.best = np.zeros(len(wanted))
        self.by = np.full(len(wanted), -1, dtype=np.int64)

    def all(self) -> Matches:
        """Everything that is found."""
        if len(self.earlier.sizes) and self.wanted.any():
            self._equal()
            index, sizes, threshold = self.index, self.earlier.sizes, self.threshold
            self._look_up(index.short, index.short_table, long_prefix(sizes, threshold), smaller=True)
            self._look_up(index.long, index.long_table, short_prefix(sizes, threshold), smaller=False)
            self._crowded()
        held = np.flatnonzero(self.by >= 0)
        return Matches(held, self.firsts[self.by[held]], self.best[held])

    def _equal(self) -> None:
        left, right = (np.searchsorted(self.index.equal, self.digests, side) for side in ("left", "right"))
        counts = right - left
        sets = self.index.equal_sets[spans(left, counts)]
        self._note(sets, np.repeat(np.arange(len(counts)), counts), np.ones(len(sets)))

    def _look_up(self, postings: Postings, table: Table, prefix: Numbers, *, smaller: bool) -> None:
        """Candidates, and what they share. prefix: how many hashes of each earlier set are looked up; smaller: whether held-out sets are."""
        owners, places = self.owners, self.places
        at = np.flatnonzero(places < prefix[owners])
        at = at[table.has(_keys(self.earlier.hashes[at], NO_SIZE))]
        at = at[np.argsort(self.earlier.hashes[at])]  # looked up in order, they are found in a third of the time
        sizes = self.earlier.sizes[owners[at]]
        # where this is the first hash that both have, they can share no more than what stands behind it: a set that is larger is too large
        most = np.floor((1 + self.threshold) / self.threshold * (sizes - places[at]) - sizes + SLACK).astype(np.int64)
        least = np.ceil(self.threshold * sizes - SLACK).astype(np.int64) if smaller else sizes + 1
        hashes = self.earlier.hashes[at]
        left = np.searchsorted(postings.keys, _keys(hashes, least))
        right = np.searchsorted(postings.keys, _keys(hashes, np.minimum(most, sizes) if smaller else most), side="right")
        there = right > left
        at, left, counts = at[there], left[there], (right - left)[there]
        for part in _pieces(counts):
            hits = spans(left[part], counts[part])
            by = np.repeat(at[part], counts[part])
            held, other = postings.sets[hits], owners[by]
            n, m = self.index.sizes[held], self.earlier.sizes[other]
            shared = np.minimum(n - postings.places[hits], m - places[by])  # at the most, where this is the first hash that both have
            likely = self.wanted[held] & ((n <= m) if smaller else (n > m)) & (shared >= least_shared(n, m, self.threshold))
            held, other = self._near(held[likely], other[likely])
            pairs = np.unique(other * len(self.wanted) + held)
            self._count(pairs % len(self.wanted), pairs // len(self.wanted))

    def _near(self, held: Numbers, other: Numbers) -> tuple[Numbers, Numbers]:
        """Pairs without those that differ too much."""
        n, m = self.index.sizes[held], self.earlier.sizes[other]
        near = differing(self.index.parities[held], self.parities[other]) <= n + m - 2 * least_shared(n, m, self.threshold)
        return held[near], other[near]

    def _count(self, held: Numbers, other: Numbers) -> None:
        """Count what pairs share, hash by hash."""
        if not len(held):
            return
        ids, local = np.unique(other, return_inverse=True)
        chosen = self.earlier.chosen(ids)
        salts = mixed(~np.arange(len(ids), dtype=np.uint64))
        known = np.sort(mixed(chosen.hashes ^ salts[chosen.owners]))
        n = self.index.sizes[held]
        starts = (np.cumsum(self.index.sizes) - self.index.sizes)[held]
        for part in _pieces(n):
            hashes = mixed(self.index.hashes[spans(starts[part], n[part])] ^ np.repeat(salts[local[part]], n[part]))
            at = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
            shared = np.add.reduceat((known[at] == hashes).astype(np.int64), np.cumsum(n[part]) - n[part])
            self._note_shared(held[part], other[part], shared)

    def _note_shared(self, held: Numbers, other: Numbers, shared: Numbers) -> None:
        similarity = shared / (self.index.sizes[held] + self.earlier.sizes[other] - shared)
        enough = similarity >= self.threshold
        self._note(held[enough], other[enough], similarity[enough])

    def _note(self, held: Numbers, other: Numbers, similarity: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> None:
        """Keep the most similar one of each; of those that are as similar, the first."""
        order = np.lexsort((self.firsts[other], -similarity, held))
        held, other, similarity = held[order], other[order], similarity[order]
        first = np.ones(len(held), dtype=np.bool_)
        first[1:] = held[1:] != held[:-1]
        held, other, similarity = held[first], other[first], similarity[first]
        better = self.wanted[held] & (similarity > self.best[held])
        self.by[held[better]], self.best[held[better]] = other[better], similarity[better]
        self.wanted = self.wanted & (self.best < 1)

    def _crowded(self) -> None:
        """Pairs that share nothing but crowded hashes."""
        index, threshold = self.index, self.threshold
        dense = index.dense
        waits = self.wanted[dense] & (self.by[dense] < 0)
        if not waits.any():
            return
        at = np.minimum(np.searchsorted(index.crowds, self.earlier.hashes), len(index.crowds) - 1)
        there = index.crowds[at] == self.earlier.hashes
        there &= self.ranks.ranks(self.earlier.hashes) >= CROWDED
        ids = at[there]
        parts = Sets(self.earlier.hashes[there], np.bincount(self.owners[there], minlength=len(self.earlier.sizes)))
        m, n = self.earlier.sizes, index.sizes[dense]
        order = np.lexsort((m, parts.digests))  # of equal parts, the smallest set is the most similar one
        order = order[np.concatenate((np.ones(1, dtype=np.bool_), np.diff(parts.digests[order]) != 0))]
        order = order[parts.sizes[order] >= np.maximum(np.ceil(threshold * m[order] - SLACK), 1)]
        bounds = (1 + threshold) / threshold * parts.sizes - m + SLACK, (1 + threshold) / threshold * index.crowded_sizes - n + SLACK
        order = order[(m[order] <= bounds[1][waits].max()) & (bounds[0][order] >= n[waits].min())]
        ends, starts = parts.ends, np.cumsum(index.crowded_sizes) - index.crowded_sizes
        has = np.zeros(len(index.crowds), dtype=np.bool_)
        for one in order.tolist():
            likely = np.flatnonzero(waits & (n <= bounds[0][one]) & (bounds[1] >= m[one]))
            likely = likely[differing(index.parities[dense[likely]], self.parities[one]) <= n[likely] + m[one] - 2 * least_shared(n[likely], m[one], threshold)]
            own = ids[ends[one] - parts.sizes[one] : ends[one]] if len(likely) else ids[:0]
            has[own] = True
            for part in _pieces(index.crowded_sizes[likely]):
                sizes = index.crowded_sizes[likely[part]]
                shared = np.add.reduceat(has[index.crowded[spans(starts[likely[part]], sizes)]].astype(np.int64), np.cumsum(sizes) - sizes)
                self._note_shared(dense[likely[part]], np.full(len(sizes), one), shared)
            has[own] = False
            waits &= self.by[dense] < 0


def _pieces(counts: Numbers) -> Iterator[slice]:
    """Slices of about `HITS` in all; each has one element at the least."""
    sums = np.cumsum(counts)
    start = 0
    while start < len(counts):
        before = int(sums[start - 1]) if start else 0
        end = max(start + 1, int(np.searchsorted(sums, before + HITS, side="right")))
        yield slice(start, end)
        start = end
