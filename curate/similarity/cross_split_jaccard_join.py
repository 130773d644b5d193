"""Exact join of the sets of one part of the data with similar sets of another part. Unlike MinHash it misses no pair.

Two sets of n and m shingles with similarity t differ in at most (n + m)(1 - t) / (1 + t) shingles, and the smaller size
is at least t times the larger one (Bayardo, Ma, Srikant 2007). If a hash divides the shingles of each set into more
groups than that, some groups of both sets are equal (PartEnum: Arasu, Ganti, Kaushik 2006). In a common order of all
groups by frequency, the two sets therefore share one of the at most n(1 - t) / t + 1 rarest groups of each. Groups
rarely recur if sets share only sentences; they recur often if sets share most of their text, as with templates. If the
groups of a range of sizes recur too often, the sets are looked up by their rarest shingles instead: two similar sets
share one of the n - ceil(t * n) + 1 rarest (Chaudhuri, Ganti, Kaushik 2006), and the number of shingles that are rarer
than the first common one limits the difference of the sizes (PPJoin: Xiao, Wang, Lin, Yu 2008). The candidates are
compared first by a bitmap of 512 parities, which is an upper bound of the number of common shingles (Sandes, Teodoro,
Melo 2020), and then shingle by shingle.

Sets of one range of sizes are copied and indexed at a time, as many as `MAX_INDEXED_SHINGLES` allows. All sets of
matching sizes are looked up in their order, so that a file of sets is read sequentially.
"""

from functools import partial
from typing import Any, Final, NamedTuple

from curate.core.lazy import Array, Bytes, Floats, Hashes, Numbers, Words, np
from curate.parallel.worker_pool import WorkerPool
from curate.similarity.shingles import ShingleSets

COUNTED_BITS: Final = 22
"""Most high bits of a shingle by which its occurrences are counted: 16 MB of counts. A collision only makes a
shingle look more frequent.
"""
CHUNK_SETS: Final = 1 << 14
MIN_SETS_PER_LOOKUP: Final = 1 << 14
MAX_INDEXED_SHINGLES: Final = 1 << 26
"""Number of shingles of the sets that are copied and indexed at a time: 256 MB, and about 500 MB while the index is
built.
"""
MIN_GROUPED_SIMILARITY: Final = 0.7
"""Minimum similarity for which sets are looked up by groups. Below it, groups have too few shingles to be rare."""
GROUP_SLACK: Final = 1.5
"""Ratio of the number of groups of a set to the maximum number that is needed. With a higher ratio, fewer of the needed
groups are frequent ones.
"""
MAX_RECURRENCE: Final = 4
"""Maximum average number of indexed sets that have an indexed group; above it, the rarest shingles are used if they
recur less often.
"""


class NearestSets(NamedTuple):
    """For each set the most similar one of an earlier part; -1 if none is similar enough."""

    other: Numbers
    similarity: Floats


def nearest_across_splits(
    sets: ShingleSets,
    parts: Array,
    threshold: float,
    workers: WorkerPool,
    chosen: Numbers | None = None,
) -> NearestSets:
    """For each set the most similar one among those of parts with smaller numbers, the first of equally similar ones,
    if their similarity is at least `threshold`.

    Sets of one part are not compared with each other. Sets without shingles are similar to none. `threshold`: Jaccard
    similarity, in (0, 1]; raises `ValueError` for another one. `chosen`: numbers of sets; only these are compared with
    all others.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"a similarity of {threshold:g} is not in (0, 1]")

    count = len(sets)
    nearest = NearestSets(np.full(count, -1, dtype=np.int64), np.zeros(count))
    late = (
        chosen if chosen is not None else np.flatnonzero(parts > parts.min()) if count else np.empty(0, dtype=np.int64)
    )
    if not len(late):
        return nearest

    sizes = np.diff(sets.offsets)
    late = late[np.argsort(sizes[late], kind="stable")]
    for block in np.split(late, np.flatnonzero(np.diff(np.cumsum(sizes[late]) // MAX_INDEXED_SHINGLES)) + 1):
        block.sort()  # to read the file in order
        _compare_block(block, sets, parts, chosen is None, threshold, workers, nearest)
    return nearest


def _compare_block(
    block: Numbers,
    sets: ShingleSets,
    parts: Array,
    before: bool,
    threshold: float,
    workers: WorkerPool,
    nearest: NearestSets,
) -> None:
    """Compare the sets `block` (ascending numbers) with those of earlier parts; without `before`, of later ones too."""
    indexing = partial(_lookup_of, before=before, threshold=threshold)
    [lookup] = workers.each_compiled(indexing, [_Stretch(0, sets.chosen(block), parts[block])])
    step = max(MIN_SETS_PER_LOOKUP, len(block) // 4)  # each stretch has arrays of the size of the block
    stretches = (
        _Stretch(start, sets.part(start, start + step), parts[start : start + step])
        for start in range(0, len(sets), step)
    )
    for start, of_block, of_stretch in workers.each_compiled(partial(_nearest_in, lookup), stretches):
        _improve(nearest, block, of_block)
        late = np.flatnonzero(of_stretch.other >= 0)
        of_late = NearestSets(block[of_stretch.other[late]], of_stretch.similarity[late])
        _improve(nearest, start + late, of_late)


def _improve(nearest: NearestSets, numbers: Numbers, others: NearestSets) -> None:
    """Write what is nearer to the sets `numbers`, or as near and earlier."""
    before = NearestSets(nearest.other[numbers], nearest.similarity[numbers])
    better = others.similarity > before.similarity
    better |= (others.similarity == before.similarity) & (others.other < before.other) & (others.other >= 0)
    nearest.other[numbers[better]] = others.other[better]
    nearest.similarity[numbers[better]] = others.similarity[better]


def _lookup_of(block: "_Stretch", *, before: bool, threshold: float) -> "_Lookup":
    """The sets of a block, indexed."""
    from curate.similarity import cross_split_jaccard_join_kernels as kernels

    copies = block.sets
    order = np.argsort(np.diff(copies.offsets), kind="stable")  # by size, so that sets of matching sizes are contiguous
    maps = np.zeros((len(copies), 8), dtype=np.uint64)
    kernels.fill_maps(copies.hashes, copies.offsets, order, maps)
    sizes = np.diff(copies.offsets)[order]
    starts, ordered = np.searchsorted(sizes, np.arange(sizes[-1] + 2)), block.parts[order]
    indexed = kernels.IndexedSets(copies.hashes, copies.offsets, order, sizes, starts, ordered, ordered.max(), maps)
    limits = _sizes(threshold, int(sizes[-1]))
    return _Lookup(*_index_of(indexed, limits), indexed, limits, before)


class _Lookup(NamedTuple):
    """Indexed sets, and the parameters of `look_up`."""

    counts: Words
    index: Any
    indexed: Any
    limits: Any
    before: bool


class _Stretch(NamedTuple):
    """Consecutive sets and their parts."""

    first: int
    """The number of the first one."""
    sets: ShingleSets
    parts: Array


def _nearest_in(lookup: _Lookup, stretch: _Stretch) -> tuple[int, NearestSets, NearestSets]:
    """The number of the first set of a stretch; for each indexed set the most similar one of the stretch, by its
    number, and for each of the stretch the most similar indexed one, by its place in the block.
    """
    from curate.similarity import cross_split_jaccard_join_kernels as kernels

    counts, index, indexed, limits, before = lookup
    sets, parts = stretch.sets, stretch.parts
    of_block, of_stretch = (
        NearestSets(np.full(count, -1, dtype=np.int64), np.zeros(count)) for count in (len(indexed.order), len(sets))
    )
    room = max(int(np.diff(sets.offsets).max()), int(limits.groups.max()))
    kernels.look_up(
        sets.hashes, sets.offsets, parts, counts, index, indexed, limits, before, 0, len(sets), of_block.similarity,
        of_block.other, of_stretch.similarity, of_stretch.other, np.full(len(indexed.order), -1, dtype=np.int32),
        kernels.buffers_for(room),
    )  # fmt: skip
    of_block.other[of_block.other >= 0] += stretch.first
    return stretch.first, of_block, of_stretch


def _index_of(indexed: Any, sizes: Any) -> tuple[Words, Any]:
    """The index of sets by their rarest groups, with empty counts; or that by their rarest shingles if these recur less
    often, with the number of occurrences of each shingle.
    """
    from curate.similarity import cross_split_jaccard_join_kernels as kernels

    by_groups, recur = None, np.inf
    if sizes.least >= MIN_GROUPED_SIMILARITY:
        often = _empty_counts(2 * len(indexed.hashes))
        for part in np.split(indexed.order, range(CHUNK_SETS, len(indexed.order), CHUNK_SETS)):
            _add_to_counts(_keys_by_groups(indexed, part, sizes, often, chosen=False), often)
        keys = _keys_by_groups(indexed, indexed.order, sizes, often, chosen=True)
        by_groups, recur = _index(keys, often)
        if recur <= MAX_RECURRENCE * len(keys):
            return np.empty(0, dtype=np.uint32), by_groups
    bits = min(COUNTED_BITS, max(4, (4 * len(indexed.hashes)).bit_length()))
    counts = np.bincount(indexed.hashes >> np.uint32(32 - bits), minlength=1 << bits).astype(np.uint32)
    keys = np.empty(len(indexed.hashes), dtype=np.uint64)
    rarest = np.empty(max(1, int(indexed.sizes[-1])), dtype=np.uint64)
    count = kernels.keys_by_shingles(indexed.hashes, indexed.offsets, indexed.order, counts, sizes.least, rarest, keys)
    keys = keys[:count].copy()
    often = _empty_counts(4 * len(keys))
    _add_to_counts(keys, often)
    by_shingles, more = _index(keys, often)
    return (counts, by_shingles) if more < recur else (counts[:0], by_groups)


def _keys_by_groups(indexed: Any, order: Numbers, sizes: Any, often: Bytes, *, chosen: bool) -> Hashes:
    """The keys of the sets with the numbers `order` by groups of their shingles; with `chosen`, of the rarest groups,
    as counted in `often`.
    """
    from curate.similarity import cross_split_jaccard_join_kernels as kernels

    buffers = kernels.buffers_for(int(sizes.groups.max()))
    columns = indexed.hashes, indexed.offsets, order, sizes, often, chosen, buffers
    keys = np.empty(kernels.keys_by_groups(*columns, np.empty(0, dtype=np.uint64)), dtype=np.uint64)
    if len(keys):
        kernels.keys_by_groups(*columns, keys)
    return keys


def _add_to_counts(keys: Hashes, often: Bytes) -> None:
    """Add the keys to the counts in `often` (`Index.often`), at most 255 each; a key is counted by its highest bits."""
    slots, counts = np.unique(keys >> np.uint64(65 - len(often).bit_length()), return_counts=True)
    often[slots] = np.minimum(often[slots] + counts, 255)


def _empty_counts(keys: int) -> Bytes:
    """A table of zeros to count this many keys in (`Index.often`)."""
    return np.zeros(1 << min(26, max(4, keys.bit_length())), dtype=np.uint8)


def _index(keys: Hashes, often: Bytes) -> tuple[Any, float]:
    """The index of keys that were counted in `often`, each with a place; and the sum of the squares of their
    frequencies, which estimates the number of candidate pairs.
    """
    from curate.similarity import cross_split_jaccard_join_kernels as kernels

    keys.sort()
    slots = 1 << min(24, max(4, len(keys).bit_length()))
    bounds = np.arange(slots, dtype=np.uint64) << np.uint64(65 - slots.bit_length())
    starts = np.append(keys.searchsorted(bounds), len(keys)).astype(np.int32)
    equal = np.flatnonzero(np.append(True, (keys[1:] ^ keys[:-1]) >> np.uint64(32))[: len(keys)])
    recur = float((np.diff(equal, append=len(keys)).astype(float) ** 2).sum())
    return kernels.KeyIndex(keys, starts, often), recur


def _sizes(threshold: float, largest: int) -> Any:
    """The limits that `threshold` sets (`Sizes`), for sets of up to `largest` shingles."""
    from curate.similarity import cross_split_jaccard_join_kernels as kernels

    difference = (1 - threshold) / threshold
    if threshold < MIN_GROUPED_SIMILARITY:
        return kernels.SizeLimits(threshold, difference, 1.0, np.zeros(1, dtype=np.int64))
    ratio = max(1.25, threshold**-2)
    kinds = np.arange(int(np.log(largest / threshold + 1) / np.log(ratio)) + 2)
    return kernels.SizeLimits(
        threshold,
        difference,
        float(np.log(ratio)),
        (difference * ratio ** (kinds + 1) * GROUP_SLACK).astype(np.int64) + 2,
    )
