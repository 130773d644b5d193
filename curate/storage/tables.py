"""Read tables (Parquet, Arrow, CSV, TSV) as JSON Lines: row n becomes line n; a CSV header is not counted.

A column holds one type and a list of objects has one set of keys, so a table fills missing keys with null. These nulls
are left out, and their number is logged; the null `content` of a message stays: it has a meaning beside tool calls.
Text that holds the JSON of messages, tools or metadata becomes part of the line as it is. What JSON cannot express:
times become ISO 8601 strings, decimals numbers with all digits, images data URLs, other bytes text or data URLs; NaN
and Infinity stay, so that the reader reports them.
"""

import csv
import json
import logging
import math
import re
from codecs import getincrementaldecoder
from collections import Counter
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any, Final

from curate.core.errors import InputError, ends_program
from curate.core.form_keys import PAIR_KEYS, TOOL_KEYS, Holds, keys_holding
from curate.core.lazy import pl
from curate.core.text import quoted
from curate.storage.arrow_batches import (
    BATCH_BYTES,
    MAX_ROWS,
    arrow_batches,
    cell,
    data_url,
    frame_of,
    has_map,
    row_groups,
    slow_cell,
)
from curate.storage.object_path import ObjectPath

CSV_SUFFIXES: Final = {".csv": "", ".tsv": "\t"}
"""Suffixes of text tables, with their delimiter; the header decides if it is empty."""
TABLE_SUFFIXES: Final = (".parquet", ".arrow", ".feather", *CSV_SUFFIXES)
BINARY: Final = {
    b"PAR1": "Parquet file",
    b"ARROW1": "Arrow file",
    b"\xff\xff\xff\xff": "Arrow stream",
}
"""First bytes of binary tables, with what they are."""
MAX_FIELD_CHARS: Final = 1 << 30
"""Maximum characters of a field of a text table, as for a line of JSON Lines."""
JSON_COLUMNS: Final = "curate.json"
"""Key of a Parquet file's metadata: the columns that hold JSON text, as a JSON array."""
OBJECT_KEYS: Final = keys_holding(Holds.DATA).union(
    TOOL_KEYS,
    ("tool_calls", "function_call", "metadata", "meta", "chat_template_kwargs", "response_format", "options"),
    ("images", "videos", "audios"),
)
"""Keys whose text is parsed if it is a JSON array or object: of forms, and beside a conversation."""
TURN_KEYS: Final = keys_holding(Holds.TURNS)
"""Keys whose text is parsed only if it is the JSON of messages: it may be any text."""
TEXT_KEYS: Final = keys_holding(Holds.TEXT) | {"content"}
"""Other keys of texts, which may be empty."""
CHAT_COLUMNS: Final = OBJECT_KEYS | TURN_KEYS | TEXT_KEYS
"""Keys each of which shows that a table has chat data."""
PAIRS: Final = (
    *(pair for pair in PAIR_KEYS if CHAT_COLUMNS.isdisjoint(pair)),
    ("input_text", "output_text"),
    ("text_input", "output_text"),
)
"""Keys of a question and its answer, each of which alone may be in any table."""
MESSAGE_KEYS: Final = ("role", "from", "type", "messages")
"""Keys of which an object among messages has one."""
BLOCK_KEYS: Final = {"system": ("text", "cachePoint")}
"""Keys of the blocks of Amazon Bedrock, which have no type."""

SEPARATOR_ESCAPES: Final = {char.encode(): f"\\u{ord(char):04x}".encode() for char in "\x85\u2028\u2029"}
"""Characters that are line breaks for some readers, with their escapes."""

NULLS: Final = (
    (re.compile(rb',"(?!content":)\w+":null'), b""),
    (re.compile(rb'\{"(?!content":)\w+":null(?:,|(?=\}))'), b"{"),
)
"""Patterns of nulls after another key and of a first key, with their replacements, except the null of `content`, which
may have a meaning. They do not match inside of a text, where quotation marks are escaped; other nulls are removed line
by line.
"""
NULLS_LEFT_OUT: Final = "%s: %snull fields left out; a table has null where a row lacks a key"
"""Log message after a table was read, with its name and the number of nulls."""
KEPT_NULL: Final = re.compile(rb'"role":"[^"\\]*","content":null|"content":null,"role":"')
"""A null that is kept (`_is_kept`), if the two keys are adjacent."""

_LOG: Final = logging.getLogger(__name__)


def binary_table(start: bytes) -> str | None:
    """The kind of a binary table with these first bytes, such as `Parquet file`; None for other files."""
    return next((name for magic, name in BINARY.items() if start.startswith(magic)), None)


def csv_delimiter(path: Path) -> str | None:
    """The delimiter of a text table by the suffix of its name, compressed or not; None for other files."""
    name = path.name.lower().removesuffix(".gz").removesuffix(".zst")
    return next((delimiter for suffix, delimiter in CSV_SUFFIXES.items() if name.endswith(suffix)), None)


class RowWriter:
    """Writes rows as lines of JSON, and counts the nulls that it leaves out."""

    def __init__(self, marked: frozenset[str] | None = None, *, pandas: bool = False) -> None:
        """`marked`: the columns that hold JSON, as their writer recorded it; None if it is to be found out.

        `pandas`: whether NaN stands for null, and integers may have become floats beside it.
        """
        self.marked, self.pandas, self.nulls, self.finite = marked, pandas, 0, True

    def line(self, row: dict[str, Any]) -> bytes:
        """A row as a line, with its line break."""
        import orjson

        self.finite = True
        value = self._object(row, "")
        if self.finite:
            try:
                return orjson.dumps(value, default=cell) + b"\n"
            except TypeError:  # an integer of more than 64 bits
                pass
        return json.dumps(value, default=slow_cell, ensure_ascii=False).encode() + b"\n"

    def without_nulls(self, lines: bytes) -> bytes:
        """Lines that polars wrote, without their nulls."""
        import orjson

        for pattern, instead in NULLS:
            lines, count = pattern.subn(instead, lines)
            self.nulls += count
        if lines.count(b":null") == sum(1 for _ in KEPT_NULL.finditer(lines)):
            return lines
        return b"".join(
            orjson.dumps(self._without_nulls(orjson.loads(line))) + b"\n" if b":null" in line else line
            for line in lines.splitlines(keepends=True)
        )

    def _without_nulls(self, value: Any) -> Any:
        """A list or an object without the nulls that have no meaning, at any depth."""
        if type(value) is list:
            return [self._without_nulls(item) if type(item) in (dict, list) else item for item in value]
        if None in value.values():
            remaining = {key: item for key, item in value.items() if item is not None or _is_kept(key, value)}
            self.nulls += len(value) - len(remaining)
            value = remaining
        for key, item in value.items():
            if type(item) in (dict, list):
                value[key] = self._without_nulls(item)
        return value

    def _object(self, value: dict[str, Any], path: str) -> Any:
        """An object without nulls that have no meaning; an image as a data URL or path."""
        if value.keys() == {"bytes", "path"} and isinstance(value["bytes"], bytes | None):
            return value["path"] if value["bytes"] is None else data_url(value["bytes"])
        converted = {}
        for key, item in value.items():
            if self.pandas and isinstance(item, float):
                item = None if math.isnan(item) else int(item) if item.is_integer() else item  # noqa: PLW2901
            if item is None and not _is_kept(key, value):
                self.nulls += 1
            else:
                converted[key] = self._value(item, key, f"{path}.{key}" if path else key)
        return converted

    def _value(self, value: Any, key: str, path: str) -> Any:
        """A value as its line has it. `key`: its key, empty in a list; `path`: keys down to it, joined by dots."""
        kind = type(value)
        if kind is str:
            return self._text(value, key, path)
        if kind is dict:
            return self._object(value, path)
        if kind is list:
            return [self._value(item, "", path) if item is not None else None for item in value]
        if kind is float and not math.isfinite(value):
            self.finite = False
        return self._value(value.tolist(), key, path) if kind.__module__ == "numpy" else value

    def _text(self, value: str, key: str, path: str) -> Any:
        """A text, or the JSON that it contains if text is parsed at this key or path."""
        import orjson

        if self.marked is not None:
            if path not in self.marked:
                return value
        elif value[:64].lstrip()[:1] not in ("[", "{") or not (key in OBJECT_KEYS or key in TURN_KEYS):
            return value
        try:
            parsed = orjson.loads(value)
        except ValueError:
            try:  # what only orjson refuses is reported by the reader
                parsed = json.loads(value)
            except (ValueError, RecursionError):
                return value
        is_structured = key == "data" and isinstance(parsed, list) and all(isinstance(item, str) for item in parsed)
        is_structured = (
            is_structured
            or _has_messages(parsed, (*MESSAGE_KEYS, *BLOCK_KEYS.get(key, ())))
            or (key == "response" and _has_choices(parsed))
        )
        if self.marked is None and key in TURN_KEYS and not is_structured:
            return value
        return orjson.Fragment(value.replace("\n", " ").replace("\r", " "))  # a line break is white space in JSON


def _is_kept(key: str, value: dict[str, Any]) -> bool:
    """Whether null at a key has a meaning: a message that only calls tools has no content."""
    return key == "content" and value.get("role") is not None


def _has_messages(value: Any, keys: tuple[str, ...]) -> bool:
    """Whether a value is messages, or an object with messages: each has one of the keys."""
    items = value if isinstance(value, list) else [value]
    return bool(items) and all(isinstance(item, dict) and any(key in item for key in keys) for item in items)


def _has_choices(value: Any) -> bool:
    """Whether a value is the response of a model, or of a service that holds one as its body."""
    inner = value.get("body", value) if isinstance(value, dict) else None
    return isinstance(inner, dict) and isinstance(inner.get("choices"), list)


def table_lines(path: str, file: Path, kind: str, groups: range | None = None) -> Iterator[bytes]:
    """The rows of a binary table as lines of JSON, in blocks. Raises `InputError`.

    `path` names it in messages; `file` has its bytes. `groups`: the row groups of a Parquet file to read; None: all.
    """
    rows = RowWriter(_json_columns(file) if kind == "Parquet file" else None)
    done = 0
    try:
        for frame in _frames(file, path, kind, groups):
            if frame.width == 0 and frame.height:
                raise ValueError("it has rows and no columns")
            yield from map(_escaped, frame_lines(frame, rows))
            done += frame.height
    except InputError:
        raise
    except BaseException as error:
        if ends_program(error):
            raise
        reason = str(error).strip().split("\n")[0][:200] or type(error).__name__
        raise InputError(
            f"{path}: {kind} that cannot be read after row {done:,}: {reason}", "write or download it again"
        ) from error
    if rows.nulls:
        _LOG.info(NULLS_LEFT_OUT, path, f"{rows.nulls:,} ")


def row_group_ranges(path: str, file: Path, size: int) -> list[range] | None:
    """The row groups of a Parquet file (see `row_groups`). Tasks read them, and count no nulls that they leave out: a
    log message tells that there may be some. `path` names the file.
    """
    groups = row_groups(file, size)
    if groups is not None and groups.has_nulls:
        _LOG.info(NULLS_LEFT_OUT, path, "")
    return None if groups is None else groups.ranges


def _json_columns(file: Path) -> frozenset[str] | None:
    """The columns of JSON text that the writer of a Parquet file recorded; None without such a record."""
    try:
        if isinstance(file, ObjectPath):
            import pyarrow.parquet as pq

            with file.open("rb") as raw:
                names = json.loads(pq.ParquetFile(raw, pre_buffer=False).metadata.metadata[JSON_COLUMNS.encode()])
        else:
            names = json.loads(pl.read_parquet_metadata(file)[JSON_COLUMNS])
    except Exception:  # noqa: BLE001  # there is no such record; reading reports what else is wrong
        return None
    return frozenset(names) if isinstance(names, list) and all(isinstance(name, str) for name in names) else None


def _frames(file: Path, name: str, kind: str, groups: range | None) -> "Iterator[pl.DataFrame]":
    """The rows in batches. pyarrow needs memory for a batch only, and polars for a row group or the whole stream."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        if kind == "Arrow stream":
            frames = pl.read_ipc_stream(file).iter_slices(MAX_ROWS)
        else:
            rows = pl.scan_parquet(file, glob=False) if kind == "Parquet file" else pl.scan_ipc(file, glob=False)
            frames = rows.collect_batches(chunk_size=MAX_ROWS, maintain_order=True)
        for frame in frames:
            if any(map(has_map, frame.dtypes)):
                raise ValueError("it has a map: `pip install 'curate-chat[tables]'` to read it") from None
            yield frame
        return
    for batch in arrow_batches(file, name, kind, groups):
        yield from frame_of(batch).iter_slices(MAX_ROWS)


def frame_lines(frame: "pl.DataFrame", rows: RowWriter) -> Iterator[bytes]:
    """The rows of a frame as lines, written by polars if no value needs a conversion."""
    if rows.marked is None and _is_simple(frame):
        written = BytesIO()
        frame.write_ndjson(written)
        data = written.getvalue()
        if b":null" not in data:
            yield data
            return
        if not rows.pandas:
            yield rows.without_nulls(data)
            return
    for part in frame.iter_slices(
        max(1, min(MAX_ROWS, frame.height * BATCH_BYTES // max(int(frame.estimated_size()), 1)))
    ):
        yield b"".join(map(rows.line, part.to_dicts()))


def _is_simple(frame: "pl.DataFrame") -> bool:
    """Whether polars writes each value as JSON that needs no change except for nulls."""

    def simple(dtype: Any, key: str) -> bool:
        if isinstance(dtype, pl.Struct):
            image = {field.name for field in dtype.fields} == {"bytes", "path"}
            return not image and all(simple(field.dtype, field.name) for field in dtype.fields)
        if isinstance(dtype, pl.List | pl.Array):
            return simple(dtype.inner, "")
        if dtype == pl.String:
            return key not in OBJECT_KEYS
        return dtype in (pl.Boolean, pl.Null) or (dtype.is_integer() and dtype != pl.Int128)

    for name, dtype in frame.schema.items():
        if dtype.is_float():
            if not frame[name].is_finite().all():  # polars would write null
                return False
        elif dtype == pl.String and name in TURN_KEYS:
            if frame[name].str.contains(r"^\s*[\[{]").any():
                return False
        elif not simple(dtype, name):
            return False
    return True


def _escaped(block: bytes) -> bytes:
    """Lines with escapes for the characters that some readers treat as a line break."""
    for char, escape in SEPARATOR_ESCAPES.items():
        if char[-1:] in block and char in block:  # one byte is found much faster
            block = block.replace(char, escape)
    return block


def csv_lines(path: str, delimiter: str, unpacked: Iterator[bytes]) -> Iterator[bytes]:
    """The rows of a text table as lines of JSON, in blocks; what is JSON or UTF-16 is passed on as it is.

    Raises `InputError` for a row that cannot be read, with its number.
    """
    first = next(unpacked, b"")
    if first.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[", b"") or first[:2] in (b"\xff\xfe", b"\xfe\xff"):
        yield from chain([first], unpacked)
        return
    rows, before, block, size = RowWriter(), 0, [], 0
    if csv.field_size_limit() < MAX_FIELD_CHARS:
        csv.field_size_limit(MAX_FIELD_CHARS)
    lines = _decoded(path, chain([first], unpacked))
    blank, head = next((index, line) for index, line in enumerate(lines) if line.strip(" \t\n\r\v\f"))
    reader = csv.reader(chain([head], lines), delimiter=delimiter or max(",;\t|", key=head.count), strict=True)
    try:
        names = _names(path, next(reader))
        cell_of = [_csv_cell(name, names) for name in names]
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(names):
                raise csv.Error(f"it has {len(cells):,} fields, and the header {len(names):,}")
            before += 1
            values = {name: of(cell) for name, of, cell in zip(names, cell_of, cells, strict=True)}
            block.append(rows.line({name: value for name, value in values.items() if value is not None}))
            size += len(block[-1])
            if size >= 1 << 20:
                yield _escaped(b"".join(block))
                block, size = [], 0
    except csv.Error as error:
        raise InputError(
            f"{path}: row {before + 1:,} (line {blank + reader.line_num:,}) is not valid: {error}",
            "check its quotes and delimiters, or write the table as Parquet or JSON Lines",
        ) from error
    yield _escaped(b"".join(block))


def has_chat_columns(head: bytes) -> bool:
    """Whether a text table with these first bytes has a column that chat data has."""
    names = re.split(
        r"[,;\t|]", head.removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")[0].decode("utf-8", "replace")
    )
    columns = {name.strip().strip('"').lower() for name in names}
    return not columns.isdisjoint(CHAT_COLUMNS) or any(map(columns.issuperset, PAIRS))


def _decoded(path: str, blocks: Iterator[bytes]) -> Iterator[str]:
    """The physical lines of a text. Raises `InputError` for bytes that are not UTF-8."""
    decoder, rest, line = getincrementaldecoder("utf-8-sig")("strict"), [""], 0
    for block in chain(blocks, [b""]):
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            raise InputError(
                f"{path}: not UTF-8 after line {line:,}: {error.reason}", "save it as CSV UTF-8"
            ) from error
        *complete, last = text.split("\n")
        for piece in complete:
            line += 1
            yield "".join([*rest, piece, "\n"])
            rest = []
        rest.append(last)
    if any(rest):
        yield "".join(rest)


def _names(path: str, head: list[str]) -> list[str]:
    """The columns of a header. Raises `InputError` if two have one name."""
    names = [name.strip() for name in head]
    if not names[0] and "index" not in names:
        names[0] = "index"  # pandas writes its index without a name
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise InputError(f"{path}: two columns are named {quoted(twice[0])}", "rename one of them")
    return names


def _csv_cell(name: str, names: list[str]) -> Callable[[str], Any]:
    """The function that converts the cells of a column: text; an empty cell is None, except in columns of text."""
    if name == "label" and "completion" in names:  # of prompts for KTO
        return lambda cell: {"true": True, "false": False, "": None}.get(cell.strip().lower(), cell)
    return str if name in TURN_KEYS or name in TEXT_KEYS else lambda cell: cell or None
