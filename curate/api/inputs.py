"""Data in memory as the input of a function: written to a temporary file as JSON Lines, and given back as it came.

Lists of dicts, polars and pandas frames, pyarrow tables, and `Dataset` and `DatasetDict` of the datasets package. Row n
is line n of a file named `<rows>`, or `<train>` for a split of that name.
"""

import json
import math
import os
import weakref
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from curate.api.frames import names_of
from curate.core.errors import UsageError
from curate.core.removed import removal_of
from curate.core.text import quoted
from curate.dedup.cluster_resolution import DuplicateRemoval
from curate.output.apply import Dropped
from curate.project.manifest import Manifest
from curate.storage.arrow_batches import MAX_ROWS, cell, frame_of, slow_cell
from curate.storage.data_files import data_files
from curate.storage.data_path import DataPath
from curate.storage.files import display_name
from curate.storage.scratch import Scratch
from curate.storage.tables import RowWriter, frame_lines

Data = Any
"""`Paths`, or data in memory."""


class Inputs:
    """What a function reads: files, and for data in memory also the rows that they were written from."""

    def __init__(self, data: Data, prefix: str = "") -> None:
        """`prefix` precedes the names of data in memory. Raises `UsageError` for an empty list and data of a kind that
        is not read, `OSError`.
        """
        if isinstance(data, Iterable) and not isinstance(data, (str, Mapping, Sequence)) and not _package_of(data):
            data = list(data)  # of rows or of paths
        if isinstance(data, (list, tuple)) and not data:
            raise UsageError("the list of data is empty", "pass at least one row, or at least one path")
        self.data, self.tables = data, _tables(data)
        self.names: list[str | Path] = []
        if self.tables is None:
            self.names += names_of(data)
            return
        scratch = Scratch()
        weakref.finalize(self, scratch.discard)
        for name, table in self.tables.items():
            path = DataPath.of(scratch.folder / f"{len(self.names)}.jsonl", f"<{prefix}{name}>")
            with path.open("wb") as file:
                file.writelines(_json_lines(table))
            self.names.append(path)

    @cached_property
    def files(self) -> list[Path]:
        """The files. Raises as `data_files` does."""
        return data_files(self.names)

    def select(self, rows: Mapping[str, Sequence[int]]) -> Data:
        """The rows with these numbers, from 0, as the kind of data that was given; `rows`: numbers by the name of the
        file.

        Raises `UsageError` for data that was given as paths.
        """
        if self.tables is None:
            raise UsageError("the data was given as paths", "read the files that were written")
        selected = {name: _rows_of(table, list(rows.get(f"<{name}>", ()))) for name, table in self.tables.items()}
        if not isinstance(self.data, Mapping):
            return selected["rows"]
        return _dataset_dict(selected) if type(self.data).__name__ == "DatasetDict" else selected


def kept_rows(inputs: Inputs, *removals: Sequence[DuplicateRemoval | Dropped]) -> Any:
    """The rows that are not removed. Raises `UsageError` as `Inputs.select` does."""
    removed_places = {(removal.place.file, removal.place.line) for group in removals for removal in group}
    rows: dict[str, list[int]] = {}
    for path in inputs.files if inputs.tables else ():
        name = display_name(path)
        with path.open("rb") as file:
            rows[name] = [index for index, _ in enumerate(file) if (name, index + 1) not in removed_places]
    return inputs.select(rows)


def split_rows(inputs: Inputs, folder: Path, manifest: Manifest) -> Any:
    """The rows of each split, found by their lines. Raises `UsageError` as `Inputs.select` does."""
    rows: dict[bytes, deque[tuple[str, int]]] = defaultdict(deque)
    removed = removed_rows(folder / manifest.removed.file)
    for path in inputs.files if inputs.tables else ():
        with path.open("rb") as file:
            for row, line in enumerate(file):
                if (display_name(path), row + 1) not in removed:
                    rows[line.rstrip(b"\n")].append((display_name(path), row))
    splits = {}
    for name, part in manifest.splits.items():
        split_positions: dict[str, list[int]] = {}
        for path in part.paths(folder) if inputs.tables else ():
            with path.open("rb") as file:
                for line in file:
                    if not rows[line.rstrip(b"\n")]:
                        raise UsageError(f"{path.name} has an edited example", f"read the files of {folder}")
                    table, row = rows[line.rstrip(b"\n")].popleft()
                    split_positions.setdefault(table, []).append(row)
        selected = inputs.select(split_positions)
        splits[name] = _joined(list(selected.values())) if isinstance(inputs.data, Mapping) else selected
    return _dataset_dict(splits) if splits and _package_of(next(iter(splits.values()))) == "datasets" else splits


def _dataset_dict(tables: dict[str, Any]) -> Any:
    from datasets import DatasetDict

    return DatasetDict(tables)


def removed_rows(ledger: Path) -> set[tuple[str, int]]:
    """File and line of each removed line."""
    with ledger.open("rb") as file:
        removals = [removal_of(line) for line in file if line.strip()]
    return {(removal.file, removal.line) for removal in removals}


def _joined(parts: list[Any]) -> Any:
    """One table of several of the same kind."""
    kind = _package_of(parts[0])
    if kind == "polars":
        return pl.concat(parts, how="diagonal_relaxed")
    if kind == "datasets":
        from datasets import concatenate_datasets

        return concatenate_datasets(parts)
    if kind == "pandas":
        import pandas as pd

        return pd.concat(parts)
    if kind == "pyarrow":
        import pyarrow as pa

        return pa.concat_tables(parts, promote_options="default")
    return [row for part in parts for row in part]


def _tables(data: Data) -> dict[str, Any] | None:
    """The tables of data in memory, by name; None for paths."""
    if isinstance(data, (str, os.PathLike)):
        return None
    if isinstance(data, Mapping):
        return {str(name): _rereadable(table) for name, table in data.items()}
    if isinstance(data, Sequence) and all(isinstance(item, (str, os.PathLike)) for item in data):
        return None
    return {"rows": _rereadable(data)}


def _rereadable(data: Data) -> Any:
    """A table, or a list of the rows of an iterable, that can be read several times. Raises `UsageError` for another
    type.
    """
    if isinstance(data, pl.LazyFrame):
        return data.collect()
    if _package_of(data) in ("polars", "pandas"):
        return copy(data)  # shares the values; rows are looked up by their number later
    if _package_of(data):
        return data
    if isinstance(data, Iterable) and not isinstance(data, (str, bytes, Mapping)):
        return list(data)
    raise UsageError(
        f"data of the type {type(data).__name__} is not read",
        "pass paths, a list of dicts, a polars or pandas frame, a pyarrow table or a datasets.Dataset",
    )


def _package_of(data: Any) -> str:
    """The package of a table: polars, pandas, pyarrow or datasets; empty for other data. No package is imported."""
    name = f"{type(data).__module__.partition('.')[0]}.{type(data).__name__}"
    table_types = ("polars.DataFrame", "pandas.DataFrame", "pyarrow.Table", "pyarrow.RecordBatch", "datasets.Dataset")
    return name.partition(".")[0] if name in table_types else ""


def _json_lines(table: Any) -> Iterator[bytes]:
    kind = _package_of(table)
    writer = RowWriter(pandas=kind == "pandas")
    if kind == "pandas":
        names = list(map(str, table.columns))
        if twice := [name for name, count in Counter(names).items() if count > 1]:
            raise UsageError(f"two columns are named {quoted(twice[0], 40)}", "rename one of them")
        for row in table.itertuples(index=False, name=None):
            yield writer.line(
                {name: None if _is_missing(item) else item for name, item in zip(names, row, strict=True)}
            )
    elif kind == "polars":
        for part in table.iter_slices(MAX_ROWS):
            yield from frame_lines(part, writer)
    elif kind:
        for part in table.with_format("arrow").iter(MAX_ROWS) if kind == "datasets" else _batches(table):
            try:
                frame = frame_of(part)
            except ValueError as error:
                raise UsageError(f"the data: {error}", "give each key of a map once") from None
            yield from frame_lines(frame, writer)
    else:
        yield from map(_row_line, table)


def _row_line(row: Any) -> bytes:
    """A row of a list as a line of JSON. NaN and infinity stay, so that the reader reports them; orjson writes null."""
    try:
        line = orjson.dumps(row, default=_json_value)
    except TypeError:  # integers of more than 64 bits, and keys that are not text
        line = b""
    if not line or (b"null" in line and _has_nan(row)):
        line = json.dumps(row, default=_slow_value, ensure_ascii=True).encode()
    return line + b"\n"


def _has_nan(value: Any) -> bool:
    """Whether a value holds NaN or infinity."""
    if isinstance(value, Mapping):
        return any(map(_has_nan, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_has_nan, value))
    if hasattr(value, "tolist"):
        return _has_nan(value.tolist())
    return isinstance(value, float) and not math.isfinite(value)


def _json_value(value: Any) -> Any:
    """A form of a value that JSON can express: arrays and numbers of numpy become lists and numbers."""
    if isinstance(value, Mapping):
        return dict(value)
    return value.tolist() if hasattr(value, "tolist") else cell(value)


def _slow_value(value: Any) -> Any:
    """The same for the JSON encoder of the standard library, which takes subclasses of dict alone for objects."""
    is_array_or_mapping = isinstance(value, Mapping) or hasattr(value, "tolist")
    return _json_value(value) if is_array_or_mapping else slow_cell(value)


def _batches(table: Any) -> Iterable[Any]:
    """The parts of a pyarrow table or batch, of at most `MAX_ROWS` rows."""
    return table.to_batches(max_chunksize=MAX_ROWS) if hasattr(table, "to_batches") else [table]


def _is_missing(value: Any) -> bool:
    """Whether a cell of pandas is empty: NaT or NA."""
    return type(value).__name__ in ("NAType", "NaTType")


def _rows_of_arrow(table: Any, rows: list[int]) -> Any:
    """The rows with these numbers of a pyarrow table or batch."""
    import pyarrow as pa

    try:
        return table.take(rows)
    except pa.ArrowNotImplementedError:  # it takes no single values of views, unions and others, but slices
        joined = pa.concat_batches if isinstance(table, pa.RecordBatch) else pa.concat_tables
        return joined([table.slice(row, 1) for row in rows]) if rows else table.slice(0, 0)


def _rows_of(table: Any, rows: list[int]) -> Any:
    """The rows with these numbers of a table or list."""
    kind = _package_of(table)
    if kind == "polars":
        return table[rows]
    if kind == "pandas":
        return table.iloc[rows]
    if kind == "pyarrow":
        return _rows_of_arrow(table, rows)
    return table.select(rows) if kind == "datasets" else [table[row] for row in rows]
