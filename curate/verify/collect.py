"""The examples of all splits as columns, and what whole texts and answers of later splits have of earlier ones."""

import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from curate.events import Listener, StageAdvanced
from curate.verify.crew import Crew
from curate.verify.features import Features, Wanted, features_of
from curate.verify.join import Index, Matches, index_of, load, matches, save
from curate.verify.lines import SIZE, Lines, Piece, pieces_of, read_piece
from curate.verify.passages import Passages, Window
from curate.verify.sets import Flags, Ranks, Sets, joined, ranks_in
from curate.verify.words import Hashes, Numbers, mixed

SAMPLE: Final = 16
"""Pieces of held-out splits that tell which hashes are frequent."""
ROUND: Final = 48
"""Pieces after which nothing more is looked for of the examples that were found."""
SLICE: Final = 4096
"""Held-out sets that are held against later ones at a time."""
KINDS: Final = ("whole", "answers")
NOTHING: Final = Sets(np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64))
Floats = np.ndarray[Any, np.dtype[np.float64]]


class Similar(NamedTuple):
    """For each example the earlier one that is most like it, of those that were looked at until one was found: -1 for none."""

    other: Numbers
    similarity: Floats


@dataclass(slots=True)
class Collected:
    """All examples, split after split; columns are as in `Features`."""

    files: list[Path]
    splits: Numbers
    """Of each example the number of its split."""
    file: Numbers
    """Of each its file."""
    numbers: Numbers
    given: Hashes
    asked: Hashes
    turns: Hashes
    begun: Hashes
    begun_by: Numbers
    keys: Hashes
    digests: Hashes
    """Of all lines, and `places`: file and number of each."""
    places: Numbers
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
    similar: dict[str, Similar]
    """By kind: whole texts, answers."""


class _Task(NamedTuple):
    """A piece of a file, by the number of that."""

    file: int
    piece: Piece | Lines | None


class Part(NamedTuple):
    """Features of a piece of a file."""

    split: int
    file: int
    features: Features


def collect(splits: Sequence[Sequence[Path]], wanted: Wanted, threshold: float, crew: Crew, listen: Listener) -> Collected:
    """Read all splits, the one that is trained on first, and compare each with those before it. Raises `InputError`."""
    with tempfile.TemporaryDirectory(prefix="curate-verify-", ignore_cleanup_errors=True) as name:
        collecting = _Collecting(splits, Path(name), wanted, threshold, crew, listen)
        try:
            return collecting.all()
        finally:
            for cached in (load, ranks_in, _wanted, _marks):
                cached.cache_clear()


class _Collecting:
    def __init__(self, splits: Sequence[Sequence[Path]], folder: Path, wanted: Wanted, threshold: float, crew: Crew, listen: Listener) -> None:
        self.files = [path for files in splits for path in files]
        self.owner = [split for split, files in enumerate(splits) for _ in files]
        self.folder, self.threshold, self.crew, self.listen = folder, threshold, crew, listen
        self.wanted = wanted
        self.parts: list[Part] = []
        self.lines = [0] * len(self.files)
        self.done = 0

    def all(self) -> Collected:
        """Everything that is to be known."""
        self._rank()
        self._read_held()
        held = {kind: self._held(kind) for kind in KINDS}
        for part in self.parts:
            part.features.whole = part.features.answers = NOTHING
        return columns(self.files, self.parts, self._found(held), held)

    def _put(self, wanted: Wanted, name: str = "wanted") -> Path:
        values = {"passages": wanted.passages.texts, "ids": list(wanted.ids), "ranks": wanted.ranks and str(wanted.ranks)}
        (self.folder / name).write_text(json.dumps(wanted._asdict() | values))
        return self.folder / name

    def _pieces(self, *, held: bool) -> "Iterator[_Task]":
        for file, path in enumerate(self.files):
            if (self.owner[file] > 0) is held:
                yield from (_Task(file, piece) for piece in pieces_of(path))

    def _rank(self) -> None:
        """Learn from a sample how frequent hashes are."""
        size = sum(path.stat().st_size for path, split in zip(self.files, self.owner, strict=True) if split > 0)
        sample = islice(self._pieces(held=True), 0, None, max(1, size // SIZE // SAMPLE))
        asked = self._put(self.wanted._replace(keys=(), ids=frozenset(), requests=False), "sampled")  # the same texts are hashed, and nothing is looked for
        hashes = np.concatenate([np.empty(0, dtype=np.uint64), *self.crew.each(partial(_sampled, asked), sample)])
        Ranks.of(hashes).counts.tofile(self.folder / "ranks")
        self._put(self.wanted._replace(ranks=self.folder / "ranks"))

    def _take(self, task: "_Task", features: Features, physical: int) -> None:
        """Number the lines of a piece, and keep it."""
        before = self.lines[task.file]
        self.lines[task.file] += physical
        if physical:
            features.numbers += before
            features.places += before
            features.unread = [(number + before, why) for number, why in features.unread]
        self.parts.append(Part(self.owner[task.file], task.file, features))
        self.done += len(features.places)
        self.listen(StageAdvanced("read", self.done, None, "lines"))

    def _read_held(self) -> None:
        for task, features, physical in self.crew.each(partial(_features, self.folder / "wanted"), self._pieces(held=True)):
            self._take(task, features, physical)

    def _held(self, kind: str) -> "Held":
        """The held-out sets of a kind, each once a split."""
        sets = joined([getattr(part.features, kind) for part in self.parts])
        of = [part.features.whole_of if kind == "whole" else part.features.answer_of for part in self.parts]
        counts = [len(one) for one in of]
        splits = np.repeat(np.array([part.split for part in self.parts], dtype=np.int64), counts)
        _, firsts, units = np.unique(mixed(sets.digests ^ mixed(splits.astype(np.uint64))), return_index=True, return_inverse=True)
        save(index_of(sets.chosen(firsts), splits[firsts], ranks_in(self.folder / "ranks"), self.threshold), self.folder / kind)
        parts = np.repeat(np.arange(len(counts)), counts)
        return Held(load(self.folder / kind), units, firsts, parts, np.concatenate([np.empty(0, dtype=np.int64), *of]))

    def _found(self, held: "Mapping[str, Held]") -> dict[str, "Found"]:
        """Hold each split against the index of those behind it, the first one first."""
        found = {kind: Found.of(len(one.index.sizes)) for kind, one in held.items()}
        tasks, stamp = self._pieces(held=False), 1
        while some := list(islice(tasks, ROUND)):
            work = partial(_earlier, self.folder, self._mark(found, stamp), self.threshold)
            for task, features, physical, matched in self.crew.each(work, some):
                for kind, result in matched.items():
                    found[kind].note(result, np.full(len(result.held), len(self.parts)), stamp)
                self._take(task, features, physical)
            stamp += 1
        for split in range(1, max(self.owner, default=0)):
            for kind, one in held.items():
                stamp = self._among_held(kind, one, split, found, stamp)
        return found

    def _among_held(self, kind: str, held: "Held", split: int, found: "Mapping[str, Found]", stamp: int) -> int:
        """Hold a held-out split against those behind it; the next stamp."""
        numbers = np.flatnonzero(held.index.splits == split)
        slices = iter([numbers[start : start + SLICE] for start in range(0, len(numbers), SLICE)])
        while some := list(islice(slices, ROUND)):
            work = partial(_later, self.folder, kind, split, self._mark(found, stamp), self.threshold)
            for numbers, result in zip(some, self.crew.each(work, some), strict=True):
                sets = held.firsts[numbers[result.earlier]]
                found[kind].note(result._replace(earlier=held.of[sets]), held.parts[sets], stamp)
            stamp += 1
        return stamp

    def _mark(self, found: "Mapping[str, Found]", stamp: int) -> Path:
        """Write down what was found so far."""
        path = self.folder / f"found-{stamp}.npz"
        np.savez(path, **{kind: one.part >= 0 for kind, one in found.items()})  # type: ignore[arg-type]
        return path


@dataclass(slots=True)
class Held:
    """The sets of held-out splits: an index in which each stands once a split."""

    index: Index
    units: Numbers
    """Of each set its number in the index."""
    firsts: Numbers
    """Of each number in the index the first set."""
    parts: Numbers
    """Of each set its part, and `of`: its example there."""
    of: Numbers


@dataclass(slots=True)
class Found:
    """Of each set of an index the part and the example there that it is like, how much, and in which round that was found; a part of -1 for none."""

    part: Numbers
    example: Numbers
    similarity: Floats
    stamp: Numbers

    @classmethod
    def of(cls, count: int) -> "Found":
        """Nothing found yet."""
        return cls(np.full(count, -1, dtype=np.int64), np.zeros(count, dtype=np.int64), np.zeros(count), np.zeros(count, dtype=np.int64))

    def note(self, result: Matches, parts: Numbers, stamp: int) -> None:
        """Take what is more similar; what was found in an earlier round stays."""
        better = (result.similarity > self.similarity[result.held]) & ((self.part[result.held] < 0) | (self.stamp[result.held] == stamp))
        at = result.held[better]
        self.part[at], self.example[at], self.similarity[at] = parts[better], result.earlier[better], result.similarity[better]
        self.stamp[at] = stamp


@lru_cache(2)
def _wanted(path: Path) -> Wanted:
    found = json.loads(path.read_text())
    ranks = None if found["ranks"] is None else Path(found["ranks"])
    return Wanted(tuple(found["keys"]), Passages(found["passages"]), frozenset(found["ids"]), found["requests"], ranks)


def _sampled(wanted: Path, task: _Task) -> Hashes:
    return features_of(read_piece(task.piece or Lines([], []))[0], _wanted(wanted)).whole.hashes


def _features(wanted: Path, task: _Task) -> tuple[_Task, Features, int]:
    lines, physical = read_piece(task.piece or Lines([], []))
    return _Task(task.file, None), features_of(lines, _wanted(wanted)), physical


def _earlier(folder: Path, marked: Path, threshold: float, task: _Task) -> tuple[_Task, Features, int, dict[str, Matches]]:
    """Read a piece of the first split, and hold it against all others."""
    task, features, physical = _features(folder / "wanted", task)
    matched: dict[str, Matches] = {}
    for kind, of in zip(KINDS, (features.whole_of, features.answer_of), strict=True):
        found = matches(load(folder / kind), getattr(features, kind), 0, _marks(marked)[kind], ranks_in(folder / "ranks"), threshold)
        matched[kind] = found._replace(earlier=of[found.earlier])
    features.whole = features.answers = NOTHING
    return task, features, physical, matched


def _later(folder: Path, kind: str, split: int, marked: Path, threshold: float, numbers: Numbers) -> Matches:
    """Hold some sets of a held-out split against those of the splits behind it."""
    index = load(folder / kind)
    return matches(index, index.sets.chosen(numbers), split, _marks(marked)[kind], ranks_in(folder / "ranks"), threshold)


@lru_cache(1)
def _marks(path: Path) -> dict[str, Flags]:
    with np.load(path) as marks:
        return {kind: marks[kind] for kind in marks.files}


def columns(files: list[Path], parts: Sequence[Part], found: Mapping[str, Found], held: Mapping[str, Held]) -> Collected:
    """All parts as one, split after split."""
    order = sorted(range(len(parts)), key=lambda number: (parts[number].split, number))
    sizes = np.array([len(part.features.numbers) for part in parts], dtype=np.int64)
    base = np.zeros(len(parts), dtype=np.int64)  # of each part, how many examples stand before it
    base[order] = np.cumsum(sizes[order]) - sizes[order]
    ordered = [parts[number] for number in order]

    def column(name: str, kind: type = np.uint64) -> Any:
        return np.concatenate([np.empty(0, dtype=kind), *(getattr(part.features, name) for part in ordered)])

    def spread(name: str, by: str) -> Numbers:
        return np.repeat(np.array([getattr(part, name) for part in ordered], dtype=np.int64), [len(getattr(part.features, by)) for part in ordered])

    features = [part.features for part in ordered]
    keys = [one.keys for one in features]
    begun_by = [one.begun_by + start for one, start in zip(features, base[order].tolist(), strict=True)]
    return Collected(
        files=files,
        splits=spread("split", "numbers"),
        file=spread("file", "numbers"),
        numbers=column("numbers", np.int64),
        given=column("given"),
        asked=column("asked"),
        turns=column("turns"),
        begun=column("begun"),
        begun_by=np.concatenate([np.empty(0, dtype=np.int64), *begun_by]),
        keys=np.concatenate(keys) if keys else np.empty((0, 0), dtype=np.uint64),
        digests=np.concatenate([np.empty((0, 2), dtype=np.uint64), *(one.digests for one in features)]),
        places=np.stack([spread("file", "places"), column("places", np.int64)], axis=1),
        unread=[(files[part.file], number, why) for part in ordered for number, why in part.features.unread],
        characters=[sum(part.features.characters for part in ordered if part.file == file) for file in range(len(files))],
        short=column("short"),
        attached=sum(one.attached for one in features),
        others=sum(one.others for one in features),
        wordless=sum(one.wordless for one in features),
        ids=frozenset().union(*(one.ids for one in features)),
        windows=sum((one.windows for one in features), Counter()),
        requests=[(at + start, text) for one, start in zip(features, base[order].tolist(), strict=True) for at, text in one.requests],
        similar={kind: _similar(found[kind], held[kind], base, int(sizes.sum())) for kind in held},
    )


def _similar(found: Found, held: Held, base: Numbers, count: int) -> Similar:
    """Of each example what the best of its sets is like."""
    similar = Similar(np.full(count, -1, dtype=np.int64), np.zeros(count))
    at = np.flatnonzero(found.part[held.units] >= 0)
    at = at[np.argsort(found.similarity[held.units[at]], kind="stable")]  # of several sets of an example the last one stays
    units = held.units[at]
    examples = base[held.parts[at]] + held.of[at]
    similar.other[examples] = base[found.part[units]] + found.example[units]
    similar.similarity[examples] = found.similarity[units]
    return similar
