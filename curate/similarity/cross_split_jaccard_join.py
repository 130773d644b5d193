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

Sets of a range of sizes are copied and indexed at a time, as many as `INDEXED` allows, and all sets of fitting sizes
are looked up in their order: a file of sets is read from its beginning to its end, never at random.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from curate.core.disk_arrays import Growing, parts_of
from curate.core.lazy import Array, Bytes, Floats, Hashes, Numbers, Words, np
from curate.core.worker_pool import parallel_map
from curate.similarity.shingles import Sets

BITS: Final = 22
"""Most high bits of a shingle by which its occurrences are counted: 16 MB of counts. A collision only makes a
shingle look more frequent.
"""
CHUNK: Final = 1 << 14
"""Number of sets whose rarest shingles are searched, or whose groups are counted, at a time."""
STRETCH: Final = 1 << 16
"""Number of sets that are looked up at a time."""
INDEXED: Final = 1 << 26
"""Number of shingles of the sets that are copied and indexed at a time: 256 MB, and about 500 MB while the index is
built.
"""
GROUPED: Final = 0.7
"""Similarity from which sets are looked up by groups: for a smaller one, groups have too few shingles to be rare."""
SLACK: Final = 1.5
"""Number of groups of a set for each that is needed at the most: the more, the fewer of the frequent ones are."""
CROWD: Final = 4
"""Average number of indexed sets in which an indexed group recurs, above which the rarest shingles are tried."""


class Nearest(NamedTuple):
    """For each set the most similar one of an earlier part; -1 if none is similar enough."""

    other: Numbers
    similarity: Floats


class Prefixes(NamedTuple):
    """The rarest shingles of each set: those of set i are from ends[i] up to ends[i + 1]."""

    shingles: Words
    ends: Numbers


def nearest_across_splits(
    sets: Sets,
    parts: Array,
    threshold: float,
    workers: int,
    some: Numbers | None = None,
    folder: Path | None = None,
    known: list[Prefixes] | None = None,
) -> Nearest:
    """Of each set the most similar one among those of a smaller part, the first of equally similar ones, where it is
    similar to `threshold` at the least.

    Nothing is compared within a part. Sets without shingles are like nothing. `threshold`: Jaccard similarity, in (0,
    1]; raises `ValueError` for another one. With `some`, numbers of sets, of each of these the most similar one of any
    other part. With a folder, the rarest shingles are in a file there. `known`: an empty list, or the one of an earlier
    call with the same sets and threshold, to search for these once. Raises `OutputError`.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"a similarity of {threshold:g} is not in (0, 1]")

    count = len(sets)
    nearest = Nearest(np.full(count, -1, dtype=np.int64), np.zeros(count))
    late = some if some is not None else np.flatnonzero(parts > parts.min()) if count else np.empty(0, dtype=np.int64)
    if not len(late):
        return nearest
    known = [] if known is None else known

    def prefixes() -> Prefixes:
        if not known:
            known.append(_prefixes(sets, threshold, workers, folder))
        return known[0]

    sizes = np.diff(sets.offsets)
    late = late[np.argsort(sizes[late], kind="stable")]
    for block in np.split(late, np.flatnonzero(np.diff(np.cumsum(sizes[late]) // INDEXED)) + 1):
        block.sort()  # to read the file in order
        nearest.other[block], nearest.similarity[block] = _nearest_of(
            block, sets, parts, prefixes, some is None, threshold, workers
        )
    return nearest


def _nearest_of(
    block: Numbers,
    sets: Sets,
    parts: Array,
    prefixes: Callable[[], Prefixes],
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
    held = kernels.Held(copies.hashes, copies.offsets, order, sizes, starts, parts[block][order], maps)
    limits = _sizes(threshold, int(sizes[-1]))
    rarest, index = _index_of(held, limits, block, prefixes)

    def look(start: int) -> tuple[Any, Any]:
        best, other = np.zeros(len(block)), np.full(len(block), -1, dtype=np.int64)
        end = min(len(sets), start + STRETCH)
        kernels.look_up(sets.hashes, sets.offsets, parts, rarest, index, held, limits, before, start, end, best, other)
        return best, other

    nearest = Nearest(np.full(len(block), -1, dtype=np.int64), np.zeros(len(block)))
    for best, other in parallel_map(look, range(0, len(sets), STRETCH), workers):
        better = best > nearest.similarity  # ascending, so that the first of equals stays
        nearest.similarity[better], nearest.other[better] = best[better], other[better]
    return nearest


def _index_of(held: Any, sizes: Any, block: Numbers, prefixes: Callable[[], Prefixes]) -> tuple[Prefixes, Any]:
    """The index of the sets `block` by their rarest groups, with no prefixes; or by their rarest shingles, with those
    of all sets, if these recur less often.
    """
    from curate.similarity import cross_split_jaccard_join_kernels as kernels

    none, by_groups, recur = Prefixes(np.empty(0, dtype=np.uint32), np.empty(0, dtype=np.int64)), None, np.inf
    if sizes.least >= GROUPED:
        often = _counts(2 * len(held.hashes))
        for some in np.split(held.order, range(CHUNK, len(block), CHUNK)):
            kernels.count_keys(kernels.keys_by_groups(held.hashes, held.offsets, some, sizes, often, False), often)
        keys = kernels.keys_by_groups(held.hashes, held.offsets, held.order, sizes, often, True)
        by_groups, recur = _index(keys, often)
        if recur <= CROWD * len(keys):
            return none, by_groups
    rarest = prefixes()
    at, ends = parts_of(rarest.ends, block)
    places = np.empty(len(block), dtype=np.uint64)
    places[held.order] = np.arange(len(block), dtype=np.uint64)
    keys = rarest.shingles[at].astype(np.uint64) << np.uint64(32) | np.repeat(places, np.diff(ends))
    often = _counts(4 * len(keys))
    kernels.count_keys(keys, often)
    by_shingles, more = _index(keys, often)
    return (rarest, by_shingles) if more < recur else (none, by_groups)


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
    if threshold < GROUPED:
        return kernels.Sizes(threshold, apart, 1.0, np.zeros(1, dtype=np.int64))
    ratio = max(1.25, threshold**-2)
    kinds = np.arange(int(np.log(largest / threshold + 1) / np.log(ratio)) + 2)
    return kernels.Sizes(
        threshold, apart, float(np.log(ratio)), (apart * ratio ** (kinds + 1) * SLACK).astype(np.int64) + 2
    )


def _prefixes(sets: Sets, threshold: float, workers: int, folder: Path | None) -> Prefixes:
    from curate.similarity import cross_split_jaccard_join_kernels as kernels

    bits = min(BITS, max(4, (4 * len(sets.hashes)).bit_length()))
    counts = np.zeros(1 << bits, dtype=np.uint32)
    kernels.count_shingles(sets.hashes, 32 - bits, counts)

    def rarest(start: int) -> tuple[Any, Any]:
        return kernels.rarest(  # type: ignore[no-any-return]
            sets.hashes, sets.offsets, counts, 32 - bits, threshold, start, min(len(sets), start + CHUNK)
        )

    shingles, sizes = Growing("u4", folder), Growing("i8")
    for some, counted in parallel_map(rarest, range(0, len(sets), CHUNK), workers):
        shingles.add(some)
        sizes.add(counted)
    return Prefixes(shingles.done(), np.append(0, np.cumsum(sizes.done())))
