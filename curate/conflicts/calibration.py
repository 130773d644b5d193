"""Calibration of confidences on decisions about conflicts: a slope and an intercept on the log-odds (Platt 1999)."""

import math
from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

from curate.conflicts.conflict import Conflict
from curate.conflicts.evidence import MIN_PROBABILITY, calibrated_confidence
from curate.core.decision import DecisionState, subject_slot
from curate.core.errors import UsageError
from curate.core.log_odds import log_odds
from curate.core.text import plural

MIN_DECISIONS: Final = 50
"""Minimum number of decisions to fit a scale."""
PRIOR_WEIGHTS: Final = (1.0, 0.01)
"""Weights of a prior for slope 1 and intercept 0, relative to a decision; without it the fit is unbounded if all
decisions are the same.
"""
NEWTON_STEPS: Final = 50
State = Literal["open", "dropped", "edited", "kept"]
"""Undecided; a side is dropped; a side is edited; both sides are kept."""


class Calibration(NamedTuple):
    """The decisions about conflicts, and the fitted scale."""

    confirmed: int
    """Conflicts with a dropped or edited side."""
    rejected: int
    """Conflicts of which both sides were kept."""
    slope: float
    intercept: float


def calibrate(conflicts: Sequence[Conflict], decisions: Mapping[str, DecisionState]) -> Calibration:
    """Fit the scale on the decisions about `conflicts`, whose confidences are not calibrated; `decisions`: those in
    effect, by example id. Raises `UsageError` for fewer than `MIN_DECISIONS`.
    """
    decided = [
        (conflict.confidence, is_confirmed)
        for conflict in conflicts
        if (is_confirmed := _was_confirmed(conflict, decisions)) is not None
    ]
    if len(decided) < MIN_DECISIONS:
        raise UsageError(
            f"{plural(len(decided), 'decision')} about conflicts: {MIN_DECISIONS} are needed for a scale",
            "decide about more conflicts in `curate review`: keep both, or drop or edit one side",
        )
    slope, intercept = _fitted(decided)
    confirmed = sum(is_confirmed for _, is_confirmed in decided)
    return Calibration(confirmed, len(decided) - confirmed, round(slope, 3), round(intercept, 3))


def state_of(conflict: Conflict, decisions: Mapping[str, DecisionState]) -> State:
    """The decision about a conflict; a drop counts whatever its reason."""
    if any((side := decisions.get(id_)) and side.verdict == "drop" for id_ in (conflict.left.id, conflict.right.id)):
        return "dropped"
    decided = _was_confirmed(conflict, decisions)
    return "open" if decided is None else "edited" if decided else "kept"


def _was_confirmed(conflict: Conflict, decisions: Mapping[str, DecisionState]) -> bool | None:
    """Whether a conflict was confirmed (True) or both sides were kept (False); None if undecided."""
    sides = [decisions.get(side.id) for side in (conflict.left, conflict.right)]
    about = [side.verdict for side in sides if side and side.about == conflict.id]
    if {"drop", "edit"}.intersection(about):
        return True
    slot = subject_slot("conflict", conflict.id)
    return False if about == ["keep", "keep"] or all(side and slot in side.kept for side in sides) else None


def _fitted(confirmed: Sequence[tuple[float, bool]]) -> tuple[float, float]:
    """Slope and intercept of the most likely logistic scale with a prior at (1, 0).

    Newton's method; steps are halved until the likelihood rises, because full steps diverge when all confidences are
    alike.
    """
    scale, loss = (1.0, 0.0), _loss(confirmed, (1.0, 0.0))
    for _ in range(NEWTON_STEPS):
        g0, g1 = PRIOR_WEIGHTS[0] * (scale[0] - 1), PRIOR_WEIGHTS[1] * scale[1]
        h00, h01, h11 = PRIOR_WEIGHTS[0], 0.0, PRIOR_WEIGHTS[1]
        for confidence, confirms in confirmed:
            x, chance = log_odds(confidence, MIN_PROBABILITY), calibrated_confidence(confidence, scale)
            g0, g1 = g0 + (chance - confirms) * x, g1 + (chance - confirms)
            weight = chance * (1 - chance)
            h00, h01, h11 = h00 + weight * x * x, h01 + weight * x, h11 + weight
        det = h00 * h11 - h01 * h01
        step = ((h11 * g0 - h01 * g1) / det, (h00 * g1 - h01 * g0) / det)
        steps = ((scale[0] - step[0] / 2**n, scale[1] - step[1] / 2**n) for n in range(NEWTON_STEPS))
        better = next((candidate for candidate in steps if _loss(confirmed, candidate) < loss), None)
        if better is None:
            break
        scale, loss = better, _loss(confirmed, better)
    return max(scale[0], 0.0), scale[1]


def _loss(confirmed: Sequence[tuple[float, bool]], scale: tuple[float, float]) -> float:
    """Negative log-likelihood of the decisions, plus the prior."""
    prior = (PRIOR_WEIGHTS[0] * (scale[0] - 1) ** 2 + PRIOR_WEIGHTS[1] * scale[1] ** 2) / 2
    chances = ((calibrated_confidence(confidence, scale), confirms) for confidence, confirms in confirmed)
    return prior - sum(
        math.log(max(MIN_PROBABILITY, chance if confirms else 1 - chance)) for chance, confirms in chances
    )
