"""What may be wrong with a text once it is read, for the scan of quiet lines: a coarser copy of what `curate.rules.looks` and some rules look at."""

# ruff: noqa: SIM110, PLR1714  (generators and sets are slower when they are compiled)

import numpy as np

from curate.language.lexicon import UNENDED
from curate.read.compiled import Array, byte_of, compiled, finds, literal, same, stands_at

_NOTHINGS, _REQUESTS = literal(b"nt.-?<orp\xe2"), literal(b"pcedtw")
"""First letters of answers that are none (Q002), and of requests that a word does not answer (Q001)."""
_PIECE, _SCRAP, _HEAD = np.int64(24), np.int64(8), np.int64(150)
_LAST = np.zeros((len(UNENDED), 8), dtype=np.uint8)
for _nth, _word in enumerate(UNENDED):
    _LAST[_nth, : len(_word)] = list(_word.encode())


@compiled
def _repeats(text: Array, start: int, end: int, chars: int) -> bool:
    """Whether a piece of 24 characters from 0.6 of an answer, or from its end, stands before it; of a short one, 8 from its middle and from its end."""
    ascii_ = end - start == chars
    if chars <= 200:
        middle = start + chars // 2 if ascii_ else byte_of(text, start, end, np.int64(chars // 2))
        behind = middle + 8 if ascii_ else byte_of(text, middle, end, _SCRAP)
        last = end - 10 if ascii_ else byte_of(text, start, end, np.int64(chars - 10))
        stop = last + 8 if ascii_ else byte_of(text, last, end, _SCRAP)
        return bool(finds(text, start, middle, middle, behind - middle) and finds(text, start, last, last, stop - last))
    for number in (int(chars * 0.6) - 24, chars - 48):
        piece = start + number if ascii_ else byte_of(text, start, end, number)
        after = piece + 24 if ascii_ else byte_of(text, piece, end, _PIECE)
        if finds(text, start, piece, piece, after - piece):
            return True
    return False


@compiled
def _breaks_off(text: Array, start: int, end: int) -> bool:
    """Whether an answer ends as no sentence does."""
    byte = text[end - 1]
    if byte == 44:  # a comma
        return True
    if byte == 40:  # an opening bracket
        return end - start > 1 and text[end - 2] == 32
    if not 97 <= byte <= 122:
        return False
    if end - start > 120:
        at = end - 1
        while at > start and text[np.uintp(at)] != 10 and end - at < 1600:  # 400 characters of up to four bytes
            if text[np.uintp(at)] == 46 or text[np.uintp(at)] == 33 or text[np.uintp(at)] == 63:
                return True
            at -= 1
    for nth in range(len(_LAST)):
        size = 0
        while size < 8 and _LAST[nth, size]:
            size += 1
        if size <= end - start and stands_at(text, end - size, _LAST[nth], size):
            return True
    return False


@compiled
def _is_uneven(text: Array, start: int, end: int, chars: int) -> bool:
    """Whether an answer of 50 words or more begins as written language does not: few or many spaces, or many digits and marks."""
    if end - start <= 150:
        return False
    stop = start + 150 if chars == end - start else byte_of(text, start, end, _HEAD)
    spaces = marks = 0
    for at in range(start, stop):
        byte = text[np.uintp(at)]
        spaces += byte == 32
        marks += (48 <= byte <= 57) | (byte == 35) | (byte == 0xE2)  # digits, a hash, and all that shares its first byte with an ellipsis
    return (marks >= 16 or (chars > 150 and not 14 <= spaces <= 40)) and _is_odd(text, start, end, chars)


@compiled
def _is_odd(text: Array, start: int, end: int, chars: int) -> bool:
    """Whether the words of an answer, 50 or more, may have odd lengths, many marks among them or few letters in them (Q017)."""
    words = lettered = marks = shown = size = 0
    letter = False
    for at in range(start, end + 1):
        byte = text[np.uintp(at)] if at < end else np.uint8(32)
        if byte <= 32:
            words += size > 0
            lettered += letter
            size, letter = 0, False
        else:
            size += 1
            letter = letter or bool(65 <= (byte & 0xDF) <= 90)
            marks += byte == 35 or (byte == 46 and size > 2 and text[np.uintp(at - 1)] == 46 and text[np.uintp(at - 2)] == 46)
            shown += 1
    if words < 50 or chars != end - start:  # beyond ASCII, there are other spaces and letters
        return words >= 50 or chars != end - start
    return bool(lettered < words * 0.5 or shown < words * 3 or shown > words * 10 or marks > words * 0.1)


@compiled
def _is_open(text: Array, start: int, end: int) -> bool:
    """Whether three backticks begin an odd number of lines, or may do so behind a space beyond ASCII."""
    count = ticks = 0
    blank, unsure = True, False
    for at in range(start, end):
        byte = text[at]
        if byte == 10:
            ticks, blank, unsure = 0, True, False
        elif not blank:
            continue
        elif byte == 96:
            if unsure:
                return True
            ticks += 1
            if ticks == 3:
                count, blank = count + 1, False
        elif ticks or not (byte == 32 or byte == 9 or byte == 13 or byte >= 0x80):
            blank = False
        else:
            unsure |= byte >= 0x80
    return count % 2 == 1


@compiled
def is_unsound(text: Array, start: int, end: int, chars: int, worn: int, fenced: int) -> bool:
    """Whether something may be wrong with an answer, whatever it answers; `worn` is its number of worn-out phrases."""
    first = text[start]
    if chars > 40 and (
        97 <= first <= 122 or first == 44 or first == 59 or first == 46 or first == 41 or first == 33 or first == 63 or first == 58 or first == 93
    ):
        return True  # it may begin in the middle of a sentence
    if worn >= 3 or first == 123 or first == 91 or _breaks_off(text, start, end) or (fenced and _is_open(text, start, end)):
        return True
    return _is_uneven(text, start, end, chars) or (chars > 40 and _repeats(text, start, end, chars))


@compiled
def shows(text: Array, start: int, end: int) -> bool:
    """Whether a question may show a text of its own."""
    before = 0
    for at in range(start, end):
        byte = int(text[at])
        if byte == 10 or byte == 58 or byte == 34 or byte == 39 or byte == 96 or byte == 123 or byte == 40:
            return True
        if byte == 0xE2 and text[at + 1] == 0x80 and (text[at + 2] == 0x98 or text[at + 2] == 0x9C or text[at + 2] == 0x9D):  # quotes
            return True
        if 65 <= byte <= 90 and (97 <= before <= 122 or before == 46 or before == 63 or before == 33):
            return True
        before = byte
    return False


@compiled
def is_suspicious(text: Array, asked: int, asked_size: int, asked_chars: int, start: int, size: int, chars: int) -> bool:
    """Whether something may be wrong with an answer to this question: it begins with it, is in another script, or is a word or two."""
    shared = min(12, asked_size)
    if shared <= size and same(text, asked, start, shared):
        return True
    if (asked_size > asked_chars * 1.3) != (size > chars * 1.3):
        return True
    if size > 40:
        return False
    opening, question = text[start] | 0x20, text[asked] | 0x20
    for letter in _NOTHINGS:
        if opening == letter:
            return True
    for letter in _REQUESTS:
        if question == letter:
            return True
    return False
