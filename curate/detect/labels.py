"""Class labels: answers of a few words that are given again and again, as in data for classification."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from curate.language.lexicon import FILLER
from curate.text import normalised, words

if TYPE_CHECKING:
    from curate.detect.question import Question

LONGEST: Final = 4
"""Words of a label."""
LEAST: Final = 20
"""Questions of one setting from which on it is known whether their answers are labels."""
SHARE: Final = 0.9
"""Of a setting's answers that have to be labels."""
CLASSIFIES: Final = re.compile(
    r"\b(?:classif(?:y|ies|ication)|categori[sz]e|label|(?:positive|negative|neutral) or (?:positive|negative|neutral)|sentiment|spam or"
    r"|which (?:category|class|label|intent))\b",
    re.IGNORECASE,
)


def is_label(answer: str) -> bool:
    """Whether an answer is short enough to be a label: a few words on one line, no full sentence."""
    plain = answer.strip()
    return len(plain.split()) <= LONGEST and "\n" not in plain and (not plain.endswith((".", "!", "?")) or len(plain.split()) == 1)


def label_settings(questions: Sequence["Question"]) -> frozenset[str]:
    """The settings whose answers are labels: of 20 questions or more, nine in ten are answered with one of few short answers."""
    answers: dict[str, Counter[str]] = defaultdict(Counter)
    for question in questions:
        answers[question.setting][normalised(question.answer) if is_label(question.answer) else ""] += 1
    return frozenset(setting for setting, found in answers.items() if are_labels(found))


def are_labels(found: Counter[str]) -> bool:
    """Whether these answers, each with how often it was given and "" for all that are no labels, are those of data for classification."""
    total = found.total()
    repeated = sum(count for answer, count in found.items() if answer and count > 1)
    return total >= LEAST and repeated >= SHARE * total and len(found) <= max(2, total // 4)


def classifies(question: "Question", settings: frozenset[str]) -> bool:
    """Whether a question wants a label: its setting's answers are labels, or its words say so."""
    return question.setting in settings or CLASSIFIES.search(question.request + "\n" + question.system) is not None


def labels_clash(left: "Question", right: "Question", settings: frozenset[str]) -> bool:
    """Whether two questions want a label and got two different ones."""
    if not (is_label(left.answer) and is_label(right.answer) and classifies(left, settings) and classifies(right, settings)):
        return False
    return named(left.answer) != named(right.answer)


def named(answer: str) -> str:
    """A label without articles, punctuation and politeness."""
    return " ".join(word for word in words(normalised(answer)) if word not in FILLER) or normalised(answer)
