"""From answers to scores, intervals and comparisons."""

from collections.abc import Mapping, Sequence

from train.evaluation.contender import CONTENDERS, ContenderName
from train.evaluation.report import ClassScore, Comparison, Score
from train.evaluation.uncertainty import Interval, Resampling
from train.scores import METRICS
from train.scores.labels import by_class
from train.scores.metric import Expected, Given

Scores = dict[ContenderName, dict[str, Score]]


def compare(
    expected: Sequence[Expected], given: Mapping[ContenderName, Sequence[Given]], owners: Sequence[int], metrics: Sequence[str], seed: int
) -> tuple[Scores, list[Comparison]]:
    """The scores of each contender, and each tuned one against each of the base. `owners`: for each answer the number of its example."""
    resampling = Resampling(owners, seed)
    scores: Scores = {name: {} for name in given}
    comparisons = []
    for metric in metrics:
        scorer = METRICS[metric].scorer(expected)
        counts = {name: METRICS[metric].counts(expected, answers) for name, answers in given.items()}
        for name, mine in counts.items():
            scores[name][metric] = _score(resampling.interval(scorer, mine))
        for name in (name for name in given if CONTENDERS[name].tuned):
            for other in (other for other in given if not CONTENDERS[other].tuned):
                found = resampling.difference(scorer, counts[name], counts[other])
                chance = resampling.significance(scorer, counts[name], counts[other])
                comparisons.append(Comparison(metric=metric, contender=name, against=other, difference=found.value, low=found.low, high=found.high, p=chance))
    return scores, comparisons


def classes(expected: Sequence[Expected], given: Sequence[Given]) -> tuple[ClassScore, ...]:
    """How each class of a classification fares, the biggest first."""
    found = [ClassScore(label=name, precision=p, recall=r, f1=f, examples=n) for name, p, r, f, n in by_class(expected, given)]
    return tuple(sorted(found, key=lambda one: -one.examples))


def _score(interval: Interval) -> Score:
    return Score(value=interval.value, low=interval.low, high=interval.high)
