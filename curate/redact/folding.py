"""Texts with the digits and signs of other scripts as ASCII and without invisible characters, in which values are
recognized, and the way back to the script of a value.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from curate.core.characters import UNSEEN
from curate.core.key_value_secrets import Secret

FULL_WIDTH: Final = 0xFEE0
"""Distance of a full-width character from the one in ASCII."""
SIGNS: Final = {
    **{code: chr(code - FULL_WIDTH) for code in range(0xFF01, 0xFF5F)},
    **dict.fromkeys((0xA0, 0x2007, 0x202F, 0x3000), " "),
    **dict.fromkeys((0x2010, 0x2011, 0x2212), "-"),
}
FOREIGN: Final = re.compile("[^\\D0-9]|[\uff01-\uff5e\u00a0\u2007\u202f\u3000\u2010\u2011\u2212]")
DIGIT: Final = re.compile("[0-9]")
FOREIGN_DIGIT: Final = re.compile("[^\\D0-9]")


class Folded(NamedTuple):
    """A text in which values are recognized."""

    text: str
    positions: Sequence[int] | None = None
    """The position of each of its characters in the original; None if all are the same."""

    def original(self, secret: Secret) -> Secret:
        """A value of this text at its place in the original."""
        if self.positions is None:
            return secret
        return secret._replace(start=self.positions[secret.start], end=self.positions[secret.end - 1] + 1)


@lru_cache(maxsize=16)  # each text is searched several times
def folded(text: str) -> Folded:
    """A text with ASCII digits (of `٠١٢`, `०१२`, `０１２`), full-width characters, spaces and hyphens as in ASCII, and
    without invisible characters.
    """
    if text.isascii():
        return Folded(text)
    positions = None
    if UNSEEN.search(text):
        positions = [index for index, char in enumerate(text) if not UNSEEN.match(char)]
        text = "".join([text[index] for index in positions])
    return Folded(FOREIGN.sub(_in_ascii, text), positions)


def _in_ascii(match: re.Match[str]) -> str:
    char = match.group()
    return SIGNS.get(ord(char)) or str(unicodedata.decimal(char))


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
