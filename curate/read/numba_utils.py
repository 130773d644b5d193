"""Small compiled functions over bytes, for loops over every byte of a large file (see `curate.read.plain_columns`).

Bytes are uint8 arrays; positions count from 0.
"""

from typing import Any, Final

import numpy as np
from numba import njit

Array = Any
"""A NumPy array; its type is documented where it is created."""


_OPTIONS: Final[dict[str, Any]] = {"nogil": True, "error_model": "numpy", "boundscheck": False, "_nrt": False}
"""`_nrt`: no reference counting of arrays, since none is created; counting takes twice as long as the rest."""

_compiler: Any = njit  # numba's annotations lack some of these


def compiled(function: Any) -> Any:
    """Compile `function` for calls from compiled code only."""
    return _compiler(no_cpython_wrapper=True, no_cfunc_wrapper=True, **_OPTIONS)(function)


def entry(function: Any) -> Any:
    """Compile `function` for calls from Python; cached on disk with all that it calls, if there is space."""
    try:
        return _compiler(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # there is no writable cache folder
        return _compiler(**_OPTIONS)(function)


def literal(text: bytes) -> Array:
    """Bytes as an array that compiled code treats as a constant."""
    return np.frombuffer(text, dtype=np.uint8)


@compiled
def literal_at(data: Array, start: int, end: int, expected: Array) -> int:
    """The end of `expected` if it is here, else -1."""
    if start < 0 or start + len(expected) > end:
        return -1
    for i in range(len(expected)):
        if data[start + i] != expected[i]:
            return -1
    return start + len(expected)


@compiled
def position_after(data: Array, position: int, end: int, expected: int) -> int:
    """The position after a byte and an optional space; -1 if there is another byte."""
    if position < 0 or position >= end or data[position] != expected:
        return -1
    return position + 2 if position + 1 < end and data[position + 1] == 32 else position + 1


@compiled
def hex_at(data: Array, start: int) -> int:
    """The four hexadecimal digits here as a number; -1 if invalid. The data ends with a line break."""
    value = 0
    for i in range(4):
        byte = data[np.uintp(start + i)]
        if 48 <= byte <= 57:
            digit = byte - 48
        elif 97 <= byte <= 102:
            digit = byte - 87
        elif 65 <= byte <= 70:
            digit = byte - 55
        else:
            return -1
        value = value * 16 + digit
    return value


@compiled
def _is_after(byte: int) -> bool:
    return 0x80 <= byte < 0xC0


@compiled
def utf8_at(data: Array, start: int) -> int:
    """The code point of the non-ASCII character here; -1 if malformed (Unicode, table 3-7).

    The data ends with a line break.
    """
    first, second = int(data[np.uintp(start)]), int(data[np.uintp(start + 1)])
    if not 0xC2 <= first <= 0xF4 or not _is_after(second):
        return -1
    if first < 0xE0:
        return (first & 0x1F) << 6 | (second & 0x3F)
    third = int(data[np.uintp(start + 2)])
    if not _is_after(third):
        return -1
    code = (first & 0x0F) << 12 | (second & 0x3F) << 6 | (third & 0x3F)
    if first < 0xF0:
        return code if code >= 0x800 and not 0xD800 <= code < 0xE000 else -1
    fourth = int(data[np.uintp(start + 3)])
    code = (code & 0x7FFF) << 6 | (fourth & 0x3F)
    return code if _is_after(fourth) and 0x10000 <= code < 0x110000 else -1


@compiled
def write_utf8(text: Array, position: int, code: int) -> int:
    """Write a non-ASCII character as UTF-8; returns the end."""
    if code < 0x800:
        text[position], text[position + 1] = 0xC0 | (code >> 6), 0x80 | (code & 0x3F)
        return position + 2
    if code < 0x10000:
        text[position], text[position + 1], text[position + 2] = (
            0xE0 | (code >> 12),
            0x80 | ((code >> 6) & 0x3F),
            0x80 | (code & 0x3F),
        )
        return position + 3
    text[position], text[position + 1] = 0xF0 | (code >> 18), 0x80 | ((code >> 12) & 0x3F)
    text[position + 2], text[position + 3] = 0x80 | ((code >> 6) & 0x3F), 0x80 | (code & 0x3F)
    return position + 4


_1, _2, _3, _4, _5 = (
    np.uint64(prime)
    for prime in (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)
)


# Typed constants, since numba would compile a function anew for each literal argument.
_ROUND, _FOUR, _EIGHT = np.uint64(31), np.int64(4), np.int64(8)
_LANES = (np.uint64(1), np.uint64(7), np.uint64(12), np.uint64(18))
_WORD, _HALF, _BYTE = np.uint64(27), np.uint64(23), np.uint64(11)


@compiled
def _rotated(value: Any, by: Any) -> Any:
    return (value << by) | (value >> (np.uint64(64) - by))


@compiled
def _word(data: Array, start: int, size: Any) -> Any:
    """Bytes as a little-endian number."""
    value = np.uint64(0)
    for i in range(size):
        value |= np.uint64(data[np.uintp(start + i)]) << np.uint64(8 * i)
    return value


@compiled
def _round(lane: Any, word: Any) -> Any:
    return _rotated(lane + word * _2, _ROUND) * _1


@compiled
def xxh64_seeded(data: Array, start: int, end: int, seed: Any) -> Any:
    """XXH64 of the bytes in a range; `seed`: uint64."""
    position = start
    if end - start >= 32:
        lane1, lane2, lane3, lane4 = seed + _1 + _2, seed + _2, seed, seed - _1
        while position + 32 <= end:
            lane1 = _round(lane1, _word(data, position, _EIGHT))
            lane2 = _round(lane2, _word(data, position + 8, _EIGHT))
            lane3 = _round(lane3, _word(data, position + 16, _EIGHT))
            lane4 = _round(lane4, _word(data, position + 24, _EIGHT))
            position += 32
        value = (
            _rotated(lane1, _LANES[0])
            + _rotated(lane2, _LANES[1])
            + _rotated(lane3, _LANES[2])
            + _rotated(lane4, _LANES[3])
        )
        for lane in (lane1, lane2, lane3, lane4):
            value = (value ^ _round(np.uint64(0), lane)) * _1 + _4
    else:
        value = seed + _5
    value += np.uint64(end - start)
    while position + 8 <= end:
        value = _rotated(value ^ _round(np.uint64(0), _word(data, position, _EIGHT)), _WORD) * _1 + _4
        position += 8
    if position + 4 <= end:
        value = _rotated(value ^ (_word(data, position, _FOUR) * _1), _HALF) * _2 + _3
        position += 4
    while position < end:
        value = _rotated(value ^ (np.uint64(data[np.uintp(position)]) * _5), _BYTE) * _1
        position += 1
    value = (value ^ (value >> np.uint64(33))) * _2
    value = (value ^ (value >> np.uint64(29))) * _3
    return value ^ (value >> np.uint64(32))
