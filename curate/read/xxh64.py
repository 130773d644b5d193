"""Compiled 64-bit hash: XXH64 (Yann Collet's specification, version 0.1.1), equal to that of the package `xxhash`."""

from typing import Any

import numpy as np

from curate.read.numba_utils import Array, compiled

_1, _2, _3, _4, _5 = (
    np.uint64(prime)
    for prime in (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)
)


# Typed constants, since numba would compile a function anew for each literal argument.
_ROUND, _FOUR, _EIGHT = np.uint64(31), np.int64(4), np.int64(8)
_LANES = (np.uint64(1), np.uint64(7), np.uint64(12), np.uint64(18))
_WORD, _HALF, _BYTE = np.uint64(27), np.uint64(23), np.uint64(11)


@compiled
def _turned(value: Any, by: Any) -> Any:
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
    return _turned(lane + word * _2, _ROUND) * _1


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
        value = _turned(one, _LANES[0]) + _turned(two, _LANES[1]) + _turned(three, _LANES[2]) + _turned(four, _LANES[3])
        for lane in (one, two, three, four):
            value = (value ^ _round(np.uint64(0), lane)) * _1 + _4
    else:
        value = seed + _5
    value += np.uint64(end - start)
    while at + 8 <= end:
        value = _turned(value ^ _round(np.uint64(0), _word(data, at, _EIGHT)), _WORD) * _1 + _4
        at += 8
    if at + 4 <= end:
        value = _turned(value ^ (_word(data, at, _FOUR) * _1), _HALF) * _2 + _3
        at += 4
    while at < end:
        value = _turned(value ^ (np.uint64(data[np.uintp(at)]) * _5), _BYTE) * _1
        at += 1
    value = (value ^ (value >> np.uint64(33))) * _2
    value = (value ^ (value >> np.uint64(29))) * _3
    return value ^ (value >> np.uint64(32))


@compiled
def xxh64_digest(data: Array, start: int, end: int) -> Any:
    """XXH64 of the bytes in a range, with seed 0."""
    return xxh64_seeded(data, start, end, np.uint64(0))
