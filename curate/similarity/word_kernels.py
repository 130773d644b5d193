"""The compiled tokenizer: the words of texts as hashes, for shingles, and as text. Import it inside functions, as
`kernels`.

Texts are in a buffer of UTF-8. Words are folded runs of word characters, as described in `curate.similarity.shingles`.
"""

from typing import Any

import numpy as np

from curate.similarity.numba_utils import U64, compiled, decoded, mixed

BLOCK_BYTES = 32


@compiled
def _folded(buffer: Any, position: int, folds: Any) -> Any:
    """Code point and length in bytes of the non-ASCII character at `position`, folded if it can be folded by itself."""
    code, length = decoded(buffer, position)
    return (np.int64(folds[code]) if folds[code] >= 0 else code), length


@compiled
def _character(buffer: Any, position: int, folds: Any) -> Any:
    """Code point and length in bytes of the character at `position`, folded if it can be folded by itself."""
    code = np.int64(buffer[position])
    if code >= 0x80:
        return _folded(buffer, position, folds)
    return (code + 32 if 65 <= code <= 90 else code), 1


@compiled
def _write_utf8(low: Any, position: int, code: int) -> int:
    """Write a character as UTF-8; returns its end."""
    if code < 0x80:
        low[position] = code
        return position + 1
    if code < 0x800:
        low[position] = 0xC0 | (code >> 6)
    else:
        if code < 0x10000:
            low[position] = 0xE0 | (code >> 12)
        else:
            low[position], low[position + 1] = 0xF0 | (code >> 18), 0x80 | ((code >> 12) & 0x3F)
            position += 1
        low[position + 1] = 0x80 | ((code >> 6) & 0x3F)
        position += 1
    low[position + 1] = 0x80 | (code & 0x3F)
    return position + 2


@compiled
def _lowered(buffer: Any, begin: int, end: int, classes: Any, folds: Any, low: Any) -> int:
    """Write the folded words of a text to `low`, with bytes of 0 between them and after the last; returns the number of
    bytes, or -1 for a text in a script without spaces.
    """
    position, size = begin, 0
    while position < end:
        while position + BLOCK_BYTES <= end:
            beyond = False
            for i in range(BLOCK_BYTES):  # compiled to vectors; values for non-ASCII bytes are overwritten
                byte = buffer[np.uintp(position + i)]
                upper = (byte >= 65) & (byte <= 90)
                word = upper | ((byte >= 97) & (byte <= 122)) | ((byte >= 48) & (byte <= 57)) | (byte == 95)
                low[np.uintp(size + i)] = (byte | (np.uint8(32) if upper else np.uint8(0))) if word else np.uint8(0)
                beyond |= byte >= 128
            if beyond:
                break
            position, size = position + BLOCK_BYTES, size + BLOCK_BYTES
        while position < end and buffer[position] < 128:
            code = np.int64(buffer[position])
            low[size] = 0 if classes[code] == 0 else code + 32 if 65 <= code <= 90 else code
            position, size = position + 1, size + 1
        if position < end:
            code, length = _folded(buffer, position, folds)
            kind, position = classes[code], position + length
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
def _word(low: Any, eights: Any, position: Any) -> Any:
    """The 64-bit hash of the word that starts here, and its end. eights: the same memory as `low`, 8 bytes in a
    number.
    """
    word = U64(0xCBF29CE484222325)
    while True:
        eight, shift = position >> np.uintp(3), U64((position & np.uintp(7)) << np.uintp(3))
        chunk = (eights[eight] >> shift) | ((eights[eight + np.uintp(1)] << U64(1)) << (U64(63) - shift))
        zero = (
            (chunk - U64(0x0101010101010101)) & ~chunk & U64(0x8080808080808080)
        )  # its lowest bit is in the first byte of 0 (Mycroft 1987)
        ends = zero != U64(0)
        lowest = zero & (~zero + U64(1))
        if ends:
            chunk &= (lowest >> U64(7)) - U64(1)
        word = (word ^ chunk) * U64(0x9E3779B97F4A7C15)
        word ^= word >> U64(32)
        if ends:
            before = ((((lowest - U64(1)) & U64(0x0101010101010101)) * U64(0x0101010101010101)) >> U64(56)) - U64(1)
            return mixed(word), position + np.uintp(before)
        position += np.uintp(8)
        if low[position] == 0:
            return mixed(word), position


@compiled
def _hash_spaced(low: Any, eights: Any, size: int, out: Any, count: int) -> int:
    """Write the hashes of the words of a text (see `_lowered`) to `out` from `count` on; returns the end."""
    position, end = np.uintp(0), np.uintp(size)
    while position < end:
        if low[position] == 0:
            position += np.uintp(1)
            continue
        out[count], position = _word(low, eights, position)
        count += 1
    return count


@compiled
def _hash_unspaced(
    buffer: Any, begin: int, end: int, classes: Any, folds: Any, characters: Any, low: Any, eights: Any, out: Any,
    count: int,
) -> int:  # fmt: skip
    """As `_hash_spaced`, for a text in any script. With `characters`, each character is a token, and so is each gap
    between words.

    A run of word characters is a word, or as many words as characters where one of them belongs to a script without
    spaces.
    """
    before, position = count, begin
    while position < end:
        start, alone, size, first = position, characters, 0, count > before
        while position < end:
            code, length = _character(buffer, position, folds)
            kind = classes[code]
            if kind == 0:
                break
            alone = alone or kind == 2
            size = _write_utf8(low, size, code)
            position += length
        if position == start:
            position += length
            continue
        if not alone:
            low[size : size + 16] = 0
            out[count], _ = _word(low, eights, np.uintp(0))
            count += 1
            continue
        if characters and first:
            out[count] = mixed(U64(32))
            count += 1
        while start < position:
            code, length = _character(buffer, start, folds)
            low[_write_utf8(low, 0, code) : 24] = 0
            out[count], _ = _word(low, eights, np.uintp(0))
            count += 1
            start += length
    return count


@compiled
def hash_words(
    buffer: Any, starts: Any, ends: Any, classes: Any, folds: Any, characters: Any, low: Any, eights: Any, row: int,
    offsets: Any, out: Any,
) -> int:  # fmt: skip
    """Write the 64-bit hashes of the words of texts (see `_hash_unspaced`) to `out`, from text number `row` on, and
    their ends to `offsets`; returns the number of the first text that may not fit into `out`.

    eights: buffer of twice the longest text and 40 bytes, 8 in a number; low: the same memory as bytes.
    """
    while row < len(starts) and len(out) - offsets[row] > ends[row] - starts[row]:
        begin, end, count = starts[row], ends[row], offsets[row]
        size = -1 if characters else _lowered(buffer, begin, end, classes, folds, low)
        if size >= 0:
            offsets[row + 1] = _hash_spaced(low, eights, size, out, count)
        else:
            offsets[row + 1] = _hash_unspaced(buffer, begin, end, classes, folds, characters, low, eights, out, count)
        row += 1
    return row
