"""Conflicts of labels: classification questions with two different labels."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from curate.core.lazy import lazy_pattern
from curate.core.text import normalised
from curate.corpus.strata import are_labels, is_label, normalized_label

if TYPE_CHECKING:
    from curate.conflicts.question import Question

CLASSIFICATION_REQUEST: Final = lazy_pattern(
    r"\b(?:classif(?:y|ies|ication)|categori[sz]e|label|(?:positive|negative|neutral) or (?:positive|negative|neutral)|sentiment|spam or"  # noqa: E501
    r"|which (?:category|class|label|intent))\b",
    re.IGNORECASE,
)


def label_settings(questions: Sequence["Question"]) -> frozenset[str]:
    """The settings whose answers are labels: with at least 20 questions, of which nine in ten are answered with one
    of few short answers.
    """
    answers: dict[str, Counter[str]] = defaultdict(Counter)
    for question in questions:
        answers[question.setting][normalised(question.answer) if is_label(question.answer) else ""] += 1
    return frozenset(setting for setting, answer_counts in answers.items() if are_labels(answer_counts))


def classifies(question: "Question", settings: frozenset[str]) -> bool:
    """Whether a question asks for a label: its setting is in `settings` (see `label_settings`), or by its wording."""
    return (
        question.setting in settings
        or CLASSIFICATION_REQUEST.search(question.request + "\n" + question.system) is not None
    )


def labels_clash(left: "Question", right: "Question", settings: frozenset[str]) -> bool:
    """Whether two questions ask for a label and got different ones; `settings` as in `classifies`."""
    if not (
        is_label(left.answer) and is_label(right.answer) and classifies(left, settings) and classifies(right, settings)
    ):
        return False
    return normalized_label(left.answer) != normalized_label(right.answer)
