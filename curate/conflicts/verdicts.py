"""Whether answers of several sentences say that something is allowed, possible or advisable, or that it is not."""

import re
from functools import lru_cache
from operator import itemgetter
from typing import Final, NamedTuple

from curate.conflicts.requested_amounts import MAX_WORDS, are_of_one_topic, word_count
from curate.conflicts.requested_kinds import QUESTION_MARKS, asked_kinds, asked_part
from curate.language.negation import negation_count
from curate.language.precise_requests import verdict_language
from curate.language.quantity_translation import language_of
from curate.language.sentences import sentences
from curate.language.tokens import content_words
from curate.language.verdict_words import (
    DENIED,
    EXPLICIT_NO,
    EXPLICIT_YES,
    GRANTED,
    NEED_QUESTION,
    NEEDED,
    NOT_NEEDED,
    OPENING_DENIED,
    OPENING_GRANTED,
    QUESTION_WORD,
    WISH,
)

VERDICT_PRECISION: Final = 0.85
"""Precision of opposite verdicts."""
OPENING_SENTENCES: Final = 1
"""Number of first sentences whose first words may grant or deny."""
NEAR_SENTENCES: Final = 2
"""Number of first sentences in which an expression that grants need not share a word with the request: later ones often
say what else is possible.
"""
ASKS: Final = re.compile(r"[?？]|吗|[可能是]否|ですか|ますか")
ASKS_IN_CHINESE: Final = re.compile(r"吗|[么吧嘛][?？]|[是能可会]否|(\w)[不没]\1|有没有|(?:没有?|不)[?？]")
"""What every Chinese question for yes or no has; others are noun phrases ("你的名字？") or ask for a choice."""
BOTH_WAYS: Final = re.compile(r"(\w)不\1")
"""A Chinese verb with its negation, which asks: "can or cannot"."""
SENTENCE_END: Final = re.compile(r"(?<=[。！？।؟])|(?<=[.!])\s+(?=[\u0621-\u064a\u0904-\u0939])")
"""Ends of sentences that no space, or no capital letter, follows."""
CHAINED: Final = frozenset(("zh", "ja"))
"""Languages whose sentences have many clauses."""


class AnswerVerdict(NamedTuple):
    """The verdict of an answer about the request."""

    sign: int
    """1 for allowed, possible or advisable, or for required, -1 for the opposite, 0 for neither or both."""
    words: str
    """The expression that says so."""


UNDECIDED: Final = AnswerVerdict(0, "")


def opposite_verdicts(requests: tuple[str, str], answers: tuple[str, str]) -> tuple[str, str] | None:
    """The expressions by which one answer grants and the other denies what both requests ask about with yes or no.

    At least one answer must have more than `MIN_WORDS` words, unless the language is one of `VERDICT_QUESTION`. None
    for other answers.
    """
    left_verdict, right_verdict = _verdicts(requests, answers)
    return (left_verdict.words, right_verdict.words) if left_verdict.sign * right_verdict.sign < 0 else None


def verdicts_agree(requests: tuple[str, str], answers: tuple[str, str]) -> bool:
    """Whether both answers grant, or both deny, what both requests ask about with yes or no."""
    left_verdict, right_verdict = _verdicts(requests, answers)
    return left_verdict.sign * right_verdict.sign > 0


def _verdicts(requests: tuple[str, str], answers: tuple[str, str]) -> tuple[AnswerVerdict, AnswerVerdict]:
    """The verdicts of both answers; `UNDECIDED` if the requests ask for none or the answers are brief or too long."""
    languages = set(map(verdict_language, requests))
    language = languages.pop() if len(languages) == 1 else ""
    if max(map(word_count, answers)) > MAX_WORDS or not (
        language or (are_of_one_topic(*answers) and all(map(asks_for_a_verdict, requests)))
    ):
        return UNDECIDED, UNDECIDED
    parts = [BOTH_WAYS.sub(r"\1", asked_part(request)) for request in requests]
    language, need = language or language_of("\n".join(answers)), {bool(NEED_QUESTION.search(part)) for part in parts}
    if len(need) > 1 or any(DENIED[language].search(part) for part in parts):
        return UNDECIDED, UNDECIDED  # "would it be impossible", "is it forbidden"
    both = "\n".join(parts)
    left, right = answers
    return verdict(left, both, language, need=True in need), verdict(right, both, language, need=True in need)


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())


@lru_cache(16_384)
def asks_for_a_verdict(request: str) -> bool:
    """Whether a request is a question for yes or no: without a question word, in Chinese with a word that asks so, and
    not for an amount.
    """
    part = asked_part(request)
    if not ASKS.search(part) or (language_of(part) == "zh" and not ASKS_IN_CHINESE.search(part)):
        return False
    return not QUESTION_WORD.search(part) and not asked_kinds(part)


@lru_cache(16_384)
def verdict(answer: str, request: str, language: str, *, need: bool) -> AnswerVerdict:
    """The verdict with which an answer opens; else that of the first sentence with an expression that grants or denies,
    or with `need`, that says whether something is required; that of neither if a sentence with more words of `request`
    says the opposite. What the writer wishes to say does not count.
    """
    positive, negative = (NEEDED[language], NOT_NEEDED[language]) if need else (GRANTED[language], DENIED[language])
    verdicts: list[tuple[int, AnswerVerdict]] = []
    if match := EXPLICIT_YES.match(answer):
        return AnswerVerdict(1, match.group().strip())
    is_negated = negation_count(request) > 0  # "can I not"
    if not is_negated and (match := EXPLICIT_NO.match(answer)):
        return AnswerVerdict(-1, match.group().strip())
    request_words = content_words(positive.sub(" ", negative.sub(" ", request)))
    parts = [part for whole in sentences(answer) for part in SENTENCE_END.split(whole)]
    for position, part in enumerate(parts):
        if part.rstrip().endswith((*QUESTION_MARKS, "؟")):
            continue
        sentence = BOTH_WAYS.sub(" ", WISH.sub(" ", part))
        if position < OPENING_SENTENCES and not need:
            denies = OPENING_DENIED[language].match(sentence)
            grants = None if denies else OPENING_GRANTED[language].match(sentence)
            if not (is_negated or denies or grants or positive.match(sentence)):
                denies = negative.match(sentence)
            if opening := denies or grants:  # how it opens is the answer
                return AnswerVerdict(1 if grants else -1, opening.group().strip())
        denied = negative.search(sentence)
        granted = positive.search(negative.sub(_blank, sentence))
        if denied and granted and language in CHAINED:  # the first clause answers
            denied, granted = (denied, None) if denied.start() < granted.start() else (None, granted)
        if match := denied or granted:
            shared = len(request_words & content_words(sentence))
            if not (denied or shared) and position >= NEAR_SENTENCES:
                continue
            verdicts.append((shared, AnswerVerdict(bool(granted) - bool(denied), match.group().strip())))
    if not verdicts:
        return UNDECIDED
    nearest, first = max(verdicts, key=itemgetter(0)), verdicts[0]
    return first[1] if nearest[0] == first[0] or nearest[1].sign * first[1].sign >= 0 else UNDECIDED
