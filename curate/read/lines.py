"""Split bytes into physical lines, and files that are not JSON Lines into elements.

Only `\\n` ends a line, so text with U+2028 or NEL stays whole. An array of examples, or objects over several lines, is
split into elements, each a `Line` at the position of the element, so places stay correct. It is read into memory as a
whole, since JSON cannot be split without parsing.

Files that are not JSON are detected by their first bytes, so that they get one finding instead of one error per line.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from typing import Final, NamedTuple

import orjson

from curate.core.lazy import lazy_pattern
from curate.read.decode import Defect
from curate.read.json_pointer_spans import STRING

BOM: Final = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """A physical line, or an element of a JSON document, which may span several."""

    number: int
    """Physical line, from 1, at which it starts."""
    offset: int
    """Byte offset of its start in the decompressed file."""
    data: bytes
    """Its bytes without the line ending."""
    ending: bytes
    """`\\n`, `\\r\\n`, or nothing at the end of the file."""
    column: int = 0
    """Characters before it on its physical line: elements of a document may be indented."""
    nth: int = 0
    """Number of other document elements that start before it on its physical line."""


def split_lines(blocks: Iterable[bytes], offset: int = 0) -> Iterator[Line]:
    """Split blocks of bytes, the first at `offset`, into lines. Memory is that of the longest line."""
    number = 1
    pending: list[bytes] = []
    for block in blocks:
        *complete, rest = block.split(b"\n")
        for piece in complete:
            data = piece
            if pending:
                pending.append(piece)
                data = b"".join(pending)
                pending.clear()
            yield line_from(number, offset, data)
            number += 1
            offset += len(data) + 1
        if rest:
            pending.append(rest)
    if pending:
        yield Line(number, offset, b"".join(pending), b"")


def line_from(number: int, offset: int, data: bytes, *, ended: bool = True) -> Line:
    """A physical line from its bytes before the line feed, if it `ended` in one."""
    returns = ended and data.endswith(b"\r")
    return Line(number, offset, data[:-1] if returns else data, b"\r\n" if returns else b"\n" if ended else b"")


SPACE = re.compile(rb"[ \t\r\n]*")
# Finds the end of a value by its brackets; strings are one lexeme, so brackets in them do not count. A lone quote opens
# an unclosed string. No byte of a non-ASCII character equals one of these.
LEXEME = lazy_pattern(STRING.encode() + rb'|[\[\]{}",]|[^\s\[\]{}",]+', re.DOTALL)
Element = tuple[Line, Defect | None]
REST_UNREAD = "; the rest of the file was not read"


def is_document(start: bytes) -> bool:
    """Whether a file with these first bytes is not JSON Lines: its first line opens a value and does not close it.

    An array that closes on the first line also counts if nothing follows and it is no list of turns. If later lines are
    complete values, only the first line is broken.
    """
    text = start.removeprefix(BOM).lstrip()
    if text[:1] not in (b"[", b"{"):
        return False
    first, _, rest = text.partition(b"\n")
    end = _skip(first, 0)
    if end is None:
        return (text[:1] == b"[" or bool(rest.strip())) and not _lines_stand_alone(rest)
    return text[:1] == b"[" and not first[end:].strip() and not rest.strip() and not _begins_with_turn(first)


def _begins_with_turn(array: bytes) -> bool:
    """Whether the first element of an array is a turn, so that the array is one conversation."""
    end = _skip(array, 1)
    try:
        element = orjson.loads(array[1:end])
    except orjson.JSONDecodeError:
        return False
    keys = element.keys() if isinstance(element, dict) else set()
    return {"role", "content"} <= keys or {"from", "value"} <= keys


def _lines_stand_alone(rest: bytes) -> bool:
    """Whether two consecutive lines are complete objects without a comma between them, which no document has.

    `rest`: what was read of a file after its first line; blank lines do not count. Its last line is enough by itself
    unless a comma precedes it.
    """
    lines = [line for line in rest.split(b"\n") if line.strip()]
    are_objects = [
        line[:1] == b"{" and line.rstrip()[-1:] == b"}" and _skip(line, 0) == len(line.rstrip()) for line in lines
    ]
    if are_objects[-1:] == [True] and not b"".join(lines[-2:-1]).rstrip().endswith(b","):
        return True
    return any(first and second for first, second in pairwise(are_objects))


def elements(data: bytes) -> Iterator[Element]:
    """The elements of an array, or the objects, as lines; an unparsable rest becomes a line with a defect."""
    cutter = _Cutter(data)
    yield from cutter.array() if data[cutter.start : cutter.start + 1] == b"[" else cutter.objects()


class _Cutter:
    """Splits the bytes of a file into elements. Positions only increase, so lines and columns are counted once."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = len(BOM) if data.startswith(BOM) else 0
        self.number, self.column, self.nth = 1, 0, -1
        self.start = self.skip_space(self.position)

    def objects(self) -> Iterator[Element]:
        """Consecutive objects."""
        position = self.start
        while position < len(self.data):
            if self.data[position : position + 1] != b"{":
                yield self.rest(position, "syntax", f"no object starts here{REST_UNREAD}")
                return
            end = _skip(self.data, position)
            if end is None:
                yield self.rest(position, "cut-off", "the file ends inside this object")
                return
            yield self.line(position, end), None
            position = self.skip_space(end)

    def array(self) -> Iterator[Element]:
        """The elements of an array, then anything after it."""
        opening = self.line(self.start, self.start + 1)
        self.nth -= 1  # the bracket is no element
        position = self.skip_space(self.start + 1)
        while (char := self.data[position : position + 1]) not in (b"]", b""):
            if char == b",":
                yield self.line(position, position + 1), Defect("repairable", "a comma without an element before it", 0)
                position = self.skip_space(position + 1)
                continue
            end = _skip(self.data, position)
            if end is None or end == position:
                kind, message = (
                    ("cut-off", "the file ends inside this element")
                    if end is None
                    else ("syntax", "this closes nothing")
                )
                yield self.rest(position, kind, message + REST_UNREAD)
                return
            yield self.line(position, end), None
            comma = position = self.skip_space(end)
            if self.data[comma : comma + 1] == b",":
                position = self.skip_space(comma + 1)
                if self.data[position : position + 1] == b"]":
                    yield self.line(comma, comma + 1), Defect("repairable", "a comma without an element after it", 0)
            elif self.data[position : position + 1] not in (b"]", b""):
                yield self.rest(position, "syntax", f"a comma is missing before this{REST_UNREAD}")
                return
        if not char:
            if opening.number == self.number:
                opening = opening._replace(nth=self.nth + 1)
            yield opening, Defect("cut-off", "the array that starts the file is not closed", 0)
        elif (after := self.skip_space(position + 1)) < len(self.data):
            yield self.rest(after, "syntax", "the text after the end of the array was not read")

    def skip_space(self, position: int) -> int:
        """Index of the first byte from `position` on that is not white space."""
        match = SPACE.match(self.data, position)
        return match.end() if match else position

    def line(self, start: int, end: int) -> Line:
        """The bytes from `start` to `end` as a line."""
        between = self.data[self.position : start]
        _, newline, after = between.rpartition(b"\n")
        self.column = len(after.decode("utf-8", "replace")) + (0 if newline else self.column)
        self.number += between.count(b"\n")
        self.nth = 0 if newline else self.nth + 1
        self.position = start
        return Line(self.number, start, self.data[start:end], b"\n", self.column, self.nth)

    def rest(self, start: int, kind: str, message: str) -> Element:
        """Everything from `start` on, as a line that cannot be parsed."""
        return self.line(start, len(self.data)), Defect(kind, message, 0)


def _skip(data: bytes, start: int) -> int | None:
    """Index after the value that starts at `start`; `start` itself if no value starts there; None if it is not
    closed.
    """
    depth = 0
    for match in LEXEME.finditer(data, start):
        char = data[match.start()]
        if char in b"[{":
            depth += 1
        elif char in b"]}":
            depth -= 1
            if depth < 0:
                return match.start()
        elif char == 0x22 and match.end() == match.start() + 1:
            return None
        elif char == 0x2C and depth == 0:
            return match.start()
        if depth == 0:
            return match.end()
    return None


def compact(data: bytes) -> bytes:
    """An element of a document on one line. Values keep their bytes, since JSON strings contain no line break."""
    return b" ".join(piece.strip() for piece in data.split(b"\n")) if b"\n" in data else data


class FileKind(NamedTuple):
    """A kind of file: its name with an article, and how to convert it to JSON Lines."""

    name: str
    step: str


POLARS_HINT: Final = "write it as JSON Lines: python -c \"import polars; polars.{}('FILE').write_ndjson('OUT.jsonl')\""
SUFFIX_HINT: Final = "give it a name that ends in .csv or .tsv"
UNPACK_HINT: Final = "unpack it first (only .gz and .zst are read directly)"
PACKED_MAGIC: Final = (
    (0, b"PK\x03\x04", "a zip archive"), (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!\x1a\x07", "a RAR archive"),
    (257, b"ustar", "a tar archive"), (0, b"BZh", "a bzip2 file"), (0, b"\xfd7zXZ\0", "an xz file"),
    (0, b"\x04\x22\x4d\x18", "an lz4 file"),
)  # fmt: skip
"""Offset and magic bytes of archives and binary files, with their names."""
MAGIC: Final = (
    *((offset, magic, FileKind(name, UNPACK_HINT)) for offset, magic, name in PACKED_MAGIC),
    (0, b"Obj\x01", FileKind("an Avro file", POLARS_HINT.format("read_avro"))),
    (
        0,
        b"SQLite format 3\0",
        FileKind(
            "an SQLite database", "export its table as JSON Lines: sqlite3 FILE -json 'select * from ...' | jq -c '.[]'"
        ),
    ),
    (0, b"%PDF", FileKind("a PDF", "extract the text and write the conversations as JSON Lines")),
    (0, b"version https://git-lfs", FileKind("a Git LFS pointer, not the data", "fetch the data: git lfs pull")),
    (0, b"\x93NUMPY", FileKind("a NumPy array", "write the conversations as JSON Lines")),
    (0, b"GGUF", FileKind("a model (GGUF)", "pass a data file")),
)
WEB: Final = FileKind(
    "a web page",
    "download the data itself: on a hub, use the URL with /resolve/, not /blob/; the page may also be a login page",
)
XML: Final = FileKind("XML", "write its conversations as JSON Lines")
YAML: Final = FileKind("YAML", "write it as JSON Lines: one conversation per line, as an object")
BINARY: Final = FileKind("binary", "pass a text file: JSON Lines or a JSON array")
TEXT: Final = FileKind("plain text", 'write each text as an object on one line: {"text": ...}, or better as messages')
DELIMITERS: Final = {",": "CSV", "\t": "TSV", ";": "CSV with semicolons", "|": "a table separated by bars"}
INSPECTED_BYTES: Final = 1 << 16
INSPECTED_ROWS: Final = 50
"""Rows of a table or lines of text that are inspected."""
MIN_TEXT_LINES: Final = 3
"""Minimum number of lines without JSON for a text file; fewer are broken lines."""
JSON_START: Final = lazy_pattern(rb"^[ \t]*[{\[]", re.MULTILINE)
"""A line that may be JSON, so its neighbours are broken lines."""
JSON_VALUE: Final = lazy_pattern(
    rb'^[ \t]*(?:"(?:[^"\\\n]|\\.)*"|-?[0-9.eE+]+|true|false|null)[ \t]*+,?[ \t]*+\r?$', re.MULTILINE
)
"""A line that is JSON but not an object."""
YAML_START: Final = lazy_pattern(
    rb"(?:---[ \t]*\r?\n)?(?:#[^\n]*\n)*(?:- )?[A-Za-z_][\w-]*:(?:[ \t][^\n]*)?\r?(?:\n|$)"
)
COLUMN_NAME: Final = lazy_pattern(r"[^\W\d][\w .:/()#?-]{0,59}")
MIN_TABLE_ROWS: Final = 5
"""Minimum number of rows with three or more fields for a table without a header."""


def sniff_file_kind(start: bytes) -> FileKind | None:
    """The kind of a file with these first bytes; None if it may be JSON, even if only on some lines."""
    start = start[:INSPECTED_BYTES]
    text = start.removeprefix(BOM).lstrip()
    if text[:1] in (b"{", b"[", b""):
        return None
    for offset, magic, kind in MAGIC:
        if start.startswith(magic, offset):
            return kind
    if text.startswith(b"<"):
        return (
            WEB
            if re.match(rb"(?i)<(?:!doctype )?html|<!--.{0,500}<html", text, re.DOTALL)
            else XML
            if text.startswith(b"<?xml")
            else _kind_of_prose(start)
        )
    return _table(text) or _kind_of_prose(start)


def _kind_of_prose(start: bytes) -> FileKind | None:
    """The kind of a text without JSON; None if a line may be JSON, or the text is too short to decide."""
    if JSON_START.search(start) or JSON_VALUE.search(start):
        return None
    if b"\0" in start:
        return BINARY
    if len([line for line in islice(start.split(b"\n"), INSPECTED_ROWS) if line.strip()]) < MIN_TEXT_LINES:
        return None
    return YAML if YAML_START.match(start.removeprefix(BOM)) else TEXT


def _table(text: bytes) -> FileKind | None:
    """The kind of a table whose rows have the same number of fields, with or without a header; None for other text."""
    lines = text.decode("utf-8", "replace").splitlines(keepends=True)
    for delimiter, name in DELIMITERS.items():
        if delimiter not in lines[0]:
            continue
        try:
            rows = [row for row in islice(csv.reader(lines, delimiter=delimiter), INSPECTED_ROWS) if row]
        except csv.Error:
            continue
        rows = rows[
            : -1 if len(text) >= INSPECTED_BYTES and len(rows) < INSPECTED_ROWS else None
        ]  # the last line may be truncated
        if len(rows) < 2 or len(rows[0]) < 2 or any(len(row) != len(rows[0]) for row in rows):
            continue
        how = "" if delimiter == "," else f", separator={delimiter!r}"
        names = [field.strip() for field in rows[0]]
        named_columns = names if names[0] else names[1:]  # pandas writes its index without a name
        if len(set(names)) == len(names) and all(COLUMN_NAME.fullmatch(column) for column in named_columns):
            columns = ", ".join(named_columns[:8]) + (", ..." if len(named_columns) > 8 else "")
            return FileKind(f"{name} with the columns {columns}", SUFFIX_HINT)
        if len(rows) >= MIN_TABLE_ROWS and len(rows[0]) > 2:
            return FileKind(
                f"{name} without a header",
                POLARS_HINT.format("read_csv").replace("'FILE'", f"'FILE'{how}, has_header=False, new_columns=[...]"),
            )
    return None
