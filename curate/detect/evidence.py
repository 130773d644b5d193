"""Why two answers clash."""

from typing import NamedTuple


class Evidence(NamedTuple):
    """Who says that two answers clash, the words of each side that do, and how sure it is."""

    source: str
    """`numbers`, `dates`, `polarity`, `refusal`, or `nli`."""
    left: str
    right: str
    """The clashing span of each answer, as written there."""
    confidence: float
    """From 0 to 1: measured precision of the rule, or the model's probability."""
