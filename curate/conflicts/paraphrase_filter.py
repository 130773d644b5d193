"""Answers that agree in what was asked for, however else they are worded: the NLI model's word alone makes no conflict
of them.

Models call "scored by none other than the Eagles, a night to remember" and "scored by the Eagles" a contradiction more
often than one would think: of 1,485 pairs of answers in 5,000 real examples a small model flagged 196, none of which
clash; 195 of these agree.
"""

import re
from functools import lru_cache
from typing import Final

from curate.conflicts.answer_polarity import asks_yes_or_no
from curate.conflicts.entity_swap import FACTOID
from curate.conflicts.numeric_contradictions import CALCULATION_REQUEST, RESULT, are_about
from curate.conflicts.wording import ASPECTS
from curate.core.text import normalised, words
from curate.language.lexicon import STOPWORDS
from curate.language.names import names
from curate.language.negation import NO, YES, negation_count
from curate.language.quantities import Quantity, quantities, unmatched
from curate.language.tokens import content_words, plain_words, stem, stems

CONVERSION_REQUEST: Final = re.compile(r"^\W*(?:please )?(?:convert|express)\b", re.IGNORECASE)
ASKED_THING: Final = re.compile(r"\b(?:which|what)\s+(\w+)", re.IGNORECASE)
"""What a question asks for."""
MIN_COVERED_SHARE: Final = 0.6
"""Share of common words of meaning from which one answer says what the other says, and more."""


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


def answer_their_own(questions: tuple[str, str], answers: tuple[str, str]) -> bool:
    """Whether each answer repeats what only its own question asks for, as with "How many touchdowns ..." and "How many
    interceptions ...": then they answer two questions.

    Not decided for questions that ask for yes or no, and those for one thing: "which browsers ...".
    """
    things = [
        {stem(word.lower()) for word in ASKED_THING.findall(question)} - stems(STOPWORDS) for question in questions
    ]
    if questions[0] == questions[1] or any(map(asks_yes_or_no, questions)) or things[0] & things[1]:
        return False
    asked = [content_words(question) for question in questions]
    words = [content_words(answer) for answer in answers]
    own = [(asked[side] - asked[1 - side]) & (words[side] - words[1 - side]) for side in (0, 1)]
    words_apart = set(plain_words(questions[0])) ^ set(plain_words(questions[1]))
    aspects = [
        {ASPECTS[word] for word in plain_words(question) if word in words_apart and word in ASPECTS}
        for question in questions
    ]
    return all(own) and not aspects[0] & aspects[1]


def _says_only_more(left: str, right: str) -> bool:
    """Whether one answer has all words of meaning and all numbers of the other, and the same number of negations:
    it may add something and denies nothing.
    """
    mine, others = content_words(left), content_words(right)
    if not (mine <= others or others <= mine) or len(mine & others) < MIN_COVERED_SHARE * len(mine | others):
        return False
    return negation_count(left) % 2 == negation_count(right) % 2 and not all(
        unmatched(quantities(left), quantities(right))
    )


def _share_a_result(left: str, right: str) -> bool:
    """Whether both end with the same result: "The answer is (C)"."""
    return (result := _last_result(left)) is not None and result == _last_result(right)


@lru_cache(4_096)  # each answer is compared with several others
def _last_result(text: str) -> list[str] | None:
    """The words of the last result that a text states."""
    found = RESULT.findall(text)
    return words(normalised(found[-1])) if found else None


def _share_a_number(question: str, left: str, right: str) -> bool:
    given = [(quantity.kind, quantity.unit, quantity.value) for quantity in quantities(question)]

    def own(text: str) -> list[Quantity]:
        """The values that are not in the question; 300 centimetres in the answer differ from three metres in the
        question.
        """
        return [
            quantity for quantity in quantities(text) if (quantity.kind, quantity.unit, quantity.value) not in given
        ]

    mine, others = own(left), own(right)
    return any(
        (one.kind == other.kind and are_about(one, other, left, right))
        or ((one.kind == other.kind or {one.kind, other.kind} & {"number", "celsius"}) and one.same(other))
        for one in mine
        for other in others
    )


def _share_a_name(question: str, left: str, right: str) -> bool:
    asked = content_words(question)
    named = ({stem(normalised(name)) for name in names(text)} - asked for text in (left, right))
    return any(some & content_words(other) for some, other in zip(named, (right, left), strict=True))
