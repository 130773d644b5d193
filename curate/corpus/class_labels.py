"""Class labels: answers of a few words that occur often, as in data for classification."""

from collections import Counter
from typing import Final

from curate.core.text import normalised, words
from curate.language.lexicon import FILLER

LONGEST: Final = 4
"""Maximum number of words of a label."""
LEAST: Final = 20
"""Minimum number of questions of one setting to decide whether their answers are labels."""
SHARE: Final = 0.9
"""Minimum share of such answers that must be labels."""


def is_label(answer: str) -> bool:
    """Whether an answer is short enough to be a label: a few words on one line, no full sentence."""
    plain = answer.strip()
    return (
        len(plain.split()) <= LONGEST
        and "\n" not in plain
        and (not plain.endswith((".", "!", "?")) or len(plain.split()) == 1)
    )


def are_labels(found: Counter[str]) -> bool:
    """Whether these answers (with their counts; "" for all that are not labels) are those of data for
    classification.
    """
    total = found.total()
    repeated = sum(count for answer, count in found.items() if answer and count > 1)
    return total >= LEAST and repeated >= SHARE * total and len(found) <= max(2, total // 4)


def named(answer: str) -> str:
    """A label without articles, punctuation and politeness."""
    return " ".join(word for word in words(normalised(answer)) if word not in FILLER) or normalised(answer)
