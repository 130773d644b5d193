"""Names: capitalized words other than at the start of a sentence."""

from typing import Final

from curate.core.lazy import lazy_pattern
from curate.language.lexicon import FILLER_WORDS

NOUNS_CAPITALIZED: Final = "de"
"""The language in which all nouns are capitalized, as ISO 639-1 code."""
SENTENCE_START_MARKS: Final = '.!?¿¡:;…。！？"“«(-*#>|\n'
"""Characters before the first word of a sentence, a list item or a table cell."""
CAPITALIZED_NAME: Final = lazy_pattern(r"(?<!\w)[A-ZÀ-ÖØ-ÞΑ-ΩЀ-Я]\w*(?:[-'’.]\w+)*(?P<more>(?= [A-ZÀ-ÖØ-ÞΑ-ΩЀ-Я]))?")

TITLE: Final = lazy_pattern(r"\b(?:Drs?|Mrs?|Ms|Prof|St|Gen|Capt|Sgt|Lt|Sen|Rep|Rev|Mt)\.$")
"""An abbreviation before a name; its dot does not end a sentence."""


def names(text: str) -> list[str]:
    """The names in a text, in order; at the start of a sentence, only if another capitalized word follows: Jane
    Austen.
    """
    every = CAPITALIZED_NAME.finditer(text)
    return [
        word[0]
        for word in every
        if not starts_sentence(text, word.start())
        or (word["more"] is not None and word[0].casefold() not in FILLER_WORDS)
    ]


def is_name(written: str, text: str) -> bool:
    """Whether a word is written as a name anywhere in the text, or has a capital inside. In scripts without case,
    any word may be a name.
    """
    if written.islower() or not written[0].isalpha():
        return False
    if not written[0].isupper():
        return written.casefold() == written.upper()
    if any(char.isupper() for char in written[1:]):
        return True
    position = text.find(written)
    while position >= 0:
        if not starts_sentence(text, position):
            return True
        position = text.find(written, position + 1)
    return False


def starts_sentence(text: str, position: int) -> bool:
    """Whether a sentence starts at a position of a text."""
    while position and text[position - 1] == " ":
        position -= 1
    if not position or text[position - 1] not in SENTENCE_START_MARKS:
        return not position
    return text[position - 1] != "." or TITLE.search(text, max(0, position - 6), position) is None
