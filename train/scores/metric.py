"""A metric: counts for each answer, and a score computed from sums of counts.

Most scores are no means over answers (BLEU, macro F1, perplexity). From counts, the score of any resample is one matrix
product and one formula.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Call = tuple[str, dict[str, Any]]
"""The name of a tool and its arguments."""


class Expected(NamedTuple):
    """What the data answers."""

    text: str
    calls: tuple[Call, ...] = ()
    """The tools that it calls."""


class Given(NamedTuple):
    """What a model answers to the same question."""

    text: str
    calls: tuple[Call, ...] = ()
    loss: float = 0.0
    """Sum of the cross-entropy over the tokens of the answer in the data, in nats."""
    tokens: int = 0
    """Number of these tokens."""


@dataclass(frozen=True, slots=True)
class Scorer:
    """A metric, ready for one set of questions."""

    counts: Callable[[Expected, Given], Sequence[float]]
    """Counts of one answer; always the same number of values."""
    score: Callable[[Matrix], Matrix]
    """The scores of summed counts, which have the shape (..., values); the result has the shape (...)."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A number to compare models by."""

    name: str
    title: str
    scorer: Callable[[Sequence[Expected]], Scorer]
    """Makes the metric ready for questions; some have to know all of them, as macro F1 has to know the classes."""
    higher: bool = True
    """Whether more is better."""
    percent: bool = True
    """Whether it is shown in points of 100."""

    @property
    def scale(self) -> int:
        """What its values are multiplied by to be shown."""
        return 100 if self.percent else 1

    def counts(self, expected: Sequence[Expected], given: Sequence[Given]) -> Matrix:
        """Counts of all answers, one row each."""
        scorer = self.scorer(expected)
        return np.array(
            [scorer.counts(reference, answer) for reference, answer in zip(expected, given, strict=True)],
            dtype=np.float64,
        ).reshape(len(expected), -1)

    def score(self, expected: Sequence[Expected], given: Sequence[Given]) -> float:
        """The score over all answers."""
        return float(self.scorer(expected).score(self.counts(expected, given).sum(0)))


def ratio_of(counts: Callable[[Expected, Given], tuple[float, float]]) -> Scorer:
    """A score that is a ratio of two sums; `counts`: part and whole of one answer."""
    return Scorer(counts, lambda sums: ratio(sums[..., 0], sums[..., 1]))


def mean_of(of: Callable[[Expected, Given], float]) -> Callable[[Sequence[Expected]], Scorer]:
    """For `Metric.scorer`: the mean of `of` over the answers."""
    return lambda _: ratio_of(lambda expected, given: (of(expected, given), 1.0))


def ratio(part: Matrix, whole: Matrix) -> Matrix:
    """`part / whole`, 0 where there is nothing to divide by."""
    return np.divide(part, whole, out=np.zeros_like(part, dtype=np.float64), where=whole > 0)
