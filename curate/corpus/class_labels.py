"""Class labels: answers of a few words that are given again and again, as in data for classification."""

from collections import Counter
from typing import Final

from curate.core.text import normalised, words
from curate.language.lexicon import FILLER

LONGEST: Final = 4
"""Words of a label."""
LEAST: Final = 20
"""Questions of one setting from which on it is known whether their answers are labels."""
SHARE: Final = 0.9
"""Of a setting's answers that have to be labels."""


def is_label(answer: str) -> bool:
    """Whether an answer is short enough to be a label: a few words on one line, no full sentence."""
    plain = answer.strip()
    return (
        len(plain.split()) <= LONGEST
        and "\n" not in plain
        and (not plain.endswith((".", "!", "?")) or len(plain.split()) == 1)
    )


def are_labels(found: Counter[str]) -> bool:
    """Whether these answers, each with how often it was given and "" for all that are no labels, are those of data for
    classification.
    """
    total = found.total()
    repeated = sum(count for answer, count in found.items() if answer and count > 1)
    return total >= LEAST and repeated >= SHARE * total and len(found) <= max(2, total // 4)


def named(answer: str) -> str:
    """A label without articles, punctuation and politeness."""
    return " ".join(word for word in words(normalised(answer)) if word not in FILLER) or normalised(answer)
