"""Confidence of scores and differences: bootstrap intervals, and a paired permutation test.

Examples are resampled, not answers: answers of one conversation are not independent. All metrics are functions of
summed counts, so a thousand resamples are one matrix product.
"""

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Final

import numpy as np

from train.evaluation.evaluation_result import ClassScore, Comparison, Score
from train.evaluation.options import SYSTEMS, SystemName
from train.scores import METRICS
from train.scores.labels import by_class
from train.scores.metric import Expected, Given, Matrix, Scorer

RESAMPLES: Final = 2_000
PERMUTATIONS: Final = 10_000
CONFIDENCE_LEVEL: Final = 0.95
BLOCK_ELEMENTS: Final = 1 << 24


class Resampling:
    """Resamples of a set of examples, the same for all metrics and systems, so that differences are paired."""

    def __init__(self, owners: Sequence[int], seed: int) -> None:
        """`owners`: for each answer the number of its example, from 0, without gaps."""
        self.owners = np.asarray(owners)
        self.examples = int(self.owners.max()) + 1 if len(owners) else 0
        generator = np.random.default_rng(seed)
        self.drawn: Matrix = generator.multinomial(
            self.examples, np.full(self.examples, 1 / self.examples), size=RESAMPLES
        ).astype(np.float64)
        self._seed = seed

    def sums(self, counts: Matrix) -> Matrix:
        """The sum of `counts`, which has a row for each answer, over the answers of each example: a row for each
        example.
        """
        sums = np.zeros((self.examples, counts.shape[1]))
        np.add.at(sums, self.owners, counts)
        return sums

    def interval(self, scorer: Scorer, counts: Matrix) -> Score:
        """A score by the percentile bootstrap (Efron and Tibshirani 1993)."""
        return _score_with_interval(float(scorer.score(counts.sum(0))), scorer.score(self.drawn @ self.sums(counts)))

    def difference(self, scorer: Scorer, counts: Matrix, others: Matrix) -> Score:
        """The first score minus the second, on the same resamples (Koehn 2004)."""
        value = float(scorer.score(counts.sum(0)) - scorer.score(others.sum(0)))
        mine, theirs = (scorer.score(self.drawn @ self.sums(values)) for values in (counts, others))
        return _score_with_interval(value, mine - theirs)

    def significance(self, scorer: Scorer, counts: Matrix, others: Matrix) -> float:
        """p-value of a difference: examples change sides at random (permutation test, Noreen 1989)."""
        mine, theirs = self.sums(counts), self.sums(others)
        differing = (mine != theirs).any(1)
        if not differing.any():
            return 1.0
        total, change = mine.sum(0) + theirs.sum(0), (mine - theirs)[differing]
        seen = abs(float(scorer.score(mine.sum(0)) - scorer.score(theirs.sum(0))))
        generator = np.random.default_rng(self._seed + 1)
        size, extreme = max(1, BLOCK_ELEMENTS // max(1, len(change))), 0
        for start in range(0, PERMUTATIONS, size):
            shape = (min(size, PERMUTATIONS - start), len(change))
            moved: Matrix = generator.choice((-1.0, 1.0), size=shape) @ change
            differences = np.abs(scorer.score((total + moved) / 2) - scorer.score((total - moved) / 2))
            extreme += int((differences >= seen - 1e-12).sum())
        return (extreme + 1) / (PERMUTATIONS + 1)


def _score_with_interval(value: float, drawn: Matrix) -> Score:
    """A score with the percentile interval of its resampled values, `drawn`."""
    low, high = np.quantile(drawn, ((1 - CONFIDENCE_LEVEL) / 2, (1 + CONFIDENCE_LEVEL) / 2))
    return Score(value=value, low=float(low), high=float(high))


def consistent_score(score: Score, p: float) -> Score:
    """A difference whose interval leaves out 0 exactly where its p-value is at most 1 - `CONFIDENCE_LEVEL`.

    The test decides. With few questions the bootstrap interval can disagree with it; then the interval is that of the
    test, with the normal approximation.
    """
    if (score.low > 0 or score.high < 0) == (p <= 1 - CONFIDENCE_LEVEL) or not score.value:
        return score
    half = abs(score.value) * needed_z(1 - CONFIDENCE_LEVEL) / max(needed_z(p), 1e-9)
    return Score(value=score.value, low=score.value - half, high=score.value + half)


def needed_z(p: float) -> float:
    """Standard errors from 0 of a difference with this two-sided p-value."""
    return NormalDist().inv_cdf(1 - p / 2)


Scores = dict[SystemName, dict[str, Score]]


def compare(
    expected: Sequence[Expected],
    given: Mapping[SystemName, Sequence[Given]],
    owners: Sequence[int],
    metrics: Sequence[str],
    seed: int,
) -> tuple[Scores, list[Comparison]]:
    """The scores of each system, and each tuned one against each base one. `owners`: the example of each answer."""
    resampling = Resampling(owners, seed)
    scores: Scores = {name: {} for name in given}
    comparisons = []
    for metric in metrics:
        scorer = METRICS[metric].scorer(expected)
        counts = {name: METRICS[metric].counts(expected, answers) for name, answers in given.items()}
        for name, mine in counts.items():
            scores[name][metric] = resampling.interval(scorer, mine)
        for name in (name for name in given if SYSTEMS[name].tuned):
            for other in (other for other in given if not SYSTEMS[other].tuned):
                pair = (scorer, counts[name], counts[other])
                p = resampling.significance(*pair)
                difference = consistent_score(resampling.difference(*pair), p)
                interval = {"difference": difference.value, "low": difference.low, "high": difference.high, "p": p}
                comparisons.append(Comparison(metric=metric, system=name, against=other, **interval))
    return scores, comparisons


def classes(expected: Sequence[Expected], given: Sequence[Given]) -> tuple[ClassScore, ...]:
    """Scores of each class of a classification, the largest class first."""
    scores = [
        ClassScore(label=name, precision=p, recall=r, f1=f, examples=n)
        for name, p, r, f, n in by_class(expected, given)
    ]
    return tuple(sorted(scores, key=lambda score: -score.examples))
