"""The examples of all splits as columns, and what whole texts and answers of later splits have of earlier ones.

An example goes by its place: the number of its file and its line there, as one number. Files are numbered split after
split, so that an earlier split has smaller places.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from curate.core.events import Listener, StageAdvanced
from curate.core.worker_pool import WorkerPool
from curate.verify.features import Features, Shingled, Wanted, features_of
from curate.verify.lines import Chunk, ChunkLines, chunks_of, read_chunk
from curate.verify.passages import Window
from curate.verify.similarity_index import (
    Counts,
    Flags,
    Floats,
    Index,
    Matches,
    Sets,
    counts_of,
    index_of,
    joined,
    matches,
    ordered,
)
from curate.verify.words import Hashes, Numbers, mixed

ROUND: Final = 48
"""Pieces after which nothing more is looked for of the examples that were found."""
SLICE: Final = 4096
"""Held-out sets that are held against later ones at a time."""
KINDS: Final = ("whole", "answers")
FILE: Final = 40
"""Bits of a place that are the line."""
NOTHING: Final = Shingled(Sets(np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64)), np.empty(0, dtype=np.int64))


class Similar(NamedTuple):
    """Held-out examples, each with the earlier one that is most like it, of those that were looked at until one was
    found.
    """

    places: Numbers
    earlier: Numbers
    similarity: Floats


@dataclass(slots=True)
class Examples:
    """All examples, split after split; columns are as in `Features`, with places for lines."""

    files: list[Path]
    owners: list[int]
    """Of each file the number of its split."""
    places: Numbers
    """Of all examples."""
    given: Hashes
    asked: Hashes
    turns: Hashes
    begun: Hashes
    begun_by: Numbers
    keys: Hashes
    digests: Hashes
    line_places: Numbers
    """Of all lines."""
    unread: list[tuple[Path, int, str]]
    """Lines that hold no example: file, line, why."""
    characters: list[int]
    """Of each file."""
    short: Hashes
    attached: int
    others: int
    wordless: int
    ids: frozenset[str]
    windows: Counter[Window]
    requests: list[tuple[int, str]]
    similar: Mapping[str, Similar]
    """By kind: whole texts, answers."""

    @property
    def splits(self) -> Numbers:
        """Of each example the number of its split."""
        return self.splits_of(self.places)

    def splits_of(self, places: Numbers) -> Numbers:
        """The number of the split of each place."""
        splits: Numbers = np.array(self.owners, dtype=np.int64)[places >> FILE]
        return splits

    def place(self, place: int) -> tuple[Path, int]:
        """File and line of a place."""
        return self.files[place >> FILE], place & ((1 << FILE) - 1)

    def sizes(self, names: Sequence[str]) -> dict[str, int]:
        """How many examples each split has."""
        return dict(zip(names, np.bincount(self.splits, minlength=len(names)).tolist(), strict=True))


def read_examples(splits: Sequence[Sequence[Path]], threshold: float, pool: WorkerPool, listen: Listener) -> Examples:
    """Read all splits, the one that is trained on first, and compare each with those before it. The pool makes what is
    wanted. Raises `InputError`.
    """
    with tempfile.TemporaryDirectory(prefix="curate-verify-", ignore_cleanup_errors=True) as name:
        try:
            return _Reading(splits, Path(name), threshold, pool, listen).all()
        finally:
            _index.cache_clear()


class _Task(NamedTuple):
    """A piece of a file, by the number of that."""

    file: int
    piece: Chunk | ChunkLines


class _Reading:
    """The splits while they are read: held-out ones first, then the first one, which is held against them piece by
    piece.
    """

    def __init__(
        self, splits: Sequence[Sequence[Path]], folder: Path, threshold: float, pool: WorkerPool, listen: Listener
    ) -> None:
        self.files = [path for files in splits for path in files]
        self.owners = [split for split, files in enumerate(splits) for _ in files]
        self.folder, self.threshold, self.pool, self.listen = folder, threshold, pool, listen
        self.parts: list[tuple[int, Features]] = []
        """File and features of each piece."""
        self.lines = [0] * len(self.files)
        self.done = 0

    def all(self) -> Examples:
        """Everything that is to be known."""
        for file, features, physical in self.pool.each(_features, self._pieces(held=True)):
            self._take(file, features, physical)
        held = self._held()
        self._match_first(held)
        for split in range(1, max(self.owners, default=0)):
            for one in held.values():
                self._match_held(one, split)
        return self._examples(held)

    def _pieces(self, *, held: bool) -> Iterator[_Task]:
        for file, path in enumerate(self.files):
            if (self.owners[file] > 0) is held:
                yield from (_Task(file, piece) for piece in chunks_of(path))

    def _take(self, file: int, features: Features, physical: int) -> int:
        """Number the lines of a piece, and keep it; what was added to each number."""
        base = (file << FILE) + self.lines[file]
        self.lines[file] += physical
        features.shift(base)
        self.parts.append((file, features))
        self.done += len(features.places)
        self.listen(StageAdvanced("read", self.done, None, "lines"))
        return base

    def _held(self) -> "dict[str, _Held]":
        """Indexes of the held-out sets."""
        counts = counts_of([features.whole.sets for _, features in self.parts])
        held = {}
        for kind in KINDS:
            found: list[Shingled] = [getattr(features, kind) for _, features in self.parts]
            for _, features in self.parts:
                setattr(features, kind, NOTHING)
            held[kind] = _Held(kind, self.folder / kind, found, self.owners, counts, self.threshold)
        return held

    def _match_first(self, held: "Mapping[str, _Held]") -> None:
        """Hold the first split against the indexes."""
        tasks = self._pieces(held=False)
        while some := list(islice(tasks, ROUND)):
            wanted = {kind: np.packbits(one.wanted(0)) for kind, one in held.items()}
            for file, features, physical, matched in self.pool.each(
                partial(_match_piece, self.folder, wanted, self.threshold), some
            ):
                base = self._take(file, features, physical)
                for kind, found in matched.items():
                    held[kind].note(found._replace(earlier=found.earlier + base))

    def _match_held(self, held: "_Held", split: int) -> None:
        """Hold a held-out split against the index of those behind it."""
        numbers = np.flatnonzero(held.index.splits == split)
        slices = iter([numbers[start : start + SLICE] for start in range(0, len(numbers), SLICE)])
        while some := list(islice(slices, ROUND)):
            work = partial(_match_slice, held.folder, np.packbits(held.wanted(split)), self.threshold)
            for chosen, found in zip(some, self.pool.each(work, some), strict=True):
                held.note(found._replace(earlier=held.places[held.firsts[chosen[found.earlier]]]))

    def _examples(self, held: "Mapping[str, _Held]") -> Examples:
        """All parts as one, split after split."""
        parts = sorted(self.parts, key=lambda part: part[0])
        features = [one for _, one in parts]

        def column(name: str, empty: Any) -> Any:
            return np.concatenate([getattr(one, name) for one in features] or [empty])

        none, hashes = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint64)
        return Examples(
            files=self.files,
            owners=self.owners,
            places=column("lines", none),
            **{name: column(name, hashes) for name in ("given", "asked", "turns", "begun", "short")},
            begun_by=column("begun_by", none),
            keys=column("keys", np.empty((0, 0), dtype=np.uint64)),
            digests=column("digests", np.empty((0, 2), dtype=np.uint64)),
            line_places=column("places", none),
            unread=[
                (self.files[file], line & ((1 << FILE) - 1), why) for file, one in parts for line, why in one.unread
            ],
            characters=[sum(one.characters for of, one in parts if of == file) for file in range(len(self.files))],
            **{name: sum(getattr(one, name) for one in features) for name in ("attached", "others", "wordless")},
            ids=frozenset().union(*(one.ids for one in features)),
            windows=sum((one.windows for one in features), Counter()),
            requests=[request for one in features for request in one.requests],
            similar={kind: one.similar() for kind, one in held.items()},
        )


class _Held:
    """The sets of held-out splits: an index in which each stands once a split, and the earlier set that each is most
    like.
    """

    def __init__(
        self,
        kind: str,
        folder: Path,
        found: Sequence[Shingled],
        owners: Sequence[int],
        counts: Counts,
        threshold: float,
    ) -> None:
        self.kind, self.folder = kind, folder
        self.places = np.concatenate([NOTHING.lines, *(one.lines for one in found)])
        """Of the example of each set."""
        sets = joined([ordered(one.sets, counts) for one in found])
        splits = np.array(owners, dtype=np.int64)[self.places >> FILE]
        _, self.firsts, self.units = np.unique(
            mixed(sets.digests() ^ mixed(splits.astype(np.uint64))), return_index=True, return_inverse=True
        )
        index_of(sets.chosen(self.firsts), splits[self.firsts], counts, threshold).save(folder)
        self.index = _index(folder)
        self.earlier = np.full(len(self.firsts), -1, dtype=np.int64)
        """Of each set of the index the place of the most similar earlier example; -1 for none."""
        self.similarity = np.zeros(len(self.firsts))

    def wanted(self, split: int) -> Flags:
        """The sets of the index that a split is held against: those behind it that nothing was found for."""
        return (self.index.splits > split) & (self.earlier < 0)

    def note(self, found: Matches) -> None:
        """Take what is more similar than what was found so far."""
        better = found.similarity > self.similarity[found.held]
        at = found.held[better]
        self.earlier[at], self.similarity[at] = found.earlier[better], found.similarity[better]

    def similar(self) -> Similar:
        """Of each example what the best of its sets is like."""
        at = np.flatnonzero(self.earlier[self.units] >= 0)
        at = at[np.argsort(self.similarity[self.units[at]], kind="stable")]
        last = (
            len(at) - 1 - np.unique(self.places[at][::-1], return_index=True)[1]
        )  # of several sets of an example the last one stays
        units = self.units[at[last]]
        return Similar(self.places[at[last]], self.earlier[units], self.similarity[units])


def _features(wanted: Wanted, task: _Task) -> tuple[int, Features, int]:
    lines, physical = read_chunk(task.piece)
    return task.file, features_of(lines, wanted), physical


def _match_piece(
    folder: Path, marked: Mapping[str, Counts], threshold: float, wanted: Wanted, task: _Task
) -> tuple[int, Features, int, dict[str, Matches]]:
    """Read a piece of the first split, and hold it against all others."""
    file, features, physical = _features(wanted, task)
    matched: dict[str, Matches] = {}
    for kind in KINDS:
        found: Shingled = getattr(features, kind)
        setattr(features, kind, NOTHING)
        index = _index(folder / kind)
        result = matches(index, ordered(found.sets, index.counts), _flags(marked[kind], index), threshold)
        matched[kind] = result._replace(earlier=found.lines[result.earlier])
    return file, features, physical, matched


def _match_slice(folder: Path, marked: Counts, threshold: float, _: Wanted, numbers: Numbers) -> Matches:
    """Hold some sets of a held-out split against those of the splits behind it."""
    index = _index(folder)
    return matches(index, index.sets.chosen(numbers), _flags(marked, index), threshold)


def _flags(marked: Counts, index: Index) -> Flags:
    return np.unpackbits(marked, count=len(index.sizes)).view(np.bool_)


@lru_cache(4)
def _index(folder: Path) -> Index:
    return Index.load(folder)
