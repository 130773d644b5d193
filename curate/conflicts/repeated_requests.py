"""Contradictory answers to equal requests, by the rules that need no model: yes and no, numbers, dates."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from curate.conflicts.evidence import Evidence
from curate.conflicts.negation import yes_no_openings
from curate.conflicts.question import Question, question_of
from curate.core.example import Example
from curate.language.negation import OTHER_YES
from curate.language.precise_requests import asks_for_amount, asks_yes_or_no, is_brief, verdict_language


def contradictory_pairs(examples: Sequence[Example]) -> Iterator[tuple[Example, Example, Evidence]]:
    """The examples with one request that contradict an earlier one: the earlier one, the example and the evidence."""
    questions = [question for example in examples if (question := question_of(example)) is not None]
    if not questions or questions[0].is_open:
        return
    reported = set[int]()
    for (_, left), (second, right) in combinations(enumerate(questions), 2):
        if second not in reported and (evidence := _precise_evidence(left, right)) is not None:
            reported.add(second)
            yield left.example, right.example, evidence


def _precise_evidence(left: Question, right: Question) -> Evidence | None:
    """An explicit yes against an explicit no, in English if the request asks for it, in Arabic and Hindi any opposite
    verdicts, or two requested amounts or times; None without such a contradiction.

    `curate.lint.rules.example_summary.may_contradict` tells in advance which groups of answers can have one.
    """
    sources = set[str]()
    if verdict_language(left.request) or (
        yes_no_openings(left.answer, right.answer) is not None
        and (asks_yes_or_no(left.request) or any(OTHER_YES.match(side.answer) for side in (left, right)))
    ):
        sources.add("polarity")
    if is_brief(left.answer) and is_brief(right.answer) and asks_for_amount(left.request):
        sources |= {"numbers", "dates"}
    if not sources:  # the common case
        return None
    from curate.conflicts.candidate_pairs import Nominee  # these take some tenths of a second to import
    from curate.conflicts.judging import by_rules

    return next(
        (evidence for evidence in by_rules(Nominee(left, right, 1.0)).evidence if evidence.source in sources), None
    )
