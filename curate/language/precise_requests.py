"""Requests for yes or no and for an amount or a time, and answers that say little else."""

import re
from functools import lru_cache
from typing import Final

from curate.core.lazy import lazy_pattern
from curate.language.sentences import sentences
from curate.language.verdict_words import VERDICT_QUESTION

YES_NO_QUESTION: Final = lazy_pattern(
    r"^\W*(?:(?:hi|hello|hey|please|so|and|but|also|then)\b\W*)*"
    r"(?:(?:if|when|in|on|at|for|with|under|during)\b[^,?]{1,80}, ?)?"
    r"(?:is|are|am|was|were|do|does|did|can|could|will|would|should|shall|must|may|might|has|have|had)\b",
    re.IGNORECASE,
)
EITHER_OR: Final = lazy_pattern(r"\bor\b", re.IGNORECASE)
"""A question about two alternatives cannot be answered with yes or no."""
AMOUNT_QUESTION: Final = lazy_pattern(
    r"^\W*(?:when|(?:at )?what (?:time|date|year|day))\b"
    r"|\b(?:how (?:long|much|many|far|old|tall|high|big|large|heavy|fast|often|wide|deep)|price|costs?|fee|rate"
    r"|deposit|limit|max(?:imum)?|min(?:imum)?|size|length|height|weight|age|population|distance|speed|duration|period|deadline"
    r"|temperature|warranty|boiling point|freezing point|melting point)\b",
    re.IGNORECASE,
)
"""Asks for an amount, or for a time."""
MAX_BRIEF_WORDS: Final = 30
"""Number of words up to which an answer contains little besides the requested information, such as an amount."""
COUNTED_CHARS: Final = 1_000
"""Number of first characters of an answer in which words are counted first: most answers have more words there."""


@lru_cache(16_384)  # each question is compared with several others
def asks_yes_or_no(request: str) -> bool:
    """Whether the last sentence of a request asks for yes or no."""
    questions = [sentence for sentence in sentences(request) if sentence.endswith("?")] or [request]
    return YES_NO_QUESTION.match(questions[-1]) is not None and EITHER_OR.search(questions[-1]) is None


@lru_cache(16_384)
def verdict_language(request: str) -> str:
    """The language of `VERDICT_QUESTION` in which a request asks for yes or no; empty for other requests."""
    if request.isascii():
        return ""
    return next((language for language, pattern in VERDICT_QUESTION.items() if pattern.match(request)), "")


def asks_for_amount(request: str) -> bool:
    """Whether a request asks for an amount or a time."""
    return AMOUNT_QUESTION.search(request) is not None


def is_brief(answer: str) -> bool:
    """Whether an answer may be only the requested amount."""
    if len(answer[:COUNTED_CHARS].split(None, MAX_BRIEF_WORDS)) > MAX_BRIEF_WORDS:
        return False
    return len(answer) <= COUNTED_CHARS or len(answer.split(None, MAX_BRIEF_WORDS)) <= MAX_BRIEF_WORDS
