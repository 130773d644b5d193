"""Lines of a data file, compressed or not: lines of JSON Lines, or elements of a JSON document."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from curate.core.errors import InputError
from curate.core.limits import require_filled
from curate.read.lines import compact, elements, is_document
from curate.storage.files import blocks, packing

CHUNK_BYTES: Final = 1 << 20
LINE_BITS: Final = 40
"""Bits of a place that hold the line; the others hold the number of the file."""
BOM: Final = b"\xef\xbb\xbf"
ZEROS: Final = bytes.maketrans(b"123456789", b"000000000")
LONG_INTEGER: Final = b"0" * 20
"""Digits of the shortest integer that may have more than 64 bits."""


class ChunkLines(NamedTuple):
    """Some non-blank lines."""

    numbers: list[int]
    """Physical line at which each starts, from 1."""
    lines: list[bytes]
    """Their bytes without the line break; an element of a document is put on one line."""


class ByteRange(NamedTuple):
    """A byte range of a file: the lines that begin in it."""

    path: Path
    start: int
    stop: int


def chunks_of(path: Path) -> Iterator[ByteRange | ChunkLines]:
    """Split a file into chunks: byte ranges if it can be read in parallel, else lines. Raises `InputError`."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            plain = path.is_file() and not packing(path) and not is_document(file.read(CHUNK_BYTES))
    except OSError as error:
        raise InputError.of(path, error) from error
    if plain:
        yield from (ByteRange(path, start, min(start + CHUNK_BYTES, size)) for start in range(0, size, CHUNK_BYTES))
    else:
        yield from _unpacked(path)


def read_chunk(chunk: ByteRange | ChunkLines) -> tuple[ChunkLines, int]:
    """The lines of a chunk, numbered from 1 for a byte range, and its number of physical lines. Raises `InputError`."""
    if isinstance(chunk, ChunkLines):
        return chunk, 0
    try:
        with chunk.path.open("rb") as file:
            file.seek(max(0, chunk.start - 1))
            data = file.read(chunk.stop - max(0, chunk.start - 1))
            if chunk.start:
                data = data.partition(b"\n")[2]
            if data and not data.endswith(b"\n"):
                data += file.readline()
    except OSError as error:
        raise InputError.of(chunk.path, error) from error
    if not chunk.start:
        data = data.removeprefix(BOM)
    if not data:
        return ChunkLines([], []), 0
    require_filled(chunk.path, data)
    lines, behind = _cut(data.removesuffix(b"\n"), 1)
    return lines, behind - 1


def lines_of(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file that are not blank, or the elements of its JSON document, with their numbers. Raises
    `InputError`.
    """
    before = 0
    for piece in chunks_of(path):
        lines, physical = read_chunk(piece)
        yield from ((number + before, line) for number, line in zip(*lines, strict=True))
        before += physical


def _unpacked(path: Path) -> Iterator[ChunkLines]:
    """The lines of a compressed file or a JSON document, in chunks. Raises `InputError`."""
    parts = blocks(path, CHUNK_BYTES)
    first = next(parts, b"")
    if is_document(first):
        cut = [line for line, _ in elements(first + b"".join(parts))]
        yield ChunkLines([line.number for line in cut], [compact(line.data) for line in cut])
        return
    number, pending = 1, [first.removeprefix(BOM)]
    for part in parts:
        complete, newline, rest = part.rpartition(b"\n")
        if not newline:
            pending.append(part)
            continue
        lines, number = _cut(b"".join([*pending, complete]), number)
        yield lines
        pending = [rest]
    yield _cut(b"".join(pending), number)[0]


def _cut(data: bytes, number: int) -> tuple[ChunkLines, int]:
    """The lines in a buffer, starting at a physical line; and the number of the line after them."""
    lines = data.split(b"\n")
    indexes = [index for index, line in enumerate(lines) if line and not line.isspace()]
    return ChunkLines(
        [number + index for index in indexes], [lines[index].removesuffix(b"\r") for index in indexes]
    ), number + len(lines)


def parse_exactly(data: bytes) -> Any:
    """Parse JSON; orjson alone reads an integer of more than 64 bits as a float. Raises `ValueError`,
    `RecursionError`.
    """
    return json.loads(data.decode("utf-8")) if LONG_INTEGER in data.translate(ZEROS) else orjson.loads(data)
