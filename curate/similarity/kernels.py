"""The compiled inner loops of near-duplicates: sets of shingles, signatures, bands and similarity. Import it inside
functions, because importing numba takes time.

All functions release the interpreter's lock, and none starts threads: the caller may run them in parallel. Texts are in
a buffer of UTF-8. Sets are concatenated in an array: set number i is from offsets[i] to offsets[i + 1].
"""

from typing import Any

import numpy as np

from curate.similarity.numba_utils import U64, ZERO, compiled, copied, mixed, starts_from_sizes
from curate.similarity.word_kernels import tokens

U32 = np.uint32
MAX_HASH = U32(0xFFFFFFFF)
STEPS_PER_CHECK = 16
"""Number of steps after which to check whether two sets can still be similar."""


@compiled
def _sort_many(values: Any, count: int) -> None:
    """Sort the first `count` values (uint32), byte by byte from the last."""
    room, ends = np.empty(count, dtype=np.uint32), np.empty(256, dtype=np.int64)
    for byte in range(4):  # an even number of swaps, so that the result is in `values`
        shift = U32(8 * byte)
        for bucket in range(256):
            ends[bucket] = 0
        for i in range(count):
            ends[(values[i] >> shift) & U32(255)] += 1
        starts_from_sizes(ends)
        for i in range(count):
            digit = (values[i] >> shift) & U32(255)
            room[ends[digit]] = values[i]
            ends[digit] += 1
        values, room = room, values


@compiled
def _sort_hashes(values: Any, count: int, room: Any, ends: Any) -> None:
    """Sort the first `count` values, which are hashes: first by their highest 8 bits, which leaves few of some hundred
    values out of order, then by insertion.
    """
    if count > len(room):
        _sort_many(values, count)
        return
    for bucket in range(256):
        ends[bucket] = 0
    for i in range(count):
        ends[values[i] >> U32(24)] += 1
    starts_from_sizes(ends)
    for i in range(count):
        bucket = values[i] >> U32(24)
        room[ends[bucket]] = values[i]
        ends[bucket] += 1
    for i in range(count):
        value, position = room[i], i
        while position > 0 and values[position - 1] > value:
            values[position] = values[position - 1]
            position -= 1
        values[position] = value


@compiled
def distinct(values: Any, count: int, room: Any, ends: Any) -> int:
    """Sort the first `count` values and move the distinct ones to the front; returns their number."""
    _sort_hashes(values, count, room, ends)
    size = 0
    for i in range(count):
        if i == 0 or values[i] != values[i - 1]:
            values[size] = values[i]
            size += 1
    return size


@compiled
def shingle_sets(buffer: Any, starts: Any, ends: Any, classes: Any, folds: Any, size: int, characters: Any) -> Any:
    """Sorted distinct 32-bit hashes of the runs of `size` tokens of each text, as hashes and offsets; of all tokens in
    one run if there are fewer.

    Text number i is from starts[i] to ends[i], in any order.
    """
    rows = len(starts)
    longest = 0
    for row in range(rows):
        longest = max(longest, ends[row] - starts[row])
    words, shingles = np.empty(2 * longest + 2, dtype=np.uint64), np.empty(2 * longest + 2, dtype=np.uint32)
    eights = np.zeros(longest // 4 + 16, dtype=np.uint64)  # a folded character has at most twice as many bytes
    low = eights.view(np.uint8)
    out, offsets = np.empty(len(buffer) // 5 + 1024, dtype=np.uint32), np.zeros(rows + 1, dtype=np.int64)
    room, buckets = np.empty(1024, dtype=np.uint32), np.empty(256, dtype=np.int64)
    base, power = U64(0x9E3779B97F4A7C15), U64(1)
    for _ in range(size):
        power *= base
    total = ZERO
    for row in range(rows):
        count = tokens(buffer, starts[row], ends[row], classes, folds, characters, low, eights, words)
        rolling, set_size = U64(0), ZERO
        for i in range(count):
            rolling = rolling * base + words[i]
            if i >= size:
                rolling -= words[i - size] * power
            if i >= size - 1 or i == count - 1:
                shingles[set_size] = U32(mixed(rolling) >> U64(32))
                set_size += 1
        set_size = distinct(shingles, set_size, room, buckets)
        if total + set_size > len(out):
            more = np.empty(2 * len(out) + set_size, dtype=np.uint32)
            copied(more, ZERO, out, total)
            out = more
        copied(out, total, shingles, set_size)
        total += set_size
        offsets[row + 1] = total
    return out[:total].copy(), offsets


@compiled
def take_sets(hashes: Any, offsets: Any, numbers: Any) -> Any:
    """The sets with these numbers, as hashes and offsets."""
    ends = np.zeros(len(numbers) + 1, dtype=np.int64)
    for i in range(len(numbers)):
        ends[i + 1] = ends[i] + offsets[numbers[i] + 1] - offsets[numbers[i]]
    out = np.empty(ends[-1], dtype=np.uint32)
    for i in range(len(numbers)):
        copied(out, ends[i], hashes[offsets[numbers[i]] :], ends[i + 1] - ends[i])
    return out, ends


@compiled
def keep_sets(hashes: Any, offsets: Any, numbers: Any) -> Any:
    """Move the sets with these ascending numbers to the front of `hashes`; returns their starts, and the end of the
    last one.
    """
    ends = np.zeros(len(numbers) + 1, dtype=np.int64)
    for i in range(len(numbers)):
        start, end, target = offsets[numbers[i]], offsets[numbers[i] + 1], ends[i]
        copied(hashes, target, hashes[start:], end - start)
        ends[i + 1] = target + end - start
    return ends


@compiled
def signatures(hashes: Any, offsets: Any, a: Any, b: Any, out: Any) -> None:
    """MinHash signatures: out[row, k] is the smallest a[k] * fmix32(h) + b[k] of the set's hashes h; the largest value
    for an empty set.

    This is scheme affine32 of datasketch 2: fmix32 is the finaliser of MurmurHash3, all sums are modulo 2 ** 32.
    """
    many = len(a)
    best = np.empty(many, dtype=np.uint32)
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
def band_keys(signed: Any, count: int, rows: int) -> Any:
    """A 64-bit hash of the `rows` values in each band (first axis) of each signature (second axis)."""
    out = np.empty((count, len(signed)), dtype=np.uint64)
    for row in range(len(signed)):
        for band in range(count):
            key = U64(band + 1)
            for k in range(band * rows, (band + 1) * rows):
                key = mixed(key ^ U64(signed[row, k])) + U64(0x9E3779B97F4A7C15)
            out[band, row] = key
    return out


@compiled
def similarity(hashes: Any, offsets: Any, left: int, right: int, least: float) -> Any:
    """As `jaccard`, for two sets with these numbers."""
    return jaccard(hashes, offsets[left], offsets[left + 1], hashes, offsets[right], offsets[right + 1], least)


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


@compiled
def pair_keys(left: Any, right: Any, words: Any) -> Any:
    """A 64-bit hash of each pair of ids (rows of two numbers), the same for both orders, and of a flag."""
    out = np.empty(len(left), dtype=np.uint64)
    for row in range(len(left)):
        left_hash = mixed(left[row, 0] ^ mixed(left[row, 1] + U64(1)))
        right_hash = mixed(right[row, 0] ^ mixed(right[row, 1] + U64(1)))
        out[row] = mixed(left_hash + right_hash + U64(words[row]))
    return out
