"""The lines of a data file, whatever its compression: a line of JSON Lines, or an element of a JSON document."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from curate.errors import InputError
from curate.files import blocks, is_packed
from curate.limits import demand_filled

SIZE: Final = 1 << 20
"""Bytes of a piece."""
BOM: Final = b"\xef\xbb\xbf"
LEXEME: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|["\[\]{}]|,', re.DOTALL)


class Lines(NamedTuple):
    """Some lines that are not blank."""

    numbers: list[int]
    """Physical lines at which they start, from 1."""
    lines: list[bytes]
    """Their bytes without the line break; those of an element of a document on one line."""


class Piece(NamedTuple):
    """The lines of a file that begin at one of these bytes."""

    path: Path
    start: int
    stop: int


def pieces_of(path: Path) -> Iterator[Piece | Lines]:
    """A file in pieces: as places, which other processes read, where they can be told without reading it. Raises `InputError`."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            plain = path.is_file() and not is_packed(path) and not _opens_document(file.read(SIZE).removeprefix(BOM))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}", "check the path and its permissions") from error
    if plain:
        yield from (Piece(path, start, min(start + SIZE, size)) for start in range(0, size, SIZE))
    else:
        yield from lines_of(path)


def read_piece(piece: Piece | Lines) -> tuple[Lines, int]:
    """The lines of a piece, and how many physical lines it has; those of a place are counted from 1. Raises `InputError`."""
    if isinstance(piece, Lines):
        return piece, 0
    try:
        with piece.path.open("rb") as file:
            file.seek(max(0, piece.start - 1))
            data = file.read(piece.stop - max(0, piece.start - 1))
            if piece.start:
                data = data.partition(b"\n")[2]
            if data and not data.endswith(b"\n"):
                data += file.readline()
    except OSError as error:
        raise InputError(f"{piece.path}: cannot be read: {error.strerror or error}", "check the path and its permissions") from error
    if not piece.start:
        data = data.removeprefix(BOM)
    if not data:
        return Lines([], []), 0
    demand_filled(piece.path, data)
    found, behind = _cut(data.removesuffix(b"\n"), 1)
    return found, behind - 1


def lines_of(path: Path) -> Iterator[Lines]:
    """The lines of a file, in pieces. Raises `InputError`."""
    parts = blocks(path, SIZE)
    first = next(parts, b"").removeprefix(BOM)
    if _opens_document(first):
        yield _elements(first + b"".join(parts))
        return
    number, pending = 1, [first]
    for part in parts:
        whole, newline, rest = part.rpartition(b"\n")
        if not newline:
            pending.append(part)
            continue
        found, number = _cut(b"".join([*pending, whole]), number)
        yield found
        pending = [rest]
    yield _cut(b"".join(pending), number)[0]


def _cut(data: bytes, number: int) -> tuple[Lines, int]:
    """The lines of bytes that begin at a physical line, and the line behind them."""
    lines = data.split(b"\n")
    there = [at for at, line in enumerate(lines) if line and not line.isspace()]
    return Lines([number + at for at in there], [lines[at].removesuffix(b"\r") for at in there]), number + len(lines)


def _opens_document(start: bytes) -> bool:
    """Whether a file is no JSON Lines: its first line opens a value that goes on behind it, or is an array and all there is."""
    first, _, rest = start.lstrip().partition(b"\n")
    if first[:1] not in (b"[", b"{"):
        return False
    end = _end(first, 0)
    if end is not None and not first[end:].strip():
        return first[:1] == b"[" and not rest.strip()
    if first[:1] == b"{" and not rest.strip():
        return False
    return not any(_is_object(line) for line in rest.split(b"\n")[:100])


def _is_object(line: bytes) -> bool:
    if line[:1] != b"{":
        return False
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def _end(data: bytes, at: int) -> int | None:
    """Index behind the value that starts at `at`, by brackets alone; None where it is not closed."""
    if data[at : at + 1] not in (b"[", b"{", b'"'):
        match = re.compile(rb"[^\s,\[\]{}]+").match(data, at)
        return match.end() if match else at
    depth = 0
    for match in LEXEME.finditer(data, at):
        sign = match.group()
        if sign == b'"':
            return None
        if sign in (b"[", b"{"):
            depth += 1
        elif sign in (b"]", b"}"):
            depth -= 1
        if depth <= 0 and sign != b",":
            return match.end()
    return None


def _elements(data: bytes) -> Lines:
    """The elements of an array, or objects one after another. What cannot be cut off is a line as well: nothing is lost."""
    found = Lines([], [])
    space = re.compile(rb"\s*")

    def skip(at: int) -> int:
        match = space.match(data, at)
        return match.end() if match else at

    def add(start: int, end: int) -> None:
        found.numbers.append((found.numbers[-1] if found.numbers else 1) + data.count(b"\n", starts[-1], start))
        found.lines.append(b" ".join(line.strip() for line in data[start:end].split(b"\n")))
        starts.append(start)

    starts = [0]
    at = skip(0)
    opening, array = at, data[at : at + 1] == b"["
    at = skip(at + 1) if array else at
    while at < len(data) and not (array and data[at : at + 1] == b"]"):
        if array and data[at : at + 1] == b",":  # a comma with no element before it
            add(at, at + 1)
            at = skip(at + 1)
            continue
        end = _end(data, at) if array or data[at : at + 1] == b"{" else None
        if end is None or end == at:
            add(at, len(data))
            return found
        add(at, end)
        comma = at = skip(end)
        if array and data[comma : comma + 1] == b",":
            at = skip(comma + 1)
            if data[at : at + 1] == b"]":
                add(comma, comma + 1)
        elif array and data[comma : comma + 1] not in (b"]", b""):
            add(comma, len(data))
            return found
    if array and at >= len(data):
        found.numbers.append(1 + data.count(b"\n", 0, opening))
        found.lines.append(b"[")
    elif array and (after := skip(at + 1)) < len(data):
        add(after, len(data))
    return found
