"""Exact search for held-out sets at or above a Jaccard similarity to a set of an earlier split: an inverted index and a
count of common hashes.

The hashes of each set are sorted by one order, rare ones first. Two sets of n and m hashes with a Jaccard similarity of
at least t share at least t / (1 + t) * (n + m) hashes, and at least t of each set. Their first common hash is therefore
among the first n - tn + 1 hashes of each, its prefix. The index holds the prefixes of held-out sets; the common hashes
of each pair that it gives are counted.

A hash in very many sets is crowded (`MIN_CROWDED_SETS`) and not looked up there. Two sets that share only crowded
hashes have at least t of these each: a second index holds all crowded hashes of such sets, and counts what they share.
Of equal sets one is compared.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np

from curate.verify.words import Hashes, Numbers

MAX_COUNTERS: Final = 1 << 22
"""Maximum number of counters of sets; hashes that share a counter add up, which affects the order of hashes only."""
COUNTERS_PER_HASH: Final = 16
MIN_CROWDED_SETS: Final = 255
"""Minimum number of held-out sets with a crowded hash; counters saturate here."""
HITS_PER_BATCH: Final = 1 << 19
BLOCK_HASHES: Final = 1 << 18
OWNER_BITS: Final = 16
"""Bits of the number of a set within a slice, in `_tagged`."""
SETS_PER_SLICE: Final = 4096
ROUNDING_SLACK: Final = 1e-9
"""Subtracted from bounds, since a threshold has no exact binary value: a bound must not be too high."""
SPLIT_FACTOR: Final = np.uint64(0x9E3779B97F4A7C15)
Flags = np.ndarray[Any, np.dtype[np.bool_]]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Counts = np.ndarray[Any, np.dtype[np.uint8]]


class HashSets(NamedTuple):
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

    def chosen(self, numbers: Numbers) -> "HashSets":
        """The sets with these numbers, in this order."""
        sizes = self.sizes[numbers]
        return HashSets(self.hashes[_spans(self.starts[numbers], sizes)], sizes)

    def digests(self, skipped: Numbers | int = 0) -> Hashes:
        """A digest of each set: the sum of its hashes, without the first `skipped` ones."""
        sums = np.append(np.uint64(0), np.cumsum(self.hashes, dtype=np.uint64))
        return np.asarray(sums[self.starts + self.sizes] - sums[self.starts + skipped], dtype=np.uint64)

    @property
    def places(self) -> Numbers:
        """The position of each hash in its set."""
        return np.asarray(np.arange(len(self.hashes)) - np.repeat(self.starts, self.sizes), dtype=np.int64)

    def slices(self) -> "Iterator[tuple[int, HashSets]]":
        """The sets in slices of about `BLOCK_HASHES` hashes, with the number of the first."""
        ends = np.append(0, np.cumsum(self.sizes))
        for part in slices(self.sizes, BLOCK_HASHES, SETS_PER_SLICE):
            yield part.start, HashSets(self.hashes[ends[part.start] : ends[part.stop]], self.sizes[part])


class Matches(NamedTuple):
    """Held-out sets by number, each with the most similar earlier set."""

    held_out: Numbers
    earlier: Numbers
    similarity: Floats


def counts_of(sets: HashSets) -> Counts:
    """Approximate number of sets with each hash, up to `MIN_CROWDED_SETS`; a power of two of counters."""
    counters = min(MAX_COUNTERS, 1 << (COUNTERS_PER_HASH * len(sets.hashes)).bit_length())
    counts = np.zeros(counters, dtype=np.int64)
    for start in range(0, len(sets.hashes), BLOCK_HASHES):
        np.add.at(counts, _counter_index(sets.hashes[start : start + BLOCK_HASHES], counters), 1)
    return np.minimum(counts, MIN_CROWDED_SETS).astype(np.uint8)


def _counter_index(hashes: Hashes, counters: int) -> Numbers:
    return np.asarray(hashes & np.uint64(counters - 1), dtype=np.int64)


def rare_first(sets: HashSets, counts: Counts) -> tuple[HashSets, Numbers]:
    """The sets with their hashes in order, and the number of crowded ones in each, which are last."""
    set_counts = counts[_counter_index(sets.hashes, len(counts))]
    order = np.lexsort((sets.hashes, set_counts, sets.owners))
    crowded = np.bincount(sets.owners[set_counts >= MIN_CROWDED_SETS], minlength=len(sets.sizes))
    return HashSets(sets.hashes[order], sets.sizes), crowded


def least_shared(n: Numbers, m: Numbers, threshold: float) -> Numbers:
    """Minimum number of hashes that similar sets of sizes n and m share."""
    return np.asarray(np.ceil(threshold / (1 + threshold) * (n + m) - ROUNDING_SLACK), dtype=np.int64)


def in_prefix(sets: HashSets, crowded: Numbers, threshold: float) -> Flags:
    """Which hashes are in the prefix of their set and not crowded; `crowded`: how many of each set are."""
    least = np.maximum(np.ceil(threshold * sets.sizes - ROUNDING_SLACK), 1)
    ends = np.minimum(sets.sizes - least + 1, sets.sizes - crowded)
    return np.asarray(sets.places < ends[sets.owners], dtype=np.bool_)


def in_crowd(sets: HashSets, crowded: Numbers, threshold: float) -> Flags:
    """Which hashes are crowded in a set that has enough of them to be similar by these alone."""
    begins = np.where(crowded >= threshold * sets.sizes - ROUNDING_SLACK, sets.sizes - crowded, sets.sizes)
    return np.asarray(sets.places >= begins[sets.owners], dtype=np.bool_)


Posted = tuple[Hashes, Any, Any]


class Postings(NamedTuple):
    """Hashes, sorted, with the set of each and its position in it."""

    hashes: Hashes
    sets: Numbers
    places: Numbers

    @classmethod
    def of(cls, parts: Iterable[Posted]) -> "Postings":
        """Sort the hashes of several blocks of sets."""
        none = np.empty(0, dtype=np.uint64), *[np.empty(0, dtype=np.int32)] * 2
        hashes, sets, places = map(np.concatenate, zip(none, *parts, strict=True))
        order = np.argsort(hashes)
        return cls(hashes[order], sets[order], places[order])

    def hits(self, hashes: Hashes) -> tuple[Numbers, Numbers]:
        """Where the hits of each hash begin, and how many there are."""
        left, right = (np.searchsorted(self.hashes, hashes, side) for side in ("left", "right"))
        return left, right - left


class HeldOutIndex(NamedTuple):
    """Index of held-out sets by their hashes."""

    sets: HashSets
    """Their hashes in order."""
    units: Numbers
    """For each set, the first equal one of its split, which is compared."""
    rare: Postings
    """The hashes in prefixes, crowded ones aside."""
    crowded: Postings
    """The crowded hashes of sets that have enough of them."""

    @classmethod
    def of(cls, sets: HashSets, splits: Numbers, counts: Counts, threshold: float) -> "HeldOutIndex":
        """Build the index; `splits`: the split number of each set. The hashes, which may be in a file, are put in order
        in place.
        """
        sums = np.concatenate([np.empty(0, dtype=np.uint64)] + [block.digests() for _, block in sets.slices()])
        sums += splits.astype(np.uint64) * SPLIT_FACTOR
        _, firsts, inverse = np.unique(sums, return_index=True, return_inverse=True)
        units = firsts[inverse]
        once = units == np.arange(len(units))
        rare, crowded = list[Posted](), list[Posted]()
        for first, block in sets.slices():
            ordered, crowds = rare_first(block, counts)
            block.hashes[:] = ordered.hashes
            numbers = ordered.owners + first
            for parts, is_indexed in ((rare, in_prefix), (crowded, in_crowd)):
                selected = np.flatnonzero(is_indexed(ordered, crowds, threshold) & once[numbers])
                parts.append(
                    (
                        ordered.hashes[selected],
                        numbers[selected].astype(np.int32),
                        ordered.places[selected].astype(np.int32),
                    )
                )
        return cls(sets, units, Postings.of(rare), Postings.of(crowded))


def matches(index: HeldOutIndex, earlier: HashSets, counts: Counts, searched: Flags, threshold: float) -> Matches:
    """The held-out sets of the mask `searched` that are similar to a set in a slice of earlier ones."""
    return _Matching(index, earlier, counts, searched, threshold).all()


class _Matching:
    """The comparison of a slice of earlier sets with an index."""

    def __init__(
        self, index: HeldOutIndex, earlier: HashSets, counts: Counts, searched: Flags, threshold: float
    ) -> None:
        self.index, self.searched, self.threshold = index, searched, threshold
        _, self.firsts = np.unique(earlier.digests(), return_index=True)
        self.firsts = np.sort(self.firsts)
        self.earlier, self.crowded = rare_first(earlier.chosen(self.firsts), counts)
        self.earlier_tags = np.sort(_tagged(self.earlier.owners, self.earlier.hashes))
        self.starts = index.sets.starts
        self.best = np.zeros(len(searched))
        self.best_earlier = np.full(len(searched), -1, dtype=np.int64)

    def all(self) -> Matches:
        """The searched held-out sets that are similar to an earlier set, each with the most similar one."""
        self._look_up()
        self._compare_crowded()
        held_out = np.flatnonzero(self.best_earlier >= 0)
        return Matches(held_out, self.firsts[self.best_earlier[held_out]], self.best[held_out])

    def _look_up(self) -> None:
        """Count the common hashes of pairs with a common hash in their prefixes."""
        index, earlier = self.index, self.earlier
        positions = np.flatnonzero(in_prefix(earlier, self.crowded, self.threshold))
        positions = positions[np.argsort(earlier.hashes[positions])]  # sorted lookups take a third of the time
        owners, places = earlier.owners[positions], earlier.places[positions]
        first_hits, counts = index.rare.hits(earlier.hashes[positions])
        for part in slices(counts, HITS_PER_BATCH):
            hits = _spans(first_hits[part], counts[part])
            held_out, earlier_sets = index.rare.sets[hits].astype(np.int64), np.repeat(owners[part], counts[part])
            n, m = index.sets.sizes[held_out], earlier.sizes[earlier_sets]
            # shared, if this is the first common hash
            most = np.minimum(n - index.rare.places[hits], m - np.repeat(places[part], counts[part]))
            likely = self.searched[held_out] & (most >= least_shared(n, m, self.threshold))
            pairs = np.unique(earlier_sets[likely] * len(self.searched) + held_out[likely])
            self._count(pairs % len(self.searched), pairs // len(self.searched))

    def _compare_crowded(self) -> None:
        """Count the common hashes of pairs that share only crowded ones."""
        earlier, crowded = self.earlier, self.index.crowded
        # among sets with equal crowded hashes, the smallest one is the most similar
        sums = earlier.digests(earlier.sizes - self.crowded)
        order = np.lexsort((earlier.sizes, sums))
        smallest = order[np.unique(sums[order], return_index=True)[1]]
        positions = np.flatnonzero(in_crowd(earlier, self.crowded, self.threshold))
        positions = positions[np.isin(earlier.owners[positions], smallest)]
        first_hits, counts = crowded.hits(earlier.hashes[positions])
        owners, begins = np.unique(earlier.owners[positions], return_index=True)
        for owner, begin, end in zip(owners.tolist(), begins, np.append(begins[1:], len(positions)), strict=False):
            shared = np.bincount(
                crowded.sets[_spans(first_hits[begin:end], counts[begin:end])], minlength=len(self.searched)
            )
            held_out = np.flatnonzero(self.searched & (shared > 0))
            total_sizes = self.index.sets.sizes[held_out] + earlier.sizes[owner]
            self._note(held_out, np.full(len(held_out), owner), shared[held_out] / (total_sizes - shared[held_out]))

    def _count(self, held_out: Numbers, earlier_sets: Numbers) -> None:
        """Count the common hashes of pairs, and note those that are similar."""
        sizes = self.index.sets.sizes[held_out]
        for part in slices(sizes, HITS_PER_BATCH):
            hashes = self.index.sets.hashes[_spans(self.starts[held_out[part]], sizes[part])]
            tags = _tagged(np.repeat(earlier_sets[part], sizes[part]), hashes)
            is_shared = (
                self.earlier_tags[np.minimum(np.searchsorted(self.earlier_tags, tags), len(self.earlier_tags) - 1)]
                == tags
            )
            shared = np.add.reduceat(is_shared.astype(np.int64), np.cumsum(sizes[part]) - sizes[part])
            self._note(
                held_out[part],
                earlier_sets[part],
                shared / (sizes[part] + self.earlier.sizes[earlier_sets[part]] - shared),
            )

    def _note(self, held_out: Numbers, earlier_sets: Numbers, similarity: Floats) -> None:
        """Keep the most similar pair of each held-out set; the first of equal ones."""
        order = np.lexsort((earlier_sets, -similarity, held_out))
        order = order[similarity[order] >= self.threshold]
        held_out, first = np.unique(held_out[order], return_index=True)
        earlier_sets, similarity = earlier_sets[order[first]], similarity[order[first]]
        better = similarity > self.best[held_out]
        self.best_earlier[held_out[better]], self.best[held_out[better]] = earlier_sets[better], similarity[better]


def _tagged(owners: Numbers, hashes: Hashes) -> Hashes:
    """Hashes combined with the number of their set: 16 bits of the number and 48 bits of the hash."""
    return owners.astype(np.uint64) << np.uint64(64 - OWNER_BITS) | hashes >> np.uint64(OWNER_BITS)


def _spans(starts: Numbers, sizes: Numbers) -> Numbers:
    """Consecutive integers: `sizes` of them from each start."""
    ends = np.cumsum(sizes)
    numbers: Numbers = np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(starts - (ends - sizes), sizes)
    return numbers


def slices(counts: Numbers, most: int, most_elements: int = 1 << 62) -> Iterator[slice]:
    """Slices with about `most` hits each, at least one element long."""
    sums = np.cumsum(counts)
    start = 0
    while start < len(counts):
        before = int(sums[start - 1]) if start else 0
        end = max(start + 1, int(np.searchsorted(sums, before + most, side="right")))
        yield slice(start, end := min(end, start + most_elements))
        start = end
