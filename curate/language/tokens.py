"""The words of a text: with what is joined to them, with contractions written out, or those alone that carry its meaning."""

import re
from functools import lru_cache
from typing import Final

from curate.language.lexicon import STOPWORDS
from curate.text import normalised, words

PIECE: Final = re.compile(r"\w+(?:['’]\w+)*|[-−+]")
"""A word as it is written, or a sign that changes a number."""
POSSESSIVE: Final = re.compile(r"['’]s\b")
CONTRACTED: Final = re.compile(r"\b(what|who|where|when|how|it|that|there|he|she)'s\b|\b(\w+)n't\b|\b(you|we|they|what)'re\b|\bi'm\b")
APOSTROPHE: Final = re.compile(r"\b\w++'\w+")


@lru_cache(4_096)  # each answer is compared with several others
def content_words(text: str) -> frozenset[str]:
    """The stems of a text's words without stopwords."""
    return frozenset(stem(word) for word in words(normalised(POSSESSIVE.sub("", text))) if word not in STOPWORDS)


def stem(word: str) -> str:
    """A word without the ending of a plural or a verb, if three letters or more are left."""
    for ending in ("ing", "es", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def plain_words(text: str) -> list[str]:
    """The words of a text, normalised, with contractions written out: "isn't" and "cannot" are "is not" and "can not"."""
    text = normalised(text).replace("’", "'").replace("cannot", "can not")
    if "'" in text:
        text = APOSTROPHE.sub(lambda match: CONTRACTED.sub(_written_out, match.group()), text)
    return words(text)


def _written_out(match: re.Match[str]) -> str:
    whose, denied, are = match.groups()
    if whose:
        return f"{whose} is"
    if denied:
        return {"ca": "can", "wo": "will", "sha": "shall", "ai": "is"}.get(denied, denied) + " not"
    return f"{are} are" if are else "i am"
