"""Whether answers of several sentences say that something is allowed, possible or advisable, or that it is not."""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from curate.conflicts.requested_amounts import MAX_WORDS, word_count
from curate.conflicts.requested_kinds import QUESTION_MARKS, UNSPACED_END, asked_kinds, asked_part
from curate.language.precise_requests import MAX_BRIEF_WORDS
from curate.language.quantity_translation import language_of
from curate.language.sentences import sentences
from curate.language.verdict_words import DENIED, GRANTED, QUESTION_WORD

VERDICT_PRECISION: Final = 0.85
"""Precision of opposite verdicts."""
ASKS: Final = re.compile(r"[?？]|吗|ですか|ますか")


class Verdict(NamedTuple):
    """The verdict of an answer about the request."""

    sign: int
    """1 for allowed, possible or advisable, -1 for the opposite, 0 for neither or both."""
    words: str
    """The expression that says so."""


def opposite_verdicts(requests: tuple[str, str], answers: tuple[str, str]) -> tuple[str, str] | None:
    """The expressions by which one answer grants and the other denies what both requests ask about with yes or no.

    At least one answer must have more than `MAX_BRIEF_WORDS` words. None for other answers.
    """
    sizes = [word_count(answer) for answer in answers]
    if max(sizes) <= MAX_BRIEF_WORDS or max(sizes) > MAX_WORDS or not all(map(asks_for_a_verdict, requests)):
        return None
    language = language_of("\n".join(answers))
    if any(DENIED[language].search(request) for request in requests):
        return None  # "would it be impossible", "is it forbidden"
    left_verdict, right_verdict = (verdict(answer, language) for answer in answers)
    return (left_verdict.words, right_verdict.words) if left_verdict.sign * right_verdict.sign < 0 else None


@lru_cache(16_384)
def asks_for_a_verdict(request: str) -> bool:
    """Whether a request is a question without a question word, and asks for no amount."""
    part = asked_part(request)
    return bool(ASKS.search(part)) and not QUESTION_WORD.search(part) and not asked_kinds(part)


@lru_cache(16_384)
def verdict(answer: str, language: str) -> Verdict:
    """The verdict of the first sentence with an expression that grants or denies."""
    for part in sentences(answer):
        for sentence in UNSPACED_END.split(part):
            if sentence.rstrip().endswith(QUESTION_MARKS):
                continue
            denied = DENIED[language].search(sentence)
            granted = GRANTED[language].search(DENIED[language].sub(" ", sentence))
            if denied and granted:
                return Verdict(0, "")
            if match := denied or granted:
                return Verdict(-1 if denied else 1, match.group().strip())
    return Verdict(0, "")
