"""Batches of Parquet and Arrow files, whose size is checked before their values are written out.

A dictionary holds a repeated text once, a view may refer to a text many times, and nulls take no space: a file of a
kilobyte may hold rows of gigabytes. Values that JSON has no form for are converted. A map with a key twice is refused,
since polars would keep one value of it.
"""

import base64
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from curate.core.lazy import np, pl
from curate.core.limits import require_size
from curate.core.text import quoted
from curate.storage.object_path import ObjectPath

if TYPE_CHECKING:
    import pyarrow as pa


def frame_of(batch: "pa.RecordBatch | pa.Table") -> "pl.DataFrame":
    """A batch as a frame. Raises `ValueError` for a map that has one key twice, since a value would be lost, and for
    lists of a fixed size of 0, since polars stops with a message of its own.
    """
    types = str(batch.schema.types)
    if "[0]" in types and any(map(_has_lists_of_none, batch.schema.types)):
        raise ValueError("it has lists of a fixed size of 0")
    if "map<" in types:
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            for array in getattr(column, "chunks", [column]):
                _require_distinct_keys(array, name)
    with suppress(pl.exceptions.ComputeError):
        if not any(map(_polars_panics, batch.schema.types)):
            return pl.DataFrame(pl.from_arrow(batch))
    columns = zip(batch.schema.names, batch.columns, strict=True)
    return pl.DataFrame([_series(name, column) for name, column in columns])


def _series(name: str, column: Any) -> "pl.Series":
    """A column as a polars series: of values of polars or, where it has none (unions, list views, run ends, intervals),
    of Python objects.
    """
    with suppress(pl.exceptions.ComputeError):
        if not _polars_panics(column.type):
            return pl.Series(name, pl.from_arrow(column))
    values = column.to_pylist()
    try:
        return pl.Series(name, values)
    except (TypeError, pl.exceptions.PolarsError):
        return pl.Series(name, values, dtype=pl.Object)


def _polars_panics(kind: Any) -> bool:
    """Whether a type has a union or an interval in it: polars panics on one inside a list."""
    return "union<" in str(kind) or "month_day_nano_interval" in str(kind)


def _has_lists_of_none(kind: Any) -> bool:
    """Whether a type is, or has in it, a list of the fixed size 0."""
    inner = (kind.field(index).type for index in range(kind.num_fields))
    return getattr(kind, "list_size", None) == 0 or any(map(_has_lists_of_none, inner))


def _require_distinct_keys(array: Any, name: str) -> None:
    """Raise `ValueError` if a map in the array of column `name`, at any depth, has one key twice."""
    import pyarrow as pa

    kind = array.type
    if pa.types.is_map(kind):
        ends = array.offsets.to_numpy()
        keys = array.keys.slice(ends[0], ends[-1] - ends[0])
        rows = np.repeat(np.arange(len(array)), np.diff(ends))
        codes = keys.dictionary_encode().indices.to_numpy(zero_copy_only=False)
        _, firsts = np.unique(np.stack([rows, codes]), axis=1, return_index=True)
        if len(firsts) < len(keys):
            key = keys[int(np.setdiff1d(np.arange(len(keys)), firsts)[0])].as_py()
            raise ValueError(f"a map of column {quoted(name, 40)} has the key {quoted(str(key), 40)} twice")
        _require_distinct_keys(array.items, name)
    elif pa.types.is_struct(kind):
        for index in range(kind.num_fields):
            _require_distinct_keys(array.field(index), name)
    elif pa.types.is_nested(kind) and hasattr(array, "values"):
        _require_distinct_keys(array.values, name)


def has_map(dtype: Any) -> bool:
    """Whether a type of polars is a map or holds one."""
    if type(dtype).__name__ == "Map":  # older versions read maps as lists of entries, which loses nothing
        return True
    inner = [field.dtype for field in dtype.fields] if isinstance(dtype, pl.Struct) else [getattr(dtype, "inner", None)]
    return any(has_map(inner_type) for inner_type in inner if inner_type is not None)


IMAGES: Final = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif", b"RIFF": "webp", b"BM": "bmp"}


def data_url(data: bytes) -> str:
    """Bytes as a data URL; the type is that of a known image, or any."""
    kind = next((f"image/{name}" for magic, name in IMAGES.items() if data.startswith(magic)), None)
    return f"data:{kind or 'application/octet-stream'};base64,{base64.b64encode(data).decode()}"


def cell(value: Any) -> Any:
    """What orjson writes for a value without a form in JSON: a number, or text such as `PT90S` for a duration."""
    import orjson

    if isinstance(value, Decimal):
        return orjson.Fragment(str(value)) if value.is_finite() else str(value)
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return data_url(value)
    if isinstance(value, timedelta):
        return f"PT{value.total_seconds():g}S"
    return str(value)


def slow_cell(value: Any) -> Any:
    """As `cell`, for the `json` module, which cannot embed the text of a number."""
    import orjson

    if isinstance(value, orjson.Fragment):
        return json.loads(value.contents)
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if hasattr(value, "isoformat") else cell(value)


MAX_ROWS: Final = 2_000
"""Rows of a batch, fewer if they are large."""
BATCH_BYTES: Final = 1 << 20
"""Maximum size of a batch of Parquet in bytes, estimated from its metadata."""
MAX_GROUP_BYTES: Final = 256 << 20
"""Maximum size in bytes of a row group that one task reads."""
MAX_EXPANDED: Final = 1 << 28
"""Bytes of a batch if each value were as long as the dictionary of its column."""


SHARED_TYPES: Final = re.compile("dictionary|view|null|run_end|extension|struct<>")
"""Types whose values take more bytes once they are written out."""


class RowGroups(NamedTuple):
    """The row groups of a Parquet file."""

    ranges: list[range]
    """In order, without gaps."""
    has_nulls: bool
    """Whether a column may have a null, by the statistics of its writer."""


def row_groups(file: Path, size: int) -> RowGroups | None:
    """The row groups of a Parquet file, in ranges of about `size` unpacked bytes; None if one of them is too large to
    be unpacked at once, or without pyarrow. Raises errors of pyarrow for a damaged file.
    """
    try:
        import pyarrow.parquet as pq
    except ImportError:
        return None
    with file.open("rb") as raw:
        metadata = pq.ParquetFile(raw, pre_buffer=False).metadata
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    sizes = [group.total_byte_size for group in groups]
    if max(sizes, default=0) > MAX_GROUP_BYTES:
        return None
    statistics = (group.column(index).statistics for group in groups for index in range(group.num_columns))
    return RowGroups(
        [*_ranges(sizes, size)],
        any(column is None or not column.has_null_count or column.null_count for column in statistics),
    )


def _ranges(sizes: Sequence[int], size: int) -> Iterator[range]:
    """Ranges of items that have about `size` bytes together."""
    start = total = 0
    for index, item_size in enumerate(sizes):
        total += item_size
        if total >= size or index == len(sizes) - 1:
            yield range(start, index + 1)
            start, total = index + 1, 0


def arrow_batches(file: Path, name: str, kind: str, groups: range | None) -> Iterator[Any]:
    """The rows of a binary table in validated parts of about `BATCH_BYTES` bytes; `name`, `kind`: as in
    `curate.storage.tables`. `groups`: the row groups of a Parquet file to read; None: all.

    Raises `InputError` for an unpacked size beyond the limits, `ValueError` and errors of pyarrow for a damaged file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    # an object has no path on this machine, and each request takes long, so that columns are read in one
    is_file = not isinstance(file, ObjectPath)
    with pa.OSFile(str(file)) if is_file else pa.PythonFile(file.open("rb"), mode="r") as raw:
        packed, rows = raw.size(), None
        if kind == "Parquet file":
            parquet = pq.ParquetFile(raw, pre_buffer=not is_file, buffer_size=1 << 20 if is_file else 0)
            numbers = range(parquet.num_row_groups) if groups is None else groups
            described = [parquet.metadata.row_group(index) for index in numbers]
            rows, size = (sum(getattr(group, key) for group in described) for key in ("num_rows", "total_byte_size"))
            require_size(name, size, 0, packed)
            most = min(
                MAX_ROWS, BATCH_BYTES * rows // max(size, 1), MAX_EXPANDED // max(_longest_row(described, raw), 1)
            )
            has_dictionary = any(
                pa.types.is_nested(kind) and "dictionary<" in str(kind) for kind in parquet.schema_arrow.types
            )
            # pyarrow does not join the dictionaries of two row groups in a nested column
            parts = [[number] for number in numbers] if has_dictionary else [[*numbers]]
            batches: Iterator[Any] = chain.from_iterable(
                parquet.iter_batches(max(1, most), row_groups=part, use_threads=False) for part in parts
            )
        elif kind == "Arrow file":
            arrow = pa.ipc.open_file(raw)
            batches = map(arrow.get_batch, range(arrow.num_record_batches))
        else:
            raw.seek(packed - 4)
            if raw.read() != bytes(4):
                raise ValueError("it has no end: it was cut off")
            raw.seek(0)
            batches = iter(pa.ipc.open_stream(raw))
        read = size = 0
        pending: list[Any] = []
        size_before = read_before = 0
        shared: bool | None = None
        for batch in batches:
            if shared is None:
                shared = SHARED_TYPES.search(str(batch.schema.types)) is not None
            batch.validate(full=True)  # polars trusts offsets and text
            size += sum(map(text_size, batch.columns)) if shared else batch.nbytes
            require_size(name, size, 0, packed)
            pending.append(batch)
            read += batch.num_rows
            if size - size_before >= BATCH_BYTES or read - read_before >= MAX_ROWS:  # small ones would cost more each
                yield pa.Table.from_batches(pending)
                pending, size_before, read_before = [], size, read
        if pending:
            yield pa.Table.from_batches(pending)
        if rows is not None and read != rows:
            raise ValueError(f"it has {read:,} rows, and {rows:,} by its metadata")


def text_size(array: Any) -> int:
    """About the bytes that the values of an array take once they are written out, without writing them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = array.type
    if not len(array):
        return 0
    if pa.types.is_dictionary(kind):
        if kind.value_type in (pa.string(), pa.large_string(), pa.binary(), pa.large_binary()):
            lengths = pc.binary_length(array.dictionary)
            return int(pc.sum(lengths.take(array.indices)).as_py() or 0)
        return len(array) * (1 if pa.types.is_primitive(kind.value_type) else text_size(array.dictionary))
    if pa.types.is_null(kind):
        return 4 * len(array)
    if kind in (pa.string_view(), pa.binary_view()):
        lengths = np.frombuffer(array.buffers()[1], np.int32)[::4]  # each view begins with its length
        return int(lengths[array.offset : array.offset + len(array)].sum(dtype=np.int64))
    if pa.types.is_struct(kind):
        return 2 * len(array) + sum(text_size(array.field(index)) for index in range(kind.num_fields))
    if pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind):
        raise ValueError("it has list views, which are not read")
    if pa.types.is_nested(kind) and hasattr(array, "values"):
        return text_size(array.values)
    return int(array.nbytes)


def _longest_row(groups: Sequence[Any], raw: Any) -> int:
    """The bytes of the longest row to expect in any of the row groups: its average number of values in each column,
    each as long as the dictionary of the column.
    """
    longest = 0
    for group in groups:
        columns = map(group.column, range(group.num_columns))
        longest = max(longest, sum(_dictionary_size(column, raw) * column.num_values // max(group.num_rows, 1)
                                   for column in columns))  # fmt: skip
    return longest


def _dictionary_size(column: Any, raw: Any) -> int:
    """Bytes of the unpacked dictionary of a column; of the whole column if its header is unusual."""
    if not column.has_dictionary_page:
        return 0
    raw.seek(column.dictionary_page_offset)
    head = raw.read(8)
    if not head.startswith(b"\x15\x04\x15"):  # Thrift: the kind of the page, then its size as zigzag varint
        return int(column.total_uncompressed_size)
    size = 0
    for position, byte in enumerate(head[3:]):
        size |= (byte & 0x7F) << (7 * position)
        if byte < 0x80:
            break
    return size >> 1
