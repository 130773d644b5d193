"""Byte offsets of lines, for random access to large files while the rest is still being indexed.

A line takes 20 bytes. Compressed files and JSON documents are copied to a private temporary file.
"""

import tempfile
import weakref
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import IO, Any, Final

from curate.core.errors import InputError
from curate.core.example import Place
from curate.core.lazy import Numbers, np
from curate.core.limits import lines_limited
from curate.read.dataset import WIDE_ENCODING, FileFacts, ParsedLine, parsed_line
from curate.read.lines import BOM, Line, elements, is_document, sniff_file_kind
from curate.storage.files import blocks, display_name, packing, real_path
from curate.storage.snapshot import FileState, state_of

CR: Final = 13
BLOCK_BYTES: Final = 4 << 20
"""Bytes between two progress updates: a few milliseconds."""


class FileIndex:
    """Index of the non-blank lines of one file. One thread may build it while others read."""

    def __init__(self, path: Path, name: str) -> None:
        """Reads nothing before `build`. Raises `InputError` for a file that cannot be opened."""
        self.path, self.name = path, name
        self.state = _state_of(path)
        self.count = 0
        """Lines found so far."""
        self.complete = False
        self._starts: Numbers = np.empty(0, np.int64)
        self._ends: Numbers = np.empty(0, np.int64)
        self._numbers: Numbers = np.empty(0, np.int32)
        self._nths: dict[int, tuple[int, int]] = {}
        """Column and number on their line of the elements of a document."""
        self._before = 0
        """The last byte of the previous block."""
        self._lock = Lock()
        self._is_packed = bool(packing(path))
        try:
            # lines are indexed and read from this file: a replacement of it does not affect them
            self._keep_open(real_path(path).open("rb"))
        except OSError as error:
            raise InputError.of(path, error) from error

    def _keep_open(self, file: IO[bytes]) -> None:
        """Read from `file` from now on; it is closed with this object."""
        self._file = file
        weakref.finalize(self, file.close)

    def build(self) -> Iterator[int]:
        """Index the lines; yields the number of lines so far. Raises `InputError`."""
        stream = blocks(self.path, BLOCK_BYTES) if self._is_packed else lines_limited(self.name, self._read_blocks())
        start = next(stream, b"")
        if WIDE_ENCODING.match(start) or sniff_file_kind(start):  # nothing to read; the check reports the kind of file
            self.complete = True
            return
        if is_document(start):
            self._document(b"".join([start, *stream]))
            yield self.count
        else:
            copy: IO[bytes] | None = tempfile.TemporaryFile() if self._is_packed else None  # noqa: SIM115
            offset = skip = len(BOM) if start.startswith(BOM) else 0
            rest, number, block = offset, 0, start
            if copy is not None:
                self._keep_open(copy)
            while block:
                if copy is not None:
                    with self._lock:
                        copy.seek(0, 2)
                        copy.write(block)
                        copy.flush()
                rest, number = self._block(block[skip:], offset, rest, number)
                offset, skip = offset + len(block) - skip, 0
                yield self.count
                block = next(stream, b"")
            if offset > rest:
                self._add([rest], [offset], [number + 1])
        self.complete = True
        yield self.count

    def _read_blocks(self) -> Iterator[bytes]:
        """The blocks of the open file, which others may read meanwhile. Raises `InputError`."""
        offset = 0
        try:
            while block := self._read(offset, BLOCK_BYTES):
                yield block
                offset += len(block)
        except OSError as error:
            raise InputError.of(self.name, error, "check the path, its permissions and the disk") from error

    def _read(self, offset: int, size: int) -> bytes:
        """At most `size` bytes of the open file."""
        with self._lock:
            self._file.seek(offset)
            return self._file.read(size)

    def _block(self, block: bytes, offset: int, rest: int, number: int) -> tuple[int, int]:
        """Index the lines that end in a block at `offset`; the one that continues into it starts at `rest`.

        `number` is the number of lines before that one. Returns both for the next block.
        """
        ends = np.flatnonzero(np.frombuffer(block, np.uint8) == 10) + offset
        if not len(ends):
            self._before = block[-1] if block else self._before
            return rest, number
        starts = np.concatenate([[rest], ends[:-1] + 1])
        numbers = np.arange(number + 1, number + 1 + len(ends))
        filled = ends - starts > 1
        if not filled.all():  # a line of one byte may be a lone carriage return
            short = np.flatnonzero(ends - starts == 1)
            filled[short] = [
                (block[end - 1 - offset] if end > offset else self._before) != CR for end in ends[short].tolist()
            ]
            starts, kept, numbers = starts[filled], ends[filled], numbers[filled]
        else:
            kept = ends
        self._add(starts, kept, numbers)
        self._before = block[-1]
        return int(ends[-1]) + 1, number + len(ends)

    def _add(self, starts: Any, ends: Any, numbers: Any) -> None:
        """Add lines by start, end and number; the arrays grow when they are full."""
        added, required = len(starts), self.count + len(starts)
        if required > len(self._starts):
            for name in ("_starts", "_ends", "_numbers"):
                old = getattr(self, name)
                grown = np.empty(max(required, 2 * len(old), 1024), old.dtype)
                grown[: self.count] = old[: self.count]
                setattr(self, name, grown)
        self._starts[self.count : required], self._ends[self.count : required], self._numbers[self.count : required] = (
            starts,
            ends,
            numbers,
        )
        self.count += added  # last: a concurrent reader sees only complete values

    def _document(self, data: bytes) -> None:
        """Add the elements of a JSON document, from a temporary copy of it."""
        copy = tempfile.TemporaryFile()  # noqa: SIM115
        copy.write(data)
        copy.flush()
        self._keep_open(copy)
        lines = [line for line, _ in elements(data)]
        self._nths = {index: (line.column, line.nth) for index, line in enumerate(lines)}
        self._add(
            [line.offset for line in lines],
            [line.offset + len(line.data) for line in lines],
            [line.number for line in lines],
        )

    def data(self, index: int) -> bytes:
        """The bytes of a line without its ending. Raises `InputError` if they no longer exist."""
        start, end = int(self._starts[index]), int(self._ends[index])
        return self.read_range(start, end).removesuffix(b"\r") if not self._nths else self.read_range(start, end)

    def read_range(self, start: int, end: int) -> bytes:
        """Bytes of the decompressed file. Raises `InputError` if they no longer exist."""
        data = self._read(start, end - start)
        if len(data) < end - start:
            raise InputError(f"{self.name}: the file became shorter while it was open", "read it again")
        return data

    def span(self, index: int) -> tuple[int, int]:
        """Start and end offset of the line at position `index`, without its ending."""
        return int(self._starts[index]), int(self._ends[index])

    def lines_at(self, offsets: Sequence[int] | Numbers) -> Numbers:
        """The lines that contain the given byte offsets, which are sorted."""
        indexes = np.searchsorted(self._starts[: self.count], np.asarray(offsets, np.int64), side="right") - 1
        return indexes[np.diff(indexes, prepend=-1) > 0]

    @property
    def numbers(self) -> Numbers:
        """The line numbers of the lines found so far."""
        return self._numbers[: self.count]

    def place(self, index: int) -> Place:
        """Place of a line."""
        return Place(self.name, int(self._numbers[index]), self._nths.get(index, (0, 0))[1])

    def line(self, index: int) -> ParsedLine:
        """Parse a line. Raises `InputError` if it no longer exists."""
        start, _ = self.span(index)
        column, nth = self._nths.get(index, (0, 0))
        return parsed_line(
            Line(int(self._numbers[index]), start, self.data(index), b"\n", column, nth), FileFacts(self.name)
        )

    def find(self, place: Place) -> int | None:
        """The position, from 0, of the line at a place or of the document element that contains it.

        None if there is none, or if it has not been indexed yet.
        """
        numbers = self._numbers[: self.count]
        index = int(np.searchsorted(numbers, place.line, side="right")) - 1
        if index < 0 or (not self._nths and numbers[index] != place.line):
            return None
        first = int(np.searchsorted(numbers, numbers[index]))
        if numbers[index] != place.line:
            return index
        return first + bisect_left(
            range(first, index), place.nth, key=lambda index_of_element: self._nths.get(index_of_element, (0, 0))[1]
        )

    @property
    def changed(self) -> bool:
        """Whether the file on disk has changed since it was opened."""
        return _state_of(self.path) != self.state


class LineIndex:
    """The lines of several files in sequence, from 0. While indexing, lines of later files may shift."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Raises `InputError` for a file that cannot be opened."""
        self.indexes = [FileIndex(path, display_name(path)) for path in paths]
        self._by_name = {index.name: number for number, index in enumerate(self.indexes)}

    @classmethod
    def of(cls, paths: Sequence[Path]) -> "LineIndex":
        """The index of some files, completely built. Raises `InputError`."""
        index = cls(paths)
        for _ in index.build():
            pass
        return index

    def build(self) -> Iterator[int]:
        """Index the lines, file by file; yields the number of lines so far. Raises `InputError`."""
        for index in self.indexes:
            for _ in index.build():
                yield len(self)

    def __len__(self) -> int:
        return sum(index.count for index in self.indexes)

    @property
    def complete(self) -> bool:
        """Whether all lines are indexed."""
        return all(index.complete for index in self.indexes)

    @property
    def firsts(self) -> list[int]:
        """Number of the first line of each file."""
        firsts = [0]
        for index in self.indexes[:-1]:
            firsts.append(firsts[-1] + index.count)
        return firsts

    def where(self, line: int) -> tuple[FileIndex, int]:
        """The file of a line, and the line's number in it."""
        if len(self.indexes) == 1:
            return self.indexes[0], line
        firsts = self.firsts
        number = bisect_right(firsts, line) - 1
        return self.indexes[number], line - firsts[number]

    def line(self, number: int) -> ParsedLine:
        """Parse a line. Raises `InputError` if it no longer exists."""
        index, index_in_file = self.where(number)
        return index.line(index_in_file)

    def place(self, number: int) -> Place:
        """Place of a line."""
        index, index_in_file = self.where(number)
        return index.place(index_in_file)

    def find(self, place: Place) -> int | None:
        """Number of the line at a place; None if it is not (yet) indexed."""
        number = self._by_name.get(place.file)
        index_in_file = None if number is None else self.indexes[number].find(place)
        return None if index_in_file is None or number is None else self.firsts[number] + index_in_file

    def read(self, place: Place) -> ParsedLine | None:
        """Parse the line at a place; None if it is not (yet) indexed. Raises `InputError` if it no longer exists."""
        number = self.find(place)
        return None if number is None else self.line(number)

    @property
    def changed(self) -> list[str]:
        """Names of files that have changed on disk since they were opened."""
        return [index.name for index in self.indexes if index.changed]


def _state_of(path: Path) -> FileState | None:
    """The state of a file on disk; None if it does not exist."""
    try:
        return state_of(path)
    except InputError:
        return None
