"""Detect files that are not JSON by their first bytes, so that they get one finding instead of one error per line."""

import csv
import re
from itertools import islice
from typing import Final, NamedTuple

from curate.core.lazy import lazy_pattern
from curate.read.lines import BOM


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
