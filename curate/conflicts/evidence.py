"""Evidence for a contradiction, and its confidence from rules and an NLI model on one logistic scale, fitted on
labelled pairs.

The weights are a logistic regression (classes weighted equally) on the 1,118 pairs of ConflictQA/StrategyQA, tested on
other sources: `python -m tests.bench.conflict_quality FOLDER --nli MODEL` fits them again and prints the results on
other sources.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from curate.core.log_odds import log_odds, logistic

MODEL_WEIGHT: Final = 0.7
"""Weight of the log-odds of the model's P(contradiction)."""
RULE_WEIGHT: Final = 2.8
"""Weight of any rule that reports a contradiction."""
INTERCEPT: Final = -0.25
MIN_PROBABILITY: Final = 1e-4
"""Bound of the probabilities whose log-odds are added up."""


class Evidence(NamedTuple):
    """The source of a contradiction, the contradictory words of each side, and its confidence."""

    source: str
    """The rule (`numbers`, `dates`, `polarity`, `negation`, `opposites`, `values`, `short answers`, `refusal`,
    `label`), `nli`, `reader`, or `judge`.
    """
    left: str
    right: str
    """The contradictory span of each answer, as written."""
    confidence: float
    """From 0 to 1: measured precision of the rule, or the model's probability."""
    why: str = ""
    """The reason that a judge gave; hostile text, as all output of models."""


def confidence(evidence: Sequence[Evidence], probability: float | None = None) -> float:
    """Confidence from 0 to 1, from the rules' evidence and the NLI model's probability; without a probability, the
    precision of the best rule.
    """
    rules = [item.confidence for item in evidence if item.source not in ("nli", "judge")]
    if any(item.source == "judge" for item in evidence):
        return max(item.confidence for item in evidence)
    if probability is None:
        return max(rules, default=0.0)
    score = MODEL_WEIGHT * log_odds(probability, MIN_PROBABILITY) + (RULE_WEIGHT if rules else 0.0) + INTERCEPT
    return logistic(score)


def calibrated_confidence(confidence: float, scale: tuple[float, float]) -> float:
    """A confidence on a fitted scale: slope and intercept on its log-odds."""
    if scale == (1.0, 0.0):
        return confidence
    return logistic(scale[0] * log_odds(confidence, MIN_PROBABILITY) + scale[1])
