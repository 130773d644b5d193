"""Probabilities and their log-odds, the scale on which logistic models add up evidence."""

import math
from typing import Final

from curate.core.lazy import Floats, np

MIN_PROBABILITY: Final = 0.001
"""Lower bound of a model's probability; the upper bound is 1 minus this."""


def log_odds(probability: float, bound: float = MIN_PROBABILITY) -> float:
    """The log-odds of a probability, which is first moved to the range from `bound` to 1 - `bound`."""
    bounded = min(1 - bound, max(bound, probability))
    return math.log(bounded / (1 - bounded))


def logistic(score: float) -> float:
    """The probability of some log-odds."""
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, score))))


def logistic_column(scores: Floats) -> Floats:
    """The probability of each of some log-odds."""
    return np.asarray(1 / (1 + np.exp(-np.clip(scores, -30, 30))))
