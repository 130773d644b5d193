"""Texts with composed letters, with the digits and signs of other scripts as ASCII and without invisible characters, in
which values are recognized, and the way back to the script of a value.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from curate.core.characters import UNSEEN
from curate.core.key_value_secrets import Secret

FULL_WIDTH: Final = 0xFEE0
"""Distance of a full-width character from the one in ASCII."""
SIGNS: Final = {
    **{code: chr(code - FULL_WIDTH) for code in range(0xFF01, 0xFF5F)},
    **dict.fromkeys((0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), " "),
    **dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2212), "-"),
}
FOREIGN: Final = re.compile(
    "[^\\D0-9]|[\uff01-\uff5e\u00a0\u2000-\u200a\u202f\u205f\u3000\u2010-\u2012\u2212\U0001d400-\U0001d7ff]"
)
DIGIT: Final = re.compile("[0-9]")
FOREIGN_DIGIT: Final = re.compile("[^\\D0-9]")
MARK: Final = re.compile("[\u0300-\u036f]")
"""An accent that is a character of its own."""
COMPOSED: Final = re.compile("[\\s\\S]?[^\0-\u02ff]+")
"""What composition can change, with the letter before it."""
VOWELS_AND_ENDS: Final = frozenset(map(chr, (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))))
"""Parts of a Korean syllable behind the first one."""


class Folded(NamedTuple):
    """A text in which values are recognized."""

    text: str
    places: Sequence[tuple[int, int]] | None = None
    """The start and the end of each of its characters in the original; None if all are the same."""

    def original(self, secret: Secret) -> Secret:
        """A value of this text at its place in the original."""
        if self.places is None:
            return secret
        return secret._replace(start=self.places[secret.start][0], end=self.places[secret.end - 1][1])


def folded(text: str) -> Folded:
    """A text with ASCII digits (of `٠١٢`, `०१२`, `０１２`), full-width characters, spaces and hyphens as in ASCII,
    letters in composed form (NFC), and without invisible characters and accents that no composed letter has.
    """
    return Folded(text) if text.isascii() else _folded(text)


@lru_cache(maxsize=16)  # each text is searched several times
def _folded(text: str) -> Folded:
    places = None
    if UNSEEN.search(text):
        places = [(index, index + 1) for index, char in enumerate(text) if not UNSEEN.match(char)]
        text = "".join([text[start] for start, _ in places])
    if MARK.search(text) or not unicodedata.is_normalized("NFC", text):
        text, places = _composed(text, places or [(index, index + 1) for index in range(len(text))])
    return Folded(FOREIGN.sub(_in_ascii, text), places)


def _composed(text: str, places: Sequence[tuple[int, int]]) -> tuple[str, list[tuple[int, int]]]:
    """A text in composed form, without accents that remain, and the place of each of its characters: of the whole
    letter with its accents.
    """
    pieces: list[str] = []
    new_places: list[tuple[int, int]] = []
    end = 0
    for match in COMPOSED.finditer(text):
        pieces.append(text[end : match.start()])
        new_places += places[end : match.start()]
        end = match.end()
        for first, last in _letters(text, match.start(), end):
            written = text[first:last]
            letter = MARK.sub("", unicodedata.normalize("NFC", written))
            pieces.append(letter)
            is_same = letter == written
            whole = (places[first][0], places[last - 1][1])
            new_places += places[first:last] if is_same else [whole] * len(letter)
    return "".join([*pieces, text[end:]]), [*new_places, *places[end:]]


def _letters(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The start and the end of each character of a part of a text with the marks behind it."""
    first = start
    for position in range(start + 1, end):
        char = text[position]
        if char not in VOWELS_AND_ENDS and unicodedata.category(char)[0] != "M":
            yield first, position
            first = position
    yield first, end


def _in_ascii(match: re.Match[str]) -> str:
    char = match.group()
    return (
        str(unicodedata.decimal(char))
        if char.isdecimal()
        else SIGNS.get(ord(char)) or unicodedata.normalize("NFKC", char)
    )


def like(char: str, original: str) -> str:
    """A letter or digit of ASCII in the script of the digit `original`, or as wide as it."""
    if original.isascii() or not char.isascii():
        return char
    if 0xFF00 < ord(original) < 0xFF5F:
        return chr(ord(char) + FULL_WIDTH)
    zero = ord(original) - unicodedata.decimal(original, -1)
    return chr(zero + int(char)) if char.isdigit() and zero <= ord(original) else char


def with_digits_of(original: str, text: str) -> str:
    """The text with the digits of the script of `original`, if that has no digit of ASCII."""
    digit = FOREIGN_DIGIT.search(original)
    if digit is None or DIGIT.search(original):
        return text
    return DIGIT.sub(lambda match: like(match.group(), digit.group()), text)
