"""Why two answers clash, and how sure it is, when rules and an NLI model have spoken: one logistic scale, fitted on
labelled pairs.

The weights are a logistic regression (classes weighted equally) on the 1,118 pairs of ConflictQA/StrategyQA, tested on
other sources: `python -m tests.bench.conflict_quality FOLDER --nli MODEL` fits them anew and shows how well they hold
elsewhere.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

MODEL_WEIGHT: Final = 0.7
"""Of the log-odds of the model's P(contradiction)."""
RULE_WEIGHT: Final = 2.8
"""Of any rule that speaks."""
INTERCEPT: Final = -0.25
LEAST, MOST = 1e-4, 1 - 1e-4
"""Between which a model's probability is taken: nothing is certain."""


class Evidence(NamedTuple):
    """Who says that two answers clash, the words of each side that do, and how sure it is."""

    source: str
    """The rule (`numbers`, `dates`, `polarity`, `negation`, `opposites`, `values`, `short answers`, `refusal`,
    `label`), `nli`, or `judge`.
    """
    left: str
    right: str
    """The clashing span of each answer, as written there."""
    confidence: float
    """From 0 to 1: measured precision of the rule, or the model's probability."""
    why: str = ""
    """What a judge gave as its reason; hostile text, as all that a model writes."""


def confidence(evidence: Sequence[Evidence], probability: float | None = None) -> float:
    """From 0 to 1, from the rules' evidence and what the NLI model says (None: it was not asked; then the best rule's
    measured precision).
    """
    rules = [item.confidence for item in evidence if item.source not in ("nli", "judge")]
    if any(item.source == "judge" for item in evidence):
        return max(item.confidence for item in evidence)
    if probability is None:
        return max(rules, default=0.0)
    p = min(max(probability, LEAST), MOST)
    return 1 / (1 + math.exp(-(MODEL_WEIGHT * math.log(p / (1 - p)) + (RULE_WEIGHT if rules else 0.0) + INTERCEPT)))


def calibrated(confidence: float, scale: tuple[float, float]) -> float:
    """A confidence on a fitted scale: slope and intercept on its log-odds."""
    if scale == (1.0, 0.0):
        return confidence
    p = min(max(confidence, LEAST), MOST)
    score = scale[0] * math.log(p / (1 - p)) + scale[1]
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, score))))
