"""Compare the composition of the splits: whether held-out splits resemble the training split."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Final

from curate.read.index import LineIndex
from curate.review.overview import Measured, measure

CHANCE_STANDARD_ERRORS: Final = 3.0
"""Standard errors within which a share may differ by chance."""
MIN_DIFFERENCE: Final = 0.05
"""Differences below this are ignored."""
MAX_SINGLE_MESSAGES: Final = 3
"""Maximum number of messages of a single-question example: three with a system prompt."""
MAX_LISTED: Final = 4
"""Formats and scripts listed."""


@dataclass(frozen=True, slots=True)
class Trait:
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
    measured: tuple[Measured, ...]
    traits: tuple[Trait, ...]


def composition_of(splits: Mapping[str, Path]) -> SplitComposition:
    """Measure the files of splits, the training split first. Raises `InputError` for a missing file."""
    measured = []
    for path in splits.values():
        lines = LineIndex([path])
        for _ in lines.build():
            pass
        measured.append(measure(lines))
    return SplitComposition(tuple(splits), tuple(measured), tuple(_compared_traits(measured)))


def _compared_traits(measured: Sequence[Measured]) -> list[Trait]:
    stats = [one.stats for one in measured]
    counts: dict[str, list[int]] = {
        f"more than {MAX_SINGLE_MESSAGES} messages": [
            sum(turns > MAX_SINGLE_MESSAGES for turns in one.turns) for one in stats
        ],
        "with a system prompt": [one.with_system for one in stats],
        "declares tools": [one.tools.declared for one in stats],
        "calls tools": [one.tools.called for one in stats],
    }
    for title, found in (("format", [one.formats for one in stats]), ("mainly", [one.mainly for one in stats])):
        every = sum(found, Counter[str]())
        if len(every) > 1:
            counts |= {f"{title} {name}": [one[name] for one in found] for name, _ in every.most_common(MAX_LISTED)}
    wholes = [one.examples for one in stats]
    return [_trait_of(name, of, wholes) for name, of in counts.items() if any(of)]


def _trait_of(name: str, counts: Sequence[int], wholes: Sequence[int]) -> Trait:
    shares = tuple(count / whole if whole else 0.0 for count, whole in zip(counts, wholes, strict=True))
    return Trait(
        name,
        shares,
        tuple(_is_significant(counts[0], wholes[0], count, whole) for count, whole in zip(counts, wholes, strict=True)),
    )


def _is_significant(first: int, of_first: int, other: int, of_other: int) -> bool:
    """Whether two shares differ significantly: the z-test of two proportions."""
    if not of_first or not of_other:
        return False
    pooled = (first + other) / (of_first + of_other)
    error = sqrt(pooled * (1 - pooled) * (1 / of_first + 1 / of_other))
    off = abs(first / of_first - other / of_other)
    return off > MIN_DIFFERENCE and off > CHANCE_STANDARD_ERRORS * error
