"""Detect the scripts of a text by its letters. Unlike language identification, this needs no model."""

import unicodedata
from collections import Counter
from functools import cache
from typing import Final

ASCII_LETTERS: Final = bytes(range(ord("A"), ord("Z") + 1)) + bytes(range(ord("a"), ord("z") + 1))
# The first word of a letter's Unicode name is its script, where that word is one of these.
SCRIPTS: Final = frozenset(
    """LATIN GREEK COPTIC CYRILLIC ARMENIAN HEBREW ARABIC SYRIAC THAANA DEVANAGARI BENGALI GURMUKHI GUJARATI ORIYA TAMIL TELUGU KANNADA MALAYALAM SINHALA
    THAI LAO TIBETAN MYANMAR GEORGIAN HANGUL ETHIOPIC CHEROKEE KHMER MONGOLIAN HIRAGANA KATAKANA BOPOMOFO CJK YI JAVANESE BALINESE TIFINAGH""".split()  # noqa: E501, SIM905
)
OTHER: Final = "Other"


def letters(text: str) -> Counter[str]:
    """The number of letters of each script in a text; digits, signs and marks have no script."""
    if text.isascii():
        data = text.encode()
        count = len(data) - len(data.translate(None, ASCII_LETTERS))
        return Counter({"Latin": count}) if count else Counter()
    found: Counter[str] = Counter()
    for char, count in Counter(text).items():
        if script := script_of(char):
            found[script] += count
    return found


@cache
def script_of(char: str) -> str:
    """The script of a letter; empty for other characters."""
    if not char.isalpha():
        return ""
    words = unicodedata.name(char, "").split()
    word = next((word for word in words[:2] if word in SCRIPTS), "") if words else ""
    return "Han" if word == "CJK" else word.title() or OTHER
