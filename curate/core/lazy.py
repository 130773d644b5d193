"""Libraries that are imported on first use, and expressions that are compiled then: small files do not need them.

A library takes 50 ms or more; a hundred expressions take 12 ms, and texts without findings need few of them.

Types of NumPy arrays by what they hold exist for type checkers alone.
"""

import re
from collections.abc import Callable
from functools import cache
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

Made = TypeVar("Made")

if TYPE_CHECKING:
    from re import compile as lazy_pattern

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
    Rows = np.ndarray[Any, np.dtype[np.int32]]
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

    class lazy_pattern:  # noqa: N801
        """A regular expression that is compiled at its first use; not for the functions of `re`."""

        def __init__(self, *pattern: Any) -> None:
            self._pattern = pattern

        def __getattr__(self, attribute: str) -> Any:
            if attribute.startswith("_"):
                raise AttributeError(attribute)
            value = getattr(re.compile(*self._pattern), attribute)
            setattr(self, attribute, value)
            return value

    np, pl = _Lazy("numpy"), _Lazy("polars")
    Array = Arrays = Bytes = Flags = Floats = Hashes = Ids = Matrix = Numbers = Rows = Shingles = Words = Any


def version_of(package: str) -> str:
    """The version of a package; empty if it is not installed."""
    from importlib.metadata import PackageNotFoundError, version  # milliseconds that a small check does not need

    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def lazy_once(make: Callable[[], Made]) -> Callable[[], Made]:
    """Wrap an expensive `make` so that it runs once; other threads wait for its result."""
    cached, lock = cache(make), Lock()

    def ready() -> Made:
        with lock:
            return cached()

    return ready


__all__ = ["lazy_once", "lazy_pattern", "np", "pl", "version_of"]
