"""Answers of which a language-inference model's word alone makes no contradiction: lists, hedged ones, and passages
that do not answer the question.
"""

import re
from typing import Final

from curate.conflicts.answer_polarity import HEDGED
from curate.language.sentences import sentences
from curate.language.tokens import content_words

POINT: Final = re.compile(r"(?m)^\s*(?:[-*•]|\(?\d{1,2}[.)])\s+\S")
POINTS: Final = 3
"""Points of an answer that is a list."""
PASSAGE: Final = 40
"""Words from which an answer that has no word of the question is about something else."""
CREATIVE: Final = re.compile(
    r"\b(?:tips|steps|ideas?|plan|itinerary|recipe|email|letter|paragraph|article|script|lyrics|dialogue|caption|headline|title|name for|advice"  # noqa: E501
    r"|strateg(?:y|ies)"
    r"|how (?:can|do|should|would) (?:i|we|you|one|people)|how to)\b",
    re.IGNORECASE,
)
"""Asks for what may be done in many ways."""


def is_weak(question: str, left: str, right: str) -> bool:
    """Whether two answers are such that a model's word alone is half as sure."""
    if CREATIVE.search(question) and min(len(left.split()), len(right.split())) > PASSAGE // 2:
        return True
    return any(_is_weak(question, answer) for answer in (left, right))


def _is_weak(question: str, answer: str) -> bool:
    if len(POINT.findall(answer)) >= POINTS or HEDGED.search(next(iter(sentences(answer)), answer)):
        return True
    return len(answer.split()) > PASSAGE and content_words(question).isdisjoint(content_words(answer))
