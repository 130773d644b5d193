"""Sets of one part of the data that are like sets of another part: all of them, with no probability about it.

Where MinHash proposes, this proves. Two sets of n and m shingles and of similarity t differ in (n + m)(1 - t) / (1 + t)
shingles at most, and in size by no more than t says (Bayardo, Ma, Srikant 2007). If the shingles of each are divided
into more groups than that by a hash, some groups of both are equal (PartEnum: Arasu, Ganti, Kaushik 2006), so that they
share one of the groups that are rarest in each, in one order of all groups, of which at most n(1 - t) / t + 1 are
needed. A group seldom recurs where sets share sentences but not more; where they share most of their text, as templates
do, it does. Sets of a range of sizes whose groups recur too often are looked up by their rarest shingles instead: two
sets share one of n - ceil(t * n) + 1 (Chaudhuri, Ganti, Kaushik 2006), and their sizes differ the less the more
shingles are rarer than the first that both have (PPJoin: Xiao, Wang, Lin, Yu 2008). What is left is compared by a map
of 512 parities first, which bounds how much two sets can share (Sandes, Teodoro, Melo 2020), and then shingle by
shingle.

Sets of a range of sizes are copied and indexed at a time, as many as `MAX_INDEXED_SHINGLES` allows, and all sets of
fitting sizes are looked up in their order: a file of sets is read from its beginning to its end, never at random.
"""

from typing import Any, Final, NamedTuple

from curate.core.lazy import Array, Bytes, Floats, Hashes, Numbers, Words, np
from curate.core.worker_pool import parallel_map
from curate.similarity.shingles import Sets

COUNTED_BITS: Final = 22
"""Most high bits of a shingle by which its occurrences are counted: 16 MB of counts. A collision only makes a
shingle look more frequent.
"""
CHUNK_SETS: Final = 1 << 14
MIN_SETS_PER_LOOKUP: Final = 1 << 16
MAX_INDEXED_SHINGLES: Final = 1 << 26
"""Number of shingles of the sets that are copied and indexed at a time: 256 MB, and about 500 MB while the index is
built.
"""
MIN_GROUPED_SIMILARITY: Final = 0.7
"""Similarity from which sets are looked up by groups: for a smaller one, groups have too few shingles to be rare."""
GROUP_SLACK: Final = 1.5
"""Number of groups of a set for each that is needed at the most: the more, the fewer of the frequent ones are."""
MAX_RECURRENCE: Final = 4
"""Average number of indexed sets in which an indexed group recurs, above which the rarest shingles are tried."""


class Nearest(NamedTuple):
    """For each set the most similar one of an earlier part; -1 if none is similar enough."""

    other: Numbers
    similarity: Floats


def nearest_across_splits(
    sets: Sets,
    parts: Array,
    threshold: float,
    workers: int,
    some: Numbers | None = None,
) -> Nearest:
    """Of each set the most similar one among those of a smaller part, the first of equally similar ones, where it is
    similar to `threshold` at the least.

    Nothing is compared within a part. Sets without shingles are like nothing. `threshold`: Jaccard similarity, in (0,
    1]; raises `ValueError` for another one. With `some`, numbers of sets, of each of these the most similar one of any
    other part.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"a similarity of {threshold:g} is not in (0, 1]")

    count = len(sets)
    nearest = Nearest(np.full(count, -1, dtype=np.int64), np.zeros(count))
    late = some if some is not None else np.flatnonzero(parts > parts.min()) if count else np.empty(0, dtype=np.int64)
    if not len(late):
        return nearest

    sizes = np.diff(sets.offsets)
    late = late[np.argsort(sizes[late], kind="stable")]
    for block in np.split(late, np.flatnonzero(np.diff(np.cumsum(sizes[late]) // MAX_INDEXED_SHINGLES)) + 1):
        block.sort()  # to read the file in order
        nearest.other[block], nearest.similarity[block] = _nearest_of(
            block, sets, parts, some is None, threshold, workers
        )
    return nearest


def _nearest_of(
    block: Numbers,
    sets: Sets,
    parts: Array,
    before: bool,
    threshold: float,
    workers: int,
) -> Nearest:
    """The result of `nearest_across_splits` for the sets `block` (ascending numbers) alone."""
    from curate.similarity import cross_split_jaccard_join_kernels as kernels

    copies = sets.chosen(block)
    order = np.argsort(np.diff(copies.offsets), kind="stable")  # by size, so that those of fitting sizes stand together
    maps = np.zeros((len(block), 8), dtype=np.uint64)
    kernels.fill_maps(copies.hashes, copies.offsets, order, maps)
    sizes = np.diff(copies.offsets)[order]
    starts = np.searchsorted(sizes, np.arange(sizes[-1] + 2))
    held = kernels.IndexedSets(copies.hashes, copies.offsets, order, sizes, starts, parts[block][order], maps)
    limits = _sizes(threshold, int(sizes[-1]))
    counts, index = _index_of(held, limits)

    step = max(MIN_SETS_PER_LOOKUP, len(block) // 4)  # each stretch has arrays of the size of the block

    def look(start: int) -> tuple[Any, Any]:
        best, other = np.zeros(len(block)), np.full(len(block), -1, dtype=np.int64)
        end = min(len(sets), start + step)
        kernels.look_up(sets.hashes, sets.offsets, parts, counts, index, held, limits, before, start, end, best, other)
        return best, other

    nearest = Nearest(np.full(len(block), -1, dtype=np.int64), np.zeros(len(block)))
    for best, other in parallel_map(look, range(0, len(sets), step), workers):
        better = best > nearest.similarity  # ascending, so that the first of equals stays
        nearest.similarity[better], nearest.other[better] = best[better], other[better]
    return nearest


def _index_of(held: Any, sizes: Any) -> tuple[Words, Any]:
    """The index of sets by their rarest groups, and nothing; or the one by their rarest shingles, if these recur less
    often, and how often each shingle occurs.
    """
    from curate.similarity import cross_split_jaccard_join_kernels as kernels

    by_groups, recur = None, np.inf
    if sizes.least >= MIN_GROUPED_SIMILARITY:
        often = _counts(2 * len(held.hashes))
        for some in np.split(held.order, range(CHUNK_SETS, len(held.order), CHUNK_SETS)):
            kernels.count_keys(kernels.keys_by_groups(held.hashes, held.offsets, some, sizes, often, False), often)
        keys = kernels.keys_by_groups(held.hashes, held.offsets, held.order, sizes, often, True)
        by_groups, recur = _index(keys, often)
        if recur <= MAX_RECURRENCE * len(keys):
            return np.empty(0, dtype=np.uint32), by_groups
    counts = np.zeros(1 << min(COUNTED_BITS, max(4, (4 * len(held.hashes)).bit_length())), dtype=np.uint32)
    kernels.count_shingles(held.hashes, counts)
    keys = kernels.keys_by_shingles(held.hashes, held.offsets, held.order, counts, sizes.least)
    often = _counts(4 * len(keys))
    kernels.count_keys(keys, often)
    by_shingles, more = _index(keys, often)
    return (counts, by_shingles) if more < recur else (counts[:0], by_groups)


def _counts(keys: int) -> Bytes:
    """A table to count this many keys in."""
    return np.zeros(1 << min(26, max(4, keys.bit_length())), dtype=np.uint8)


def _index(keys: Hashes, often: Bytes) -> tuple[Any, float]:
    """The index of keys that were counted in `often`, each with a place; and the sum of the squares of how often each
    key recurs, which is about how many pairs it proposes.
    """
    from curate.similarity import cross_split_jaccard_join_kernels as kernels

    keys.sort()
    slots = np.zeros((1 << min(24, max(4, len(keys).bit_length()))) + 1, dtype=np.int32)
    recur = kernels.fill_slots(keys, slots)
    return kernels.Index(keys, slots, often), recur


def _sizes(threshold: float, largest: int) -> Any:
    """`Sizes` for sets of up to this size."""
    from curate.similarity import cross_split_jaccard_join_kernels as kernels

    apart = (1 - threshold) / threshold
    if threshold < MIN_GROUPED_SIMILARITY:
        return kernels.Sizes(threshold, apart, 1.0, np.zeros(1, dtype=np.int64))
    ratio = max(1.25, threshold**-2)
    kinds = np.arange(int(np.log(largest / threshold + 1) / np.log(ratio)) + 2)
    return kernels.Sizes(
        threshold, apart, float(np.log(ratio)), (apart * ratio ** (kinds + 1) * GROUP_SLACK).astype(np.int64) + 2
    )
