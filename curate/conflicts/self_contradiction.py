"""Contradictions within one conversation: an answer that contradicts an earlier one (X006)."""

from collections.abc import Iterator
from itertools import combinations
from typing import Final, NamedTuple

from curate.conflicts.contradiction_rules import MAX_ANSWER_CHARS
from curate.conflicts.entity_swap import swapped_names
from curate.conflicts.evidence import Evidence
from curate.conflicts.negation import negation, opposite_words
from curate.conflicts.numeric_contradictions import clashing_figures
from curate.conflicts.question import POLITE_WORDS, questions_of
from curate.core.example import Example
from curate.language.sentences import Aligned, aligned_sentences, is_code
from curate.language.tokens import content_words, stems

SAME_SENTENCE_SHARE: Final = 0.75
"""Minimum share of content words, without numbers, in common for two sentences of one conversation to be about the same
thing.
"""
PRECISION: Final = 0.5
"""Precision of such a finding; the topic of the conversation may have changed."""


class SelfContradiction(NamedTuple):
    """Two answers of one conversation, by position among the messages, and the evidence that they contradict each
    other.
    """

    earlier: int
    later: int
    evidence: Evidence


def contradictions_within(example: Example) -> Iterator[SelfContradiction]:
    """Pairs of answers of a conversation that cannot both be true, by rules; for each later answer, the first pair."""
    answers = [
        (question.turn, question.answer[:MAX_ANSWER_CHARS], question.request)
        for question in questions_of(example)
        if not is_code(question.answer)
    ]
    reported = set()
    for (earlier, answer, request), (later, later_answer, later_request) in combinations(answers, 2):
        if later in reported:
            continue
        # "And in 2008?" asks for another number, "Are you sure?" for the same one.
        asks_more = bool(content_words(later_request) - content_words(f"{request}\n{answer}") - stems(POLITE_WORDS))
        evidence = _contradiction(f"{request}\n{later_request}", answer, later_answer, facts=not asks_more)
        if evidence is not None:
            reported.add(later)
            yield SelfContradiction(earlier, later, evidence)


def _contradiction(requests: str, left: str, right: str, *, facts: bool) -> Evidence | None:
    """The first contradiction between two answers, or None; without `facts`, only negations and opposites."""
    for pair in aligned_sentences(left, right):
        if pair.left == pair.right or _shared_words(pair) < SAME_SENTENCE_SHARE:
            continue
        for source, rule in (
            ("negation", negation),
            ("opposites", opposite_words),
            *([("values", swapped_names)] if facts else []),
        ):
            if words := rule(pair):
                return Evidence(source, *words, PRECISION)
        if facts and (figures := clashing_figures(requests, pair.left, pair.right, [pair])):
            return Evidence(*figures, PRECISION)
    return None


def _shared_words(pair: Aligned) -> float:
    """The Jaccard similarity of the content words of two sentences, numbers aside."""
    left_words, right_words = (
        {word for word in content_words(text) if not word[0].isdigit()} for text in (pair.left, pair.right)
    )
    return len(left_words & right_words) / max(1, len(left_words | right_words))
