"""The words of a text: as written, with contractions expanded, without polite phrases, or content words only; and the
differences between two texts.

Without politeness, "Hi! Could you please tell me: what's the capital of Peru? Thanks!" is the same request as "What is
the capital of Peru".
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from threading import Lock
from typing import Any, Final

from curate.core.lazy import lazy_pattern
from curate.core.text import normalised, split_unspaced, words
from curate.language.lexicon import FILLER_WORDS, QUESTION_WORDS, STOPWORDS

WORD_OR_SIGN: Final = lazy_pattern(r"\w+(?:['’]\w+)*|[-−+]")
"""A word as written, or a sign that changes a number."""
TOKEN: Final = lazy_pattern(r"\w+(?:[-'’.]\w+)*|\s+|[^\w\s]")
QUOTED_TEXT: Final = lazy_pattern(r"[\"“«‘`][^\"”»’`\n]{1,60}[\"”»’`]|(?<!\w)'[^'\n]{1,60}'(?!\w)")
POSSESSIVE: Final = lazy_pattern(r"['’]s\b")
CONTRACTION: Final = lazy_pattern(
    r"\b(what|who|where|when|how|it|that|there|he|she)'s\b|\b(\w+)n't\b|\b(you|we|they|what)'re\b|\bi'm\b"
)
APOSTROPHE: Final = lazy_pattern(r"\b\w++'\w+")
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
        text = APOSTROPHE.sub(lambda match: CONTRACTION.sub(_written_out, match.group()), text)
    return words(text)


def _written_out(match: re.Match[str]) -> str:
    subject, negated, are = match.groups()
    if subject:
        return f"{subject} is"
    if negated:
        return {"ca": "can", "wo": "will", "sha": "shall", "ai": "is"}.get(negated, negated) + " not"
    return f"{are} are" if are else "i am"


def quoted_texts(text: str) -> list[str]:
    """The quoted texts in a text, normalized, without duplicates, in alphabetical order."""
    return sorted({normalised(match.group()[1:-1]) for match in QUOTED_TEXT.finditer(text)})


def tokens(text: str) -> list[str]:
    """The tokens of a text in order: words with joined parts (don't, 3.5, well-known), white space, and other
    characters one by one. In scripts without spaces between words, each character is a word.
    """
    pieces = TOKEN.findall(text)
    return pieces if text.isascii() else split_unspaced(pieces)


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


ASCII_LETTERS: Final = bytes(range(ord("A"), ord("Z") + 1)) + bytes(range(ord("a"), ord("z") + 1))
# The first word of a letter's Unicode name is its script, where that word is one of these.
SCRIPTS: Final = frozenset(
    """LATIN GREEK COPTIC CYRILLIC ARMENIAN HEBREW ARABIC SYRIAC THAANA DEVANAGARI BENGALI GURMUKHI GUJARATI ORIYA TAMIL TELUGU KANNADA MALAYALAM SINHALA
    THAI LAO TIBETAN MYANMAR GEORGIAN HANGUL ETHIOPIC CHEROKEE KHMER MONGOLIAN HIRAGANA KATAKANA BOPOMOFO CJK YI JAVANESE BALINESE TIFINAGH""".split()  # noqa: E501, SIM905
)
OTHER_SCRIPT: Final = "Other"


def letters(text: str) -> Counter[str]:
    """The number of letters of each script in a text; digits, signs and marks have no script."""
    if text.isascii():
        count = _ascii_letters(text)
        return Counter({"Latin": count}) if count else Counter()
    counts: Counter[str] = Counter()
    for char, count in Counter(text).items():
        if script := script_of(char):
            counts[script] += count
    return counts


def letter_count(text: str) -> int:
    """The number of letters in a text."""
    return _ascii_letters(text) if text.isascii() else letters(text).total()


def _ascii_letters(text: str) -> int:
    """The number of letters in an ASCII text."""
    data = text.encode()
    return len(data) - len(data.translate(None, ASCII_LETTERS))


def main_script(text: str) -> str:
    """The script of most letters of a text; empty for a text without letters."""
    if text.isascii():
        return "Latin" if _ascii_letters(text) else ""
    counts = letters(text)
    return min(counts, key=lambda name: (-counts[name], name)) if counts else ""


@cache
def script_of(char: str) -> str:
    """The script of a letter; empty for other characters."""
    if not char.isalpha():
        return ""
    words = unicodedata.name(char, "").split()
    word = next((word for word in words[:2] if word in SCRIPTS), "") if words else ""
    return "Han" if word == "CJK" else word.title() or OTHER_SCRIPT


POLITE_START: Final = lazy_pattern(
    r"""^(?:\W*(?:hi(?:\ there)?|hello|hey|good\ (?:morning|afternoon|evening)|(?:a\ )?quick\ question|question|please|kindly|thanks|ok(?:ay)?|so|well
      | sorry|excuse\ me
      | i\ (?:have|had)\ a\ (?:quick\ )?question|i(?:'d|\ would)\ (?:like|love|want)\ to\ (?:know|ask)(?:\ (?:this|you|something))?
      | i\ (?:want|need)\ to\ know(?:\ this)?|i(?:'m|\ am|\ was)\ (?:just\ )?(?:wondering|curious)|just\ (?:wondering|curious)
      | (?:can|could|would|will)\ you\ (?:please\ |kindly\ )?(?:tell\ me|let\ me\ know)|(?:can|could|would|will)\ you\ (?:please|kindly)
      | do\ you\ (?:happen\ to\ )?know(?=,?\ (?:who|whom|whose|what|which|where|when|why|how|if|whether)\b)|tell\ me|let\ me\ know|any\ idea
    )\b[\s,.:;!?-]*)+""",  # noqa: E501
    re.VERBOSE,
)
POLITE_END: Final = lazy_pattern(
    r"(?:[\s,.!?]*\b(?:please|thanks(?: a lot| in advance| so much)?|thank you(?: so much| very much)?|cheers))+[\s.!?]*$"  # noqa: E501
)
POLITE_END_WORDS: Final = ("please", "thanks", "lot", "advance", "much", "you", "cheers")
"""Last characters of polite phrases at the end."""
ARTICLES: Final = frozenset(("a", "an", "the"))
MIN_WORDS: Final = 2
"""Number of content words and interrogatives below which the whole request may be a polite phrase."""


def without_politeness(request: str) -> str:
    """The words of a request without politeness before and after it, articles, punctuation and contractions.

    Politeness is kept if fewer than `MIN_WORDS` content words would be left: "Sorry bot" and "Good evening bot" are
    different requests.
    """
    plain = normalised(request).replace("’", "'")
    bare = POLITE_START.sub("", plain, count=1)
    if bare.rstrip(" .!?").endswith(POLITE_END_WORDS):  # seldom, and looking for more takes long
        bare = POLITE_END.sub("", bare, count=1)
    left = _words_without_articles(bare)
    if bare != plain and sum(word not in FILLER_WORDS or word in QUESTION_WORDS for word in left) < MIN_WORDS:
        left = _words_without_articles(plain)
    return " ".join(left) or plain


def _words_without_articles(text: str) -> list[str]:
    return [word for word in plain_words(text) if word not in ARTICLES]
