"""Libraries that are imported on first use: each takes 50 ms or more, and small files do not need them.

Types of NumPy arrays by what they hold exist for type checkers alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    Array = np.ndarray[Any, np.dtype[Any]]
    Arrays = dict[str, Array]
    Bytes = np.ndarray[Any, np.dtype[np.uint8]]
    Flags = np.ndarray[Any, np.dtype[np.bool_]]
    Floats = np.ndarray[Any, np.dtype[np.float64]]
    Hashes = np.ndarray[Any, np.dtype[np.uint64]]
    Ids = np.ndarray[Any, np.dtype[np.uint64]]
    Matrix = np.ndarray[Any, np.dtype[np.float32]]
    Numbers = np.ndarray[Any, np.dtype[np.int64]]
    Shingles = np.ndarray[Any, np.dtype[np.uint32]]
    Words = np.ndarray[Any, np.dtype[np.uint32]]
else:

    class _Lazy:
        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, attribute: str) -> Any:
            value = getattr(import_module(self._name), attribute)
            setattr(self, attribute, value)
            return value

    np, pl = _Lazy("numpy"), _Lazy("polars")
    Array = Arrays = Bytes = Flags = Floats = Hashes = Ids = Matrix = Numbers = Shingles = Words = Any

__all__ = ["np", "pl"]
