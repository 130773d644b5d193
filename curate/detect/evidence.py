"""Why two answers clash."""

from typing import NamedTuple


class Evidence(NamedTuple):
    """Who says that two answers clash, the words of each side that do, and how sure it is."""

    source: str
    """The rule (`numbers`, `dates`, `polarity`, `negation`, `opposites`, `values`, `short answers`, `refusal`, `label`), `nli`, or `judge`."""
    left: str
    right: str
    """The clashing span of each answer, as written there."""
    confidence: float
    """From 0 to 1: measured precision of the rule, or the model's probability."""
    why: str = ""
    """What a judge gave as its reason; hostile text, as all that a model writes."""
