"""Held-out examples that are similar to one of an earlier split; their sets of shingles are in a file."""

from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from curate.parallel.worker_pool import WorkerPool
from curate.storage.disk_arrays import mapped
from curate.storage.scratch import written
from curate.verify.cut_answers import cut_candidates
from curate.verify.features import RequestedFeatures, Shingled
from curate.verify.lines import LINE_BITS
from curate.verify.similarity_index import (
    BLOCK_HASHES,
    SETS_PER_SLICE,
    Counts,
    Flags,
    Floats,
    HashSets,
    HeldOutIndex,
    Matches,
    Postings,
    counts_of,
    matches,
    slices,
)
from curate.verify.words import DIGEST_BYTES, Hashes, Numbers

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
            (folder / "hashes").touch()

    def add(self, sets: Shingled, base: int) -> None:
        """Append the sets of a chunk; `base`: what makes its line numbers places. Raises `OutputError`."""
        with written(self.folder), (self.folder / "hashes").open("ab") as file:
            file.write(sets.hashes.data)
        self.sizes.append(sets.sizes)
        self.places.append(sets.places + base)

    def cut_places(self, edges: Hashes, owners: Sequence[int]) -> Numbers:
        """The places of the examples with an answer that may be the beginning or the end of one in another split, or
        the reverse; ascending, each once.

        edges: hashes of the first and last words of the answer of each set (`cut_answers.Edges`); owners: the split
        number of each file. Raises `OutputError` if the temporary files cannot be written.
        """
        sizes, places = np.concatenate(self.sizes), np.concatenate(self.places)
        splits = np.array(owners, dtype=np.int64)[places >> LINE_BITS]
        with written(self.folder), (self.folder / "hashes").open("r+b") as file:
            return np.unique(places[cut_candidates(edges, HashSets(mapped(file, "u8"), sizes), splits)])

    def similar(self, owners: Sequence[int], threshold: float, pool: WorkerPool) -> Similar:
        """Compare each set of a held-out split with the sets of the splits before its own, at the Jaccard similarity
        `threshold`.

        `owners`: the split number of each file, ascending; split 0, the training data, is not held out. No set can be
        added any more. Raises `OutputError`.
        """
        sizes, places = np.concatenate(self.sizes), np.concatenate(self.places)
        splits = np.array(owners, dtype=np.int64)[places >> LINE_BITS]
        first_held_out = int(np.searchsorted(splits, 1))  # the first held-out set
        start = int(sizes[:first_held_out].sum())
        with written(self.folder), (self.folder / "hashes").open("r+b") as file:
            held_out = HashSets(mapped(file, "u8")[start:], sizes[first_held_out:])
            counts = counts_of(held_out)
            index = HeldOutIndex.of(held_out, splits[first_held_out:], counts, threshold)
            _save_index(self.folder, index, counts, start)
        best, earlier = np.zeros(len(held_out.sizes)), np.full(len(held_out.sizes), -1, dtype=np.int64)
        for split in range(int(splits.max(initial=0))):
            pending = _slices_of(sizes, splits, split)
            while batch := list(islice(pending, SLICES_PER_ROUND)):
                searched = (earlier < 0) & (index.units == np.arange(len(earlier))) & (splits[first_held_out:] > split)
                work = partial(_match_slice, self.folder, np.packbits(searched), threshold)
                for part, batch_matches in zip(batch, pool.each(work, batch), strict=True):
                    better = batch_matches.similarity > best[batch_matches.held_out]
                    improved = batch_matches.held_out[better]
                    earlier[improved], best[improved] = (
                        places[batch_matches.earlier[better] + part.first],
                        batch_matches.similarity[better],
                    )
        _load_index.cache_clear()
        return _of_examples(places[first_held_out:], earlier[index.units], best[index.units])


def _of_examples(places: Numbers, earlier: Numbers, similarity: Floats) -> Similar:
    """The best match of each example, given the matches of its sets."""
    order = np.lexsort((-similarity, places))
    order = order[earlier[order] >= 0]
    example_places, first = np.unique(places[order], return_index=True)
    return Similar(example_places, earlier[order[first]], similarity[order[first]])


def _slices_of(sizes: Numbers, splits: Numbers, split: int) -> Iterator[_Slice]:
    """The sets of a split in slices."""
    first, stop = (int(np.searchsorted(splits, number)) for number in (split, split + 1))
    ends = int(sizes[:first].sum()) + np.append(0, np.cumsum(sizes[first:stop]))
    for part in slices(sizes[first:stop], BLOCK_HASHES, SETS_PER_SLICE):
        yield _Slice(first + part.start, int(ends[part.start]), sizes[first:stop][part])


class _LoadedIndex(NamedTuple):
    """The held-out sets, and the counts that order hashes."""

    sets: HeldOutIndex
    counts: Counts


def _save_index(folder: Path, index: HeldOutIndex, counts: Counts, start: int) -> None:
    """Save an index for other processes; its hashes begin at `start` in the file `hashes`."""
    columns = (np.array([start]), counts, index.sets.sizes, index.units, *index.rare, *index.crowded)
    for number, column in enumerate(columns):
        np.save(folder / f"{number:02}.npy", column)


@lru_cache(4)
def _load_index(folder: Path) -> _LoadedIndex:
    """The index in a folder; large arrays are read from the disk when they are used."""
    paths = sorted(folder.glob("*.npy"))
    columns = [np.load(path, mmap_mode="r" if path.stat().st_size > MAPPED_BYTES else None) for path in paths]
    start, counts, sizes, units, *postings = map(np.asarray, columns)
    with (folder / "hashes").open("r+b") as file:
        sets = HashSets(mapped(file, "u8")[int(start[0]) :], sizes)
    return _LoadedIndex(HeldOutIndex(sets, units, Postings(*postings[:3]), Postings(*postings[3:])), counts)


def _match_slice(folder: Path, searched: Counts, threshold: float, _: RequestedFeatures, part: _Slice) -> Matches:
    """Compare a slice of earlier sets, which is read into memory, with the held-out sets of the mask `searched`."""
    held_out = _load_index(folder)
    marked: Flags = np.unpackbits(searched, count=len(held_out.sets.units)).view(np.bool_)
    hashes = np.fromfile(
        folder / "hashes", dtype=np.uint64, count=int(part.sizes.sum()), offset=part.start * DIGEST_BYTES
    )
    return matches(held_out.sets, HashSets(hashes, part.sizes), held_out.counts, marked, threshold)
