"""Contradictions within one conversation: an answer that says the opposite of an earlier one (X006)."""

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
"""Share of words of meaning, numbers apart, in common from which two sentences of one conversation speak of the same
thing.
"""
PRECISION: Final = 0.5
"""Of such a finding; what the conversation is about may have changed."""


class SelfContradiction(NamedTuple):
    """Two answers of one conversation, by position among the messages, and what clashes."""

    earlier: int
    later: int
    evidence: Evidence


def contradictions_within(example: Example) -> Iterator[SelfContradiction]:
    """The pairs of answers of a conversation that cannot both hold, by rules alone; of each later answer the first
    one.
    """
    answers = [
        (question.turn, question.answer[:MAX_ANSWER_CHARS], question.request)
        for question in questions_of(example)
        if not is_code(question.answer)
    ]
    seen = set()
    for (earlier, answer, asked), (later, said_later, asked_later) in combinations(answers, 2):
        if later in seen:
            continue
        # "And in 2008?" wants another number, "Are you sure?" the same one.
        asks_more = bool(content_words(asked_later) - content_words(f"{asked}\n{answer}") - stems(POLITE_WORDS))
        found = _contradiction(f"{asked}\n{asked_later}", answer, said_later, facts=not asks_more)
        if found is not None:
            seen.add(later)
            yield SelfContradiction(earlier, later, found)


def _contradiction(asked: str, left: str, right: str, *, facts: bool) -> Evidence | None:
    """What clashes in two answers; with `facts` off, only what one denies of the other."""
    for pair in aligned_sentences(left, right):
        if pair.left == pair.right or _overlap(pair) < SAME_SENTENCE_SHARE:
            continue
        for source, rule in (
            ("negation", negation),
            ("opposites", opposite_words),
            *([("values", swapped_names)] if facts else []),
        ):
            if found := rule(pair):
                return Evidence(source, *found, PRECISION)
        if facts and (figures := clashing_figures(asked, pair.left, pair.right, [pair])):
            return Evidence(*figures, PRECISION)
    return None


def _overlap(pair: Aligned) -> float:
    mine, others = ({word for word in content_words(text) if not word[0].isdigit()} for text in (pair.left, pair.right))
    return len(mine & others) / max(1, len(mine | others))
