"""Answers that agree on the requested information, whatever their wording: the NLI model alone reports no conflict for
them.

Models often report a contradiction between "scored by none other than the Eagles, a night to remember" and "scored by
the Eagles": of 1,485 pairs of answers in 5,000 real examples, a small model flagged 196, none of which are
contradictions; 195 of these agree.
"""

import re
from functools import lru_cache
from typing import Final

from curate.conflicts.entity_swap import FACTOID
from curate.conflicts.numeric_contradictions import CALCULATION_REQUEST, RESULT, are_about
from curate.conflicts.wording import ASPECTS
from curate.core.text import normalised, words
from curate.language.lexicon import STOPWORDS
from curate.language.names import names
from curate.language.negation import NO, YES, negation_count
from curate.language.precise_requests import asks_yes_or_no
from curate.language.quantities import Quantity, quantities, unmatched
from curate.language.tokens import content_words, plain_words, stem, stems

CONVERSION_REQUEST: Final = re.compile(r"^\W*(?:please )?(?:convert|express)\b", re.IGNORECASE)
ASKED_THING: Final = re.compile(r"\b(?:which|what)\s+(\w+)", re.IGNORECASE)
"""The thing that a question asks for."""
MIN_COVERED_SHARE: Final = 0.6
"""Minimum share of common content words for one answer to contain the other."""


def answers_agree(question: str, left: str, right: str) -> bool:
    """Whether both answers say yes, both say no, or both give a number or a name that the question does not give but
    asks for.
    """
    if (
        any(word.match(left) and word.match(right) for word in (YES, NO))
        or _says_only_more(left, right)
        or _share_a_result(left, right)
    ):
        return True
    return any(asks.search(question) for asks in (FACTOID, CALCULATION_REQUEST, CONVERSION_REQUEST)) and (
        _share_a_number(question, left, right) or _share_a_name(question, left, right)
    )


def answer_different_questions(questions: tuple[str, str], answers: tuple[str, str]) -> bool:
    """Whether each answer repeats words that only its own question has, as for "How many touchdowns ..." and "How many
    interceptions ...", so that they answer different questions.

    False for yes/no questions and for questions about the same kind of thing: "which browsers ...".
    """
    things = [
        {stem(word.lower()) for word in ASKED_THING.findall(question)} - stems(STOPWORDS) for question in questions
    ]
    if questions[0] == questions[1] or any(map(asks_yes_or_no, questions)) or things[0] & things[1]:
        return False
    question_words = [content_words(question) for question in questions]
    words = [content_words(answer) for answer in answers]
    own_words = [(question_words[side] - question_words[1 - side]) & (words[side] - words[1 - side]) for side in (0, 1)]
    words_apart = set(plain_words(questions[0])) ^ set(plain_words(questions[1]))
    aspects = [
        {ASPECTS[word] for word in plain_words(question) if word in words_apart and word in ASPECTS}
        for question in questions
    ]
    return all(own_words) and not aspects[0] & aspects[1]


def _says_only_more(left: str, right: str) -> bool:
    """Whether one answer has all content words and numbers of the other and the same parity of negations, so that it
    only adds information.
    """
    left_words, right_words = content_words(left), content_words(right)
    if not (left_words <= right_words or right_words <= left_words) or len(
        left_words & right_words
    ) < MIN_COVERED_SHARE * len(left_words | right_words):
        return False
    return negation_count(left) % 2 == negation_count(right) % 2 and not all(
        unmatched(quantities(left), quantities(right))
    )


def _share_a_result(left: str, right: str) -> bool:
    """Whether both end with the same result: "The answer is (C)"."""
    return (result := _last_result(left)) is not None and result == _last_result(right)


@lru_cache(4_096)  # each answer is compared with several others
def _last_result(text: str) -> list[str] | None:
    """The words of the last result that a text states (`RESULT`: "the answer is 42"); None if it states none."""
    results = RESULT.findall(text)
    return words(normalised(results[-1])) if results else None


def _share_a_number(question: str, left: str, right: str) -> bool:
    question_values = [(quantity.kind, quantity.unit, quantity.value) for quantity in quantities(question)]

    def own(text: str) -> list[Quantity]:
        """The values that are not in the question; 300 centimetres in the answer differ from three metres in the
        question.
        """
        return [
            quantity
            for quantity in quantities(text)
            if (quantity.kind, quantity.unit, quantity.value) not in question_values
        ]

    left_values, right_values = own(left), own(right)
    return any(
        (left_value.kind == right_value.kind and are_about(left_value, right_value, left, right))
        or (
            (left_value.kind == right_value.kind or {left_value.kind, right_value.kind} & {"number", "celsius"})
            and left_value.same(right_value)
        )
        for left_value in left_values
        for right_value in right_values
    )


def _share_a_name(question: str, left: str, right: str) -> bool:
    question_words = content_words(question)
    name_stems = ({stem(normalised(name)) for name in names(text)} - question_words for text in (left, right))
    return any(
        stems & content_words(other_answer) for stems, other_answer in zip(name_stems, (right, left), strict=True)
    )
