"""Write splits as Parquet next to JSON Lines: one table whose columns have one type each, whatever the lines hold.

Text stays text; keys with only numbers or only booleans keep their type. Everything nested except turns (content parts,
tool calls, tool declarations, metadata) becomes a JSON string, since Arrow would give each example the keys of all
others.
"""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from curate.core.errors import OutputError
from curate.core.text import visible

if TYPE_CHECKING:
    import polars as pl

CHUNK: Final = 20_000
"""Lines that are converted to columns at a time."""
Types = dict[str, set[type]]


def write_parquet(lines: Path, path: Path) -> Path:
    """Convert a JSON Lines file written by curate to Parquet at `path`; returns `path`. Raises `OutputError`."""
    import polars as pl

    keys, turns = _types(lines)
    schema: dict[str, Any] = {}
    for key, types in keys.items():
        schema[key] = (
            pl.List(pl.Struct({name: _kind(kinds) for name, kinds in turns.items()}))
            if key == "messages" and turns
            else _kind(types)
        )
    frames = [pl.DataFrame(rows, schema=schema, orient="row") for rows in _rows(lines, schema, list(turns))]
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        (pl.concat(frames) if frames else pl.DataFrame(schema=schema or {"messages": pl.String})).write_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise OutputError(
            f"{path}: cannot be written: {visible(str(error))}",
            "free disk space, or leave out --parquet; no file was changed",
        ) from error
    return path


def _objects(lines: Path) -> Iterator[dict[str, Any]]:
    with lines.open("rb") as file:
        for line in file:
            try:
                value = orjson.loads(line)
            except ValueError:  # only the standard library reads huge numbers and lone surrogates
                value = json.loads(line)
            yield value


def _types(lines: Path) -> tuple[Types, Types]:
    """The keys of all lines and of all turns, each with its value types."""
    keys: Types = {}
    turns: Types = {}
    turned = True
    """Whether all messages are lists of objects."""
    for value in _objects(lines):
        for key, item in value.items():
            keys.setdefault(key, set()).add(type(item))
        messages = value.get("messages")
        if isinstance(messages, list) and all(isinstance(turn, dict) for turn in messages):
            for turn in messages:
                for key, item in turn.items():
                    turns.setdefault(key, set()).add(type(item))
        elif messages is not None:
            turned = False  # else it is JSON in a string
    return keys, turns if turned else {}


def _kind(types: set[type]) -> "type[pl.DataType]":
    import polars as pl

    plain = types - {type(None)}
    if plain == {bool}:
        return pl.Boolean
    if plain == {int}:
        return pl.Int64
    return pl.Float64 if plain and plain <= {int, float} else pl.String


def _rows(lines: Path, schema: dict[str, Any], turns: list[str]) -> Iterator[list[tuple[Any, ...]]]:
    import polars as pl

    objects = _objects(lines)
    while chunk := list(islice(objects, CHUNK)):
        rows = []
        for value in chunk:
            row = []
            for key, kind in schema.items():
                item = value.get(key)
                if isinstance(kind, pl.List) and isinstance(item, list):
                    fields = {field.name: field.dtype for field in kind.inner.fields}  # type: ignore[union-attr]  # a struct
                    row.append([{name: _cell(turn.get(name), fields[name]) for name in turns} for turn in item])
                else:
                    row.append(_cell(item, kind))
            rows.append(tuple(row))
        yield rows


def _cell(value: Any, kind: Any) -> Any:
    import polars as pl

    if value is None or kind != pl.String:
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")  # lone surrogates cannot be stored
