"""What may be wrong with an answer, for the scan of quiet lines: a coarser copy of what `curate.rules.looks` and some rules look at."""

# ruff: noqa: SIM110  (generators are slower when they are compiled)

from typing import Final

import numpy as np

from curate.read.compiled import Array, byte_of, compiled, finds, literal, same, stands_at

_NOTHINGS, _REQUESTS = literal(b"nt.-?<orp\xe2"), literal(b"pcedtw")
"""First letters of answers that are none (Q002), and of requests that a word does not answer (Q001)."""
_ENDS: Final = ("the", "an", "and", "or", "of", "to", "with", "from", "because", "which", "is", "are", "was", "were")
_LAST = np.zeros((len(_ENDS), 8), dtype=np.uint8)
for _nth, _word in enumerate(_ENDS):
    _LAST[_nth, : len(_word)] = list(_word.encode())
"""Words that no sentence ends with (see `curate.rules.looks`)."""


@compiled
def repeats(text: Array, start: int, end: int, chars: int) -> bool:
    """Whether a piece of 24 characters from 0.6 of an answer, or from its end, stands before it."""
    ascii_ = end - start == chars
    for number in (int(chars * 0.6) - 24, chars - 48):
        piece = start + number if ascii_ else byte_of(text, start, end, number)
        after = piece + 24 if ascii_ else byte_of(text, piece, end, 24)
        if finds(text, start, piece, piece, after - piece):
            return True
    return False


@compiled
def breaks_off(text: Array, start: int, end: int) -> bool:
    """Whether an answer ends as no sentence does."""
    byte = text[end - 1]
    if byte == 44:  # a comma
        return True
    if byte == 40:  # an opening bracket
        return end - start > 1 and text[end - 2] == 32
    if not 97 <= byte <= 122:
        return False
    for nth in range(len(_LAST)):
        size = 0
        while size < 8 and _LAST[nth, size]:
            size += 1
        if size <= end - start and stands_at(text, end - size, _LAST[nth], size):
            return True
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
