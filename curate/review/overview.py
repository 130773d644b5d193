"""Statistics of the data set during the check: exact for small data, from a sample of lines for large data."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from curate.core.errors import InputError
from curate.core.example import Example
from curate.corpus.stats import Stats, histogram, percentile, stats_of
from curate.read.index import LineIndex

MAX_SAMPLE_LINES: Final = 5_000
"""Maximum size of the sample: shares are exact to one percent."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Statistics of some lines."""

    lines: int
    """Number of all lines."""
    taken: int
    """Number of measured lines."""
    stats: Stats
    turns: list[tuple[int, int, int]]
    """Number of examples by range of messages."""
    tokens: list[tuple[int, int, int]]
    """Number of examples by range of tokens, at four bytes per token."""
    median_tokens: int
    all_tokens: int
    """Tokens of all examples: counted, or estimated from the sample."""


def measure(lines: LineIndex, seed: int = 0) -> Measured:
    """Measure all lines, or a fixed random sample of `MAX_SAMPLE_LINES` lines."""
    count = len(lines)
    chosen = range(count) if count <= MAX_SAMPLE_LINES else sorted(Random(seed).sample(range(count), MAX_SAMPLE_LINES))  # noqa: S311
    stats = stats_of(_examples(lines, chosen))
    tokens = sorted(stats.tokens)
    total_tokens = sum(tokens) if count <= MAX_SAMPLE_LINES else round(sum(tokens) * count / max(1, len(chosen)))
    return Measured(
        lines=count,
        taken=len(chosen),
        stats=stats,
        turns=histogram(stats.turns),
        tokens=histogram(stats.tokens),
        median_tokens=percentile(tokens, 0.5),
        all_tokens=total_tokens,
    )


def _examples(lines: LineIndex, chosen: "range | list[int]") -> Iterator[Example]:
    """The examples on the chosen lines; ends early if a file was truncated."""
    for number in chosen:
        try:
            example = lines.line(number).example
        except InputError:  # the file was truncated; the screen reports it
            return
        if example is not None:
            yield example
