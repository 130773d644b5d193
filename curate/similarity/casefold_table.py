"""Table of the case folds of single characters for the compiled code, so that most non-ASCII texts need no Python.

`curate.core.text.normalised` is NFKC and case folding. Both work on one character at a time, except for characters that
compose with the one before, or become several. Texts with one of these are normalized in Python.
"""

import unicodedata
from typing import Final

from curate.core.arrays import Array
from curate.core.lazy import np
from curate.core.text import UNSEEN, WORDS
from curate.core.worker_pool import lazy_once

BETWEEN: Final = 32
"""Code of all that is not part of a word."""
LISTED: Final = (
    (0x80, 0x530),
    (0x1E00, 0x2000),
    (0x2010, 0x2C00),
    (0x3000, 0x3100),
    (0xFF01, 0xFF5F),
    (0x1F000, 0x1FB00),
)
"""Ranges in which each character is folded by itself: European alphabets, symbols, kana, full-width letters, emoji."""
THEMSELVES: Final = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xAC00, 0xD7A4))
"""Ranges in which every character is its own folding: ideographs and Korean syllables."""


@lazy_once
def folds() -> Array:
    """The folding of each code point, `BETWEEN` if it is not part of a word; -1 if it depends on other characters or is
    several characters.
    """
    table = np.full(0x110000, -1, dtype=np.int32)
    for start, end in ((0, 0x80), *THEMSELVES):
        table[start:end] = np.arange(start, end)
    for start, end in LISTED:
        table[start:end] = [_fold(chr(code)) for code in range(start, end)]
    return table


def _fold(char: str) -> int:
    composed, folded = unicodedata.normalize("NFKC", char), normal(char)
    if UNSEEN.match(char) or any(unicodedata.category(one)[0] == "M" for one in composed + folded):
        return -1
    if not any(WORDS.match(one) for one in folded):
        return BETWEEN
    alone = len(composed) == len(folded) == 1 and all(_listed(ord(one)) for one in (composed, folded))
    return ord(folded) if alone and normal(folded) == folded else -1


def normal(text: str) -> str:
    """`curate.core.text.normalised`, except for white space, which is not part of a word."""
    return unicodedata.normalize("NFKC", UNSEEN.sub("", text)).casefold()


def _listed(code: int) -> bool:
    return code < LISTED[0][0] or any(start <= code < end for start, end in (*LISTED, *THEMSELVES))
