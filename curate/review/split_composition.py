"""What splits are made of, beside each other: whether those that are held out are like the one that is trained on."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Final

from curate.read.index import LineIndex
from curate.review.overview import Measured, measure

CHANCE: Final = 3.0
"""Standard errors that a share may be off by chance."""
SLIGHT: Final = 0.05
"""A share that is off by less is no matter."""
SHORT: Final = 3
"""Messages of an example that asks one question: with a system prompt, three."""
MOST: Final = 4
"""Formats and scripts that are told."""


@dataclass(frozen=True, slots=True)
class Trait:
    """A kind of example, and its share of each split."""

    name: str
    shares: tuple[float, ...]
    """In the order of the splits, 0 to 1."""
    apart: tuple[bool, ...]
    """Whether the share is another one than in the first split, by more than chance."""


@dataclass(frozen=True, slots=True)
class SplitComposition:
    """Splits by the kinds of their examples; of large splits, of some thousand lines drawn at random."""

    splits: tuple[str, ...]
    measured: tuple[Measured, ...]
    traits: tuple[Trait, ...]


def composition_of(splits: Mapping[str, Path]) -> SplitComposition:
    """Measure the files of splits, the one that is trained on first. Raises `InputError` for one that is not there."""
    measured = []
    for path in splits.values():
        lines = LineIndex([path])
        for _ in lines.build():
            pass
        measured.append(measure(lines))
    return SplitComposition(tuple(splits), tuple(measured), tuple(_traits(measured)))


def _traits(measured: Sequence[Measured]) -> list[Trait]:
    stats = [one.stats for one in measured]
    counts: dict[str, list[int]] = {
        f"more than {SHORT} messages": [sum(turns > SHORT for turns in one.turns) for one in stats],
        "with a system prompt": [one.with_system for one in stats],
        "declares tools": [one.with_tools for one in stats],
        "calls tools": [one.with_calls for one in stats],
    }
    for title, found in (("format", [one.formats for one in stats]), ("mainly", [one.mainly for one in stats])):
        every = sum(found, Counter[str]())
        if len(every) > 1:
            counts |= {f"{title} {name}": [one[name] for one in found] for name, _ in every.most_common(MOST)}
    wholes = [one.examples for one in stats]
    return [_trait(name, of, wholes) for name, of in counts.items() if any(of)]


def _trait(name: str, counts: Sequence[int], wholes: Sequence[int]) -> Trait:
    shares = tuple(count / whole if whole else 0.0 for count, whole in zip(counts, wholes, strict=True))
    return Trait(
        name,
        shares,
        tuple(_apart(counts[0], wholes[0], count, whole) for count, whole in zip(counts, wholes, strict=True)),
    )


def _apart(first: int, of_first: int, other: int, of_other: int) -> bool:
    """Whether two shares differ by more than chance: the z-test of two proportions."""
    if not of_first or not of_other:
        return False
    pooled = (first + other) / (of_first + of_other)
    error = sqrt(pooled * (1 - pooled) * (1 / of_first + 1 / of_other))
    off = abs(first / of_first - other / of_other)
    return off > SLIGHT and off > CHANCE * error
