"""Scores of flagged lines, with bootstrap confidence intervals over the cases."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bench.sets import Item

RESAMPLES: Final = 1000


@dataclass(frozen=True, slots=True)
class Outcome:
    """An item of one half, and whether the tool flagged a line of it."""

    half: str
    item: Item
    flagged: bool


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of flagged items in percent, with its 95% interval; `count` items."""

    percent: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        return f"{self.percent:.0f} [{self.low:.0f}, {self.high:.0f}]"


def outcomes(half: str, items: Iterable[Item], flags: set[int]) -> list[Outcome]:
    """What flagged lines mean for each item: it counts as flagged if one of its lines is."""
    return [Outcome(half, item, any(line in flags for line in item.lines)) for item in items]


def rate(results: Iterable[Outcome], positive: bool, seed: int = 0) -> Rate | None:
    """The share of flagged items among the faults (positive) or the clean ones; None without any.

    The bootstrap draws cases, so that the fillings of one case by two seeds do not count as independent.
    """
    cases: dict[str, list[bool]] = {}
    for outcome in results:
        if outcome.item.positive == positive:
            cases.setdefault(outcome.item.case, []).append(outcome.flagged)
    if not cases:
        return None
    counts = [(sum(flags), len(flags)) for flags in cases.values()]
    rng = random.Random(seed)
    shares = sorted(_share(rng.choices(counts, k=len(counts))) for _ in range(RESAMPLES))
    low, high = shares[int(0.025 * RESAMPLES)], shares[int(0.975 * RESAMPLES) - 1]
    return Rate(_share(counts), low, high, sum(count for _, count in counts))


def _share(counts: list[tuple[int, int]]) -> float:
    return 100 * sum(flagged for flagged, _ in counts) / sum(count for _, count in counts)


def youden(results: list[Outcome]) -> float | None:
    """Share of faults flagged minus share of clean items flagged, in percent; None if the items have only one side."""
    found, false = rate(results, positive=True), rate(results, positive=False)
    return None if found is None or false is None else found.percent - false.percent
