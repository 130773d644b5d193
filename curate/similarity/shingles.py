"""The sets of hashed shingles by which texts are compared.

Shingles are 3 consecutive words. One changed word in an answer of twenty words changes 3 of 18 shingles, which gives a
similarity of 0.71; with the 5 words that are usual for web pages, it would change 5 of 16, which gives 0.52. A text
that is shorter than a shingle is one shingle, so that it matches only equal texts. In scripts without spaces between
words, each character is a word. Combining marks are part of words, such as the vowels of Devanagari. Case, white space
and punctuation are ignored.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, Final, Literal, NamedTuple

from curate.core.characters import UNSEEN, UNSPACED
from curate.core.lazy import Array, Bytes, Numbers, Shingles, lazy_once, lazy_pattern, np
from curate.core.text import WORDS, casefolded
from curate.storage.disk_arrays import Rows

SEPARATOR: Final = 32
"""Code that replaces characters that are not part of a word."""
FOLDED_RANGES: Final = (
    (0x80, 0x530),
    (0x1E00, 0x2000),
    (0x2010, 0x2C00),
    (0x3000, 0x3100),
    (0xFF01, 0xFF5F),
    (0x1F000, 0x1FB00),
)
"""Ranges in which each character is folded separately: European alphabets, symbols, kana, full-width letters, emoji."""
LOOKALIKES: Final = str.maketrans(
    "\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442"
    "\u0443\u0445\u0456\u0458\u0455\u0501\u051b\u051d\u04cf\u03bf",
    "abekmhopctyxijsdqwlo",
)
"""Cyrillic letters and the Greek omicron, with the Latin letters that they look like. Other Greek letters are used as
symbols and are not replaced: rho is not p.
"""
LOOKALIKE: Final = lazy_pattern(f"[{''.join(map(chr, LOOKALIKES))}]")
UNFOLDED_RANGES: Final = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xAC00, 0xD7A4))
"""Ranges in which every character is its own folding: ideographs and Korean syllables."""


@lazy_once
def code_point_folds() -> Array:
    """The folding of each code point, `SEPARATOR` if it is not part of a word; -1 if it depends on other characters or
    is several characters.
    """
    table = np.full(0x110000, -1, dtype=np.int32)
    for start, end in ((0, 0x80), *UNFOLDED_RANGES):
        table[start:end] = np.arange(start, end)
    for start, end in FOLDED_RANGES:
        table[start:end] = [_fold(chr(code)) for code in range(start, end)]
    return table


def _fold(char: str) -> int:
    """The folding of a character as in `code_point_folds`."""
    composed, folded = unicodedata.normalize("NFKC", char), normal(char)
    if UNSEEN.match(char) or any(unicodedata.category(part)[0] == "M" for part in composed + folded):
        return -1
    if not any(WORDS.match(part) for part in folded):
        return SEPARATOR
    alone = len(composed) == len(folded) == 1 and all(_is_in_folded_ranges(ord(part)) for part in (composed, folded))
    return ord(folded) if alone and normal(folded) == folded else -1


def normal(text: str) -> str:
    """`curate.core.text.normalised`, except for white space, which is not part of a word, and look-alike letters."""
    folded = casefolded(UNSEEN.sub("", text))
    return folded.translate(LOOKALIKES) if LOOKALIKE.search(folded) else folded


def _is_in_folded_ranges(code: int) -> bool:
    """Whether `code_point_folds` has a folding for a code point: ASCII, or in one of the ranges."""
    return code < FOLDED_RANGES[0][0] or any(start <= code < end for start, end in (*FOLDED_RANGES, *UNFOLDED_RANGES))


CODE_POINT_LIMIT: Final = 0x40000
"""Code point above which Unicode has no word characters except marks."""
COMBINING_MARKS: Final = ((0x300, 0x20000), (0xE0100, 0xE01F0))


CHUNK_SETS: Final = 1 << 14
"""Number of sets that are copied at a time."""
MIN_RUN: Final = 8
"""Average number of consecutive sets from which it is faster to copy them together."""


class Shingling(NamedTuple):
    """The shingle size: a number of consecutive words or characters."""

    unit: Literal["word", "character"] = "word"
    size: int = 3


class TextBuffer(NamedTuple):
    """Texts in UTF-8: number i is in `buffer` from starts[i] to ends[i]."""

    buffer: Bytes
    starts: Numbers
    ends: Numbers


@dataclass(slots=True)
class ShingleSets(Rows):
    """Sets of distinct hashes, each sorted: number i is in `hashes` from offsets[i] to offsets[i + 1]."""

    KINDS: ClassVar = {"hashes": "u4"}
    PARTS: ClassVar = {"hashes": "offsets"}
    hashes: Shingles
    offsets: Numbers

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, number: int) -> Shingles:
        return self.hashes[self.offsets[number] : self.offsets[number + 1]]

    def part(self, start: int, end: int) -> "ShingleSets":
        """The sets from number `start` up to, not including, `end`."""
        offsets = self.offsets[start : end + 1]
        return ShingleSets(self.hashes[offsets[0] : offsets[-1]], offsets - offsets[0])

    def chosen(self, numbers: Numbers, folder: Path | None = None) -> "ShingleSets":  # noqa: ARG002
        """The sets with these numbers, in this order; in memory."""
        sizes = np.diff(self.offsets)[numbers]
        offsets = np.append(0, np.cumsum(sizes))
        hashes = np.empty(offsets[-1], dtype=self.hashes.dtype)
        for first in range(0, len(numbers), CHUNK_SETS):
            part = slice(first, first + CHUNK_SETS)
            _copy_sets(self, numbers[part], offsets[first : first + CHUNK_SETS + 1], hashes)
        return ShingleSets(hashes, offsets)

    def take(self, numbers: Numbers, folder: Path | None = None) -> "ShingleSets":  # noqa: ARG002
        """The sets with these ascending numbers, in the same array; the other sets cannot be used afterwards."""
        sizes = np.diff(self.offsets)[numbers]
        offsets = np.append(0, np.cumsum(sizes))
        for first in range(0, len(numbers), CHUNK_SETS):  # no set moves towards the end
            part = slice(first, first + CHUNK_SETS)
            _copy_sets(self, numbers[part], offsets[first : first + CHUNK_SETS + 1], self.hashes)
        return ShingleSets(self.hashes[: offsets[-1]], offsets)


def _copy_sets(sets: ShingleSets, numbers: Numbers, offsets: Numbers, into: Shingles) -> None:
    """Write the sets with these numbers to `into`, from offsets[0] on. `into` may be their own array if the numbers
    ascend.
    """
    starts = np.flatnonzero(np.diff(numbers, prepend=-2) != 1)
    if len(starts) * MIN_RUN < len(numbers):  # sets that follow each other are copied together
        for start, end in pairwise([*starts.tolist(), len(numbers)]):
            first, last = sets.offsets[numbers[start]], sets.offsets[numbers[end - 1] + 1]
            if into is not sets.hashes or offsets[start] != first:
                into[offsets[start] : offsets[end]] = sets.hashes[first:last]
        return
    shifts = np.repeat(sets.offsets[numbers] - offsets[:-1], np.diff(offsets))
    into[offsets[0] : offsets[-1]] = sets.hashes[np.arange(offsets[0], offsets[-1]) + shifts]


@lazy_once
def letters() -> Bytes:
    """Per code point: 0 between words, 1 part of a word, 2 part of one in a script without spaces."""
    every = np.arange(CODE_POINT_LIMIT, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    classes = np.zeros(0x110000, dtype=np.uint8)
    for match in WORDS.finditer(every):
        classes[match.start() : match.end()] = 1
    for start, end in COMBINING_MARKS:
        codes = start + np.flatnonzero(classes[start:end] == 0)
        classes[[code for code in codes.tolist() if unicodedata.category(chr(code))[0] == "M"]] = 1
    for match in re.finditer(f"{UNSPACED}+", every):
        classes[match.start() : match.end()] *= 2
    return classes


def text_buffer(texts: Sequence[str], normalize: Callable[[str], str] = normal) -> TextBuffer:
    """Texts in one buffer. Texts with a character whose folding depends on others are normalized here, which requires
    Python; the compiled code folds all others.
    """
    folded = list(texts)
    for number in _unfoldable(texts, [number for number, text in enumerate(texts) if not text.isascii()]):
        folded[number] = normalize(texts[number])
    buffer, offsets = buffer_of([text.encode("utf-8", "surrogatepass") for text in folded])
    return TextBuffer(buffer, offsets[:-1], offsets[1:])


def _unfoldable(texts: Sequence[str], numbers: Sequence[int]) -> list[int]:
    """Of some texts, given by number, those with a character that `code_point_folds` does not fold."""
    codes = np.frombuffer("".join([texts[number] for number in numbers]).encode("utf-32-le", "surrogatepass"), "<u4")
    ends = np.cumsum([len(texts[number]) for number in numbers])
    rows = np.unique(np.searchsorted(ends, np.flatnonzero(code_point_folds()[codes] < 0), side="right"))
    return [numbers[row] for row in rows.tolist()]


def buffer_of(texts: Sequence[bytes]) -> tuple[Bytes, Numbers]:
    """The concatenated texts and their offsets: number i is from offsets[i] to offsets[i + 1]."""
    offsets = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum([len(data) for data in texts], out=offsets[1:])
    return np.frombuffer(b"".join(texts), dtype=np.uint8), offsets


def salted(sets: ShingleSets, salts: Iterable[bytes]) -> ShingleSets:
    """The sets, changed so that sets with different salts share nothing; an empty salt changes nothing.

    Attachments are used as salts: examples with different attachments are not similar.
    """
    import xxhash

    marked = [(number, salt) for number, salt in enumerate(salts) if salt]
    hashes = sets.hashes.copy() if marked else sets.hashes
    for number, salt in marked:
        start, end = sets.offsets[number : number + 2].tolist()
        hashes[start:end] = np.sort(hashes[start:end] ^ np.uint32(xxhash.xxh32_intdigest(salt) | 1))
    return ShingleSets(hashes, sets.offsets)
