"""Split a JSON Lines file into chunks for parallel reading, and read the plain lines of a chunk as columns.

Most lines contain only messages with a role and a text. They are read into lists without an object per line;
`Batch.parsed` creates the object when a rule finds something in the line.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from itertools import accumulate
from math import inf
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, TypeVar

from curate.core.errors import InputError
from curate.core.example import Example, Place, canonical
from curate.core.limits import lines_limited, max_line_bytes, require_filled, require_short_lines
from curate.read.dataset import SEPARATORS, WIDE_ENCODING, FileFacts, ParsedLine, has_separator, parsed_line
from curate.read.decode import Decoded, plain_line
from curate.read.lines import BOM, Line, is_document, line_from, sniff_file_kind
from curate.storage.files import blocks, packing, real_path
from curate.storage.object_path import ObjectPath
from curate.storage.scratch import scratch, written
from curate.storage.tables import row_group_ranges, table_lines

CHUNK_BYTES = 8 << 20
"""Large enough for columns to be faster, small enough for memory and progress updates."""
PARTS_AT_END: Final = 4
"""How many times smaller the chunks at the end of a file are if their results are cached."""
NEWLINE: Final = 10
Value = TypeVar("Value")


class Chunk(NamedTuple):
    """The lines of a file that start in a byte range; `data` holds them if they were read already."""

    path: Path
    name: str
    """Name of the file in findings."""
    start: int
    end: int | None
    """None for the rest of the file."""
    data: bytes | None = None
    row_groups: bool = False
    """Whether the range is one of row groups of a Parquet file, of which each row is a line."""
    sha256: str = ""
    """SHA-256 of `data`, if it was computed."""
    part_bytes: int = 0
    """The size of the chunks that these lines were in while they were at the end of the file; 0 if results are not
    cached, or for one of those chunks.
    """


def chunks_of(
    path: Path,
    name: str,
    size: int = CHUNK_BYTES,
    copy: Callable[[], Path] = lambda: scratch() / "lines",
    *,
    cached: bool = False,
) -> Iterator[Chunk] | None:
    """The chunks of a JSON Lines file, of about `size` bytes each, in order. `name` is the file's name in messages.

    None if the file is a JSON document or not JSON Lines in UTF-8: see `document` and `curate.read.lines`. The lines of
    a compressed file or a table are written to the file that `copy` returns, and the chunks are of that file. `cached`:
    whether their results are cached. Raises `InputError` if the file cannot be read.
    """
    stream = blocks(path)
    start = next(stream, b"")
    if WIDE_ENCODING.match(start) or sniff_file_kind(start) or is_document(start):
        return None
    if isinstance(path, ObjectPath) and packing(path) and (ranges := row_group_ranges(name, path, size)) is not None:
        return (Chunk(path, name, groups.start, groups.stop, row_groups=True) for groups in ranges)
    if packing(path):
        return _unpacked(copy(), name, start, stream, size)
    plain = real_path(path)
    return _chunk_ranges(plain, name, plain.stat().st_size, size, cached=cached)


def _chunk_ranges(path: Path, name: str, total: int, size: int, *, cached: bool) -> Iterator[Chunk]:
    """The chunks of a file of `total` bytes; the last reaches to the end of the file.

    A chunk ends after the line with the smallest hash among those that end in the second half of `size`, so that chunks
    after inserted or deleted lines soon end where they ended before. If results are cached, the lines after the last
    such chunk are in smaller ones, so that fewer of them are read again after lines were appended; a file that is one
    chunk stays one. Chunks of an object have `size` bytes each, since these lines would be requested twice.
    """
    if isinstance(path, ObjectPath):
        for start in range(0, max(total, 1), size):
            yield Chunk(path, name, start, start + size if start + size < total else None)
        return
    start = 0
    try:
        with path.open("rb", buffering=0) as file:

            def read(first: int, end: int) -> bytes:
                file.seek(first)
                return file.read(end - first)

            part_bytes = size // PARTS_AT_END if cached and total > size else 0
            for most, parts in ((size, part_bytes), (part_bytes, 0)) if part_bytes else ((size, 0),):
                for end in _ends(read, start, total, most):
                    yield Chunk(path, name, start, end, part_bytes=parts)
                    start = end
    except OSError as error:
        raise InputError.of(name, error, "check the path, its permissions and the disk") from error
    yield Chunk(path, name, start, None)


def _ends(read: Callable[[int, int], bytes], start: int, total: int, most: int) -> Iterator[int]:
    """The ends of the chunks of at most about `most` bytes from `start` on, without the last one; `read` gives the
    bytes of a range.
    """
    while start + most < total:
        least = start + most // 2
        start = least + _line_end(read(least, start + most))
        yield start


def parts_of_chunk(chunk: Chunk) -> Iterator[Chunk]:
    """The chunks that the lines of a chunk were in while they were at the end of the file, except for the last one,
    which may end elsewhere. The chunk has `data` and `part_bytes`.
    """
    data, start = chunk.data or b"", 0
    for cut in (*_ends(lambda first, end: data[first:end], 0, len(data), chunk.part_bytes), len(data)):
        end = data.find(b"\n", cut - 1) + 1 or len(data)  # a cut may be in a long line
        if end > start or not data:
            yield Chunk(chunk.path, chunk.name, chunk.start + start, chunk.start + end, data[start:end])
            start = end


def _line_end(data: bytes) -> int:
    """The end of the line with the smallest hash among the whole lines of a part of a file; the size of the part if it
    has none.
    """
    import xxhash

    before, *lines = data.split(b"\n")
    if len(lines) < 2:
        return len(data)
    hashes = list(map(xxhash.xxh3_64_intdigest, lines[:-1]))
    count = hashes.index(min(hashes)) + 1
    return len(before) + 1 + sum(map(len, lines[:count])) + count


def _unpacked(copy: Path, name: str, block: bytes, stream: Iterator[bytes], size: int) -> Iterator[Chunk]:
    """The chunks of a copy, each as soon as it is written."""
    start = total = 0
    with written(copy), copy.open("wb") as file:  # buffered: a full disk may take a part of a block without an error
        lines_end = 0
        while block:
            file.write(block)
            end = total + block.rfind(b"\n") + 1
            total += len(block)
            if end > total - len(block):
                lines_end = end
                if end - start >= size:
                    file.flush()
                    yield Chunk(copy, name, start, end)
                    start = end
            try:
                block = next(stream, b"")
            except InputError:  # for who counts the readable part of a damaged file
                file.flush()
                yield Chunk(copy, name, start, lines_end)
                raise
    yield Chunk(copy, name, start, None)


class ChunkBytes(NamedTuple):
    """The lines of a chunk."""

    offset: int
    """Where the first line starts in the file."""
    data: bytes
    """The whole lines that start in the chunk."""
    size: int
    """The number of bytes."""


def _first_line(file: BinaryIO, chunk: Chunk) -> int | None:
    """The offset of the first line that starts in a chunk, to which the file is moved; None without one."""
    start, end = chunk.start, inf if chunk.end is None else chunk.end
    if start:  # a line that starts earlier belongs to the previous chunk
        file.seek(start - 1)
        while not (passed := file.readline(CHUNK_BYTES)).endswith(b"\n"):
            if not passed or file.tell() >= end:
                return None
        start = file.tell()
    return start if start < end else None


def chunk_bytes(chunk: Chunk) -> ChunkBytes:
    """Read the lines that start in a chunk; none if a longer line covers it. Raises `InputError`."""
    if chunk.data is not None:
        return ChunkBytes(chunk.start, chunk.data, len(chunk.data))
    if chunk.row_groups:
        assert chunk.end is not None
        lines = table_lines(chunk.name, chunk.path, "Parquet file", range(chunk.start, chunk.end))
        data = b"".join(lines_limited(chunk.name, lines))
        return ChunkBytes(0, data, len(data))
    try:
        with chunk.path.open("rb") as file:
            start = _first_line(file, chunk)
            if start is None:
                return ChunkBytes(chunk.start, b"", 0)
            data, size = _read_whole(file, None if chunk.end is None else chunk.end - start)
            require_filled(chunk.path, data)
            require_short_lines(chunk.name, data)
            return ChunkBytes(start, data, size)
    except OSError as error:
        raise InputError.of(chunk.name, error, "check the path, its permissions and the disk") from error


def _read_whole(file: BinaryIO, min_bytes: int | None) -> tuple[bytes, int]:
    """Read whole lines of at least `min_bytes` bytes; without `min_bytes`, read the rest of the file."""
    if min_bytes is None:
        data = file.read()
    else:  # the end is sought first, because appending a rest would copy all
        start = file.tell()
        file.seek(start + min_bytes - 1)
        file.readline(max_line_bytes() + 2)
        end = file.tell()
        file.seek(start)
        data = file.read(end - start)
    return data, len(data)


def read_at(chunk: Chunk, numbers: Iterable[int], value_of: Callable[[Example], Value]) -> dict[int, Value]:
    """A value of the example on each of some lines of a chunk (from 1, in order); other lines are not parsed.

    Raises `InputError`.
    """
    return {
        parsed.place.line: value_of(parsed.example) for parsed in lines_at(chunk, numbers) if parsed.example is not None
    }


def lines_at(chunk: Chunk, numbers: Iterable[int]) -> Iterator[ParsedLine]:
    """Some lines of a chunk (from 1, in order); other lines are not parsed. Raises `InputError`."""
    offset, data, size = chunk_bytes(chunk)
    facts = FileFacts(chunk.name)
    position, current = len(BOM) if offset == 0 and data.startswith(BOM) else 0, 1
    for number in numbers:
        for _ in range(number - current):
            position = data.index(b"\n", position) + 1
        end = data.find(b"\n", position, size)
        line = line_from(number, offset + position, bytes(data[position : end if end >= 0 else size]), ended=end >= 0)
        current = number
        yield parsed_line(line, facts)


@dataclass(slots=True)
class Batch:
    """Lines of a file, numbered within the chunk: plain lines as columns of equal length, others as objects."""

    file: str
    irregular_lines: list[ParsedLine]
    """Lines that are not plain, in order."""
    numbers: list[int] = field(default_factory=list)
    """Line of each plain example."""
    plain_at: list[int] = field(default_factory=list)
    """Position of each plain example among all lines of the batch; together with `irregular_at` it restores the order
    of the lines.
    """
    irregular_at: list[int] = field(default_factory=list)
    roles: list[tuple[str, ...]] = field(default_factory=list)
    texts: list[list[str]] = field(default_factory=list)
    joined_texts: list[str] = field(default_factory=list)
    """The texts of each plain example, joined by NUL."""
    turns: list[list[bytes]] = field(default_factory=list)
    """The turns of each plain example as canonical JSON, if requested."""
    lines: Sequence[bytes] = field(default_factory=list)
    """All lines of the chunk, from which plain examples are parsed on demand; empty if `whole` has them."""
    ended: bool = True
    """Whether the last line has a line ending."""
    offset: int = 0
    """Byte of the file at which the chunk starts."""
    whole: list[ParsedLine] = field(default_factory=list)
    """The plain examples as parsed lines, if the lines were read one by one."""
    beside: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Extra keys of plain examples beside `messages`, by position."""
    answer_flags: list[list[int]] | None = None
    """Flags of the messages of each plain example, computed by `curate.lint.rules.message_frame`."""
    _starts: list[int] = field(default_factory=list)

    @classmethod
    def of_lines(cls, lines: Sequence[ParsedLine], *, with_turns: bool = False) -> "Batch":
        """A batch of individually parsed lines; `with_turns`: whether `turns` are requested."""
        batch = cls(lines[0].place.file if lines else "", [])
        for index, parsed in enumerate(lines):
            if parsed.decoded.plain and parsed.example is not None and not parsed.decoded.defects:
                turns = parsed.example.value["messages"]
                texts = [turn["content"] for turn in turns]
                batch._add(parsed.place.line, tuple([turn["role"] for turn in turns]), texts, "\0".join(texts))
                if with_turns:
                    batch.turns.append(list(map(canonical, turns)))
                batch.whole.append(parsed)
                batch.plain_at.append(index)
            else:
                batch.irregular_lines.append(parsed)
                batch.irregular_at.append(index)
        return batch

    def _add(self, number: int, roles: tuple[str, ...], texts: list[str], text: str) -> None:
        """Add the plain line `number` to the columns; `text`: its `texts`, joined."""
        self.numbers.append(number)
        self.roles.append(roles)
        self.texts.append(texts)
        self.joined_texts.append(text)

    def _line(self, number: int) -> Line:
        """The line with this number in the chunk, from 1."""
        ended = self.ended or number < len(self.lines)
        return line_from(number, self.start_of(number), self.lines[number - 1], ended=ended)

    def start_of(self, number: int) -> int:
        """The byte offset of a line in the file."""
        if not self._starts:
            self._starts = list(accumulate((len(line) + 1 for line in self.lines), initial=self.offset))
        return self._starts[number - 1]

    def in_order(self) -> Iterator[int | ParsedLine]:
        """All lines in order: a plain one by its position in the columns, any other as an object."""
        plain = 0
        for line, parsed in zip(self.irregular_at, self.irregular_lines, strict=True):
            behind = bisect_left(self.plain_at, line, plain)
            yield from range(plain, behind)
            yield parsed
            plain = behind
        yield from range(plain, len(self.roles))

    def as_written(self) -> Iterator[ParsedLine]:
        """All lines in order, parsed one by one, so that their keys are in the order in which they are written."""
        for line in self.in_order():
            if not isinstance(line, int):
                yield line
            elif self.whole:
                yield self.whole[line]
            else:
                yield parsed_line(self._line(self.numbers[line]), FileFacts(self.file))

    def place(self, position: int) -> Place:
        """The place of the plain example at a position of the columns."""
        return self.whole[position].place if self.whole else Place(self.file, self.numbers[position])

    def value(self, position: int) -> dict[str, Any]:
        """The object of the plain example at a position of the columns."""
        pairs = zip(self.roles[position], self.texts[position], strict=True)
        return {"messages": [{"role": role, "content": text} for role, text in pairs]} | self.beside.get(position, {})

    def parsed(self, position: int) -> ParsedLine:
        """The plain example at a position of the columns, as a parsed line."""
        if self.whole:
            return self.whole[position]
        number = self.numbers[position]
        if position in self.beside:
            return parsed_line(self._line(number), FileFacts(self.file))
        value, place = self.value(position), Place(self.file, number)
        example = Example(place, value, "messages", None, True)
        return ParsedLine(place, self._line(number), Decoded(value, (), True), example)


def read_chunk(chunk: Chunk, facts: FileFacts, key_names: Set[str] | None = None, *, with_turns: bool = False) -> Batch:
    """Read the lines of a chunk and add to `facts`.

    `key_names` as in `plain_line`; `with_turns`: whether `Batch.turns` are requested.
    """
    offset, data, size = chunk_bytes(chunk)
    facts.size += size
    if offset == 0 and data.startswith(BOM):
        facts.bom, offset, data, size = True, len(BOM), data[len(BOM) : size], size - len(BOM)
    batch = Batch(chunk.name, [], ended=not size or data[size - 1] == NEWLINE, offset=offset)
    lines = batch.lines = data.split(b"\n")[: -1 if batch.ended else None]
    returns = data.count(b"\r\n") if b"\r" in data else 0
    _fill_batch(batch, facts, key_names, with_turns=with_turns)
    facts.crlf += returns - _irregular_with_ending(batch, b"\r\n")
    facts.lf += len(lines) - (not batch.ended) - returns - _irregular_with_ending(batch, b"\n")
    return batch


def _irregular_with_ending(batch: Batch, ending: bytes) -> int:
    """How many irregular lines have this ending."""
    return sum(parsed.line.ending == ending for parsed in batch.irregular_lines)


def _fill_batch(batch: Batch, facts: FileFacts, key_names: Set[str] | None, *, with_turns: bool) -> None:
    """Read the lines of a batch and add to `facts`; the parameters are those of `read_chunk`."""
    numbers, add = batch.numbers, batch._add
    for number, line in enumerate(batch.lines, 1):
        plain = plain_line(line, key_names)
        if plain is None:
            batch.irregular_at.append(number)
            batch.irregular_lines.append(parsed_line(batch._line(number), facts))
            continue
        value, roles, texts, joined, spelled, extra_keys = plain
        if extra_keys:
            batch.beside[len(numbers)] = extra_keys
            facts.count_keys(("messages", *value))
        if not numbers:
            facts.formats["messages"] += 0  # formats are reported in order of appearance
        add(number, roles, texts, joined)
        if with_turns:
            batch.turns.append([canonical(turn) for turn in value["messages"]])
        if not spelled.isascii() and any(map(spelled.__contains__, SEPARATORS)) and has_separator(line):
            facts.separated += 1
            facts.first_separated = facts.first_separated or number
    batch.plain_at = numbers
    facts.lines += len(numbers)
    facts.examples += len(numbers)
    facts.understood += sum(map(any, batch.texts))
    if numbers:
        facts.formats["messages"] += len(numbers)
