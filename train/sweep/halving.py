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
        count, found = len(self.trials), 0
        for _ in self.shares:
            found += count
            count = -(-count // self.factor)
        return found

    def next(self, known: Sequence[Outcome]) -> RungSegment | None:
        """The next training; None at the end."""
        return next(iter(self.ready(known)), None)

    def ready(self, known: Sequence[Outcome]) -> list[RungSegment]:
        """The trainings that wait for no other's outcome, those of the best trials so far first; none at the end."""
        for rung in range(len(self.shares)):
            trials = self.trials_at(rung, known)
            if left := [RungSegment(one, rung) for one in trials if self._outcome_at(one, rung, known) is None]:
                return left
        return []

    def trials_at(self, rung: int, known: Sequence[Outcome]) -> list[int]:
        """The trials that train up to a rung. If some fail, the next best replace them."""
        if rung == 0:
            return list(self.trials)
        before = self.ranked(rung - 1, known)
        places = -(-len(before) // self.factor)
        alive = [
            one.trial
            for one in before
            if (at := self._outcome_at(one.trial, rung, known)) is None or at.loss is not None
        ]
        return alive[:places]

    def ranked(self, rung: int, known: Sequence[Outcome]) -> list[Outcome]:
        """The outcomes of a rung, the best first."""
        found = [
            outcome
            for trial in self.trials_at(rung, known)
            if (outcome := self._outcome_at(trial, rung, known)) is not None and outcome.loss is not None
        ]
        return sorted(found, key=lambda one: (self.loss(one, rung), one.cost, one.trial))

    def furthest_rung(self, known: Sequence[Outcome]) -> tuple[int, list[Outcome]]:
        """The furthest rung with outcomes, and its trials, the best first; (0, []) without any."""
        found: tuple[int, list[Outcome]] = (0, [])
        for rung in range(len(self.shares)):
            ranked = self.ranked(rung, known)
            if not ranked:
                break
            found = rung, ranked
            if any(self._outcome_at(trial, rung, known) is None for trial in self.trials_at(rung, known)):
                break  # what comes after is not decided yet
        return found

    def loss(self, outcome: Outcome, rung: int) -> float:
        """The loss that ranks a trial at a rung."""
        found = outcome.final if rung == len(self.shares) - 1 and outcome.final is not None else outcome.loss
        assert found is not None
        return found

    def _outcome_at(self, trial: int, rung: int, known: Sequence[Outcome]) -> Outcome | None:
        """The outcome of a trial at a rung, or the earlier one that ended it."""
        return next(
            (one for one in known if one.trial == trial and (one.rung == rung or (one.is_over and one.rung < rung))),
            None,
        )


def tied_positions(losses: Sequence[float], within: float) -> list[int]:
    """Positions of the losses that tie with the lowest one."""
    return [at for at, loss in enumerate(losses) if loss <= min(losses) + within]


def winner(halving: Halving, known: Sequence[Outcome], within: float) -> tuple[Outcome, list[Outcome]] | None:
    """The best trial of the furthest rung, and those that tie with it at a higher cost; None without any outcome."""
    rung, ranked = halving.furthest_rung(known)
    if not ranked:
        return None
    even = [ranked[at] for at in tied_positions([halving.loss(one, rung) for one in ranked], within)]
    best = min(even, key=lambda one: (one.cost, halving.loss(one, rung), one.trial))
    return best, [one for one in even if one is not best]
