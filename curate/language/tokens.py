"""The words of a text: as they are written, with contractions written out, or those alone that carry its meaning; and where those of two texts differ."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from curate.language.lexicon import STOPWORDS
from curate.text import UNSPACED, normalised, words

PIECE: Final = re.compile(r"\w+(?:['’]\w+)*|[-−+]")
"""A word as it is written, or a sign that changes a number."""
TOKEN: Final = re.compile(r"\w+(?:[-'’.]\w+)*|\s+|[^\w\s]")
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


def tokens(text: str) -> list[str]:
    """All of a text in order: words with what is joined to them (don't, 3.5, well-known), white space, other characters one by one.

    In scripts without spaces between words, characters are words.
    """
    found = TOKEN.findall(text)
    if text.isascii():
        return found
    return [piece for token in found for piece in (token if re.search(UNSPACED, token) else (token,))]


def changes(left: Sequence[str], right: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """Where two sequences of words differ, in order, from and to in each; all else, a longest common subsequence, is equal."""
    from rapidfuzz.distance import Indel  # a few hundredths of a second that few commands need to pay

    i = j = 0
    for block in Indel.opcodes(left, right).as_matching_blocks():
        if block.a > i or block.b > j:
            yield i, block.a, j, block.b
        i, j = block.a + block.size, block.b + block.size
