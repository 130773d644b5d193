"""The examples of all splits as columns, and the similarity of held-out texts and answers to earlier splits.

An example is identified by its place: file number and line in one integer. Files are numbered split by split, so an
earlier split has smaller places.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from curate.core.disk_arrays import mapped
from curate.core.events import Listener, StageAdvanced
from curate.core.scratch import temporary_folder, written
from curate.core.worker_pool import WorkerPool
from curate.verify.features import ExampleColumns, Features, RequestedFeatures, Shingled, features_of
from curate.verify.lines import Chunk, ChunkLines, chunks_of, read_chunk
from curate.verify.near_questions import PARTS
from curate.verify.similarity_index import (
    Counts,
    Flags,
    Floats,
    Index,
    Matches,
    Sets,
    counts_of,
    index_of,
    matches,
    rare_first,
)
from curate.verify.words import Numbers

CHUNKS_PER_ROUND: Final = 48
"""Chunks per round. After a round, examples with a match are not searched further."""
SETS_PER_TASK: Final = 4096
"""Held-out sets that are compared with later splits in one task."""
KINDS: Final = ("whole", "answers")
COUNTS: Final = ("attached", "short_turns", "rejected", "beside", "reasoned", "others", "wordless")
HASHES: Final = ("given", "asked", "turns", "begun", "short", "first_turn", "blocks")
LINE_BITS: Final = 40
"""Bits of a place that hold the line."""
NO_SETS: Final = Shingled(Sets(np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64)), np.empty(0, dtype=np.int64))


class Similar(NamedTuple):
    """Held-out examples, each with the most similar earlier example among those compared until one was found."""

    places: Numbers
    earlier: Numbers
    similarity: Floats


@dataclass(slots=True, kw_only=True)
class Examples(ExampleColumns):
    """All examples in split order."""

    files: list[Path]
    owners: list[int]
    """The split number of each file."""
    places: Numbers
    """Place of each example."""
    line_places: Numbers
    """Place of each line."""
    unread: list[tuple[Path, int, str]]
    """Lines that hold no example: file, line, why."""
    characters: list[int]
    """Number of characters in each file."""
    similar: Mapping[str, Similar]
    """By kind: whole texts, answers."""

    @property
    def splits(self) -> Numbers:
        """The split number of each example."""
        return self.splits_of(self.places)

    def splits_of(self, places: Numbers) -> Numbers:
        """The split number of each place."""
        splits: Numbers = np.array(self.owners, dtype=np.int64)[places >> LINE_BITS]
        return splits

    def place(self, place: int) -> tuple[Path, int]:
        """File and line of a place."""
        return self.files[place >> LINE_BITS], place & ((1 << LINE_BITS) - 1)

    def sizes(self, names: Sequence[str]) -> dict[str, int]:
        """Number of examples in each split."""
        return dict(zip(names, np.bincount(self.splits, minlength=len(names)).tolist(), strict=True))


def read_examples(splits: Sequence[Sequence[Path]], threshold: float, pool: WorkerPool, listen: Listener) -> Examples:
    """Read all splits, the training split first, and compare each with the earlier ones.

    The workers of the pool compute the features. Raises `InputError`.
    """
    with temporary_folder() as folder:
        try:
            return _Reading(splits, folder, threshold, pool, listen).all()
        finally:
            _index.cache_clear()


class _Task(NamedTuple):
    """A chunk of a file, with the number of the file."""

    file: int
    piece: Chunk | ChunkLines


class _Reading:
    """Reads the splits: held-out ones first, then the training split, compared with them chunk by chunk."""

    def __init__(
        self, splits: Sequence[Sequence[Path]], folder: Path, threshold: float, pool: WorkerPool, listen: Listener
    ) -> None:
        self.files = [path for files in splits for path in files]
        self.owners = [split for split, files in enumerate(splits) for _ in files]
        self.folder, self.threshold, self.pool, self.listen = folder, threshold, pool, listen
        self.parts: list[tuple[int, Features]] = []
        """File number and features of each chunk."""
        self.lines = [0] * len(self.files)
        self.done = 0
        self.held = {kind: _Held(folder / kind) for kind in KINDS}

    def all(self) -> Examples:
        """Read and compare all splits."""
        for file, features, physical in self.pool.each(_features, self._pieces(held=True)):
            self._take(file, features, physical)
            for kind, held in self.held.items():
                held.add(getattr(features, kind))
                setattr(features, kind, NO_SETS)
        counts = counts_of(self.held["whole"].sets())
        for held in self.held.values():
            held.build(self.owners, counts, self.threshold)
        self._match_first()
        for split in range(1, max(self.owners, default=0)):
            for held in self.held.values():
                self._match_held(held, split)
        return self._examples()

    def _pieces(self, *, held: bool) -> Iterator[_Task]:
        for file, path in enumerate(self.files):
            if (self.owners[file] > 0) is held:
                yield from (_Task(file, piece) for piece in chunks_of(path))

    def _take(self, file: int, features: Features, physical: int) -> int:
        """Make the line numbers of a chunk places and store the chunk; returns the offset added to each number."""
        base = (file << LINE_BITS) + self.lines[file]
        self.lines[file] += physical
        features.shift(base)
        if not self.owners[file]:
            features.merge_blocks()
        self.parts.append((file, features))
        self.done += len(features.places)
        self.listen(StageAdvanced("read", self.done, None, "lines"))
        return base

    def _match_first(self) -> None:
        """Compare the first split with the indexes."""
        tasks = self._pieces(held=False)
        while some := list(islice(tasks, CHUNKS_PER_ROUND)):
            wanted = {kind: np.packbits(one.unmatched(0)) for kind, one in self.held.items()}
            for file, features, physical, matched in self.pool.each(
                partial(_match_piece, self.folder, wanted, self.threshold), some
            ):
                base = self._take(file, features, physical)
                for kind, found in matched.items():
                    self.held[kind].note(found._replace(earlier=found.earlier + base))

    def _match_held(self, held: "_Held", split: int) -> None:
        """Compare a held-out split with the index of the later splits."""
        numbers = np.flatnonzero(held.index.splits == split)
        slices = iter([numbers[start : start + SETS_PER_TASK] for start in range(0, len(numbers), SETS_PER_TASK)])
        while some := list(islice(slices, CHUNKS_PER_ROUND)):
            work = partial(_match_slice, held.folder, np.packbits(held.unmatched(split)), self.threshold)
            for chosen, found in zip(some, self.pool.each(work, some), strict=True):
                held.note(found._replace(earlier=held.places[chosen[found.earlier]]))

    def _examples(self) -> Examples:
        parts = sorted(self.parts, key=lambda part: part[0])
        features = [one for _, one in parts]

        def column(name: str, empty: Any) -> Any:
            found = np.concatenate([getattr(one, name) for one in features] or [empty])
            for one in features:  # or all columns would be in memory twice
                setattr(one, name, empty)
            return found

        none, hashes = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint64)
        return Examples(
            files=self.files,
            owners=self.owners,
            places=column("lines", none),
            **{
                name: column(name, hashes)
                for name in ("given", "asked", "turns", "begun", "short", "first_turn", "blocks")
            },
            **{name: column(name, none) for name in ("begun_by", "block_by", "block_examples")},
            near=column("near", np.empty((0, PARTS), dtype=np.uint64)),
            keys=column("keys", np.empty((0, 0), dtype=np.uint64)),
            digests=column("digests", np.empty((0, 2), dtype=np.uint64)),
            line_places=column("places", none),
            unread=[
                (self.files[file], line & ((1 << LINE_BITS) - 1), why)
                for file, one in parts
                for line, why in one.unread
            ],
            characters=[sum(one.characters for of, one in parts if of == file) for file in range(len(self.files))],
            **{name: sum(getattr(one, name) for one in features) for name in COUNTS},
            ids=frozenset().union(*(one.ids for one in features)),
            windows=sum((one.windows for one in features), Counter()),
            requests=[request for one in features for request in one.requests],
            similar={kind: one.similar() for kind, one in self.held.items()},
        )


class _Held:
    """The sets of held-out splits, in files of a folder, and the most similar earlier set of each."""

    def __init__(self, folder: Path) -> None:
        """Without sets. Raises `OutputError`."""
        self.folder = folder
        self.sizes, self.lines = [NO_SETS.sets.sizes], [NO_SETS.lines]
        with written(folder):
            folder.mkdir()
            self.file = (folder / "hashes").open("w+b")

    def add(self, found: Shingled) -> None:
        """Append the sets of a chunk. Raises `OutputError`."""
        with written(self.folder):
            self.file.write(found.sets.hashes.data)
        self.sizes.append(found.sets.sizes)
        self.lines.append(found.lines)

    def sets(self) -> Sets:
        """All sets."""
        return Sets(mapped(self.file, "u8"), np.concatenate(self.sizes))

    def build(self, owners: Sequence[int], counts: Counts, threshold: float) -> None:
        """Build the index; no set can be added any more. Raises `OutputError`."""
        self.places = np.concatenate(self.lines)
        """Place of each set's example."""
        splits = np.array(owners, dtype=np.int64)[self.places >> LINE_BITS]
        with written(self.folder), self.file:
            index_of(self.sets(), splits, counts, threshold).save(self.folder)
        self.index = _index(self.folder)
        self.earlier = np.full(len(self.places), -1, dtype=np.int64)
        """Place of the most similar earlier example of each set in the index; -1 for none."""
        self.similarity = np.zeros(len(self.places))

    def unmatched(self, split: int) -> Flags:
        """The sets of later splits in the index that have no match yet: those to compare this split with."""
        return (self.index.splits > split) & (self.earlier < 0)

    def note(self, found: Matches) -> None:
        """Keep each match that is more similar than the best so far."""
        better = found.similarity > self.similarity[found.held]
        at = found.held[better]
        self.earlier[at], self.similarity[at] = found.earlier[better], found.similarity[better]

    def similar(self) -> Similar:
        """The best match of each example, over all of its sets."""
        at = np.flatnonzero(self.earlier[self.index.units] >= 0)
        at = at[np.argsort(self.similarity[self.index.units[at]], kind="stable")]
        # of several sets of an example, the last one is used
        last = len(at) - 1 - np.unique(self.places[at][::-1], return_index=True)[1]
        units = self.index.units[at[last]]
        return Similar(self.places[at[last]], self.earlier[units], self.similarity[units])


def _features(wanted: RequestedFeatures, task: _Task) -> tuple[int, Features, int]:
    lines, physical = read_chunk(task.piece)
    return task.file, features_of(lines, wanted), physical


def _match_piece(
    folder: Path, marked: Mapping[str, Counts], threshold: float, wanted: RequestedFeatures, task: _Task
) -> tuple[int, Features, int, dict[str, Matches]]:
    """Read a chunk of the first split and compare it with all held-out sets."""
    file, features, physical = _features(wanted, task)
    matched: dict[str, Matches] = {}
    for kind in KINDS:
        found: Shingled = getattr(features, kind)
        setattr(features, kind, NO_SETS)
        index = _index(folder / kind)
        result = matches(index, rare_first(found.sets, index.counts), _flags(marked[kind], index), threshold)
        matched[kind] = result._replace(earlier=found.lines[result.earlier])
    return file, features, physical, matched


def _match_slice(folder: Path, marked: Counts, threshold: float, _: RequestedFeatures, numbers: Numbers) -> Matches:
    """Compare some sets of a held-out split with those of later splits."""
    index = _index(folder)
    return matches(index, index.sets.chosen(numbers), _flags(marked, index), threshold)


def _flags(marked: Counts, index: Index) -> Flags:
    return np.unpackbits(marked, count=len(index.sizes)).view(np.bool_)


@lru_cache(4)
def _index(folder: Path) -> Index:
    return Index.load(folder)
