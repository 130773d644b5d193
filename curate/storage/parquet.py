"""Write JSON Lines as Parquet: one table whose columns have one type each, whatever the lines hold.

Text stays text; keys with only numbers or only booleans keep their type. Everything nested except turns (content parts,
tool calls, tool declarations, metadata) becomes a JSON string, since Arrow would give each example the keys of all
others. The metadata of the file names the columns of JSON strings, so that `curate.storage.tables` reads equal rows.
"""

import json
import os
import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import orjson

from curate.core.errors import OutputError
from curate.core.lazy import pl
from curate.core.removed import escape_surrogates, is_encodable
from curate.core.text import visible
from curate.core.validation import has_repeated_key, parsed_json
from curate.storage.tables import JSON_COLUMNS

CHUNK_LINES: Final = 10_000
INT64_LIMIT: Final = 2**63
LONG_INTEGER: Final = re.compile(rb"\d{19}")
"""A number that orjson may round."""
FLOAT_LIMIT: Final = 2**53
"""Integers up to here are floats of 64 bits, too."""


class LongInteger:
    """The type of an integer of 64 bits that a float may round."""


class BrokenText:
    """The type of a text with half of a surrogate pair, which only JSON can hold as an escape."""


Types = dict[str, set[type]]


def write_parquet(files: Sequence[Path], paths: Sequence[Path]) -> None:
    """Convert JSON Lines files written by curate to Parquet at `paths`, with the same columns in all of them. Raises
    `OutputError`.
    """
    keys, turns = _types(files)
    schema: dict[str, Any] = {key: _column_type(types) for key, types in keys.items()} or {"messages": pl.String}
    marked = {key for key, types in keys.items() if _is_mixed(types)}
    if turns:
        schema["messages"] = pl.List(pl.Struct({name: _column_type(types) for name, types in turns.items()}))
        marked = marked - {"messages"} | {f"messages.{name}" for name, types in turns.items() if _is_mixed(types)}

    for lines, path in zip(files, paths, strict=True):
        _write_table(lines, path, schema, marked)


def _write_table(lines: Path, path: Path, schema: dict[str, Any], marked: set[str]) -> None:
    """Convert a JSON Lines file. `marked`: the columns of JSON text. Raises `OutputError`."""
    from polars.io.plugins import register_io_source

    def frames(*_: object) -> Iterator[pl.DataFrame]:
        for rows in _row_chunks(lines, schema, marked):
            yield pl.DataFrame(rows, schema=schema, orient="row")

    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        register_io_source(frames, schema=schema).sink_parquet(
            path, metadata={JSON_COLUMNS: json.dumps(sorted(marked))}, row_group_size=CHUNK_LINES
        )
        with path.open("r+b") as file:  # Windows flushes only what may be written
            os.fsync(file.fileno())
    except (OSError, pl.exceptions.PolarsError) as error:
        raise OutputError(
            f"{path}: cannot be written: {visible(str(error))}",
            "free disk space, or write JSON Lines; no file was changed",
        ) from error


def _objects(lines: Path) -> Iterator[dict[str, Any]]:
    """The lines. Raises `OutputError` for one that is no object, or has a key twice, of which a table holds one."""
    with lines.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                value = parsed_json(line) if LONG_INTEGER.search(line) else orjson.loads(line)
            except ValueError:  # only the standard library reads lone surrogates
                try:
                    value = parsed_json(line)
                except ValueError:
                    value = None
            if not isinstance(value, dict) or has_repeated_key(line, value):
                defect = "has a key twice" if isinstance(value, dict) else "is not a JSON object"
                raise OutputError(
                    f"line {number:,} of the output {defect}, which Parquet cannot hold",
                    "write JSON Lines, or repair or remove the line first; `curate check` reports it",
                )
            yield value


def _types(files: Sequence[Path]) -> tuple[Types, Types]:
    """The keys of all lines and of all turns, each with its value types."""
    keys: Types = {}
    turns: Types = {}
    turned = True
    """Whether all messages are lists of objects."""
    for value in chain.from_iterable(map(_objects, files)):
        for key, item in value.items():
            keys.setdefault(key, set()).add(_type(item))
        messages = value.get("messages")
        if isinstance(messages, list) and all(isinstance(turn, dict) for turn in messages):
            for turn in messages:
                for key, item in turn.items():
                    turns.setdefault(key, set()).add(_type(item))
        elif messages is not None:
            turned = False  # else it is JSON in a string
    if broken := next((key for key in (*keys, *turns) if not is_encodable(key)), None):
        raise OutputError(
            f"the output has the key {visible(broken)}, half of a surrogate pair, which Parquet cannot hold",
            "write JSON Lines, or rename the key; `curate check` reports its lines",
        )
    return keys, turns if turned else {}


def _type(value: Any) -> type:
    """The type of a value; that of an integer of more than 64 bits is `object`."""
    if isinstance(value, str):
        return str if is_encodable(value) else BrokenText
    if type(value) is not int or -FLOAT_LIMIT <= value <= FLOAT_LIMIT:
        return type(value)
    return LongInteger if -INT64_LIMIT <= value < INT64_LIMIT else object


def _column_type(types: set[type]) -> "type[pl.DataType]":
    """The type of polars for a column with values of these types: String if no other holds all of them."""
    plain = types - {type(None)}
    if plain == {bool}:
        return pl.Boolean
    if plain and plain <= {int, LongInteger}:
        return pl.Int64
    return pl.Float64 if plain and plain <= {int, float} else pl.String


def _is_mixed(types: set[type]) -> bool:
    """Whether a column is a string and some of its values are not."""
    return _column_type(types) == pl.String and not types <= {str, type(None)}


def _row_chunks(lines: Path, schema: dict[str, Any], marked: set[str]) -> Iterator[list[tuple[Any, ...]]]:
    """The objects of a file as rows of the schema, in chunks of `CHUNK_LINES`; `marked` columns hold JSON text."""
    turned = schema.get("messages")
    names = [field.name for field in turned.inner.fields] if isinstance(turned, pl.List) else None  # type: ignore[union-attr]  # a struct
    objects = _objects(lines)
    while chunk := list(islice(objects, CHUNK_LINES)):
        yield [
            tuple(
                [
                    {name: _stored_value(turn.get(name), f"messages.{name}" in marked) for name in names}
                    for turn in value[key]
                ]
                if key == "messages" and names and value.get(key) is not None
                else _stored_value(value.get(key), key in marked)
                for key in schema
            )
            for value in chunk
        ]


def _stored_value(value: Any, marked: bool) -> Any:
    """A value as it is stored: in a column of JSON, text stays text unless it has to be JSON or could be read as it."""
    if marked and value is not None and not (isinstance(value, str) and is_encodable(value) and not _is_json(value)):
        return escape_surrogates(json.dumps(value, ensure_ascii=False))
    return value


def _is_json(text: str) -> bool:
    """Whether the reader of tables takes a text for JSON: NaN and infinity are."""
    try:
        orjson.loads(text)
    except ValueError:
        try:
            parsed_json(text)
        except ValueError:
            return False
    return True
