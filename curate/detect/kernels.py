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
STEPS = 16
"""Steps after which it is looked whether two sets may still be similar."""
BLOCK = 32
"""Bytes that are looked at at a time."""


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
def _put(low: Any, at: int, code: int) -> int:
    """Write a character as UTF-8; returns where it ends."""
    if code < 0x80:
        low[at] = code
        return at + 1
    if code < 0x800:
        low[at], low[at + 1] = 0xC0 | (code >> 6), 0x80 | (code & 0x3F)
        return at + 2
    if code < 0x10000:
        low[at], low[at + 1], low[at + 2] = 0xE0 | (code >> 12), 0x80 | ((code >> 6) & 0x3F), 0x80 | (code & 0x3F)
        return at + 3
    low[at], low[at + 1] = 0xF0 | (code >> 18), 0x80 | ((code >> 12) & 0x3F)
    low[at + 2], low[at + 3] = 0x80 | ((code >> 6) & 0x3F), 0x80 | (code & 0x3F)
    return at + 4


@compiled
def _lowered(buffer: Any, begin: int, end: int, classes: Any, folds: Any, low: Any) -> int:
    """Write the folded words of a text with bytes of 0 between them and behind them; returns how many bytes.

    -1 for a text in a script without spaces.
    """
    at, size = begin, 0
    while at < end:
        while at + BLOCK <= end:
            beyond = False
            for nth in range(BLOCK):  # compiled to vectors; what is written for bytes beyond ASCII is written over
                byte = buffer[np.uintp(at + nth)]
                upper = (byte >= 65) & (byte <= 90)
                word = upper | ((byte >= 97) & (byte <= 122)) | ((byte >= 48) & (byte <= 57)) | (byte == 95)
                low[np.uintp(size + nth)] = (byte | (np.uint8(32) if upper else np.uint8(0))) if word else np.uint8(0)
                beyond |= byte >= 128
            if beyond:
                break
            at, size = at + BLOCK, size + BLOCK
        while at < end and buffer[at] < 128:
            code = np.int64(buffer[at])
            low[size] = 0 if classes[code] == 0 else code + 32 if 65 <= code <= 90 else code
            at, size = at + 1, size + 1
        if at < end:
            code, length = _folded(buffer, at, folds)
            kind, at = classes[code], at + length
            if kind == 2:
                return -1
            if kind == 0:
                low[size] = 0
                size += 1
            else:
                size = _put(low, size, code)
    low[size : size + 16] = 0
    return size


@compiled
def _word(low: Any, eights: Any, at: Any) -> Any:
    """The 64-bit hash of the word that starts here, and where it ends. eights: the same memory as `low`, 8 bytes in a number."""
    word = U64(0xCBF29CE484222325)
    while True:
        eight, shift = at >> np.uintp(3), U64((at & np.uintp(7)) << np.uintp(3))
        some = (eights[eight] >> shift) | ((eights[eight + np.uintp(1)] << U64(1)) << (U64(63) - shift))
        zero = (some - U64(0x0101010101010101)) & ~some & U64(0x8080808080808080)  # its lowest bit is in the first byte of 0 (Mycroft 1987)
        ends = zero != U64(0)
        lowest = zero & (~zero + U64(1))
        if ends:
            some &= (lowest >> U64(7)) - U64(1)
        word = (word ^ some) * U64(0x9E3779B97F4A7C15)
        word ^= word >> U64(32)
        if ends:
            before = ((((lowest - U64(1)) & U64(0x0101010101010101)) * U64(0x0101010101010101)) >> U64(56)) - U64(1)
            return mixed(word), at + np.uintp(before)
        at += np.uintp(8)
        if low[at] == 0:
            return mixed(word), at


@compiled
def _spaced(low: Any, eights: Any, size: int, out: Any) -> int:
    """Write the hashes of the words of a text (see `_lowered`) to `out`; returns how many there are."""
    count, at, end = 0, np.uintp(0), np.uintp(size)
    while at < end:
        if low[at] == 0:
            at += np.uintp(1)
            continue
        out[count], at = _word(low, eights, at)
        count += 1
    return count


@compiled
def _unspaced(buffer: Any, begin: int, end: int, classes: Any, folds: Any, characters: Any, low: Any, eights: Any, out: Any) -> int:
    """The same for a text in any script, or with `characters`: each character is a token then, and what stands between words is one more.

    A run of word characters is a word, or as many words as characters where one of them belongs to a script without spaces.
    """
    count, at = 0, begin
    while at < end:
        start, alone, size, first = at, characters, 0, count
        while at < end:
            if buffer[at] < 0x80:
                code, length = np.int64(buffer[at]), 1
                if 65 <= code <= 90:
                    code += 32
            else:
                code, length = _folded(buffer, at, folds)
            kind = classes[code]
            if kind == 0:
                break
            if kind == 2:
                alone = True
            size = _put(low, size, code)
            at += length
        if at == start:
            at += length
            continue
        if not alone:
            low[size : size + 16] = 0
            out[count], _ = _word(low, eights, np.uintp(0))
            count += 1
            continue
        if characters and first > 0:
            out[count] = mixed(U64(32))
            count += 1
        while start < at:
            if buffer[start] < 0x80:
                code, length = np.int64(buffer[start]), 1
                if 65 <= code <= 90:
                    code += 32
            else:
                code, length = _folded(buffer, start, folds)
            low[_put(low, 0, code) : 24] = 0
            out[count], _ = _word(low, eights, np.uintp(0))
            count += 1
            start += length
    return count


@compiled
def _tokens(buffer: Any, begin: int, end: int, classes: Any, folds: Any, characters: Any, low: Any, eights: Any, out: Any) -> int:
    """Write the 64-bit hashes of the words of one text to `out`; returns how many there are."""
    size = -1 if characters else _lowered(buffer, begin, end, classes, folds, low)
    return _unspaced(buffer, begin, end, classes, folds, characters, low, eights, out) if size < 0 else _spaced(low, eights, size, out)


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
    eights = np.zeros(longest // 4 + 16, dtype=np.uint64)  # folded, no character takes more than twice its bytes
    low = eights.view(np.uint8)
    out, offsets = np.empty(len(buffer) // 5 + 1024, dtype=np.uint32), np.zeros(rows + 1, dtype=np.int64)
    room, buckets = np.empty(1024, dtype=np.uint32), np.empty(256, dtype=np.int64)
    base, power = U64(0x9E3779B97F4A7C15), U64(1)
    for _ in range(size):
        power *= base
    total = 0
    for row in range(rows):
        count = _tokens(buffer, starts[row], ends[row], classes, folds, characters, low, eights, tokens)
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
    shared: Any = np.int64(0)
    while True:
        if shared + min(i_end - i, j_end - j) < needed:
            return -1.0
        steps = min(STEPS, i_end - i, j_end - j)  # neither ends within so many
        if steps <= 0:
            break
        for _ in range(steps):  # without branches, which nobody could foretell
            x, y = hashes[np.uintp(i)], hashes[np.uintp(j)]
            shared += x == y
            i += x <= y
            j += y <= x
    return shared / (sizes - shared)


@compiled
def similarities(hashes: Any, offsets: Any, one: int, others: Any, least: float) -> Any:
    """The similarity of one set to each of `others`, as `similarity` gives it."""
    out = np.empty(len(others), dtype=np.float64)
    for i in range(len(others)):
        out[i] = similarity(hashes, offsets, one, others[i], least)
    return out


@compiled
def pair_keys(left: Any, right: Any, words: Any) -> Any:
    """A 64-bit hash of each pair of ids (rows of two numbers), whichever is left, and of a flag."""
    out = np.empty(len(left), dtype=np.uint64)
    for row in range(len(left)):
        one = mixed(left[row, 0] ^ mixed(left[row, 1] + U64(1)))
        other = mixed(right[row, 0] ^ mixed(right[row, 1] + U64(1)))
        out[row] = mixed(one + other + U64(words[row]))
    return out


@compiled
def _is_word(byte: int) -> bool:
    """Whether a byte is a letter, a digit or a low line of ASCII."""
    return 97 <= byte <= 122 or 65 <= byte <= 90 or 48 <= byte <= 57 or byte == 95


@compiled
def pieces(buffer: Any, starts: Any, ends: Any) -> Any:
    """The words of texts in ASCII, as `curate.detect.spelling.PIECE` finds them, folded: their numbers, where those of each text end, and which they are.

    These are bytes, all words one after another, and where each ends.
    """
    total = 0
    for row in range(len(starts)):
        total += ends[row] - starts[row]
    low, words, sizes = np.empty(total, dtype=np.uint8), np.empty(total, dtype=np.uint32), np.zeros(len(starts) + 1, dtype=np.int64)
    slots = 16
    while slots < 2 * total:
        slots *= 2
    table, known, used, count, made = np.full(slots, -1, dtype=np.int64), np.zeros(total + 1, dtype=np.int64), 0, 0, 0
    for row in range(len(starts)):
        at, end = starts[row], ends[row]
        while at < end:
            start = at
            while at < end and (_is_word(buffer[at]) or (at > start and buffer[at] == 39 and at + 1 < end and _is_word(buffer[at + 1]))):
                at += 1
            if at == start:
                at += 1
                if buffer[start] != 43 and buffer[start] != 45:  # noqa: PLR1714  (sets are slower when they are compiled)
                    continue
            word, size = U64(0xCBF29CE484222325), at - start
            for i in range(size):
                byte = buffer[start + i]
                low[used + i] = byte + 32 if 65 <= byte <= 90 else byte
                word = (word ^ U64(low[used + i])) * U64(0x100000001B3)
            slot, same = np.int64(mixed(word) & U64(slots - 1)), False
            while table[slot] >= 0 and not same:
                other = known[table[slot]]
                same = known[table[slot] + 1] - other == size
                for i in range(size if same else 0):
                    same = same and low[other + i] == low[used + i]
                if not same:
                    slot = (slot + 1) & (slots - 1)
            if not same:
                table[slot] = count
                used += size
                count += 1
                known[count] = used
            words[made] = table[slot]
            made += 1
        sizes[row + 1] = made
    return words[:made].copy(), sizes, low[:used].copy(), known[: count + 1].copy()
