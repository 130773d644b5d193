"""Whether two questions are the same, asked with their answers: if they are, each one's answer answers the other.

"Water freezes at 32 °F" and "The boiling point of water is 212 °F" clash only if both questions ask the same. With one
number in both, the second does not follow from the first: they answer two questions. An NLI model reads both. Measured
by `python -m tests.bench.conflict_planted FOLDER --embeddings MODEL --nli MODEL`.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from curate.conflicts.evidence import Evidence
from curate.conflicts.nli import entailments
from curate.language.sentences import sentences

FACTS: Final = frozenset(("numbers", "dates"))
"""Rules whose evidence is a number or a date in a sentence."""
FLOOR: Final = 0.5
"""Factor of the probability if neither swapped text follows."""
FOLLOWS: Final = 0.15
"""Probability of entailment from which the factor is 1."""
BEGINNING: Final = 300
"""Number of characters of an answer that are read, from at most two sentences."""

Pair = tuple[str, str]


class Asked(NamedTuple):
    """Two questions, their answers, and the evidence that the answers clash."""

    questions: Pair
    answers: Pair
    evidence: tuple[Evidence, ...]


def swap_factors(
    asked: Sequence[Asked], model: str, cache: Path | None = None, progress: Callable[[int], None] | None = None
) -> list[float]:
    """For each pair, a factor from `FLOOR` to 1 for the probability that the questions are the same. Raises as
    `entailments` does.
    """
    swapped = [_swapped(item) for item in asked]
    follows = iter(entailments([pair for pairs, _ in swapped for pair in pairs], model, cache, progress))
    return [
        min(1.0, FLOOR + (1 - FLOOR) * summary(next(follows) for _ in pairs) / FOLLOWS) for pairs, summary in swapped
    ]


def _swapped(asked: Asked) -> tuple[list[Pair], Callable[[Iterable[float]], float]]:
    """Pairs of texts of which the first implies the second if both questions are the same, and how many must."""
    (left, right), (answer, other) = asked.questions, asked.answers
    fact = next((item for item in asked.evidence if item.source in FACTS), None)
    if fact is None:
        texts = [" ".join(sentences(text)[:2])[:BEGINNING] for text in (answer, other)]
        return [(f"{left} {text}", f"{right} {text}") for text in texts], _mean
    whole = [re.compile(rf"(?<!\w){re.escape(words)}(?!\w)") for words in (fact.left, fact.right)]
    mine, others = (
        next((sentence for sentence in sentences(text) if words.search(sentence)), text)
        for text, words in zip((answer, other), whole, strict=True)
    )
    return [
        (f"{left} {mine}", f"{right} {whole[1].sub(lambda _: fact.left, others, count=1)}"),
        (f"{left} {whole[0].sub(lambda _: fact.right, mine, count=1)}", f"{right} {others}"),
    ], max


def _mean(values: Iterable[float]) -> float:
    return sum(values) / 2
