"""Family L, split sizes: run by `curate split` after splitting.

The tests split the examples below into three equal parts, and accept one example as enough.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final, NamedTuple

from curate.core.example import Place
from curate.core.finding import Finding, Severity
from curate.core.text import plural
from curate.lint.rules.rule import rule

FEW: Final = 50
"""Minimum number of examples for a useful held-out split."""
OFF: Final = 1.5
"""Factor between actual and requested share beyond which a split is reported."""


class SplitCounts(NamedTuple):
    """The requested and the actual size of a split."""

    name: str
    wanted: float
    """Requested share of the examples, 0 to 1; 0 for a split that was not requested."""
    examples: int
    share: float
    """Actual share of the examples."""
    text: float
    """Actual share of the characters."""
    missing: Sequence[tuple[str, int]] = ()
    """Classes without an example in it although there are enough, each with its number of examples."""


@dataclass(frozen=True, slots=True)
class SplitBalance:
    """The splits, and the file for their findings."""

    file: str
    parts: Sequence[SplitCounts]
    holdable: int | None = None
    """Number of examples in groups small enough to be held out; None if unknown."""


@rule(
    "L008",
    "uneven-splits",
    Severity.WARNING,
    scope="division",
    by="`curate split`",
    hint="Add data, or set other shares with --fractions or --counts. Connected examples are never divided.",
)
def uneven_splits(balance: SplitBalance) -> Iterator[str]:
    """A split is empty, too small to measure with, or far from its requested share.

    A score on a few dozen examples changes by whole points with each example. Groups of connected examples stay in one
    split, so large groups make uneven splits. With `--stratify`, classes missing from a held-out split are reported
    too.
    Bad:
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "An oak."}]}
    Good:
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
        {"messages": [{"role": "user", "content": "Name a bird."}, {"role": "assistant", "content": "A tit."}]}
        {"messages": [{"role": "user", "content": "Name a fish."}, {"role": "assistant", "content": "A carp."}]}
    """
    total = sum(part.examples for part in balance.parts)
    could = (
        f"; {plural(balance.holdable, 'example')} can be held out at most"
        if balance.holdable is not None and balance.holdable < total
        else ""
    )
    for part in balance.parts:
        if not part.wanted:
            continue
        if not part.examples:
            yield f"{part.name} is empty: there are too few examples, or one group holds most of them{could}"
            continue
        if part.examples < FEW and part.name != "train":
            yield (
                f"{part.name} has {plural(part.examples, 'example')}: each of them is {1 / part.examples:.0%} of a "
                "score"
            )
        if _is_off(part, total):
            yield (
                f"{part.name} has {part.share:.1%} of the examples where {part.wanted:.0%} was wanted: groups are too "
                f"large or too few{could}"
            )
        elif part.examples >= FEW and not part.wanted / OFF <= part.text <= part.wanted * OFF:
            yield (
                f"{part.name} has {part.text:.1%} of the text where {part.wanted:.0%} was wanted: its examples are "
                "longer or shorter"
            )
        for name, count in part.missing[:3]:
            yield f"{part.name} has none of the {plural(count, 'example')} of {name!r}"
        if len(part.missing) > 3:
            yield f"{part.name} lacks {len(part.missing) - 3:,} other classes too"


def _is_off(part: SplitCounts, total: int) -> bool:
    """Whether a split's share differs from the requested one by more than chance assignment explains."""
    chance = 2 * sqrt(total * part.wanted * (1 - part.wanted))
    return (
        not part.wanted / OFF <= part.share <= part.wanted * OFF and abs(part.examples - total * part.wanted) > chance
    )


def unbalanced(balance: SplitBalance) -> list[Finding]:
    """The findings about the splits, in order."""
    return [uneven_splits.finding(Place(balance.file, 0), said) for said in uneven_splits.function(balance)]
