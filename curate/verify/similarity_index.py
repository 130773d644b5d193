"""Exact search for all pairs of a held-out and an earlier set at or above a Jaccard similarity, by prefix filtering.

All sets are sorted by one order of hashes, rare ones first. Two sets of n and m hashes with a Jaccard similarity of at
least t share at least t / (1 + t) * (n + m) hashes, and at least t of each set. Their first common hash is therefore
among the first n - tn + 1 hashes of each set, its prefix. An inverted index of the prefixes of held-out sets gives
candidates, and their common hashes are counted.

A hash in very many sets is crowded (`MIN_CROWDED_SETS`) and not looked up. Two sets that share only crowded hashes are
compared by these: the crowded part is then at least t of each set, so there are few different parts, and sets with
equal parts are counted once.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from curate.core.disk_arrays import mapped
from curate.verify.words import Hashes, Numbers, mixed

COUNTERS: Final = 1 << 24
"""Most counters; hashes that share a counter add up."""
MIN_CROWDED_SETS: Final = 255
"""Minimum number of held-out sets that contain a crowded hash; counters saturate here."""
HITS_PER_BATCH: Final = 1 << 19
BLOCK_HASHES: Final = 1 << 18
SIZE_BITS: Final = 20
"""Bits of a key that are the size of a set."""
PARITIES: Final = 256
ROUNDING_SLACK: Final = 1e-9
"""A threshold is no exact number in binary: a bound may be too low by this, never too high."""
ONES: Final = np.array([number.bit_count() for number in range(1 << 16)], dtype=np.uint8)
"""How many bits of a number of 16 bits are 1."""
Flags = np.ndarray[Any, np.dtype[np.bool_]]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Halves = np.ndarray[Any, np.dtype[np.uint16]]
Counts = np.ndarray[Any, np.dtype[np.uint8]]


class Sets(NamedTuple):
    """Sets of hashes, concatenated."""

    hashes: Hashes
    sizes: Numbers

    @property
    def starts(self) -> Numbers:
        """Start of each set."""
        return np.asarray(np.cumsum(self.sizes) - self.sizes, dtype=np.int64)

    @property
    def owners(self) -> Numbers:
        """The set of each hash."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    def chosen(self, numbers: Numbers) -> "Sets":
        """The sets with these numbers, in this order."""
        sizes = self.sizes[numbers]
        return Sets(self.hashes[spans(self.starts[numbers], sizes)], sizes)

    def blocks(self) -> "Iterator[tuple[int, Sets]]":
        """One block or more of about `BLOCK_HASHES` hashes each, with the number of their first set."""
        ends = np.append(0, np.cumsum(self.sizes))
        for part in [*_slices(self.sizes, BLOCK_HASHES)] or [slice(0, 0)]:
            yield part.start, Sets(self.hashes[ends[part.start] : ends[part.stop]], self.sizes[part])

    def digests(self, skipped: Numbers | int = 0) -> Hashes:
        """A digest of each set; equal sets have equal digests. skipped: number of leading hashes to ignore."""
        sums = np.concatenate((np.zeros(1, dtype=np.uint64), np.cumsum(mixed(self.hashes))))
        starts = self.starts
        return mixed(sums[starts + self.sizes] - sums[starts + skipped] + (self.sizes - skipped).astype(np.uint64))

    def parities(self) -> Halves:
        """256 parity bits per set: whether the number of hashes in each of 256 classes is odd.

        The number of differing bits is a lower bound of the number of differing hashes.
        """
        kinds = self.owners * PARITIES + (self.hashes >> np.uint64(56)).astype(np.int64)
        odd = np.bincount(kinds, minlength=len(self.sizes) * PARITIES) & 1
        return np.packbits(odd.astype(np.uint8).reshape(-1, PARITIES), axis=1).view(np.uint16)


def joined(parts: Sequence[Sets]) -> Sets:
    """Concatenate sets."""
    none = Sets(np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64))
    hashes, sizes = zip(none, *parts, strict=True)
    return Sets(np.concatenate(hashes), np.concatenate(sizes))


def spans(starts: Numbers, sizes: Numbers) -> Numbers:
    """Consecutive integers: `sizes` of them from each start."""
    ends = np.cumsum(sizes)
    numbers: Numbers = np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(starts - (ends - sizes), sizes)
    return numbers


def counts_of(sets: Sets) -> Counts:
    """Approximate number of sets with each hash, up to `MIN_CROWDED_SETS`.

    It only gives the order of hashes, so it affects the speed of a comparison and not its result.
    """
    counters = min(COUNTERS, 1 << max(10, (16 * len(sets.hashes)).bit_length()))  # all take a tenth of a second
    counts = np.zeros(counters, dtype=np.uint32)
    for _, part in sets.blocks():
        np.add.at(counts, (part.hashes & np.uint64(counters - 1)).astype(np.intp), np.uint32(1))
    return np.minimum(counts, MIN_CROWDED_SETS).astype(np.uint8)


def set_counts(counts: Counts, hashes: Hashes) -> Counts:
    """Number of sets with each of these hashes."""
    return counts.take((hashes & np.uint64(len(counts) - 1)).astype(np.intp))


def rare_first(sets: Sets, counts: Counts) -> Sets:
    """Sets without repeated hashes, rare hashes first."""
    count, hashes, owners = len(sets.sizes), sets.hashes, sets.owners
    bits = max(1, int(count - 1).bit_length())
    key = (
        owners.astype(np.uint64) << np.uint64(64 - bits)
        | set_counts(counts, hashes).astype(np.uint64) << np.uint64(56 - bits)
        | hashes >> np.uint64(bits + 8)
    )
    order = np.argsort(key)
    hashes, owners = hashes[order], owners[order]
    first = np.ones(len(hashes), dtype=np.bool_)
    first[1:] = (hashes[1:] != hashes[:-1]) | (owners[1:] != owners[:-1])
    return Sets(hashes[first], np.bincount(owners[first], minlength=count))


def least_shared(n: Numbers, m: Numbers, threshold: float) -> Numbers:
    """Minimum number of hashes that sets of sizes n and m share."""
    return np.asarray(np.ceil(threshold / (1 + threshold) * (n + m) - ROUNDING_SLACK), dtype=np.int64)


def least_of(n: Numbers, threshold: float) -> Numbers:
    """Minimum number of hashes of a set that a similar set shares, which is also the minimum size of that set."""
    return np.asarray(np.maximum(np.ceil(threshold * n - ROUNDING_SLACK), 1), dtype=np.int64)


def in_prefix(sets: Sets, threshold: float) -> tuple[Numbers, Numbers, Numbers]:
    """The hashes in the prefixes of sets: index among all hashes, set, and position in the set."""
    owners = sets.owners
    places = np.arange(len(owners)) - sets.starts[owners]
    at = np.flatnonzero(places <= (sets.sizes - least_of(sets.sizes, threshold))[owners])
    return at, owners[at], places[at]


class Index(NamedTuple):
    """Index of held-out sets by the hashes in their prefixes."""

    hashes: Hashes
    sizes: Numbers
    starts: Numbers
    splits: Numbers
    """The split number of each; it is only compared with earlier splits. 0 if an equal set of its split is before it:
    it is not compared.
    """
    units: Numbers
    """The first equal set of the same split, for each."""
    parities: Halves
    """See `Sets.parities`."""
    digests: Hashes
    """Sorted."""
    digest_sets: Numbers
    """The set of each."""
    keys: Hashes
    """Hashes in prefixes, sorted; see `_keys`."""
    key_sets: Numbers
    key_places: Numbers
    """Position of each hash in its set."""
    dense: Numbers
    """Sets that have a crowded hash in their prefix."""
    crowded: Numbers
    """Number of crowded hashes in each set; they are at its end."""
    counts: Counts
    """See `counts_of`."""

    @property
    def sets(self) -> Sets:
        """All sets."""
        return Sets(self.hashes, self.sizes)

    def save(self, folder: Path) -> None:
        """Save to a folder for `load`, in other processes too, except for the hashes: the file `hashes` is there."""
        for name, column in self._asdict().items():
            if name != "hashes":
                np.save(folder / f"{name}.npy", column)

    @classmethod
    def load(cls, folder: Path) -> "Index":
        """Load the index from a folder; large arrays are memory-mapped."""
        paths = [folder / f"{name}.npy" for name in cls._fields[1:]]
        columns = (np.load(path, mmap_mode="r" if path.stat().st_size > 1 << 16 else None) for path in paths)
        with (folder / "hashes").open("r+b") as file:
            return cls(mapped(file, "u8"), *map(np.asarray, columns))


def index_of(sets: Sets, splits: Numbers, counts: Counts, threshold: float) -> Index:
    """Build the index of held-out sets, whose hashes are put in order in place. `splits`: the split number of each.

    The hashes may be in a file: they are read and written once, in blocks.
    """
    sizes, total, columns = sets.sizes.copy(), 0, []
    for first, block in sets.blocks():
        found = rare_first(block, counts)
        sizes[first : first + len(found.sizes)] = found.sizes
        sets.hashes[total : total + len(found.hashes)] = found.hashes
        total += len(found.hashes)
        at, owners, places = in_prefix(found, threshold)
        crowd = set_counts(counts, found.hashes) >= MIN_CROWDED_SETS
        rare = ~crowd[at]
        columns.append(
            (
                found.parities(),
                found.digests(),
                _keys(found.hashes[at[rare]], found.sizes[owners[rare]]),
                (first + owners[rare]).astype(np.int32),
                places[rare].astype(np.int32),
                first + np.unique(owners[~rare]),
                np.bincount(found.owners[crowd], minlength=len(found.sizes)),
            )
        )
    parities, digests, keys, key_sets, key_places, dense, crowded = map(np.concatenate, zip(*columns, strict=True))
    del columns
    _, firsts, units = np.unique(
        mixed(digests ^ mixed(splits.astype(np.uint64))), return_index=True, return_inverse=True
    )
    once = np.zeros(len(sizes), dtype=np.bool_)
    once[firsts] = True
    order = np.argsort(keys)
    order = order[once[key_sets[order]]]
    by_digest = np.argsort(digests)
    by_digest = by_digest[once[by_digest]]
    return Index(
        sets.hashes, sizes, np.cumsum(sizes) - sizes, np.where(once, splits, 0), firsts[units], parities,
        digests[by_digest], by_digest, keys[order], key_sets[order], key_places[order], dense[once[dense]], crowded,
        counts,
    )  # fmt: skip


def _keys(hashes: Hashes, sizes: Numbers) -> Hashes:
    """Hashes with their last bits replaced by the size of the set, so equal hashes are sorted by size."""
    return hashes >> np.uint64(SIZE_BITS) << np.uint64(SIZE_BITS) | np.clip(sizes, 0, (1 << SIZE_BITS) - 1).astype(
        np.uint64
    )


class Matches(NamedTuple):
    """Held-out sets, each with the most similar earlier set that was compared."""

    held: Numbers
    earlier: Numbers
    similarity: Floats


def matches(index: Index, earlier: Sets, wanted: Flags, threshold: float) -> Matches:
    """The `wanted` held-out sets that are similar to a set in `earlier`, whose hashes are ordered."""
    return _Matching(index, earlier, wanted, threshold).all()


class _Matching:
    """The comparison of earlier sets with an index."""

    def __init__(self, index: Index, earlier: Sets, wanted: Flags, threshold: float) -> None:
        self.index, self.wanted, self.threshold = index, wanted, threshold
        self.digests, self.firsts = np.unique(earlier.digests(), return_index=True)
        self.earlier = earlier.chosen(self.firsts)
        self.parities = self.earlier.parities()
        self.best = np.zeros(len(wanted))
        self.by = np.full(len(wanted), -1, dtype=np.int64)

    def all(self) -> Matches:
        """All matches."""
        if len(self.earlier.sizes) and self.wanted.any():
            self._equal()
            self._look_up()
            self._add_dense_pairs()
        held = np.flatnonzero(self.by >= 0)
        return Matches(held, self.firsts[self.by[held]], self.best[held])

    def _equal(self) -> None:
        left, right = (np.searchsorted(self.index.digests, self.digests, side) for side in ("left", "right"))
        counts = right - left
        sets = self.index.digest_sets[spans(left, counts)]
        self._note(sets, np.repeat(np.arange(len(counts)), counts), np.ones(len(sets)))

    def _largest(self, sizes: Numbers, left: Numbers) -> Floats:
        """The largest size of a similar set, given the remaining number of hashes to share."""
        return np.asarray((1 + self.threshold) / self.threshold * left - sizes + ROUNDING_SLACK, dtype=np.float64)

    def _look_up(self) -> None:
        """Look up candidates and count the hashes they share in their prefixes."""
        index, earlier = self.index, self.earlier
        at, owners, places = in_prefix(earlier, self.threshold)
        order = np.argsort(earlier.hashes[at])  # sorted lookups take a third of the time
        hashes, owners, places = earlier.hashes[at[order]], owners[order], places[order]
        sizes = earlier.sizes[owners]
        left = np.searchsorted(index.keys, _keys(hashes, least_of(sizes, self.threshold)))
        right = np.searchsorted(
            index.keys, _keys(hashes, np.floor(self._largest(sizes, sizes - places)).astype(np.int64)), side="right"
        )
        there = right > left
        left, counts, owners, places = left[there], (right - left)[there], owners[there], places[there]
        for part in _slices(counts, HITS_PER_BATCH):
            hits = spans(left[part], counts[part])
            held, other = index.key_sets[hits], np.repeat(owners[part], counts[part])
            n, m = index.sizes[held], earlier.sizes[other]
            # shared, if this is the first common hash
            most = np.minimum(n - index.key_places[hits], m - np.repeat(places[part], counts[part]))
            likely = self.wanted[held] & (most >= least_shared(n, m, self.threshold))
            pairs = np.unique(other[likely] * len(self.wanted) + held[likely])
            held, other = pairs % len(self.wanted), pairs // len(self.wanted)
            near = self._is_near(held, other)
            self._count(held[near], other[near])

    def _is_near(self, held: Numbers, other: "Numbers | int") -> Flags:
        """Which pairs may be similar by the lower bound of their parities."""
        n, m = self.index.sizes[held], self.earlier.sizes[other]
        differ = ONES[self.index.parities[held] ^ self.parities[other]].sum(axis=1, dtype=np.int64)
        return np.asarray(differ <= n + m - 2 * least_shared(n, m, self.threshold), dtype=np.bool_)

    def _count(self, held: Numbers, other: Numbers) -> None:
        """Count the common hashes of pairs."""
        if not len(held):
            return
        ids, local = np.unique(other, return_inverse=True)
        chosen = self.earlier.chosen(ids)
        salts = mixed(~np.arange(len(ids), dtype=np.uint64))
        known = np.sort(mixed(chosen.hashes ^ salts[chosen.owners]))
        starts, sizes = self.index.starts[held], self.index.sizes[held]
        for part in _slices(sizes, HITS_PER_BATCH):
            hashes = self.index.hashes[spans(starts[part], sizes[part])]
            shared = _shared_counts(known, mixed(hashes ^ np.repeat(salts[local[part]], sizes[part])), sizes[part])
            self._note_shared(held[part], other[part], shared)

    def _note_shared(self, held: Numbers, other: Numbers, shared: Numbers) -> None:
        similarity = shared / (self.index.sizes[held] + self.earlier.sizes[other] - shared)
        enough = similarity >= self.threshold
        self._note(held[enough], other[enough], similarity[enough])

    def _note(self, held: Numbers, other: Numbers, similarity: Floats) -> None:
        """Keep the most similar pair of each held-out set; the first of equal ones."""
        order = np.lexsort((self.firsts[other], -similarity, held))
        held, first = np.unique(held[order], return_index=True)
        other, similarity = other[order[first]], similarity[order[first]]
        better = self.wanted[held] & (similarity > self.best[held])
        self.by[held[better]], self.best[held[better]] = other[better], similarity[better]
        self.wanted = self.wanted & (self.best < 1)

    def _add_dense_pairs(self) -> None:
        """Pairs that share only crowded hashes."""
        index, earlier, threshold = self.index, self.earlier, self.threshold
        waiting = index.dense[self.wanted[index.dense] & (self.by[index.dense] < 0)]
        if not len(waiting):
            return
        crowded = np.bincount(
            earlier.owners[set_counts(index.counts, earlier.hashes) >= MIN_CROWDED_SETS], minlength=len(earlier.sizes)
        )
        digests = earlier.digests(earlier.sizes - crowded)
        ends = earlier.starts + earlier.sizes
        held_ends = index.starts + index.sizes
        order = np.lexsort((earlier.sizes, digests))  # among equal parts, the smallest set is the most similar
        order = order[np.concatenate((np.ones(1, dtype=np.bool_), np.diff(digests[order]) != 0))]
        largest = self._largest(earlier.sizes, crowded)
        largest_of = self._largest(index.sizes[waiting], index.crowded[waiting])
        order = order[
            (crowded[order] >= least_of(earlier.sizes[order], threshold))
            & (largest[order] >= index.sizes[waiting].min())
        ]
        for one in order[earlier.sizes[order] <= largest_of.max()].tolist():
            likely = waiting[
                (self.by[waiting] < 0) & (index.sizes[waiting] <= largest[one]) & (largest_of >= earlier.sizes[one])
            ]
            likely = likely[self._is_near(likely, one)]
            own = np.sort(earlier.hashes[ends[one] - crowded[one] : ends[one]])
            for part in _slices(index.crowded[likely], HITS_PER_BATCH):
                sizes = index.crowded[likely[part]]
                hashes = index.hashes[spans(held_ends[likely[part]] - sizes, sizes)]
                self._note_shared(likely[part], np.full(len(sizes), one), _shared_counts(own, hashes, sizes))


def _shared_counts(known: Hashes, hashes: Hashes, sizes: Numbers) -> Numbers:
    """The number of hashes in each run that are in the sorted array `known`."""
    at = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
    shared: Numbers = np.add.reduceat((known[at] == hashes).astype(np.int64), np.cumsum(sizes) - sizes)
    return shared


def _slices(counts: Numbers, most: int) -> Iterator[slice]:
    """Slices with about `most` hits each, at least one element long."""
    sums = np.cumsum(counts)
    start = 0
    while start < len(counts):
        before = int(sums[start - 1]) if start else 0
        end = max(start + 1, int(np.searchsorted(sums, before + most, side="right")))
        yield slice(start, end)
        start = end
