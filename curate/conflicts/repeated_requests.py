"""Contradictory answers to equal requests, by the rules that need no model: yes and no, numbers, dates."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final

from curate.conflicts.answer_polarity import asks_yes_or_no
from curate.conflicts.candidate_pairs import Nominee
from curate.conflicts.evidence import Evidence
from curate.conflicts.judging import by_rules
from curate.conflicts.negation import yes_no_openings
from curate.conflicts.numeric_contradictions import AMOUNT_QUESTION
from curate.conflicts.question import Question, question_of
from curate.core.example import Example

MAX_ANSWER_WORDS: Final = 30
"""Number of words of an answer up to which its numbers are what was asked for."""


def contradictory_pairs(examples: Sequence[Example]) -> Iterator[tuple[Example, Example, Evidence]]:
    """The examples with one request that contradict an earlier one: the earlier one, the example and the evidence."""
    asked = [question for example in examples if (question := question_of(example)) is not None]
    if not asked or asked[0].is_open:
        return
    reported = set[int]()
    for (_, left), (second, right) in combinations(enumerate(asked), 2):
        if second in reported:
            continue
        evidence = next(
            (found for found in by_rules(Nominee(left, right, 1.0)).evidence if _is_precise(found, left, right)), None
        )
        if evidence is not None:
            reported.add(second)
            yield left.example, right.example, evidence


def _is_precise(evidence: Evidence, left: Question, right: Question) -> bool:
    """Whether evidence is a yes and a no that are said outright, or two amounts or times that were asked for."""
    if evidence.source == "polarity":
        return asks_yes_or_no(left.request) and yes_no_openings(left.answer, right.answer) is not None
    return (
        evidence.source in ("numbers", "dates")
        and AMOUNT_QUESTION.search(left.request) is not None
        and max(len(answer.split()) for answer in (left.answer, right.answer)) <= MAX_ANSWER_WORDS
    )
