"""The words of texts, compiled: as hashes, for shingles, and as they are. Import it inside functions, as `kernels`.

Texts lie in a buffer of UTF-8. Words are runs of word characters, folded, as `curate.similarity.shingles` says.
"""

from typing import Any

import numpy as np

from curate.read.numba_utils import write_utf8
from curate.similarity.numba_utils import U64, compiled, decoded, mixed

BLOCK_BYTES = 32


@compiled
def _folded(buffer: Any, at: int, folds: Any) -> Any:
    """Code point and length in bytes of the non-ASCII character at `at`, folded if it can be folded by itself."""
    code, length = decoded(buffer, at)
    return (np.int64(folds[code]) if folds[code] >= 0 else code), length


@compiled
def _character(buffer: Any, at: int, folds: Any) -> Any:
    """Code point and length in bytes of the character at `at`, folded if it can be folded by itself."""
    code = np.int64(buffer[at])
    if code >= 0x80:
        return _folded(buffer, at, folds)
    return (code + 32 if 65 <= code <= 90 else code), 1


@compiled
def _write_utf8(low: Any, at: int, code: int) -> int:
    """Write a character as UTF-8; returns its end."""
    if code >= 0x80:
        return int(write_utf8(low, at, code))
    low[at] = code
    return at + 1


@compiled
def _lowered(buffer: Any, begin: int, end: int, classes: Any, folds: Any, low: Any) -> int:
    """Write the folded words of a text with bytes of 0 between them and after the last; returns the number of
    bytes, or -1 for a text in a script without spaces.
    """
    at, size = begin, 0
    while at < end:
        while at + BLOCK_BYTES <= end:
            beyond = False
            for nth in range(
                BLOCK_BYTES
            ):  # compiled to vectors; what is written for bytes beyond ASCII is written over
                byte = buffer[np.uintp(at + nth)]
                upper = (byte >= 65) & (byte <= 90)
                word = upper | ((byte >= 97) & (byte <= 122)) | ((byte >= 48) & (byte <= 57)) | (byte == 95)
                low[np.uintp(size + nth)] = (byte | (np.uint8(32) if upper else np.uint8(0))) if word else np.uint8(0)
                beyond |= byte >= 128
            if beyond:
                break
            at, size = at + BLOCK_BYTES, size + BLOCK_BYTES
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
                size = _write_utf8(low, size, code)
    low[size : size + 16] = 0
    return size


@compiled
def _word(low: Any, eights: Any, at: Any) -> Any:
    """The 64-bit hash of the word that starts here, and its end. eights: the same memory as `low`, 8 bytes in a
    number.
    """
    word = U64(0xCBF29CE484222325)
    while True:
        eight, shift = at >> np.uintp(3), U64((at & np.uintp(7)) << np.uintp(3))
        some = (eights[eight] >> shift) | ((eights[eight + np.uintp(1)] << U64(1)) << (U64(63) - shift))
        zero = (
            (some - U64(0x0101010101010101)) & ~some & U64(0x8080808080808080)
        )  # its lowest bit is in the first byte of 0 (Mycroft 1987)
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
def _tokenize_spaced(low: Any, eights: Any, size: int, out: Any) -> int:
    """Write the hashes of the words of a text (see `_lowered`) to `out`; returns their number."""
    count, at, end = 0, np.uintp(0), np.uintp(size)
    while at < end:
        if low[at] == 0:
            at += np.uintp(1)
            continue
        out[count], at = _word(low, eights, at)
        count += 1
    return count


@compiled
def _tokenize_unspaced(
    buffer: Any, begin: int, end: int, classes: Any, folds: Any, characters: Any, low: Any, eights: Any, out: Any
) -> int:
    """The same for a text in any script, or with `characters`: each character is a token then, and what stands between
    words is one more.

    A run of word characters is a word, or as many words as characters where one of them belongs to a script without
    spaces.
    """
    count, at = 0, begin
    while at < end:
        start, alone, size, first = at, characters, 0, count
        while at < end:
            code, length = _character(buffer, at, folds)
            kind = classes[code]
            if kind == 0:
                break
            alone = alone or kind == 2
            size = _write_utf8(low, size, code)
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
            code, length = _character(buffer, start, folds)
            low[_write_utf8(low, 0, code) : 24] = 0
            out[count], _ = _word(low, eights, np.uintp(0))
            count += 1
            start += length
    return count


@compiled
def tokens(
    buffer: Any, begin: int, end: int, classes: Any, folds: Any, characters: Any, low: Any, eights: Any, out: Any
) -> int:
    """Write the 64-bit hashes of the words of one text to `out` (see `_tokenize_unspaced`); returns their number.

    eights: buffer of twice the text and 40 bytes, 8 in a number; low: the same memory as bytes.
    """
    size = -1 if characters else _lowered(buffer, begin, end, classes, folds, low)
    if size >= 0:
        return int(_tokenize_spaced(low, eights, size, out))
    return int(_tokenize_unspaced(buffer, begin, end, classes, folds, characters, low, eights, out))


@compiled
def alone(buffer: Any, starts: Any, ends: Any, folds: Any) -> Any:
    """Whether each text consists of characters that can be folded by themselves (see
    `curate.similarity.shingles`).
    """
    out = np.empty(len(starts), dtype=np.bool_)
    for row in range(len(starts)):
        at, end, fine = starts[row], ends[row], True
        while at < end and fine:
            if buffer[at] < 0x80:
                at += 1
                continue
            code, length = decoded(buffer, at)
            fine = folds[code] >= 0
            at += length
        out[row] = fine
    return out


@compiled
def _is_word(byte: int) -> bool:
    """Whether a byte is an ASCII letter, digit or underscore."""
    return 97 <= byte <= 122 or 65 <= byte <= 90 or 48 <= byte <= 57 or byte == 95


@compiled
def pieces(buffer: Any, starts: Any, ends: Any) -> Any:
    """The words of texts in ASCII, as `curate.language.tokens.WORD_OR_SIGN` finds them, folded: their numbers, where
    those of each text end, and which they are.

    These are bytes, all words one after another, and where each ends.
    """
    total = 0
    for row in range(len(starts)):
        total += ends[row] - starts[row]
    low, words, sizes = (
        np.empty(total, dtype=np.uint8),
        np.empty(total, dtype=np.uint32),
        np.zeros(len(starts) + 1, dtype=np.int64),
    )
    slots = 16
    while slots < 2 * total:
        slots *= 2
    table, known, used, count, made = np.full(slots, -1, dtype=np.int64), np.zeros(total + 1, dtype=np.int64), 0, 0, 0
    for row in range(len(starts)):
        at, end = starts[row], ends[row]
        while at < end:
            start = at
            while at < end and (
                _is_word(buffer[at]) or (at > start and buffer[at] == 39 and at + 1 < end and _is_word(buffer[at + 1]))
            ):
                at += 1
            if at == start:
                at += 1
                if buffer[start] != 43 and buffer[start] != 45:
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
