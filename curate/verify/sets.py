"""Sets of shingles, each in the same order: what is rare comes first."""

from functools import lru_cache
from math import ceil
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from curate.verify.words import Hashes, Numbers, mixed

RANKS: Final = 1 << 24
"""Counters of hashes; those that share one are taken for as frequent as both."""
CROWDED: Final = 32
"""The rank from which a hash is crowded: so many sets have it that they are not compared one by one for that alone."""
TOP: Final = 255
SMALLEST, LARGEST, SPARSE = 16, 30, 16
"""Bits of an index into a table, at the least and at the most; bits of the table for each hash in it."""
PARITIES: Final = 256
Halves = np.ndarray[Any, np.dtype[np.uint16]]
ONES: Final = np.array([number.bit_count() for number in range(1 << 16)], dtype=np.uint8)
"""How many bits of a number of 16 bits are 1."""
Flags = np.ndarray[Any, np.dtype[np.bool_]]
Bytes = np.ndarray[Any, np.dtype[np.uint8]]


class Sets(NamedTuple):
    """Sets of hashes, one after another, set i up to `ends[i]`; in each, hashes come by rank, each once."""

    hashes: Hashes
    sizes: Numbers

    @property
    def ends(self) -> Numbers:
        """Where each ends."""
        ends: Numbers = np.cumsum(self.sizes)
        return ends

    @property
    def owners(self) -> Numbers:
        """Of each hash its set."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    @property
    def places(self) -> Numbers:
        """Of each hash its position in its set, from 0."""
        return np.arange(len(self.hashes)) - np.repeat(self.ends - self.sizes, self.sizes)

    @property
    def digests(self) -> Hashes:
        """Equal sets have equal ones."""
        sums = np.concatenate((np.zeros(1, dtype=np.uint64), np.cumsum(mixed(self.hashes))))
        return mixed(sums[self.ends] - sums[self.ends - self.sizes] + self.sizes.astype(np.uint64))

    @property
    def parities(self) -> "Halves":
        """Of each set 256 bits, one for each of as many kinds of hashes: whether it has an odd number of these.

        In as many bits as two sets differ, they differ in as many hashes at the least.
        """
        kinds = self.owners * PARITIES + (self.hashes >> np.uint64(56)).astype(np.int64)
        odd = np.bincount(kinds, minlength=len(self.sizes) * PARITIES) & 1
        return np.packbits(odd.astype(np.uint8).reshape(-1, PARITIES), axis=1).view(np.uint16)

    def chosen(self, numbers: Numbers) -> "Sets":
        """Some of them, in this order."""
        sizes = self.sizes[numbers]
        return Sets(self.hashes[spans((self.ends - self.sizes)[numbers], sizes)], sizes)


def differing(left: Halves, right: Halves) -> Numbers:
    """In how many bits the parities of pairs of sets differ."""
    differ: Numbers = ONES[left ^ right].sum(axis=1, dtype=np.int64)
    return differ


def spans(starts: Numbers, sizes: Numbers) -> Numbers:
    """The numbers from each start on, so many."""
    ends = np.cumsum(sizes)
    numbers: Numbers = np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(starts - (ends - sizes), sizes)
    return numbers


def joined(parts: list[Sets]) -> Sets:
    """Sets one after another."""
    hashes = np.concatenate([np.empty(0, dtype=np.uint64), *(part.hashes for part in parts)])
    return Sets(hashes, np.concatenate([np.empty(0, dtype=np.int64), *(part.sizes for part in parts)]))


class Ranks(NamedTuple):
    """How often hashes are met in a sample. It orders the hashes of all sets alike, and decides on nothing but how long a comparison takes."""

    counts: Bytes

    @classmethod
    def of(cls, hashes: Hashes) -> "Ranks":
        """The ranks that a sample gives."""
        counts = np.bincount((hashes & np.uint64(RANKS - 1)).astype(np.int64), minlength=RANKS)
        return cls(np.minimum(counts, TOP).astype(np.uint8))

    def ranks(self, hashes: Hashes) -> Hashes:
        """The rank of each."""
        return self.counts.take((hashes & np.uint64(RANKS - 1)).astype(np.intp)).astype(np.uint64)


@lru_cache(2)
def ranks_in(path: Path) -> Ranks:
    """The ranks that were written to a file."""
    return Ranks(np.fromfile(path, dtype=np.uint8))


def sets_of(hashes: Hashes, owners: Numbers, count: int, ranks: Ranks | None) -> Sets:
    """Sets of the hashes of each owner, of which there are `count`."""
    order = ordered(hashes, owners, count, ranks)
    return distinct(hashes[order], owners[order], count)


def ordered(hashes: Hashes, owners: Numbers, count: int, ranks: Ranks | None) -> Numbers:
    """The order in which hashes stand in sets: owner by owner, by rank."""
    bits = max(1, int(count - 1).bit_length())
    key = (owners.astype(np.uint64) << np.uint64(64 - bits)) | (hashes >> np.uint64(bits + 8))
    if ranks is not None:
        key |= ranks.ranks(hashes) << np.uint64(64 - bits - 8)
    return np.argsort(key)


def distinct(hashes: Hashes, owners: Numbers, count: int) -> Sets:
    """Sets of hashes that stand in order, without what comes twice."""
    first = np.ones(len(hashes), dtype=np.bool_)
    first[1:] = (hashes[1:] != hashes[:-1]) | (owners[1:] != owners[:-1])
    return Sets(hashes[first], np.bincount(owners[first], minlength=count))


class Table(NamedTuple):
    """Some hashes, of each a bit: one that is in it is always found, another one now and then."""

    bits: Bytes
    shift: int

    @classmethod
    def of(cls, hashes: Hashes) -> "Table":
        """A table of hashes."""
        size = min(max(SMALLEST, ceil(np.log2(max(1, len(hashes)) * SPARSE))), LARGEST)
        return cls(np.zeros(1 << (size - 3), dtype=np.uint8), 64 - size).with_(hashes)

    def with_(self, hashes: Hashes) -> "Table":
        """The same table, with more hashes."""
        at = hashes >> np.uint64(self.shift)
        np.bitwise_or.at(self.bits, (at >> np.uint64(3)).astype(np.intp), np.left_shift(np.uint8(1), (at & np.uint64(7)).astype(np.uint8)))
        return self

    def has(self, hashes: Hashes) -> Flags:
        """Whether each may be in it."""
        at = hashes >> np.uint64(self.shift)
        found = self.bits.take((at >> np.uint64(3)).astype(np.intp))
        return ((found >> (at & np.uint64(7)).astype(np.uint8)) & np.uint8(1)).view(np.bool_)
