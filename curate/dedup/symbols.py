"""Whether two texts have the same numbers and the same meaningful symbols."""

import re
from typing import Final

from curate.core.text import normalised
from curate.language.quantities import numbers

DIGITS: Final = re.compile(r"\d+")
_SIGNS, _PICTURES = "$€£¥₹₽₩¢%‰°×÷±¬^=", r"\u2190-\u21ff\u2600-\u27bf\U0001f000-\U0001faff\U000e0020-\U000e007e"
_RAISED, _FRACTIONS = r"²³¹\u2070-\u207f", r"¼½¾\u2150-\u215e\u2189"
_OPERATORS = r"\u2200-\u2211\u2213\u2214\u221a-\u22c4\u22c6-\u22ff"  # but for those that are a minus, a slash or a dot
_MEANINGFUL = f"{_SIGNS}{_RAISED}{_FRACTIONS}{_OPERATORS}{_PICTURES}"
SEPARATED_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)+")
VERSION: Final = re.compile(r"(?:\b(?:v|version|release|section|chapter|python|[A-Z]\w*)[ -]?|§ ?)(\d+\.\d*0)\b")
"""A version or section number that ends in a zero, which counts."""
SYMBOL: Final = re.compile(
    r"(?<![^ ])(?:\*\*?|//?|<<|>>|<-|->|=>|<=|>=|\|)(?![^ ])"
    rf"|[{_MEANINGFUL}<>](?:(?<![<>])|(?<![^\s\w)\]][<>])(?![^\s\w(\[]))|&&|\|\||(?<![^\s(\[{{=&|])!(?=[\w(])"
    r"|(?<=\b[A-Za-z])#(?![\w#])|\\[bBdDsSwW](?![A-Za-z])|(?<!~)~(?=\w)"
)
"""Signs that say something: currencies, mathematics, exponents, fractions, pictures, "and", "or" and "not" of code, its
operators between spaces, C# and classes of regular expressions. Those of markup are none.
"""
HAS_SYMBOL: Final = re.compile(rf"[{_MEANINGFUL}<>&|!*/#\\~]")
"""The characters of `SYMBOL`, as a faster check."""
WORDS_ONLY: Final = bytes(set(range(128)).difference(b"0123456789$%=^<>&|!*/#\\~"))
"""ASCII bytes that are neither digits nor such symbols, for `bytes.translate` to delete."""
NOT_DIGITS: Final = bytes(byte if byte in b"0123456789" else 32 for byte in range(256))
"""Replaces every other byte by a space, for `bytes.translate`."""


def same_figures(this: str, that: str, left: str, right: str) -> bool:
    """Whether two texts have the same numbers, in order, and the same symbols; `this` and `that` are their differing
    parts.
    """
    signs = f"{this}{that}".encode("utf-8", "surrogatepass").translate(None, WORDS_ONLY)
    if not signs:  # mostly so
        return True
    mine, others = _digits(this), _digits(that)
    if mine != others and signs.isascii() and "".join(mine).replace("0", "") != "".join(others).replace("0", ""):
        return False  # however they are spelled
    if mine != others or _other_separators(this, that):
        if numbers(normalised(this)) != numbers(normalised(that)):  # no number goes beyond a space
            return False
        if sorted(VERSION.findall(left)) != sorted(VERSION.findall(right)):  # 3.1 is not 3.10
            return False
    return not HAS_SYMBOL.search(signs.decode("utf-8", "surrogatepass")) or sorted(SYMBOL.findall(this)) == sorted(
        SYMBOL.findall(that)
    )


def _other_separators(this: str, that: str) -> bool:
    """Whether numbers have different separators: 1,000 and 1.000."""
    mine, others = (SEPARATED_NUMBER.findall(text) for text in (this, that))
    return len(mine) == len(others) and mine != others


def _digits(text: str) -> list[str]:
    if text.isascii():
        return text.encode().translate(NOT_DIGITS).decode().split()
    return DIGITS.findall(normalised(text))  # those below the line are digits too
