"""Statistics of the data set during the check: exact for small data, from a sample of lines for large data;
and whether held-out splits resemble the training split.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from random import Random
from typing import Final

from curate.core.errors import InputError
from curate.core.example import Example
from curate.corpus.stats import Stats, histogram, percentile, stats_of
from curate.read.index import LineIndex

MAX_SAMPLE_LINES: Final = 5_000
"""Maximum size of the sample: shares are exact to one percent."""


@dataclass(frozen=True, slots=True)
class LineStatistics:
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


def measure(lines: LineIndex, seed: int = 0) -> LineStatistics:
    """Measure all lines, or a fixed random sample of `MAX_SAMPLE_LINES` lines."""
    count = len(lines)
    chosen = range(count) if count <= MAX_SAMPLE_LINES else sorted(Random(seed).sample(range(count), MAX_SAMPLE_LINES))  # noqa: S311
    stats = stats_of(_examples(lines, chosen))
    tokens = sorted(stats.tokens)
    total_tokens = sum(tokens) if count <= MAX_SAMPLE_LINES else round(sum(tokens) * count / max(1, len(chosen)))
    return LineStatistics(
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


CHANCE_STANDARD_ERRORS: Final = 3.0
"""Standard errors within which a share may differ by chance."""
MIN_DIFFERENCE: Final = 0.05
"""Differences below this are ignored."""
MAX_SINGLE_MESSAGES: Final = 3
"""Maximum number of messages of a single-question example: three with a system prompt."""
MAX_LISTED: Final = 4
"""Formats and scripts listed."""


@dataclass(frozen=True, slots=True)
class TraitShares:
    """A feature of examples and its share in each split."""

    name: str
    shares: tuple[float, ...]
    """In split order, 0 to 1."""
    apart: tuple[bool, ...]
    """Whether a share differs from the first split's by more than chance."""


@dataclass(frozen=True, slots=True)
class SplitComposition:
    """The splits by features of their examples; a large split by a sample of some thousand lines."""

    splits: tuple[str, ...]
    measured: tuple[LineStatistics, ...]
    traits: tuple[TraitShares, ...]


def composition_of(splits: Mapping[str, Sequence[Path]]) -> SplitComposition:
    """Measure the files of splits, the training split first. Raises `InputError` for a missing file."""
    measured = [measure(LineIndex.of(files)) for files in splits.values()]
    return SplitComposition(tuple(splits), tuple(measured), tuple(_compared_traits(measured)))


def _compared_traits(measured: Sequence[LineStatistics]) -> list[TraitShares]:
    """The features that occur in a split; of formats and scripts, the most frequent ones."""
    stats = [split.stats for split in measured]
    counts: dict[str, list[int]] = {
        f"more than {MAX_SINGLE_MESSAGES} messages": [
            sum(turns > MAX_SINGLE_MESSAGES for turns in split.turns) for split in stats
        ],
        "with a system prompt": [split.with_system for split in stats],
        "declares tools": [split.tools.declared for split in stats],
        "calls tools": [split.tools.called for split in stats],
    }
    for title, counters in (
        ("format", [split.formats for split in stats]),
        ("mainly", [split.mainly for split in stats]),
    ):
        totals = sum(counters, Counter[str]())
        if len(totals) > 1:
            counts |= {
                f"{title} {name}": [counter[name] for counter in counters] for name, _ in totals.most_common(MAX_LISTED)
            }
    wholes = [split.examples for split in stats]
    return [_trait_of(name, of, wholes) for name, of in counts.items() if any(of)]


def _trait_of(name: str, counts: Sequence[int], wholes: Sequence[int]) -> TraitShares:
    """A feature with its share in each split; `counts`: examples with it, `wholes`: all examples, by split."""
    shares = tuple(count / total if total else 0.0 for count, total in zip(counts, wholes, strict=True))
    return TraitShares(
        name,
        shares,
        tuple(_is_significant(counts[0], wholes[0], count, total) for count, total in zip(counts, wholes, strict=True)),
    )


def _is_significant(first: int, of_first: int, second: int, of_second: int) -> bool:
    """Whether two shares differ significantly: the z-test of two proportions."""
    if not of_first or not of_second:
        return False
    pooled = (first + second) / (of_first + of_second)
    error = sqrt(pooled * (1 - pooled) * (1 / of_first + 1 / of_second))
    difference = abs(first / of_first - second / of_second)
    return difference > MIN_DIFFERENCE and difference > CHANCE_STANDARD_ERRORS * error
