"""Successive halving (Jamieson & Talwalkar 2016): which trial continues and which is best, as pure functions.

All trials train for a share of their steps; when all have come so far, the best of them continue. The result does not
depend on the order of the outcomes, so kills do not change it. The first outcome of a trial and rung counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from train.sweep.sweep_result import Outcome

SHORTEST: Final = 10
"""The first comparison is at a tenth of the steps or later: earlier losses are not informative."""


class RungSegment(NamedTuple):
    """A part of a training: of this trial, up to this rung."""

    trial: int
    rung: int


@dataclass(frozen=True, slots=True)
class Halving:
    """The schedule of a sweep."""

    trials: tuple[int, ...]
    """Trials that are not refused."""
    factor: int
    """One trial in this many continues; 1: all do."""

    @property
    def shares(self) -> tuple[float, ...]:
        """Share of a trial's steps at each rung."""
        parts = [1]
        while self.factor > 1 and parts[-1] * self.factor <= min(len(self.trials), SHORTEST):
            parts.append(parts[-1] * self.factor)
        return tuple(1 / part for part in reversed(parts))

    @property
    def pieces(self) -> int:
        """Number of trainings if none fails."""
        count, pieces = len(self.trials), 0
        for _ in self.shares:
            pieces += count
            count = -(-count // self.factor)
        return pieces

    def next(self, outcomes: Sequence[Outcome]) -> RungSegment | None:
        """The next training; None at the end."""
        return next(iter(self.ready(outcomes)), None)

    def ready(self, outcomes: Sequence[Outcome]) -> list[RungSegment]:
        """The trainings that wait for no other's outcome, those of the best trials so far first; none at the end."""
        for rung in range(len(self.shares)):
            trials = self.trials_at(rung, outcomes)
            if left := [
                RungSegment(candidate, rung)
                for candidate in trials
                if self._outcome_at(candidate, rung, outcomes) is None
            ]:
                return left
        return []

    def trials_at(self, rung: int, outcomes: Sequence[Outcome]) -> list[int]:
        """The trials that train up to a rung. If some fail, the next best replace them."""
        if rung == 0:
            return list(self.trials)
        before = self.ranked(rung - 1, outcomes)
        places = -(-len(before) // self.factor)
        alive = [
            previous.trial
            for previous in before
            if (outcome := self._outcome_at(previous.trial, rung, outcomes)) is None or outcome.loss is not None
        ]
        return alive[:places]

    def ranked(self, rung: int, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """The outcomes of a rung, the best first."""
        ranking = [
            outcome
            for trial in self.trials_at(rung, outcomes)
            if (outcome := self._outcome_at(trial, rung, outcomes)) is not None and outcome.loss is not None
        ]
        return sorted(ranking, key=lambda outcome: (self.loss(outcome, rung), outcome.cost, outcome.trial))

    def furthest_rung(self, outcomes: Sequence[Outcome]) -> tuple[int, list[Outcome]]:
        """The furthest rung with outcomes, and its trials, the best first; (0, []) without any."""
        furthest: tuple[int, list[Outcome]] = (0, [])
        for rung in range(len(self.shares)):
            ranked = self.ranked(rung, outcomes)
            if not ranked:
                break
            furthest = rung, ranked
            if any(self._outcome_at(trial, rung, outcomes) is None for trial in self.trials_at(rung, outcomes)):
                break  # what comes after is not decided yet
        return furthest

    def loss(self, outcome: Outcome, rung: int) -> float:
        """The loss that ranks a trial at a rung."""
        loss = outcome.final if rung == len(self.shares) - 1 and outcome.final is not None else outcome.loss
        assert loss is not None
        return loss

    def _outcome_at(self, trial: int, rung: int, outcomes: Sequence[Outcome]) -> Outcome | None:
        """The outcome of a trial at a rung, or the earlier one that ended it; None if it has none yet."""
        return next(
            (
                outcome
                for outcome in outcomes
                if outcome.trial == trial and (outcome.rung == rung or (outcome.is_over and outcome.rung < rung))
            ),
            None,
        )


def tied_positions(losses: Sequence[float], within: float) -> list[int]:
    """Positions of the losses that tie with the lowest one."""
    return [position for position, loss in enumerate(losses) if loss <= min(losses) + within]


def winner(halving: Halving, outcomes: Sequence[Outcome], within: float) -> tuple[Outcome, list[Outcome]] | None:
    """The best trial of the furthest rung, and those that tie with it at a higher cost; None without any outcome.

    `within`: losses that differ by at most this much tie.
    """
    rung, ranked = halving.furthest_rung(outcomes)
    if not ranked:
        return None
    even = [
        ranked[position] for position in tied_positions([halving.loss(outcome, rung) for outcome in ranked], within)
    ]
    best = min(even, key=lambda outcome: (outcome.cost, halving.loss(outcome, rung), outcome.trial))
    return best, [outcome for outcome in even if outcome is not best]
