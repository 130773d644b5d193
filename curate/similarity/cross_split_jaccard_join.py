"""Sets of one part of the data that are like sets of another part: all of them, with no probability about it.

Where MinHash proposes, this proves. Two sets of similarity t share one of the n - ceil(t * n) + 1 shingles that are
rarest in each, in one order of all shingles (Chaudhuri, Ganti, Kaushik 2006), and their sizes differ by no more than t
says (Bayardo, Ma, Srikant 2007), the less the more shingles are rarer than the first that both have (PPJoin: Xiao,
Wang, Lin, Yu 2008). What is left is compared by a map of 512 parities first, which bounds how much two sets can share
(Sandes, Teodoro, Melo 2020), and then shingle by shingle.

Sets of a range of sizes are copied and indexed at a time, as many as `INDEXED` allows, and all sets of fitting sizes
are looked up in their order: a file of sets is read from its beginning to its end, never at random.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from curate.core.disk_arrays import Growing, parts_of
from curate.core.lazy import Array, Floats, Numbers, Words, np
from curate.core.worker_pool import parallel_map
from curate.similarity.shingles import Sets

BITS: Final = 22
"""Number of high bits of a shingle by which its occurrences are counted: 16 MB of counts. A collision only makes a
shingle look more frequent.
"""
CHUNK: Final = 1 << 14
"""Number of sets whose rarest shingles are searched at a time."""
STRETCH: Final = 1 << 16
"""Number of sets that are looked up at a time."""
INDEXED: Final = 1 << 26
"""Number of shingles of the sets that are copied and indexed at a time: 256 MB, and about 500 MB while the index is
built.
"""


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
    if not known:
        known.append(_prefixes(sets, threshold, workers, folder))
    sizes = np.diff(sets.offsets)
    late = late[np.argsort(sizes[late], kind="stable")]
    for block in np.split(late, np.flatnonzero(np.diff(np.cumsum(sizes[late]) // INDEXED)) + 1):
        block.sort()  # to read the file in order
        nearest.other[block], nearest.similarity[block] = _nearest_of(
            block, sets, parts, known[0], some is None, threshold, workers
        )
    return nearest


def _nearest_of(
    block: Numbers, sets: Sets, parts: Array, prefixes: Prefixes, before: bool, threshold: float, workers: int
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
    postings = _postings(prefixes, block, order)

    def look(start: int) -> tuple[Any, Any]:
        best, other = np.zeros(len(block)), np.full(len(block), -1, dtype=np.int64)
        end = min(len(sets), start + STRETCH)
        kernels.look_up(
            sets.hashes, sets.offsets, parts, *prefixes, *postings, *held, before, threshold, start, end, best, other
        )
        return best, other

    nearest = Nearest(np.full(len(block), -1, dtype=np.int64), np.zeros(len(block)))
    for best, other in parallel_map(look, range(0, len(sets), STRETCH), workers):
        better = best > nearest.similarity  # ascending, so that the first of equals stays
        nearest.similarity[better], nearest.other[better] = best[better], other[better]
    return nearest


def _prefixes(sets: Sets, threshold: float, workers: int, folder: Path | None) -> Prefixes:
    from curate.similarity import cross_split_jaccard_join_kernels as kernels

    counts = np.zeros(1 << BITS, dtype=np.uint32)
    kernels.count_shingles(sets.hashes, 32 - BITS, counts)

    def rarest(start: int) -> tuple[Any, Any]:
        return kernels.rarest(  # type: ignore[no-any-return]
            sets.hashes, sets.offsets, counts, 32 - BITS, threshold, start, min(len(sets), start + CHUNK)
        )

    shingles, sizes = Growing("u4", folder), Growing("i8")
    for some, counted in parallel_map(rarest, range(0, len(sets), CHUNK), workers):
        shingles.add(some)
        sizes.add(counted)
    return Prefixes(shingles.done(), np.append(0, np.cumsum(sizes.done())))


def _postings(prefixes: Prefixes, block: Numbers, order: Numbers) -> Sequence[Any]:
    """Where each rare shingle of the sets `block` occurs: a table of the shingles, and for each the places in `order`,
    ascending.
    """
    from curate.similarity import cross_split_jaccard_join_kernels as kernels

    at, ends = parts_of(prefixes.ends, block)
    places = np.empty(len(block), dtype=np.uint64)
    places[order] = np.arange(len(block), dtype=np.uint64)
    keys = prefixes.shingles[at].astype(np.uint64) << np.uint64(32) | np.repeat(places, np.diff(ends))
    keys.sort()
    owners = (keys >> np.uint64(32)).astype(np.uint32)
    firsts = np.flatnonzero(np.append(True, owners[1:] != owners[:-1])) if len(keys) else np.empty(0, dtype=np.int64)
    bits = max(4, int(2 * len(firsts)).bit_length())
    table, there = np.zeros(1 << bits, dtype=np.uint64), np.zeros(1 << (kernels.THERE - 6), dtype=np.uint64)
    kernels.fill_table(owners[firsts], table, there)
    return table, there, np.append(firsts, len(keys)), (keys & np.uint64(0xFFFFFFFF)).astype(np.int32)
