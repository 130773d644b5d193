"""Arrow batches as frames of polars, which keeps one value of a key that a map has twice."""

from typing import TYPE_CHECKING, Any

from curate.core.lazy import np, pl
from curate.core.text import excerpt

if TYPE_CHECKING:
    import pyarrow as pa


def frame_of(batch: "pa.RecordBatch | pa.Table") -> "pl.DataFrame":
    """A batch as a frame. Raises `ValueError` for a map that has one key twice: a value would be lost."""
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        for array in getattr(column, "chunks", [column]):
            _check_keys(array, name)
    return pl.DataFrame(pl.from_arrow(batch))


def _check_keys(array: Any, name: str) -> None:
    """Check all maps in an array, at any depth."""
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
            raise ValueError(f"a map of column {excerpt(name, 40)!r} has the key {excerpt(str(key), 40)!r} twice")
        _check_keys(array.items, name)
    elif pa.types.is_struct(kind):
        for at in range(kind.num_fields):
            _check_keys(array.field(at), name)
    elif pa.types.is_nested(kind) and hasattr(array, "values"):
        _check_keys(array.values, name)


def has_map(dtype: Any) -> bool:
    """Whether a type of polars is a map or holds one."""
    if type(dtype).__name__ == "Map":  # older versions read maps as lists of entries, which loses nothing
        return True
    inner = [field.dtype for field in dtype.fields] if isinstance(dtype, pl.Struct) else [getattr(dtype, "inner", None)]
    return any(has_map(one) for one in inner if one is not None)
