"""Whether training helped: only if the tuned model beats the best prompt, not just the bare base.

Confidence of scores and differences: bootstrap intervals, and a paired permutation test. Examples are resampled, not
answers: answers of one conversation are not independent. All metrics are functions of summed counts, so a thousand
resamples are one matrix product.
"""

from collections.abc import Mapping, Sequence
from math import ceil
from statistics import NormalDist
from typing import Final

import numpy as np

from curate.core.text import plural
from train.evaluation.evaluation_result import ClassScore, Comparison, Result, Score, Verdict
from train.evaluation.options import SYSTEMS, SystemName
from train.scores import METRICS
from train.scores.labels import by_class
from train.scores.metric import Expected, Given, Matrix, Metric, Scorer

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


Scores = dict[SystemName, dict[str, Score]]
ALPHA: Final = 0.05
"""Significance level."""
MIN_QUESTIONS: Final = 10
HOPELESS_P_VALUE: Final = 0.9
"""p-value above which the number of questions that a difference needs says nothing."""


def verdict_of(results: Sequence[Result], comparisons: Sequence[Comparison], metric: str, questions: int) -> Verdict:
    """The verdict by the metric that decides.

    Tuned wins if it beats every base system: all tests must succeed, so each has the full level. Several tuned systems
    share the level (Bonferroni).
    """
    chosen = METRICS[metric]
    base, tuned = ([result for result in results if result.tuned is side] for side in (False, True))
    if not base or not tuned:
        only = _best_result(results, chosen)
        sentence = "nothing to compare: the base was not asked"
        if base:
            value = only.scores[metric].value * chosen.scale
            sentence = f"without training {only.title} is best: {value:.1f} {chosen.title}; "
            sentence += "that is what a training has to beat"
        return Verdict(outcome="not-compared", use=only.name, sentence=sentence)
    decisive = {
        (comparison.system, comparison.against): comparison for comparison in comparisons if comparison.metric == metric
    }
    best, rival = _best_result(tuned, chosen), _best_result(base, chosen)
    sure = ALPHA / len(tuned) if questions >= MIN_QUESTIONS else 0.0
    winners = [
        result
        for result in tuned
        if all(_is_significant(decisive[result.name, other.name], chosen, sure) for other in base)
    ]
    if winners:
        winner = next((result for result in winners if result.name == "tuned"), winners[0])
        surely_better = chosen.higher == (best.scores[metric].low > winner.scores[metric].high)
        if winner is not best and best in winners and surely_better:
            winner = best
        sentence = f"{winner.title} beats {rival.title} by {_points_text(decisive[winner.name, rival.name], chosen)}"
        return Verdict(outcome="helped", use=winner.name, sentence=sentence)
    against = decisive[best.name, rival.name]
    level = ALPHA if questions >= MIN_QUESTIONS else 0.0
    if all(_is_significant(decisive[result.name, rival.name], chosen, level, losing=True) for result in tuned):
        sentence = f"{best.title} is worse than {rival.title} by {_points_text(against, chosen)}; use {rival.title}"
        return Verdict(outcome="worse", use=rival.name, sentence=sentence)
    sentence = _undecided_text(best, rival, against, chosen, questions, ALPHA / len(tuned)) + _perplexity_note(
        comparisons, best, rival, metric
    )
    return Verdict(outcome="no-gain", use=rival.name, sentence=sentence)


def retrieval_verdict(comparisons: Sequence[Comparison], metric: str, questions: int) -> str | None:
    """A sentence whether prompting with retrieval is better than the training, by one test; None if either was not
    asked.
    """
    pair = (metric, "tuned", "retrieval")
    comparison = next(
        (
            comparison
            for comparison in comparisons
            if (comparison.metric, comparison.system, comparison.against) == pair
        ),
        None,
    )
    if comparison is None:
        return None
    chosen, level = METRICS[metric], ALPHA if questions >= MIN_QUESTIONS else 0.0
    if _is_significant(comparison, chosen, level, losing=True):
        return f"prompting with retrieval is better than this training: by {_points_text(comparison, chosen)}"
    if _is_significant(comparison, chosen, level):
        return f"this training is better than prompting with retrieval: by {_points_text(comparison, chosen)}"
    return (
        f"neither this training nor prompting with retrieval is measurably better: {_change_text(comparison, chosen)}"
    )


def best_tuned(results: Sequence[Result], verdict: Verdict, metric: str) -> Result | None:
    """The tuned system to show in detail: the winner, else the one with the best score; None if none was asked."""
    tuned = [result for result in results if result.tuned]
    won = next((result for result in tuned if result.name == verdict.use), None)
    return won or (_best_result(tuned, METRICS[metric]) if tuned else None)


def _best_result(results: Sequence[Result], metric: Metric) -> Result:
    """The result with the best score; of equal ones the simplest system, which is the first."""
    sign = 1 if metric.higher else -1
    return max(results, key=lambda result: (sign * result.scores[metric.name].value, -results.index(result)))


def _is_significant(comparison: Comparison, metric: Metric, sure: float, *, losing: bool = False) -> bool:
    """Whether the tuned system is significantly better, or with `losing` worse, at the level `sure`."""
    sign = (1 if metric.higher else -1) * (-1 if losing else 1)
    return (
        sign * comparison.difference > 0
        and comparison.p <= sure
        and min(sign * comparison.low, sign * comparison.high) > 0
    )


def _points_text(comparison: Comparison, metric: Metric) -> str:
    """The size of a difference with its interval, metric and p-value."""
    difference, half = abs(comparison.difference) * metric.scale, comparison.half * metric.scale
    return f"{difference:.1f} ± {half:.1f} {metric.title} (p {_p_value_text(comparison.p)})"


def _change_text(comparison: Comparison, metric: Metric) -> str:
    """A difference with its sign, interval and p-value."""
    change, half = comparison.difference * metric.scale, comparison.half * metric.scale
    return f"{change:+.1f} ± {half:.1f}, p {_p_value_text(comparison.p)}"


def _p_value_text(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def _undecided_text(
    best: Result, rival: Result, against: Comparison, metric: Metric, questions: int, sure: float
) -> str:
    """The verdict that no gain was measured, and how many questions would show one of this size."""
    scores = ", ".join(f"{side.title} {side.scores[metric.name].value * metric.scale:.1f}" for side in (best, rival))
    text = f"no measurable gain: {scores} {metric.title} ({_change_text(against, metric)}); use {rival.title}"
    if questions < MIN_QUESTIONS:
        verb = "is" if questions == 1 else "are"
        return f"{text}. {plural(questions, 'question')} {verb} too few to decide: hold out more"
    if (against.difference > 0) == metric.higher and sure < against.p < HOPELESS_P_VALUE:
        needed = ceil(questions * (needed_z(sure) / needed_z(against.p)) ** 2)
        text += f". A difference of this size needs about {max(needed, questions + 1):,} questions"
        text += f" (p {sure:.3g} or less)" if sure < ALPHA else ""
    return text


def _perplexity_note(comparisons: Sequence[Comparison], best: Result, rival: Result, decided: str) -> str:
    """A note if perplexity improved although the deciding metric did not."""
    key = ("perplexity", best.name, rival.name)
    for comparison in comparisons if decided != "perplexity" else ():
        if (comparison.metric, comparison.system, comparison.against) == key and _is_significant(
            comparison, METRICS["perplexity"], ALPHA
        ):
            before, after = rival.scores["perplexity"].value, best.scores["perplexity"].value
            return f". The answers did become more likely (perplexity {before:.2f} to {after:.2f})"
    return ""


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
