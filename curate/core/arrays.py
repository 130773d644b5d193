"""Types of NumPy arrays by what they hold. NumPy is imported by type checkers only; see `curate.core.lazy`."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

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
    Array = Arrays = Bytes = Flags = Floats = Hashes = Ids = Matrix = Numbers = Shingles = Words = Any
