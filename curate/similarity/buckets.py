"""The search for similar sets in buckets, which are the sets that agree in a band.

Similar sets are joined into groups by a forest (union-find). A pair that is joined already is not compared, so that the
work on a bucket of near-equal sets is linear in its size. A bucket of many dissimilar sets, as templates produce it, is
subdivided by prefix filtering (Chaudhuri, Ganti, Kaushik 2006): two sets of similarity t share one of the n - ceil(t *
n) + 1 shingles of a set of n that are rarest in the bucket. If the first shingle that two sets share is at positions i
and j, rarest first, they share only shingles from these positions on (the positional filter of PPJoin: Xiao, Wang, Lin,
Yu 2008). None of these filters loses a pair.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from curate.core.lazy import Flags, Floats, Hashes, Numbers, np
from curate.parallel.worker_pool import parallel_map
from curate.similarity.shingles import ShingleSets
from curate.similarity.word_hashes import mixed

LARGE_BUCKET: Final = 64
"""Number of members from which a bucket is subdivided."""
HUBS: Final = 16
"""Number of members of a large bucket that each member is compared with first."""
MAX_SEEN_PAIRS: Final = 1 << 20
"""8 bytes each."""
MAX_COUNT_SLOTS: Final = 1 << 22
NEW_BITS: Final = 22
"""Number of the highest bits of keys by which buckets with new sets are found."""
SETS_PER_SLOT: Final = 4
"""Average number of sets that are counted together at first."""
CHUNK_PAIRS: Final = 1 << 13
"""Number of pairs that are compared at a time."""


def roots(parent: Numbers, nodes: Numbers | None = None) -> Numbers:
    """For each set, or for each of `nodes`, the representative of its group: the first one in it."""
    above = parent if nodes is None else parent[nodes]
    while True:
        higher = parent[above]
        if np.array_equal(higher, above):
            return above.copy()
        above = higher


class Bucketing(NamedTuple):
    """The buckets of a band."""

    members: Numbers
    """The sets of all buckets, ascending in each."""
    ends: Numbers
    """Bucket i is from ends[i] up to, not including, ends[i + 1]."""


def buckets(packed: Hashes, bits: int) -> Bucketing:
    """The buckets with several sets, in the order of their first members.

    packed: sorted numbers (uint64), one per set, with the set's number in their lowest `bits`; the bits above are equal
    for sets that agree.
    """
    keys = packed >> np.uint64(bits)
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])
    sizes = np.diff(starts, append=len(keys))
    starts, sizes = starts[sizes > 1], sizes[sizes > 1]
    numbers = (packed & np.uint64((1 << bits) - 1)).astype(np.int64)
    order = numbers[starts].argsort()  # sets in a file are read in order, and near-duplicates are often close together
    starts, sizes = starts[order], sizes[order]
    ends = np.append(0, np.cumsum(sizes))
    return Bucketing(numbers[np.arange(ends[-1]) + np.repeat(starts - ends[:-1], sizes)], ends)


class SetJoin:
    """A forest of sets in which similar ones are joined, and the pairs that are nearly similar."""

    def __init__(self, sets: ShingleSets, bounds: Floats, workers: int) -> None:
        """bounds: the similarity from which pairs are noted, and from which they are joined."""
        self.sets, self.bounds, self.workers = sets, bounds, workers
        self.parent = np.arange(len(sets))
        self.misses = [np.empty((0, 3))]
        self._compared = np.zeros(min(MAX_SEEN_PAIRS, 1 << 2 * max(1, len(sets).bit_length())), dtype=np.uint64)
        self._exhausted = set[bytes]()

    def join_band(self, band: Bucketing) -> None:
        """Join all similar sets that share a bucket of the band, and note all nearly similar ones of buckets of at most
        `LARGE_BUCKET` sets.
        """
        sizes = np.diff(band.ends)
        small = sizes <= LARGE_BUCKET
        starts, sizes, step = band.ends[:-1][small], sizes[small], 1
        while len(starts):
            places = np.arange(len(band.members))[: int((sizes - step).sum())]
            offsets = np.append(0, np.cumsum(sizes - step))
            places = places + np.repeat(starts - offsets[:-1], sizes - step)
            self._join_pairs(band.members[places], band.members[places + step])
            step += 1
            starts, sizes = starts[sizes > step], sizes[sizes > step]
        for bucket in np.flatnonzero(~small).tolist():
            self.join_large(band.members[band.ends[bucket] : band.ends[bucket + 1]])

    def _join_pairs(self, left: Numbers, right: Numbers) -> None:
        """Join the pairs left[i], right[i] that are similar, and note those that are nearly so."""
        apart = np.flatnonzero(roots(self.parent, left) != roots(self.parent, right))
        pairs = left[apart].astype(np.uint64) << np.uint64(32) | right[apart].astype(np.uint64)
        slots = mixed(pairs) & np.uint64(len(self._compared) - 1)
        new = self._compared[slots] != pairs
        self._compared[slots[new]] = pairs[new]
        left, right = left[apart[new]], right[apart[new]]
        similarities = self._similarities(left, right, float(self.bounds[0]))
        self._unite(left, right, similarities >= self.bounds[1])
        near = (similarities >= self.bounds[0]) & (similarities < self.bounds[1])
        if near.any():
            self.misses.append(np.stack([left[near], right[near], similarities[near]], axis=1))

    def _similarities(self, left: Numbers, right: Numbers, least: float) -> Floats:
        """The similarities of pairs; an arbitrary value below `least` if one is below that."""
        from curate.similarity import kernels

        similarities = np.empty(len(left))

        def compare(start: int) -> None:
            part = slice(start, start + CHUNK_PAIRS)
            kernels.similarities(
                self.sets.hashes, self.sets.offsets, left[part], right[part], least, similarities[part]
            )

        for _ in parallel_map(compare, range(0, len(left), CHUNK_PAIRS), self.workers):
            pass
        return similarities

    def _unite(self, left: Numbers, right: Numbers, chosen: Flags) -> None:
        """Join the pairs left[i], right[i] that are `chosen`."""
        from curate.similarity import join

        if chosen.any():
            join.unite(self.parent, left[chosen], right[chosen], np.zeros(int(chosen.sum()), dtype=np.bool_))

    def join_large(self, members: Numbers) -> None:
        """Join all similar pairs of a large bucket. Near misses, of which templates have a quadratic number, are not
        noted.
        """
        from curate.similarity import join

        threshold = float(self.bounds[1])
        for number, hub in enumerate(members[:HUBS].tolist()):
            others = members[number + 1 :]
            others = others[roots(self.parent, others) != roots(self.parent, members[number : number + 1])]
            hubs = np.full(len(others), hub)
            self._unite(hubs, others, self._similarities(hubs, others, threshold) >= threshold)
        groups = roots(self.parent, members)
        if (groups == groups[0]).all() or members.tobytes() in self._exhausted:
            return
        self._exhausted.add(members.tobytes())
        keys, places, lefts = _rarest_shingles(self.sets.chosen(members), groups, threshold)
        sizes = np.diff(self.sets.offsets)[members]
        compared = np.zeros(max(1024, min(1 << (64 * len(members)).bit_length(), MAX_SEEN_PAIRS)), dtype=np.uint64)
        join.join_sharing(
            keys, members[places], sizes[places], lefts, self.parent, self.sets.hashes, self.sets.offsets, threshold,
            compared, np.empty(len(keys), dtype=np.int64),
        )  # fmt: skip


def _rarest_shingles(sets: ShingleSets, groups: Numbers, threshold: float) -> tuple[Hashes, Numbers, Numbers]:
    """The rarest shingles of each set, so many that two similar sets must share one of them.

    Returns a key for each, the shingle and then the group of the set, ascending; the number of the set; and how many of
    its shingles are left from this one on.
    """
    sizes = np.diff(sets.offsets)
    slots = min(MAX_COUNT_SLOTS, 1 << max(10, (4 * len(sets.hashes)).bit_length()))
    slot_of = sets.hashes & np.uint32(slots - 1)  # a shared count only makes a shingle look more frequent
    often = np.bincount(slot_of, minlength=slots)[slot_of]
    owners = np.repeat(np.arange(len(sets)), sizes)
    order = np.lexsort((sets.hashes, often, owners))
    places = np.arange(len(order)) - np.repeat(sets.offsets[:-1], sizes)
    prefix = sizes - np.ceil(threshold * sizes - 1e-6).astype(np.int64) + 1
    chosen = places < np.repeat(prefix, sizes)
    owners, lefts = owners[chosen], (np.repeat(sizes, sizes) - places)[chosen]
    keys = sets.hashes[order[chosen]].astype(np.uint64) << np.uint64(32) | groups[owners].astype(np.uint64)
    order = keys.argsort()
    return keys[order], owners[order], lefts[order]


def share_small_bucket(keys: Hashes, nodes: Numbers, bits: int, left: Numbers, right: Numbers) -> Flags:
    """Whether the pairs left[i], right[i] of sets agree in a band in which at most `LARGE_BUCKET` sets agree.

    `keys`, `nodes`, `bits`: as of `packed_bands`.
    """
    small = np.zeros(len(left), dtype=np.bool_)
    count_bits = max(1, (len(nodes) // SETS_PER_SLOT).bit_length())
    for band in keys:
        agreeing = np.flatnonzero(~small & (band[left] >> np.uint64(bits) == band[right] >> np.uint64(bits)))
        values = band if len(nodes) == len(band) else band[nodes]
        slots = (values >> np.uint64(64 - count_bits)).astype(np.int64)
        counts = np.bincount(slots, minlength=1 << count_bits)
        is_few = counts[(band[left[agreeing]] >> np.uint64(64 - count_bits)).astype(np.int64)] <= LARGE_BUCKET
        small[agreeing[is_few]] = True  # every bucket in such a slot is small
        rest = agreeing[~is_few]
        crowded = values[counts[slots] > LARGE_BUCKET] >> np.uint64(bits)
        distinct, sizes = np.unique(crowded, return_counts=True)
        small[rest] = sizes[distinct.searchsorted(band[left[rest]] >> np.uint64(bits))] <= LARGE_BUCKET
    return small


def packed_bands(keys: Hashes, nodes: Numbers, bits: int, workers: int, new: Numbers | None) -> Iterator[Bucketing]:
    """For each band, the buckets of the sets `nodes`: sets with the same key. Buckets without one of the sets `new` may
    be left out; None: all are kept.

    `keys`: for each band a key of 64 bits for each set, or for each of `nodes`. `bits`: how many lowest bits of a key
    are replaced by the number of its set.
    """
    numbers, key_mask = nodes.astype(np.uint64), np.uint64((1 << 64) - (1 << bits))

    def bucketed(band: Hashes) -> Bucketing:
        packed = (band if len(nodes) == len(band) else band[nodes]) & key_mask
        packed |= numbers
        if new is not None:
            has_new = np.zeros(1 << NEW_BITS, dtype=np.bool_)
            has_new[band[new] >> np.uint64(64 - NEW_BITS)] = True
            packed = packed[has_new[packed >> np.uint64(64 - NEW_BITS)]]
        # key and number are sorted as one value, because sorting numbers by keys takes ten times as long
        packed.sort()
        return buckets(packed, bits)

    yield from parallel_map(bucketed, keys, workers)
