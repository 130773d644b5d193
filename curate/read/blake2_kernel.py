"""BLAKE2b (RFC 7693) of many texts, compiled: an id for each line of a big file, without the interpreter, whose lock all threads would wait for.

Digests of 16 bytes without a key, as two numbers; equal to `hashlib.blake2b(text, digest_size=16)`.
"""

from typing import Any, Final

import numpy as np

from curate.read.compiled import Array, compiled, entry

U64 = np.uint64
BLOCK: Final = 128
"""Bytes that are hashed at a time."""
START: Final = np.array(
    [
        0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1,
        0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179,
    ],
    dtype=np.uint64,
)  # fmt: skip
PARAMETERS: Final = U64(0x01010010)
"""A digest of 16 bytes, no key, no tree."""
SCHEDULE: Final = np.array(
    [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
        [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
        [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
        [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
        [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
        [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
        [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
        [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
        [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    ],
    dtype=np.uint64,
)
"""Of each round, the order in which the words of a block are taken."""


@compiled
def _turned(value: Any, by: Any) -> Any:
    """The bits of a number turned to the right."""
    return (value >> by) | (value << (U64(64) - by))


@compiled
def _mixed(a: Any, b: Any, c: Any, d: Any, one: Any, other: Any) -> Any:
    """The mixing function G."""
    a = a + b + one
    d = _turned(d ^ a, U64(32))
    c = c + d
    b = _turned(b ^ c, U64(24))
    a = a + b + other
    d = _turned(d ^ a, U64(16))
    c = c + d
    b = _turned(b ^ c, U64(63))
    return a, b, c, d


@compiled
def _compress(state: Array, block: Array, length: Any, last: bool) -> None:
    """The compression function F; length: bytes hashed so far."""
    a, b, c, d = state[0], state[1], state[2], state[3]
    e, f, g, h = state[4], state[5], state[6], state[7]
    i, j, k, l = START[0], START[1], START[2], START[3]  # noqa: E741
    m, n, o, p = START[4] ^ length, START[5], START[6], START[7]
    if last:
        o = ~o
    for turn in range(12):
        at = SCHEDULE[turn]
        a, e, i, m = _mixed(a, e, i, m, block[at[0]], block[at[1]])
        b, f, j, n = _mixed(b, f, j, n, block[at[2]], block[at[3]])
        c, g, k, o = _mixed(c, g, k, o, block[at[4]], block[at[5]])
        d, h, l, p = _mixed(d, h, l, p, block[at[6]], block[at[7]])  # noqa: E741
        a, f, k, p = _mixed(a, f, k, p, block[at[8]], block[at[9]])
        b, g, l, m = _mixed(b, g, l, m, block[at[10]], block[at[11]])  # noqa: E741
        c, h, i, n = _mixed(c, h, i, n, block[at[12]], block[at[13]])
        d, e, j, o = _mixed(d, e, j, o, block[at[14]], block[at[15]])
    state[0] ^= a ^ i
    state[1] ^= b ^ j
    state[2] ^= c ^ k
    state[3] ^= d ^ l
    state[4] ^= e ^ m
    state[5] ^= f ^ n
    state[6] ^= g ^ o
    state[7] ^= h ^ p


@compiled
def _swapped(value: Any) -> Any:
    """A number whose bytes stand the other way round."""
    value = ((value >> U64(8)) & U64(0x00FF00FF00FF00FF)) | ((value & U64(0x00FF00FF00FF00FF)) << U64(8))
    value = ((value >> U64(16)) & U64(0x0000FFFF0000FFFF)) | ((value & U64(0x0000FFFF0000FFFF)) << U64(16))
    return (value >> U64(32)) | (value << U64(32))


@entry
def digests(data: Array, spans: Array, out: Array, state: Array, block: Array, room: Array) -> None:
    """Write the digest of each span of bytes to `out`, a row of two numbers (uint64).

    spans: rows of start and end (int64); state (uint64, 8), block (uint64, 16) and room (the same memory as uint8) are for use in here.
    """
    for row in range(len(spans)):
        at, end = spans[row, 0], spans[row, 1]
        length = U64(0)
        for nth in range(8):
            state[nth] = START[nth]
        state[0] ^= PARAMETERS
        while end - at > BLOCK:
            for nth in range(BLOCK):
                room[nth] = data[np.uintp(at + nth)]
            at += BLOCK
            length += U64(BLOCK)
            _compress(state, block, length, False)
        for nth in range(BLOCK):
            room[nth] = 0
        for nth in range(end - at):
            room[nth] = data[np.uintp(at + nth)]
        _compress(state, block, length + U64(end - at), True)
        out[row, 0], out[row, 1] = _swapped(state[0]), _swapped(state[1])
