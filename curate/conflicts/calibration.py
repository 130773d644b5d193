"""How sure a conflict is, fitted on what people decided about conflicts: a slope and an intercept on the log-odds of
its confidence (Platt 1999).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from curate.conflicts.conflict import Conflict
from curate.conflicts.evidence import calibrated
from curate.core.decision import Decision
from curate.core.errors import UsageError
from curate.core.text import plural

NEEDED: Final = 50
"""Decisions from which a scale is fitted."""
HOLD: Final = 1.0
"""Weight of the scale as it is against that of a decision: a fit without it is unbounded where all agree."""
STEPS: Final = 50


class Calibration(NamedTuple):
    """What people decided about conflicts, and the scale that follows."""

    confirmed: int
    """Conflicts of which a person dropped or edited a side."""
    rejected: int
    """Conflicts of which a person kept both sides."""
    slope: float
    intercept: float


def calibrate(conflicts: Sequence[Conflict], decisions: Mapping[str, Decision]) -> Calibration:
    """Fit the scale on the decisions about `conflicts`, whose confidences are not calibrated; `decisions` are those in
    effect, by the id of their example. Raises `UsageError` for fewer than `NEEDED`.
    """
    said = [
        (conflict.confidence, word) for conflict in conflicts if (word := _decided(conflict, decisions)) is not None
    ]
    if len(said) < NEEDED:
        raise UsageError(
            f"{plural(len(said), 'decision')} about conflicts: {NEEDED} are needed for a scale",
            "decide about more conflicts in `curate review`: keep both, or drop or edit one side",
        )
    slope, intercept = _fitted(said)
    confirmed = sum(word for _, word in said)
    return Calibration(confirmed, len(said) - confirmed, round(slope, 3), round(intercept, 3))


def _decided(conflict: Conflict, decisions: Mapping[str, Decision]) -> bool | None:
    """Whether a person confirmed a conflict or kept both sides; None where nothing was decided about it."""
    about = [
        decision.verdict
        for side in (conflict.left, conflict.right)
        if (decision := decisions.get(side.id)) is not None and decision.about == conflict.id
    ]
    if {"drop", "edit"}.intersection(about):
        return True
    return False if about == ["keep", "keep"] else None


def _fitted(said: Sequence[tuple[float, bool]]) -> tuple[float, float]:
    """Slope and intercept of the most likely logistic scale, drawn towards (1, 0): Newton's method."""
    slope, intercept = 1.0, 0.0
    for _ in range(STEPS):
        g0, g1 = HOLD * (slope - 1), HOLD * intercept
        h00, h01, h11 = HOLD, 0.0, HOLD
        for confidence, word in said:
            p = min(max(confidence, 1e-4), 1 - 1e-4)
            x = math.log(p / (1 - p))
            now = calibrated(confidence, (slope, intercept))
            g0, g1 = g0 + (now - word) * x, g1 + (now - word)
            weight = now * (1 - now)
            h00, h01, h11 = h00 + weight * x * x, h01 + weight * x, h11 + weight
        det = h00 * h11 - h01 * h01
        slope, intercept = slope - (h11 * g0 - h01 * g1) / det, intercept - (h00 * g1 - h01 * g0) / det
    return max(slope, 0.0), intercept
