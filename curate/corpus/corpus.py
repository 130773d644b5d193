"""The lines of whole files as columns, and access to the lines themselves; memory is a few hundred bytes per line."""

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import FileIO
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, ClassVar, Final, NamedTuple, Self

from curate.core.errors import InputError
from curate.core.example import Example, Place
from curate.core.lazy import Numbers, np
from curate.core.text import visible
from curate.corpus.boilerplate import Passages
from curate.corpus.features import Lines
from curate.read.dataset import FileFacts, ParsedLine, parsed_line
from curate.read.decode import plain_line
from curate.read.lines import Line
from curate.similarity.shingles import ShingleSets
from curate.similarity.similarity_index import Bands
from curate.storage.disk_arrays import joined
from curate.storage.object_path import ObjectPath

READ_AHEAD_BYTES: Final = 1 << 20
"""Bytes to read at a time if parts of a file are requested in order."""
LINES_AHEAD: Final = 1024
"""Lines of an object that are requested at once."""
LINE_ENDINGS: Final = (b"", b"\n", b"\r\n")


class LineSource(NamedTuple):
    """The file from which lines can be read again."""

    path: Path
    """The file, or the file it was decompressed to."""
    name: str
    """Its name in places."""
    document: bool = False
    """Whether its lines are elements of a JSON document, which may span several physical lines."""


@dataclass(slots=True, kw_only=True)
class Table(Lines):
    """All lines of some files that are not blank, in order."""

    KINDS: ClassVar = {"lines": "i8", **Lines.KINDS}
    sources: list[LineSource]
    first: Numbers
    """The first line of each file; the last entry is the number of all lines."""
    lines: Numbers
    """The line of each example."""
    common: Passages = ()
    """Shared instructions that were not compared (see `curate.corpus.boilerplate`)."""
    folder: Path | None = None
    """Folder for arrays that do not fit in memory; None if all are in memory."""
    judged: Sequence[Any] = ()
    """The findings of `FeatureSpec.judging`."""
    bands: Bands | None = None
    """How signatures are cut into bands for the band keys of the table."""

    def id(self, example: int) -> str:
        """The id of an example."""
        return "{:016x}{:016x}".format(*self.ids[example].tolist())

    def source(self, line: int) -> int:
        """The number of the file of a line."""
        return int(self.first.searchsorted(line, side="right")) - 1

    def place(self, line: int) -> Place:
        """The place of a line."""
        return Place(self.sources[self.source(line)].name, int(self.numbers[line]), int(self.nths[line]))

    def names(self, examples: Numbers) -> list[str]:
        """The ids of some examples."""
        every = self.ids[examples].astype(">u8").tobytes().hex()
        return [every[start : start + 32] for start in range(0, len(every), 32)]

    def places(self, lines: Numbers) -> list[Place]:
        """The places of some lines."""
        files = [self.sources[source].name for source in (self.first.searchsorted(lines, side="right") - 1).tolist()]
        return list(map(Place, files, self.numbers[lines].tolist(), self.nths[lines].tolist()))

    def spots(self, lines: Numbers) -> list[tuple[LineSource, int, int]]:
        """The file, start and size of some lines."""
        sources = [self.sources[number] for number in (self.first.searchsorted(lines, side="right") - 1).tolist()]
        return list(zip(sources, self.starts[lines].tolist(), self.sizes[lines].tolist(), strict=True))

    def take(self, numbers: Numbers, folder: Path | None = None) -> "Table":
        """All lines, and only the examples with these ascending numbers; moves sets and links out of this table to
        save memory.
        """
        table = replace(self) if len(numbers) == len(self.lines) else Lines.take(self, numbers, folder)
        self.sets, self.links = joined(ShingleSets, ()), None
        return table

    def _selected(self, method: str, numbers: Numbers, folder: Path | None) -> Self:
        return Lines._selected(self, method, numbers, folder or self.folder)

    def line_ref(self, line: int) -> "LineRef":
        """The reference with which a line can be read again."""
        start, size, ending, number, nth = (
            int(column[line]) for column in (self.starts, self.sizes, self.endings, self.numbers, self.nths)
        )
        return LineRef(self.sources[self.source(line)], start, size, ending, number, nth)

    def line_refs(self, examples: Numbers) -> "list[LineRef]":
        """References with which some examples can be read again, also in another process, and their ids to verify that
        they are unchanged.
        """
        lines = self.lines[examples]
        sources = [self.sources[source] for source in (self.first.searchsorted(lines, side="right") - 1).tolist()]
        columns = (
            column[lines].tolist() for column in (self.starts, self.sizes, self.endings, self.numbers, self.nths)
        )
        return list(map(LineRef, sources, *columns, self.names(examples)))

    def line_batches(self, groups: Sequence[Sequence[int]], size: int) -> "Iterator[tuple[slice, dict[int, LineRef]]]":
        """Ranges of groups of examples, given by their numbers, that have about `size` examples together; with the
        references of these examples, by number.
        """
        batch_of = np.cumsum([len(group) for group in groups]) // size
        starts = np.flatnonzero(np.diff(batch_of, prepend=-1))
        for start, end in pairwise([*starts.tolist(), len(groups)]):
            examples = np.unique(np.concatenate(groups[start:end]))
            yield slice(start, end), dict(zip(examples.tolist(), self.line_refs(examples), strict=True))


class LineRef(NamedTuple):
    """A line of a file, by its bytes."""

    source: LineSource
    start: int
    size: int
    ending: int
    number: int
    nth: int
    id: str = ""
    """The id of its example, if known."""


class LineReader:
    """Reads lines again. Files are kept open, so that a file that is replaced meanwhile has no effect."""

    def __init__(self) -> None:
        """Files are opened when they are first read."""
        self._files: dict[Path, IO[bytes]] = {}
        self._ahead: dict[tuple[Path, int, int], bytes] = {}
        """Lines of objects by their start and end, which `read_ahead` requested."""

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()

    def read_ahead(self, lines: Iterable[tuple[LineSource, int, int]]) -> None:
        """Request lines of objects, given by their start and size, at once, because each request takes as long as many
        lines take to compare. Those of an earlier call are forgotten; lines of files are not read. Raises `InputError`.
        """
        self._ahead.clear()
        by_object: dict[ObjectPath, list[tuple[int, int]]] = {}
        for source, start, size in lines:
            if size and isinstance(source.path, ObjectPath):
                by_object.setdefault(source.path, []).append((start, start + size))
        for path, ranges in by_object.items():
            starts, ends = map(list, zip(*ranges, strict=True))
            self._ahead |= zip(((path, *span) for span in ranges), path.ranges(starts, ends), strict=True)

    def data(self, ref: LineRef) -> bytes:
        """The bytes of a line without its line ending. Raises `InputError` for a file that was deleted or
        truncated.
        """
        return self.part(ref.source, ref.start, ref.size)

    def lines(self, spots: Sequence[tuple[LineSource, int, int]]) -> Iterator[bytes]:
        """The bytes of lines, given by their start and size, without line endings."""
        for first in range(0, len(spots), LINES_AHEAD):
            some = spots[first : first + LINES_AHEAD]
            self.read_ahead(some)
            for spot in some:
                yield self.part(*spot)

    def parts(self, source: LineSource, begins: Numbers, ends: Numbers) -> Iterator[memoryview]:
        """Parts of a file, read ahead where they are in order. Raises `InputError` for a file that was deleted or
        truncated.
        """
        start, block = 0, memoryview(b"")
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
            if begin < start or end > start + len(block):
                start, block = begin, memoryview(self._read(source, begin, max(READ_AHEAD_BYTES, end - begin)))
            if end > start + len(block):
                raise InputError.changed(source.name)
            yield block[begin - start : end - start]

    def part(self, source: LineSource, start: int, size: int) -> bytes:
        """Bytes of a file. Raises as `data` does."""
        data = self._ahead.get((source.path, start, start + size)) or self._read(source, start, size)
        if len(data) != size:  # a file that is mapped instead would end the process where it is cut short
            raise InputError.changed(source.name)
        return data

    def _read(self, source: LineSource, start: int, size: int) -> bytes:
        try:
            file = self._files.get(source.path)
            if file is None:
                file = self._files[source.path] = source.path.open("rb", buffering=0)
            if isinstance(file, FileIO) and hasattr(os, "pread"):  # processes share it, but not its position
                return os.pread(file.fileno(), size, start)
            file.seek(start)
            return file.read(size)
        except FileNotFoundError as error:  # it was deleted
            raise InputError.changed(source.name) from error
        except OSError as error:
            raise InputError(
                f"{visible(source.name)}: cannot be read again: {error.strerror}", "it must not change while it is read"
            ) from error

    def line(self, ref: LineRef) -> ParsedLine:
        """A line with its parsed content."""
        return parsed_line(
            Line(ref.number, ref.start, self.data(ref), LINE_ENDINGS[ref.ending], 0, ref.nth),
            FileFacts(ref.source.name),
        )

    def example(self, ref: LineRef) -> Example:
        """The example of a line. Raises `InputError` if the line has changed."""
        example: Example | None = None
        plain = plain_line(self.data(ref))
        if plain is not None:  # nearly all lines
            example = Example(Place(ref.source.name, ref.number, ref.nth), plain.value, "messages", None, True)
        if example is None or (ref.id and example.id != ref.id):
            example = self.line(ref).example
        if example is None or (ref.id and example.id != ref.id):
            raise InputError.changed(ref.source.name)
        return example


def lines_at(table: Table, places: Sequence[Place]) -> Numbers:
    """The lines at some places of the files."""
    sources = {source.name: number for number, source in reversed(list(enumerate(table.sources)))}
    keys = np.array([(sources[place.file], place.line, place.nth) for place in places], dtype=np.int64).reshape(-1, 3)
    lines = np.empty(len(places), dtype=np.int64)
    for source in np.unique(keys[:, 0]).tolist():
        indices = np.flatnonzero(keys[:, 0] == source)
        first, last = int(table.first[source]), int(table.first[source + 1])
        starts, ends = (
            first + table.numbers[first:last].searchsorted(keys[indices, 1], side) for side in ("left", "right")
        )
        lines[indices] = starts
        for index in indices[
            ends - starts > 1
        ].tolist():  # several examples of one line are in order; the first number may be any
            start, end = first + table.numbers[first:last].searchsorted([keys[index, 1], keys[index, 1] + 1])
            lines[index] = start + table.nths[start:end].searchsorted(keys[index, 2])
    return lines


def examples_at(table: Table, places: Collection[Place]) -> dict[Place, Example]:
    """The examples at some places, read again. Raises `InputError` for a file that changed."""
    reader = LineReader()
    place_list = list(places)
    return {
        place: reader.example(table.line_ref(line))
        for place, line in zip(place_list, lines_at(table, place_list).tolist(), strict=True)
    }
