"""The data set at a glance, while it is still being checked: numbers of all of it where it is small, of lines here and
there where it is big.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from curate.core.errors import InputError
from curate.core.example import Example
from curate.corpus.stats import Stats, histogram, percentile, stats_of
from curate.read.index import LineIndex

TAKEN: Final = 5_000
"""Examples that are measured at most: enough for a share to be right to a hundredth."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Numbers of some lines."""

    lines: int
    """All lines there are."""
    taken: int
    """Lines that were measured."""
    stats: Stats
    turns: list[tuple[int, int, int]]
    """How many examples have from so many to so many messages."""
    tokens: list[tuple[int, int, int]]
    """How many are from so long to so long, in tokens of four bytes."""
    median_tokens: int
    all_tokens: int
    """Of all examples: added up, or reckoned from those that were measured."""


def measure(lines: LineIndex, seed: int = 0) -> Measured:
    """Measure all lines, or `TAKEN` of them drawn at random, the same ones each time."""
    count = len(lines)
    chosen = range(count) if count <= TAKEN else sorted(Random(seed).sample(range(count), TAKEN))  # noqa: S311
    stats = stats_of(_examples(lines, chosen))
    tokens = sorted(stats.tokens)
    whole = sum(tokens) if count <= TAKEN else round(sum(tokens) * count / max(1, len(chosen)))
    return Measured(
        lines=count,
        taken=len(chosen),
        stats=stats,
        turns=histogram(stats.turns),
        tokens=histogram(stats.tokens),
        median_tokens=percentile(tokens, 0.5),
        all_tokens=whole,
    )


def _examples(lines: LineIndex, chosen: "range | list[int]") -> Iterator[Example]:
    for number in chosen:
        try:
            example = lines.line(number).example
        except InputError:  # the file became shorter meanwhile; the screen says so
            return
        if example is not None:
            yield example
