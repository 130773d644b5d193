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
def literal_at(data: Array, at: int, end: int, wanted: Array) -> int:
    """The end of `wanted` if it is here, else -1."""
    if at < 0 or at + len(wanted) > end:
        return -1
    for nth in range(len(wanted)):
        if data[at + nth] != wanted[nth]:
            return -1
    return at + len(wanted)


@compiled
def position_after(data: Array, at: int, end: int, wanted: int) -> int:
    """The position after a byte and an optional space; -1 if there is another byte."""
    if at < 0 or at >= end or data[at] != wanted:
        return -1
    return at + 2 if at + 1 < end and data[at + 1] == 32 else at + 1


@compiled
def hex_at(data: Array, at: int) -> int:
    """The four hexadecimal digits here as a number; -1 if invalid. The data ends with a line break."""
    value = 0
    for nth in range(4):
        byte = data[np.uintp(at + nth)]
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
def utf8_at(data: Array, at: int) -> int:
    """The code point of the non-ASCII character here; -1 if malformed (Unicode, table 3-7).

    The data ends with a line break.
    """
    first, second = int(data[np.uintp(at)]), int(data[np.uintp(at + 1)])
    if not 0xC2 <= first <= 0xF4 or not _is_after(second):
        return -1
    if first < 0xE0:
        return (first & 0x1F) << 6 | (second & 0x3F)
    third = int(data[np.uintp(at + 2)])
    if not _is_after(third):
        return -1
    code = (first & 0x0F) << 12 | (second & 0x3F) << 6 | (third & 0x3F)
    if first < 0xF0:
        return code if code >= 0x800 and not 0xD800 <= code < 0xE000 else -1
    fourth = int(data[np.uintp(at + 3)])
    code = (code & 0x7FFF) << 6 | (fourth & 0x3F)
    return code if _is_after(fourth) and 0x10000 <= code < 0x110000 else -1


@compiled
def write_utf8(text: Array, at: int, code: int) -> int:
    """Write a non-ASCII character as UTF-8; returns the end."""
    if code < 0x800:
        text[at], text[at + 1] = 0xC0 | (code >> 6), 0x80 | (code & 0x3F)
        return at + 2
    if code < 0x10000:
        text[at], text[at + 1], text[at + 2] = 0xE0 | (code >> 12), 0x80 | ((code >> 6) & 0x3F), 0x80 | (code & 0x3F)
        return at + 3
    text[at], text[at + 1] = 0xF0 | (code >> 18), 0x80 | ((code >> 12) & 0x3F)
    text[at + 2], text[at + 3] = 0x80 | ((code >> 6) & 0x3F), 0x80 | (code & 0x3F)
    return at + 4


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
def _word(data: Array, at: int, size: Any) -> Any:
    """Bytes as a little-endian number."""
    value = np.uint64(0)
    for nth in range(size):
        value |= np.uint64(data[np.uintp(at + nth)]) << np.uint64(8 * nth)
    return value


@compiled
def _round(lane: Any, word: Any) -> Any:
    return _rotated(lane + word * _2, _ROUND) * _1


@compiled
def xxh64_seeded(data: Array, start: int, end: int, seed: Any) -> Any:
    """XXH64 of the bytes in a range; `seed`: uint64."""
    at = start
    if end - start >= 32:
        one, two, three, four = seed + _1 + _2, seed + _2, seed, seed - _1
        while at + 32 <= end:
            one = _round(one, _word(data, at, _EIGHT))
            two = _round(two, _word(data, at + 8, _EIGHT))
            three = _round(three, _word(data, at + 16, _EIGHT))
            four = _round(four, _word(data, at + 24, _EIGHT))
            at += 32
        value = (
            _rotated(one, _LANES[0]) + _rotated(two, _LANES[1]) + _rotated(three, _LANES[2]) + _rotated(four, _LANES[3])
        )
        for lane in (one, two, three, four):
            value = (value ^ _round(np.uint64(0), lane)) * _1 + _4
    else:
        value = seed + _5
    value += np.uint64(end - start)
    while at + 8 <= end:
        value = _rotated(value ^ _round(np.uint64(0), _word(data, at, _EIGHT)), _WORD) * _1 + _4
        at += 8
    if at + 4 <= end:
        value = _rotated(value ^ (_word(data, at, _FOUR) * _1), _HALF) * _2 + _3
        at += 4
    while at < end:
        value = _rotated(value ^ (np.uint64(data[np.uintp(at)]) * _5), _BYTE) * _1
        at += 1
    value = (value ^ (value >> np.uint64(33))) * _2
    value = (value ^ (value >> np.uint64(29))) * _3
    return value ^ (value >> np.uint64(32))
