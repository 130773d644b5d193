"""The words of a text: as written, with contractions expanded, or content words only; and the differences between two
texts.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from threading import Lock
from typing import Any, Final

from curate.core.text import UNSPACED, normalised, words
from curate.language.lexicon import STOPWORDS

PIECE: Final = re.compile(r"\w+(?:['’]\w+)*|[-−+]")
"""A word as written, or a sign that changes a number."""
TOKEN: Final = re.compile(r"\w+(?:[-'’.]\w+)*|\s+|[^\w\s]")
QUOTED: Final = re.compile(r"[\"“«‘`][^\"”»’`\n]{1,60}[\"”»’`]|(?<!\w)'[^'\n]{1,60}'(?!\w)")
POSSESSIVE: Final = re.compile(r"['’]s\b")
CONTRACTED: Final = re.compile(
    r"\b(what|who|where|when|how|it|that|there|he|she)'s\b|\b(\w+)n't\b|\b(you|we|they|what)'re\b|\bi'm\b"
)
APOSTROPHE: Final = re.compile(r"\b\w++'\w+")
_STEMMING: Final = Lock()
"""Held while a word is stemmed: the stemmer stores the word in itself and is not thread-safe."""


@lru_cache(32_768)  # each answer is compared with several others
def content_words(text: str) -> frozenset[str]:
    """The stems of a text's words without stopwords."""
    return frozenset(stem(word) for word in words(normalised(POSSESSIVE.sub("", text))) if word not in STOPWORDS)


@lru_cache(65_536)
def stem(word: str) -> str:
    """A word without English endings that do not change its meaning, by Porter's second algorithm."""
    with _STEMMING:
        return str(_stemmer().stemWord(word))


@lru_cache
def stems(listed: frozenset[str]) -> frozenset[str]:
    """The stems of some words, for comparison with `content_words`."""
    return frozenset(map(stem, listed))


@lru_cache(1)
def _stemmer() -> Any:
    from snowballstemmer import stemmer  # only where questions or answers are compared

    return stemmer("english")


def plain_words(text: str) -> list[str]:
    """The words of a text, normalized, with contractions expanded: "isn't" and "cannot" are "is not" and "can not"."""
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


def quoted(text: str) -> list[str]:
    """The quoted texts in a text, normalized, without duplicates, in alphabetical order."""
    return sorted({normalised(match.group()[1:-1]) for match in QUOTED.finditer(text)})


def tokens(text: str) -> list[str]:
    """All of a text in order: words with joined parts (don't, 3.5, well-known), white space, other characters one
    by one. In scripts without spaces between words, characters are words.
    """
    found = TOKEN.findall(text)
    if text.isascii():
        return found
    return [piece for token in found for piece in (token if re.search(UNSPACED, token) else (token,))]


def differing_spans(left: Sequence[str], right: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """The spans in which two sequences of words differ, in order, with start and end in each; the rest, a longest
    common subsequence, is equal.
    """
    from rapidfuzz.distance import Indel  # a few hundredths of a second that few commands need to pay

    i = j = 0
    for block in Indel.opcodes(left, right).as_matching_blocks():
        if block.a > i or block.b > j:
            yield i, block.a, j, block.b
        i, j = block.a + block.size, block.b + block.size
