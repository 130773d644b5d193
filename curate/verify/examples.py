"""The examples of all splits as columns, and the similarity of held-out texts and answers to earlier splits.

An example is identified by its place: file number and line in one integer. Files are numbered split by split, so an
earlier split has smaller places.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from curate.core.events import Listener, StageAdvanced
from curate.parallel.worker_pool import WorkerPool
from curate.storage.scratch import temporary_folder
from curate.verify.cut_answers import NO_EDGES
from curate.verify.features import FeatureCounts, Features, RequestedFeatures, features_of
from curate.verify.lines import LINE_BITS, ByteRange, ChunkLines, chunks_of, read_chunk
from curate.verify.near_duplicates import SetStore, Similar
from curate.verify.words import Hashes, Numbers

PLACES: Final = ("places", "prefixes_by", "blocks_by", "answer_blocks_by", "origins_by", "line_places")
"""The columns that are places."""


@dataclass(slots=True, kw_only=True)
class Examples:
    """All examples in split order. The features of each are columns; see `Row`."""

    files: list[Path]
    owners: list[int]
    """The split number of each file."""
    places: Numbers
    """Place of each example."""
    trained: Hashes
    question: Hashes
    question_lines: Hashes
    turns: Hashes
    first_turn: Hashes
    first_words: Hashes
    short: Hashes
    near: Hashes
    """One column per part."""
    keys: Hashes
    """One column per key."""
    prefixes: Hashes
    prefixes_by: Numbers
    """The place of each."""
    blocks: Hashes
    blocks_by: Numbers
    """The place of each; of the first split the first one in each chunk that has it."""
    block_examples: Numbers
    """Number of examples that each entry of `blocks` stands for."""
    answer_blocks: Hashes
    """The first and last words of answers that are as long as a block."""
    answer_blocks_by: Numbers
    """The place of each."""
    origin_keys: Numbers
    """The keys that name where examples come from, by position in `curate.core.origin_keys.PATHS`."""
    origins: Hashes
    """The hash of each one's value."""
    origins_by: Numbers
    """The place of each."""
    line_places: Numbers
    """Place of each line."""
    digests: Hashes
    """128-bit hash of each line, as two integers."""
    unread: list[tuple[Path, int, str]]
    """Lines that hold no example: file, line, why."""
    characters: list[int]
    """Number of characters in each split."""
    requests: list[tuple[int, str]]
    """If requested: place and text of each last question."""
    counts: FeatureCounts
    similar: Mapping[str, Similar]
    """By kind: whole texts, answers."""
    cut: Numbers
    """Places of examples with an answer that may be a part of one in another split, or the reverse."""

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

    def file_sizes(self) -> dict[Path, int]:
        """Number of examples in each file."""
        counts = np.bincount(self.places >> LINE_BITS, minlength=len(self.files))
        return dict(zip(self.files, counts.tolist(), strict=True))

    def sizes(self, names: Sequence[str]) -> dict[str, int]:
        """Number of examples in each split."""
        return dict(zip(names, np.bincount(self.splits, minlength=len(names)).tolist(), strict=True))


class _Task(NamedTuple):
    """A chunk of a file, with the number of the file."""

    file: int
    chunk: ByteRange | ChunkLines


def read_examples(splits: Sequence[Sequence[Path]], threshold: float, pool: WorkerPool, listen: Listener) -> Examples:
    """Read all splits, the training split first, and compare each with the earlier ones.

    The workers of the pool compute the features. Raises `InputError`.
    """
    with temporary_folder() as folder:
        return _FeatureReading(splits, folder).all(threshold, pool, listen)


class _FeatureReading:
    """The features of all splits, collected while they are read."""

    def __init__(self, splits: Sequence[Sequence[Path]], folder: Path) -> None:
        self.files = [path for files in splits for path in files]
        self.owners = [split for split, files in enumerate(splits) for _ in files]
        self.columns: dict[str, list[Any]] = defaultdict(list)
        self.stores = {kind: SetStore(folder / kind) for kind in ("whole", "answers")}
        self.edges = [np.empty((0, len(NO_EDGES)), dtype=np.uint64)]
        self.unread: list[tuple[Path, int, str]] = []
        self.requests: list[tuple[int, str]] = []
        self.characters, self.lines = [0] * len(splits), [0] * len(self.files)
        self.counts = FeatureCounts()

    def all(self, threshold: float, pool: WorkerPool, listen: Listener) -> Examples:
        """Read and compare all splits."""
        tasks = (_Task(file, chunk) for file, path in enumerate(self.files) for chunk in chunks_of(path))
        done = 0
        for file, features, physical in pool.each(_features, tasks):
            self._take(file, features)
            self.lines[file] += physical
            done += len(features.columns["line_places"])
            listen(StageAdvanced("read", done, None, "lines"))
        if not self.columns:  # no split has a line
            nothing = features_of(ChunkLines([], []), RequestedFeatures())
            self.columns.update({name: [column] for name, column in nothing.columns.items()})
        cut = self.stores["answers"].cut_places(np.concatenate(self.edges), self.owners)
        self.edges.clear()
        return Examples(
            files=self.files,
            owners=self.owners,
            # a column is dropped once it is joined, or all would be in memory twice
            **{name: np.concatenate(self.columns.pop(name)) for name in list(self.columns)},
            unread=self.unread,
            characters=self.characters,
            requests=self.requests,
            counts=self.counts,
            cut=cut,
            similar={kind: store.similar(self.owners, threshold, pool) for kind, store in self.stores.items()},
        )

    def _take(self, file: int, features: Features) -> None:
        """Add the features of the next chunk of a file; convert its line numbers to places in all files."""
        before = self.lines[file]
        base = (file << LINE_BITS) + before
        columns = features.columns
        if not self.owners[file]:  # of a system prompt in all examples, one of each chunk is enough
            unique_blocks = np.unique(columns["blocks"], return_index=True, return_counts=True)
            columns["blocks"], firsts, columns["block_examples"] = unique_blocks
            columns["blocks_by"] = columns["blocks_by"][firsts]
        for name, column in columns.items():
            self.columns[name].append(column + base if name in PLACES else column)
        for kind, store in self.stores.items():
            store.add(features.sets[kind], base)
        self.edges.append(features.edges)
        self.unread += [(self.files[file], before + line, why) for line, why in features.unread]
        self.requests += [(base + line, text) for line, text in features.requests]
        self.characters[self.owners[file]] += features.counts.characters
        self.counts.add(features.counts)


def _features(requested: RequestedFeatures, task: _Task) -> tuple[int, Features, int]:
    """The index of a chunk's file, the features of its examples, and the number of its physical lines."""
    lines, physical = read_chunk(task.chunk)
    return task.file, features_of(lines, requested), physical
