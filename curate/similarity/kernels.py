"""The compiled inner loops of near-duplicates: signatures, bands and similarity. Import it inside functions, because
commands that compare nothing run without numba.

All functions release the interpreter's lock, and none starts threads: the caller may run them in parallel. Texts are in
a buffer of UTF-8. Sets are concatenated in an array: set number i is from offsets[i] to offsets[i + 1].
"""

from typing import Any

import numpy as np

from curate.similarity.numba_utils import U64, compiled, interpreted_as, mixed

U32 = np.uint32
MAX_HASH = U32(0xFFFFFFFF)
STEPS_PER_CHECK = 16
"""Number of steps after which to check whether two sets can still be similar."""


@compiled
def signatures(hashes: Any, offsets: Any, a: Any, b: Any, best: Any, out: Any) -> None:
    """MinHash signatures: out[row, k] is the smallest a[k] * fmix32(h) + b[k] of the set's hashes h; the largest value
    for an empty set.

    This is scheme affine32 of datasketch 2: fmix32 is the finaliser of MurmurHash3, all sums are modulo 2 ** 32. best:
    a buffer of the size of `a`.
    """
    many = len(a)
    for row in range(len(offsets) - 1):
        for k in range(many):
            best[k] = MAX_HASH
        for i in range(offsets[row], offsets[row + 1]):
            value = hashes[i]
            value = U32((value ^ (value >> U32(16))) * U32(0x85EBCA6B))
            value = U32((value ^ (value >> U32(13))) * U32(0xC2B2AE35))
            value = U32(value ^ (value >> U32(16)))
            for k in range(many):  # compiled to vectors of 32-bit lanes: all values have 32 bits
                permuted = U32(U32(a[k] * value) + b[k])
                best[k] = min(permuted, best[k])
        for k in range(many):
            out[row, k] = best[k]


@compiled
def band_keys(signed: Any, count: int, rows: int, out: Any) -> None:
    """Write a 64-bit hash of the `rows` values in each band (first axis) of each signature (second axis) to `out`."""
    for row in range(len(signed)):
        for band in range(count):
            key = U64(band + 1)
            for k in range(band * rows, (band + 1) * rows):
                key = mixed(key ^ U64(signed[row, k])) + U64(0x9E3779B97F4A7C15)
            out[band, row] = key


@interpreted_as(band_keys)
def _band_keys_of_arrays(signed: Any, count: int, rows: int, out: Any) -> None:
    """As `band_keys`, of all signatures at a time."""
    out[:] = np.arange(1, count + 1, dtype=U64)[:, None]
    for values in signed[:, : count * rows].reshape(len(signed), count, rows).T.astype(U64):
        out[:] = mixed(out ^ values) + U64(0x9E3779B97F4A7C15)


@compiled
def similarity(hashes: Any, offsets: Any, left: int, right: int, least: float) -> Any:
    """As `jaccard`, for two sets with these numbers."""
    return jaccard(hashes, offsets[left], offsets[left + 1], hashes, offsets[right], offsets[right + 1], least)


@compiled
def similarities(hashes: Any, offsets: Any, left: Any, right: Any, least: float, out: Any) -> None:
    """Write the `similarity` of each pair left[i], right[i] to `out`."""
    for i in range(len(left)):
        out[i] = similarity(hashes, offsets, left[i], right[i], least)


@compiled
def jaccard(left: Any, i: int, i_end: int, right: Any, j: int, j_end: int, least: float) -> Any:
    """Jaccard similarity of the sets left[i:i_end] and right[j:j_end]; an arbitrary value below `least` if it is below
    that. Empty sets are similar to nothing.
    """
    sizes = (i_end - i) + (j_end - j)
    if i == i_end or j == j_end:
        return -1.0
    # shared / (sizes - shared) >= least, or shared >= sizes * least / (1 + least); a little lower, for rounding
    needed = np.int64(np.ceil(sizes * least / (1.0 + least) - 1e-6))
    shared: Any = np.int64(0)
    while True:
        if shared + min(i_end - i, j_end - j) < needed:
            return -1.0
        steps = min(STEPS_PER_CHECK, i_end - i, j_end - j)  # neither set ends within these steps
        if steps <= 0:
            break
        for _ in range(steps):  # without branches, which the processor could not predict
            x, y = left[np.uintp(i)], right[np.uintp(j)]
            shared += x == y
            i += x <= y
            j += y <= x
    return shared / (sizes - shared)
