"""Held-out examples that are similar to one of an earlier split; their sets of shingles are in a file."""

from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from curate.core.disk_arrays import mapped
from curate.core.scratch import written
from curate.core.worker_pool import WorkerPool
from curate.verify.features import RequestedFeatures, Shingled
from curate.verify.lines import LINE_BITS
from curate.verify.similarity_index import (
    BLOCK_HASHES,
    SETS_PER_SLICE,
    Counts,
    Flags,
    Floats,
    Index,
    Matches,
    Postings,
    Sets,
    counts_of,
    matches,
    slices,
)
from curate.verify.words import DIGEST_BYTES, Numbers

SLICES_PER_ROUND: Final = 32
"""Slices of earlier sets per round. After a round, sets with a match are not searched further."""


MAPPED_BYTES: Final = 1 << 16
"""Size above which a column is not read into memory."""


class Similar(NamedTuple):
    """Held-out examples, each with the most similar earlier example among those compared until one was found."""

    places: Numbers
    earlier: Numbers
    similarity: Floats


class _Slice(NamedTuple):
    """Some earlier sets."""

    first: int
    """Number of the first set."""
    start: int
    """Where its hashes begin in the file."""
    sizes: Numbers


class SetStore:
    """The sets of all examples in split order, in files of a folder."""

    def __init__(self, folder: Path) -> None:
        """Without sets. Raises `OutputError`."""
        self.folder = folder
        self.sizes, self.places = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
        with written(folder):
            folder.mkdir()
            self.file = (folder / "hashes").open("w+b")

    def add(self, found: Shingled, base: int) -> None:
        """Append the sets of a chunk; `base`: what makes its line numbers places. Raises `OutputError`."""
        with written(self.folder):
            self.file.write(found.hashes.data)
        self.sizes.append(found.sizes)
        self.places.append(found.places + base)

    def similar(self, owners: Sequence[int], threshold: float, pool: WorkerPool) -> Similar:
        """Compare the sets; `owners`: the split number of each file. No set can be added any more. Raises
        `OutputError`.
        """
        sizes, places = np.concatenate(self.sizes), np.concatenate(self.places)
        splits = np.array(owners, dtype=np.int64)[places >> LINE_BITS]
        own = int(np.searchsorted(splits, 1))  # the first held-out set
        start = int(sizes[:own].sum())
        with written(self.folder), self.file:
            held = Sets(mapped(self.file, "u8")[start:], sizes[own:])
            counts = counts_of(held)
            index = Index.of(held, splits[own:], counts, threshold)
            _save(self.folder, index, counts, start)
        best, earlier = np.zeros(len(held.sizes)), np.full(len(held.sizes), -1, dtype=np.int64)
        for split in range(int(splits.max(initial=0))):
            waiting = _slices_of(sizes, splits, split)
            while some := list(islice(waiting, SLICES_PER_ROUND)):
                wanted = (earlier < 0) & (index.units == np.arange(len(earlier))) & (splits[own:] > split)
                work = partial(_match, self.folder, np.packbits(wanted), threshold)
                for part, found in zip(some, pool.each(work, some), strict=True):
                    better = found.similarity > best[found.held]
                    at = found.held[better]
                    earlier[at], best[at] = places[found.earlier[better] + part.first], found.similarity[better]
        _loaded.cache_clear()
        return _of_examples(places[own:], earlier[index.units], best[index.units])


def _of_examples(places: Numbers, earlier: Numbers, similarity: Floats) -> Similar:
    """The best match of each example, given the matches of its sets."""
    order = np.lexsort((-similarity, places))
    order = order[earlier[order] >= 0]
    found, first = np.unique(places[order], return_index=True)
    return Similar(found, earlier[order[first]], similarity[order[first]])


def _slices_of(sizes: Numbers, splits: Numbers, split: int) -> Iterator[_Slice]:
    """The sets of a split in slices."""
    first, stop = (int(np.searchsorted(splits, one)) for one in (split, split + 1))
    ends = int(sizes[:first].sum()) + np.append(0, np.cumsum(sizes[first:stop]))
    for part in slices(sizes[first:stop], BLOCK_HASHES, SETS_PER_SLICE):
        yield _Slice(first + part.start, int(ends[part.start]), sizes[first:stop][part])


class _Held(NamedTuple):
    """The held-out sets, and the counts that order hashes."""

    sets: Index
    counts: Counts


def _save(folder: Path, index: Index, counts: Counts, start: int) -> None:
    """Save an index for other processes; its hashes begin at `start` in the file `hashes`."""
    columns = (np.array([start]), counts, index.sets.sizes, index.units, *index.rare, *index.crowded)
    for number, column in enumerate(columns):
        np.save(folder / f"{number:02}.npy", column)


@lru_cache(4)
def _loaded(folder: Path) -> _Held:
    paths = sorted(folder.glob("*.npy"))
    columns = [np.load(path, mmap_mode="r" if path.stat().st_size > MAPPED_BYTES else None) for path in paths]
    start, counts, sizes, units, *postings = map(np.asarray, columns)
    with (folder / "hashes").open("r+b") as file:
        sets = Sets(mapped(file, "u8")[int(start[0]) :], sizes)
    return _Held(Index(sets, units, Postings(*postings[:3]), Postings(*postings[3:])), counts)


def _match(folder: Path, wanted: Counts, threshold: float, _: RequestedFeatures, part: _Slice) -> Matches:
    """Compare a slice of earlier sets, which is read into memory, with the held-out sets that are wanted."""
    held = _loaded(folder)
    marked: Flags = np.unpackbits(wanted, count=len(held.sets.units)).view(np.bool_)
    hashes = np.fromfile(
        folder / "hashes", dtype=np.uint64, count=int(part.sizes.sum()), offset=part.start * DIGEST_BYTES
    )
    return matches(held.sets, Sets(hashes, part.sizes), held.counts, marked, threshold)
