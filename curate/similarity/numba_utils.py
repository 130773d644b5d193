"""How loops are compiled, and what they share. Import it inside functions: numba takes a while.

On little data they run as they are written (see `curate.core.kernels`). To assign a slice to a slice, or to sort by
what numba offers, takes seconds to compile; hence what is here.
"""

import sys
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from pickle import UnpicklingError  # of numba, whose files lie beside the code
from types import FunctionType
from typing import Any, Final

import numpy as np
from numba import njit
from numba.core.dispatcher import Dispatcher
from numba.core.registry import CPUDispatcher

from curate.core.kernels import is_interpreted

U64 = np.uint64
ZERO: Any = np.int64(0)
"""To begin with: for a literal 0, numba compiles what it is given to once more."""


_OPTIONS: Final[dict[str, Any]] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
"""No function is passed to C, for which numba would compile a second entry to each."""
_compiler: Any = njit  # numba's annotations lack some of these


class Kernel(CPUDispatcher):
    """A function that numba compiles, unless little data is worked on."""

    def __call__(self, *arguments: Any) -> Any:
        """What the function returns."""
        if not self.is_interpreted:
            return self._run_compiled(arguments)
        with np.errstate(over="ignore"):  # sums and products of hashes are modulo 2 ** 64, or 2 ** 32
            return self.as_written(*arguments)

    def _run_compiled(self, arguments: Sequence[Any]) -> Any:
        try:
            return super().__call__(*arguments)
        except (AttributeError, ImportError, EOFError, UnpicklingError):
            if self.signatures:
                raise
            # code on disk of a version whose classes had other names, or that is cut short
            _delete_compiled()
            return super().__call__(*arguments)

    @property
    def is_interpreted(self) -> bool:
        """Whether the function runs as it is written."""
        return is_interpreted(self._is_compiled)

    def _is_compiled(self) -> bool:
        """Whether the function was compiled, by this process or by one that left the code on disk."""
        return bool(self.signatures) or self._is_on_disk

    @cached_property
    def _is_on_disk(self) -> bool:
        if self.stats.cache_path is None:
            return False
        written = Path(self.py_func.__code__.co_filename).stat().st_mtime
        found = Path(self.stats.cache_path).glob(f"*.{self.py_func.__name__}-*.nbi")
        return any(index.stat().st_mtime >= written for index in found)

    @cached_property
    def as_written(self) -> Callable[..., Any]:
        """The function as it is written; all that it calls is, too."""
        return _as_written(self.py_func, {})


def _delete_compiled() -> None:
    """Delete the code of kernels that is on disk."""
    modules = [module for name, module in sys.modules.items() if name.startswith("curate.")]
    kernels = [value for module in modules for value in vars(module).values() if isinstance(value, Kernel)]
    for folder in {kernel.stats.cache_path for kernel in kernels}:
        for index in Path(folder).glob("*.nbi") if folder is not None else ():
            index.unlink(missing_ok=True)


def _as_written(function: Any, known: dict[str, dict[str, Any]]) -> Callable[..., Any]:
    """A function whose global names are those of its module, with functions as they are written in place of compiled
    ones; `known` has the names by module.
    """
    if function.__module__ not in known:
        names = known[function.__module__] = dict(function.__globals__)
        for name, value in function.__globals__.items():
            if isinstance(value, Dispatcher):
                names[name] = _as_written(value.py_func, known)
    return FunctionType(function.__code__, known[function.__module__], function.__name__, function.__defaults__)


def compiled(function: Callable[..., Any]) -> Any:
    """`function`, compiled at its first call; cached on disk if a folder is writable, else compiled again in each
    process.
    """
    try:
        made = _compiler(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # numba found no folder for it
        made = _compiler(**_OPTIONS)(function)
    if isinstance(made, CPUDispatcher):  # not with NUMBA_DISABLE_JIT=1
        made.__class__ = Kernel
    return made


@compiled
def mixed(value: Any) -> Any:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014): each bit depends on every bit of `value`."""
    value = (value ^ (value >> U64(30))) * U64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> U64(27))) * U64(0x94D049BB133111EB)
    return value ^ (value >> U64(31))


@compiled
def decoded(buffer: Any, at: int) -> Any:
    """Code point and length in bytes of the character at `at` of well-formed UTF-8."""
    lead = np.int64(buffer[at])
    if lead < 0xE0:
        return ((lead & 0x1F) << 6) | np.int64(buffer[at + 1] & 0x3F), 2
    if lead < 0xF0:
        return ((lead & 0x0F) << 12) | (np.int64(buffer[at + 1] & 0x3F) << 6) | np.int64(buffer[at + 2] & 0x3F), 3
    high = ((lead & 0x07) << 18) | (np.int64(buffer[at + 1] & 0x3F) << 12)
    return high | (np.int64(buffer[at + 2] & 0x3F) << 6) | np.int64(buffer[at + 3] & 0x3F), 4


@compiled
def copied(into: Any, at: int, source: Any, count: int) -> None:
    """Write the first `count` values of `source` to `into` from `at` on."""
    for i in range(count):
        into[at + i] = source[i]


@compiled
def grown_rows(rows: Any, used: int, size: int) -> Any:
    """A matrix with at least `size` rows and the first `used` rows of another, or that one if it is large enough."""
    if size <= len(rows):
        return rows
    more = np.empty((2 * size, rows.shape[1]), dtype=rows.dtype)
    for i in range(used):
        for k in range(rows.shape[1]):
            more[i, k] = rows[i, k]
    return more


@compiled
def starts_from_sizes(sizes: Any) -> None:
    """Replace the sizes of buckets by their start offsets."""
    total = 0
    for bucket in range(len(sizes)):
        size = sizes[bucket]
        sizes[bucket] = total
        total += size


@compiled
def sort_few(values: Any, count: int) -> None:
    """Sort the first `count` values in place: Shell's sort with the gaps of Knuth, 1, 4, 13, ..."""
    gap = 1
    while gap < count // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(gap, count):
            value, at = values[i], i
            while at >= gap and values[at - gap] > value:
                values[at] = values[at - gap]
                at -= gap
            values[at] = value
        gap //= 3


@compiled
def sort_with(keys: Any, owners: Any, count: int, more_keys: Any, more_owners: Any) -> None:
    """Sort the first `count` keys (uint64) together with their owners, byte by byte from the last; equal keys stay
    in order. `more_`: buffers of the same size.
    """
    ends, swapped = np.empty(256, dtype=np.int64), False
    for byte in range(8):
        shift = U64(8 * byte)
        for bucket in range(256):
            ends[bucket] = 0
        for i in range(count):
            ends[(keys[i] >> shift) & U64(255)] += 1
        if count == 0 or ends[(keys[0] >> shift) & U64(255)] == count:  # all are equal there
            continue
        starts_from_sizes(ends)
        for i in range(count):
            own = (keys[i] >> shift) & U64(255)
            more_keys[ends[own]], more_owners[ends[own]] = keys[i], owners[i]
            ends[own] += 1
        keys, owners, more_keys, more_owners, swapped = more_keys, more_owners, keys, owners, not swapped
    if swapped:
        copied(more_keys, ZERO, keys, count)
        copied(more_owners, ZERO, owners, count)
