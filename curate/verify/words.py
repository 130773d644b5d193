"""The words of texts as 64-bit hashes, and their shingles: many texts at a time, in numpy alone. `docs/leaks.md` says what a word is."""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np

Hashes = np.ndarray[Any, np.dtype[np.uint64]]
Numbers = np.ndarray[Any, np.dtype[np.int64]]

UNSPACED: Final = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x2E80, 0x9FFF), (0xAC00, 0xD7AF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF),
)  # fmt: skip
"""Code points of scripts that are written without spaces between words."""
CODES: Final = 0x110000
WORD, ALONE = 1, 2
"""Kinds of characters: part of a word; of an unspaced script, where each character is a word."""
BASE: Final = 0x9E3779B97F4A7C15
"""Odd, so that it has an inverse: of the sum of the characters of a word, each times a power of it, its place in the text is divided out."""
RUN: Final = 3
"""Words of a shingle."""


class _Table(NamedTuple):
    """What is known of each code point."""

    kinds: np.ndarray[Any, np.dtype[np.uint8]]
    values: Hashes
    """A random number of each; 0 for what is part of no word. Capital letters of ASCII have those of the small ones."""


def mixed(numbers: Hashes) -> Hashes:
    """Each number scattered over 64 bits (splitmix64)."""
    scattered: Hashes = numbers + np.uint64(BASE)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        scattered ^= scattered >> np.uint64(shift)  # in place: new arrays would take half of the time
        scattered *= np.uint64(factor)
    scattered ^= scattered >> np.uint64(31)
    return scattered


def folded(text: str) -> str:
    """A text in the spelling in which it is compared."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()


@cache
def table() -> _Table:
    """What is known of each code point, found once."""
    kinds = np.zeros(CODES, dtype=np.uint8)
    for match in re.finditer(r"\w+", "".join(map(chr, range(CODES)))):
        kinds[match.start() : match.end()] = WORD
    marks = np.array([code for start, end in ((0, 0x20000), (0xE0000, 0xE1000)) for code in range(start, end) if unicodedata.category(chr(code))[0] == "M"])
    kinds[marks] = WORD
    for first, last in UNSPACED:
        kinds[first : last + 1] *= WORD | ALONE
    values = mixed(np.arange(CODES, dtype=np.uint64))
    values[ord("A") : ord("Z") + 1] = values[ord("a") : ord("z") + 1]
    values[kinds == 0] = 0
    return _Table(kinds, values)


def _powers(base: int, size: int) -> Hashes:
    factors = np.full(size, base, dtype=np.uint64)
    factors[0] = 1
    powers: Hashes = np.cumprod(factors)
    return powers


class _Powers:
    """Powers of `BASE` and of its inverse, as many as were ever asked for."""

    def __init__(self) -> None:
        self._up = self._down = np.ones(1, dtype=np.uint64)

    def upto(self, count: int) -> tuple[Hashes, Hashes]:
        """The first `count` of both."""
        up, down = self._up, self._down
        if count > len(down):
            size = max(1 << 17, 2 * count)
            up, down = (_powers(base, size) for base in (BASE, pow(BASE, -1, 1 << 64)))
            self._up, self._down = up, down  # several threads may do so at once; the one that is last is as good
        return up[:count], down[:count]


_POWERS: Final = _Powers()


def word_hashes(texts: Sequence[str]) -> tuple[Hashes, Numbers]:
    """The words of texts, one text after another, and how many each text has."""
    kinds, values = table()
    spelled = [text if text.isascii() else folded(text) for text in texts]
    lengths = np.fromiter(map(len, spelled), dtype=np.int64, count=len(spelled)) + 1
    joined = "\n".join(spelled) + "\n"
    codes: Any = np.frombuffer(joined.encode(), np.uint8) if joined.isascii() else np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    kind = kinds.take(codes)
    inside = kind != 0
    begins = inside.copy()
    begins[1:] &= ~inside[:-1]
    starts = np.flatnonzero(begins)
    if len(starts) and codes.dtype == np.uint32 and (kind >= ALONE).any():
        alone = np.bitwise_or.reduceat(kind, starts) >= ALONE  # where one character of a run is a word, all of them are
        begins |= inside & alone[np.maximum(np.cumsum(begins) - 1, 0)]
        starts = np.flatnonzero(begins)
    ends = np.cumsum(lengths)
    counts = np.diff(np.searchsorted(starts, ends), prepend=0)
    if not len(starts):
        return np.empty(0, dtype=np.uint64), counts
    up, down = _POWERS.upto(len(codes))
    sums = np.add.reduceat(values.take(codes) * up, starts)
    return mixed(sums * down[starts]), counts


def sequences(words: Hashes, counts: Numbers) -> Hashes:
    """A hash of each sequence of words; `counts`: of how many words each is."""
    ends = np.cumsum(counts)
    up, _ = _POWERS.upto(int(counts.max(initial=0)) + 1)
    places = np.arange(len(words)) - np.repeat(ends - counts, counts)
    sums = np.concatenate((np.zeros(1, dtype=np.uint64), np.cumsum(words * up[places])))
    return mixed(sums[ends] - sums[ends - counts] + counts.astype(np.uint64))


def shingles(words: Hashes, counts: Numbers, salts: Hashes | None = None) -> tuple[Hashes, Numbers, Numbers]:
    """The shingles of sequences of words, the sequence of each, and its first word among all; those of different salts have none in common.

    A sequence without words has none.
    """
    ends = np.cumsum(counts)
    begins = np.ones(len(words), dtype=np.bool_)
    hashes, short = mixed(words), []
    behind = np.concatenate((words, np.zeros(RUN, dtype=np.uint64)))
    for more in range(1, RUN):
        begins[ends[counts > more] - more] = False  # too near the end of a sequence
        few = ends[counts == more] - more  # the whole of a sequence that has no more words is one shingle
        short.append((few, hashes[few]))
        hashes *= np.uint64(BASE)
        hashes += behind[more : more + len(words)]
        hashes = mixed(hashes)
    for few, whole in short:
        hashes[few] = whole
    firsts = np.flatnonzero(begins)
    hashes, owners = hashes[firsts], np.repeat(np.arange(len(counts)), counts)[firsts]
    if salts is not None:
        hashes ^= salts[owners]
    return hashes, owners, firsts
