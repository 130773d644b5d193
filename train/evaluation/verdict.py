"""Whether training helped: only if the tuned model beats the best prompt, not just the bare base."""

from collections.abc import Sequence
from math import ceil
from typing import Final

from train.evaluation.evaluation_result import Comparison, Result, Verdict
from train.evaluation.significance import needed_z
from train.scores import METRICS
from train.scores.metric import Metric

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
        return f"{text}. {questions} questions are too few to decide: hold out more"
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
