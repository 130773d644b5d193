"""Small functions over bytes, compiled, for what goes over every byte of a big file (see `curate.read.quiet`).

Bytes are uint8 arrays; places in them count from 0. numba is imported here and nowhere else on the way of `curate check`, by the
processes that check a big file.
"""

# ruff: noqa: SIM110  (sets and generators are slower when they are compiled)

from typing import Any

import numpy as np
from numba import njit

Array = Any
"""A NumPy array; what it holds is said where it is made."""


def compiled(function: Any) -> Any:
    """`function` compiled; kept on the disk where there is room for it."""
    try:
        return njit(nogil=True, cache=True, error_model="numpy", boundscheck=False)(function)
    except RuntimeError:  # no folder that may be written
        return njit(nogil=True, error_model="numpy", boundscheck=False)(function)


def literal(text: bytes) -> Array:
    """Bytes as an array that compiled code takes for a constant."""
    return np.frombuffer(text, dtype=np.uint8)


@compiled
def literal_at(data: Array, at: int, end: int, wanted: Array) -> int:
    """Where `wanted` ends, if it stands here; else -1."""
    if at < 0 or at + len(wanted) > end:
        return -1
    for nth in range(len(wanted)):
        if data[at + nth] != wanted[nth]:
            return -1
    return at + len(wanted)


@compiled
def after(data: Array, at: int, end: int, wanted: int) -> int:
    """Where to go on after a byte and perhaps a space; -1 where another byte stands."""
    if at < 0 or at >= end or data[at] != wanted:
        return -1
    return at + 2 if at + 1 < end and data[at + 1] == 32 else at + 1


@compiled
def finds(text: Array, start: int, end: int, piece: int, size: int) -> bool:
    """Whether `size` bytes from `piece` stand between `start` and `end` too."""
    first, last = text[piece], text[piece + size - 1]
    for at in range(start, end - size + 1):
        if text[at] == first and text[at + size - 1] == last:
            same = True
            for nth in range(1, size - 1):
                if text[at + nth] != text[piece + nth]:
                    same = False
                    break
            if same:
                return True
    return False


@compiled
def byte_of(text: Array, start: int, end: int, chars: int) -> int:
    """Where the character with this number, from 0, starts."""
    for at in range(start, end):
        if text[at] & 0xC0 != 0x80:
            if chars == 0:
                return at
            chars -= 1
    return end


@compiled
def same(text: Array, one: int, other: int, size: int) -> bool:
    """Whether the same bytes stand at two places."""
    for nth in range(size):
        if text[one + nth] != text[other + nth]:
            return False
    return True


@compiled
def stands_at(text: Array, at: int, wanted: Array, size: int) -> bool:
    """Whether the first `size` bytes of `wanted` stand here."""
    for nth in range(size):
        if text[at + nth] != wanted[nth]:
            return False
    return True


@compiled
def hex_at(data: Array, at: int, end: int) -> int:
    """The four hexadecimal digits here as a number; -1 where they are none."""
    if at + 4 > end:
        return -1
    value = 0
    for nth in range(4):
        byte = data[at + nth]
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
def utf8_at(data: Array, at: int, end: int) -> int:
    """The character beyond ASCII that starts here, as a number; -1 where no well-formed one does (Unicode, table 3-7)."""
    first = data[at]
    if 0xC2 <= first <= 0xDF:
        if at + 1 < end and data[at + 1] & 0xC0 == 0x80:
            return int(((first & 0x1F) << 6) | (data[at + 1] & 0x3F))
    elif 0xE0 <= first <= 0xEF:
        if at + 2 < end and data[at + 1] & 0xC0 == 0x80 and data[at + 2] & 0xC0 == 0x80:
            code = ((first & 0x0F) << 12) | ((data[at + 1] & 0x3F) << 6) | (data[at + 2] & 0x3F)
            if code >= 0x800 and not 0xD800 <= code < 0xE000:
                return int(code)
    elif 0xF0 <= first <= 0xF4:  # noqa: SIM102
        if at + 3 < end and data[at + 1] & 0xC0 == 0x80 and data[at + 2] & 0xC0 == 0x80 and data[at + 3] & 0xC0 == 0x80:
            code = ((first & 0x07) << 18) | ((data[at + 1] & 0x3F) << 12) | ((data[at + 2] & 0x3F) << 6) | (data[at + 3] & 0x3F)
            if 0x10000 <= code < 0x110000:
                return int(code)
    return -1


@compiled
def write_utf8(text: Array, at: int, code: int) -> int:
    """Write a character beyond ASCII as UTF-8; where it ends."""
    if code < 0x800:
        text[at], text[at + 1] = 0xC0 | (code >> 6), 0x80 | (code & 0x3F)
        return at + 2
    if code < 0x10000:
        text[at], text[at + 1], text[at + 2] = 0xE0 | (code >> 12), 0x80 | ((code >> 6) & 0x3F), 0x80 | (code & 0x3F)
        return at + 3
    text[at], text[at + 1] = 0xF0 | (code >> 18), 0x80 | ((code >> 12) & 0x3F)
    text[at + 2], text[at + 3] = 0x80 | ((code >> 6) & 0x3F), 0x80 | (code & 0x3F)
    return at + 4


@compiled
def is_word(byte: int) -> bool:
    """Whether a byte is a letter or digit of ASCII."""
    return 48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122
