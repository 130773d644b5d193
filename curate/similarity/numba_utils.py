"""How loops are compiled, and what they share. Import it inside functions: numba takes a while.

To assign a slice to a slice, or to sort by what numba offers, takes seconds to compile; hence what is here.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numba import njit

U64 = np.uint64
ZERO: Any = np.int64(0)
"""To begin with: for a literal 0, numba compiles what it is given to once more."""


_OPTIONS: Final[dict[str, Any]] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
"""No function is passed to C, for which numba would compile a second entry to each."""
_compiler: Any = njit  # numba's annotations lack some of these


def compiled(function: Callable[..., Any]) -> Any:
    """`function`, compiled at its first call; cached on disk if a folder is writable, else compiled again in each
    process.
    """
    try:
        return _compiler(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # numba found no folder for it
        return _compiler(**_OPTIONS)(function)


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
