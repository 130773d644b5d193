"""Whether two texts have the same numbers and the same meaningful symbols."""

import re
from typing import Final

from curate.core.lazy import lazy_pattern
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
SYMBOL: Final = lazy_pattern(
    r"(?<![^ ])(?:\*\*?|//?|<<|>>|<-|->|=>|<=|>=|\|)(?![^ ])"
    rf"|[{_MEANINGFUL}<>](?:(?<![<>])|(?<![^\s\w)\]][<>])(?![^\s\w(\[]))|&&|\|\||(?<![^\s(\[{{=&|])!(?=[\w(])"
    r"|(?<=\b[A-Za-z])#(?![\w#])|\\[bBdDsSwW](?![A-Za-z])|(?<!~)~(?=\w)"
)
"""Meaningful signs: currencies, mathematics, exponents, fractions, pictures, "and", "or" and "not" of code, operators
of code between spaces, C# and classes of regular expressions; not the signs of markup.
"""
HAS_SYMBOL: Final = lazy_pattern(rf"[{_MEANINGFUL}<>&|!*/#\\~]")
"""The characters of `SYMBOL`, as a faster check."""
WORDS_ONLY: Final = bytes(set(range(128)).difference(b"0123456789$%=^<>&|!*/#\\~"))
"""ASCII bytes that are neither digits nor such symbols, for `bytes.translate` to delete."""
NOT_DIGITS: Final = bytes(byte if byte in b"0123456789" else 32 for byte in range(256))
"""Replaces every other byte by a space, for `bytes.translate`."""


def same_figures(left_part: str, right_part: str, left: str, right: str) -> bool:
    """Whether two texts have the same numbers, in order, and the same symbols; `left_part` and `right_part` are their
    differing parts.
    """
    signs = f"{left_part}{right_part}".encode("utf-8", "surrogatepass").translate(None, WORDS_ONLY)
    if not signs:  # the common case
        return True
    left_digits, right_digits = _digits(left_part), _digits(right_part)
    if (
        left_digits != right_digits
        and signs.isascii()
        and "".join(left_digits).replace("0", "") != "".join(right_digits).replace("0", "")
    ):
        return False  # however they are spelled
    if left_digits != right_digits or _have_different_separators(left_part, right_part):
        if numbers(normalised(left_part)) != numbers(normalised(right_part)):  # no number goes beyond a space
            return False
        if sorted(VERSION.findall(left)) != sorted(VERSION.findall(right)):  # 3.1 is not 3.10
            return False
    return not HAS_SYMBOL.search(signs.decode("utf-8", "surrogatepass")) or sorted(SYMBOL.findall(left_part)) == sorted(
        SYMBOL.findall(right_part)
    )


def _have_different_separators(left_part: str, right_part: str) -> bool:
    """Whether the numbers with separators in two parts differ, as 1,000 and 1.000 do; False if one part has more of
    them.
    """
    left_numbers, right_numbers = (SEPARATED_NUMBER.findall(text) for text in (left_part, right_part))
    return len(left_numbers) == len(right_numbers) and left_numbers != right_numbers


def _digits(text: str) -> list[str]:
    """The numbers in a text, as runs of digits."""
    if text.isascii():
        return text.encode().translate(NOT_DIGITS).decode().split()
    return DIGITS.findall(normalised(text))  # subscripts are digits too
