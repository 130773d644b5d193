"""The compiled inner loops of near-duplicates: shingles, signatures, buckets and their verification. Import it inside functions: numba takes a while.

All of them release the interpreter's lock and none starts threads: who calls them decides what runs side by side. Texts lie in a buffer of
UTF-8, sets one after another in an array; set number i lies from offsets[i] to offsets[i + 1].
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

U32, U64 = np.uint32, np.uint64
MOST = U32(0xFFFFFFFF)


def compiled(function: Callable[..., Any]) -> Any:
    """`function` compiled at its first call; kept on disk where there is a place that can be written, made anew in each process elsewhere."""
    try:
        return njit(nogil=True, cache=True, error_model="numpy")(function)
    except RuntimeError:  # numba found no folder for it
        return njit(nogil=True, error_model="numpy")(function)


@compiled
def mixed(value: Any) -> Any:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014): each bit depends on every bit of `value`."""
    value = (value ^ (value >> U64(30))) * U64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> U64(27))) * U64(0x94D049BB133111EB)
    return value ^ (value >> U64(31))


@compiled
def _decoded(buffer: Any, at: int) -> Any:
    """Code point and length in bytes of the character at `at` of well-formed UTF-8."""
    lead = np.int64(buffer[at])
    if lead < 0xE0:
        return ((lead & 0x1F) << 6) | np.int64(buffer[at + 1] & 0x3F), 2
    if lead < 0xF0:
        return ((lead & 0x0F) << 12) | (np.int64(buffer[at + 1] & 0x3F) << 6) | np.int64(buffer[at + 2] & 0x3F), 3
    high = ((lead & 0x07) << 18) | (np.int64(buffer[at + 1] & 0x3F) << 12)
    return high | (np.int64(buffer[at + 2] & 0x3F) << 6) | np.int64(buffer[at + 3] & 0x3F), 4


@compiled
def _folded(buffer: Any, at: int, folds: Any) -> Any:
    """Code point and length in bytes of the character beyond ASCII at `at`, folded where it is one that is folded alone."""
    code, length = _decoded(buffer, at)
    return (np.int64(folds[code]) if folds[code] >= 0 else code), length


@compiled
def _characters(buffer: Any, at: int, end: int, folds: Any, out: Any, count: int) -> int:
    """Write the hash of each character of a word to `out` from `count` on; returns where the next one goes."""
    while at < end:
        code, length = np.int64(buffer[at]), 1
        if code >= 0x80:
            code, length = _folded(buffer, at, folds)
        elif 65 <= code <= 90:
            code += 32
        out[count] = mixed((U64(0xCBF29CE484222325) ^ U64(code)) * U64(0x100000001B3))
        count += 1
        at += length
    return count


@compiled
def _tokens(buffer: Any, begin: int, end: int, classes: Any, folds: Any, characters: Any, out: Any) -> int:
    """Write the 64-bit hashes of the words of one text to `out`; returns how many there are.

    A run of word characters is a word, or as many words as characters where one of them belongs to a script without spaces. With
    `characters`, each character is a token, and what stands between words is one more.
    """
    count, at = 0, begin
    while at < end:
        start, word, alone = at, U64(0xCBF29CE484222325), characters
        first = count
        while at < end:
            byte = buffer[at]
            if byte < 0x80:
                kind, code, length = classes[byte], np.int64(byte), 1
                if 65 <= code <= 90:
                    code += 32
            else:
                code, length = _folded(buffer, at, folds)
                kind = classes[code]
            if kind == 0:
                break
            if kind == 2:
                alone = True
            word = (word ^ U64(code)) * U64(0x100000001B3)
            at += length
        if at > start:
            if not alone:
                out[count] = mixed(word)
                count += 1
            else:
                if characters and first > 0:
                    out[count] = mixed(U64(32))
                    count += 1
                count = _characters(buffer, start, at, folds, out, count)
        else:
            at += length
    return count


@compiled
def _sort(values: Any, count: int, room: Any, ends: Any) -> None:
    """Sort the first `count` values, which are hashes: by their first 8 bits, which leaves next to nothing out of order where there are a few hundred."""
    if count > 1024:
        values[:count].sort()
        return
    ends[:] = 0
    for i in range(count):
        ends[values[i] >> U32(24)] += 1
    total = 0
    for bucket in range(256):
        size = ends[bucket]
        ends[bucket] = total
        total += size
    for i in range(count):
        bucket = values[i] >> U32(24)
        room[ends[bucket]] = values[i]
        ends[bucket] += 1
    for i in range(count):
        value, at = room[i], i
        while at > 0 and values[at - 1] > value:
            values[at] = values[at - 1]
            at -= 1
        values[at] = value


@compiled
def _distinct(values: Any, count: int, room: Any, ends: Any) -> int:
    """Sort the first `count` values and move the distinct ones to the front; returns how many these are."""
    _sort(values, count, room, ends)
    kept = 0
    for i in range(count):
        if i == 0 or values[i] != values[i - 1]:
            values[kept] = values[i]
            kept += 1
    return kept


@compiled
def alone(buffer: Any, starts: Any, ends: Any, folds: Any) -> Any:
    """Of each text whether it has no characters but those that are folded alone (see `curate.detect.folding`)."""
    out = np.empty(len(starts), dtype=np.bool_)
    for row in range(len(starts)):
        at, end, fine = starts[row], ends[row], True
        while at < end and fine:
            if buffer[at] < 0x80:
                at += 1
                continue
            code, length = _decoded(buffer, at)
            fine = folds[code] >= 0
            at += length
        out[row] = fine
    return out


@compiled
def shingle_sets(buffer: Any, starts: Any, ends: Any, classes: Any, folds: Any, size: int, characters: Any) -> Any:
    """Sorted distinct 32-bit hashes of the runs of `size` tokens of each text, as hashes and offsets; of all tokens in one run where there are fewer.

    Text number i lies from starts[i] to ends[i], in any order.
    """
    rows = len(starts)
    longest = 0
    for row in range(rows):
        longest = max(longest, ends[row] - starts[row])
    tokens, found = np.empty(2 * longest + 2, dtype=np.uint64), np.empty(2 * longest + 2, dtype=np.uint32)
    out, offsets = np.empty(len(buffer) // 5 + 1024, dtype=np.uint32), np.zeros(rows + 1, dtype=np.int64)
    room, buckets = np.empty(1024, dtype=np.uint32), np.empty(256, dtype=np.int64)
    base, power = U64(0x9E3779B97F4A7C15), U64(1)
    for _ in range(size):
        power *= base
    total = 0
    for row in range(rows):
        count = _tokens(buffer, starts[row], ends[row], classes, folds, characters, tokens)
        rolling, made = U64(0), 0
        for i in range(count):
            rolling = rolling * base + tokens[i]
            if i >= size:
                rolling -= tokens[i - size] * power
            if i >= size - 1 or i == count - 1:
                found[made] = U32(mixed(rolling) >> U64(32))
                made += 1
        made = _distinct(found, made, room, buckets)
        if total + made > len(out):
            more = np.empty(2 * len(out) + made, dtype=np.uint32)
            more[:total] = out[:total]
            out = more
        out[total : total + made] = found[:made]
        total += made
        offsets[row + 1] = total
    return out[:total].copy(), offsets


@compiled
def chosen(hashes: Any, offsets: Any, numbers: Any) -> Any:
    """The sets of these numbers, as hashes and offsets."""
    ends = np.zeros(len(numbers) + 1, dtype=np.int64)
    for i in range(len(numbers)):
        ends[i + 1] = ends[i] + offsets[numbers[i] + 1] - offsets[numbers[i]]
    out = np.empty(ends[-1], dtype=np.uint32)
    for i in range(len(numbers)):
        out[ends[i] : ends[i + 1]] = hashes[offsets[numbers[i]] : offsets[numbers[i] + 1]]
    return out, ends


@compiled
def signatures(hashes: Any, offsets: Any, a: Any, b: Any, out: Any) -> None:
    """MinHash signatures: out[row, k] is the smallest a[k] * fmix32(h) + b[k] of the set's hashes h; the largest value for an empty set.

    This is scheme affine32 of datasketch 2: fmix32 is the finaliser of MurmurHash3, all sums are modulo 2 ** 32.
    """
    many = len(a)
    best = np.empty(many, dtype=np.uint32)
    for row in range(len(offsets) - 1):
        best[:] = MOST
        for i in range(offsets[row], offsets[row + 1]):
            value = hashes[i]
            value = U32((value ^ (value >> U32(16))) * U32(0x85EBCA6B))
            value = U32((value ^ (value >> U32(13))) * U32(0xC2B2AE35))
            value = U32(value ^ (value >> U32(16)))
            for k in range(many):  # compiled to vectors of 32-bit lanes: nothing in here is wider
                permuted = U32(U32(a[k] * value) + b[k])
                best[k] = min(permuted, best[k])
        out[row] = best


@compiled
def band_keys(signed: Any, count: int, rows: int) -> Any:
    """A 64-bit hash of the `rows` values that each band (first axis) has of each signature (second axis)."""
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
    """Jaccard similarity of two sets; something below `least`, when it is that. Empty sets are like nothing."""
    i, i_end, j, j_end = offsets[left], offsets[left + 1], offsets[right], offsets[right + 1]
    sizes = (i_end - i) + (j_end - j)
    if i == i_end or j == j_end:
        return -1.0
    # shared / (sizes - shared) >= least, or shared >= sizes * least / (1 + least); a little lower, for rounding
    needed = np.int64(np.ceil(sizes * least / (1.0 + least) - 1e-6))
    lost_i, lost_j = (i_end - i) - needed, (j_end - j) - needed
    if lost_i < 0 or lost_j < 0:
        return -1.0
    shared = 0
    while i < i_end and j < j_end:
        x, y = hashes[i], hashes[j]
        if x == y:
            shared += 1
            i += 1
            j += 1
        elif x < y:
            i += 1
            lost_i -= 1
            if lost_i < 0:
                return -1.0
        else:
            j += 1
            lost_j -= 1
            if lost_j < 0:
                return -1.0
    return shared / (sizes - shared)


@compiled
def similarities(hashes: Any, offsets: Any, one: int, others: Any, least: float) -> Any:
    """The similarity of one set to each of `others`, as `similarity` gives it."""
    out = np.empty(len(others), dtype=np.float64)
    for i in range(len(others)):
        out[i] = similarity(hashes, offsets, one, others[i], least)
    return out
