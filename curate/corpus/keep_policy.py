"""Which one of several duplicates is kept: each example has a rank, and the smallest rank is kept.

`first`, `last` and, among equals, `best` go by the order of the lines. The others do not depend on it: among equals,
the longest example and then the smallest id is kept. The choice is the same in every run. See
`curate.dedup.cluster_resolution.ranks_of`.
"""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from curate.core.address import value_at
from curate.core.arrays import Floats, Numbers
from curate.core.example import Example
from curate.core.lazy import np

MILLISECONDS: Final = 1e11
"""Numbers above this are taken for milliseconds: as seconds since 1970 they would be dates after the year 5138."""


def by_content(keep: str) -> bool:
    """Whether a policy, one of `curate.core.config.KEEP`, ranks by content of the example other than its length."""
    return keep == "most-turns" or ":" in keep


def rank_of(keep: str) -> Callable[[Example], float]:
    """The first sort key of an example under a policy; infinite if the field that the policy names has no usable value,
    0 for other policies.
    """
    name, _, field = keep.partition(":")
    ranks: dict[str, Callable[[Example], float]] = {
        "most-turns": lambda example: -len(example.messages),
        "newest": lambda example: -moment(value_at(example.value, field)),
        "highest": lambda example: -number(value_at(example.value, field), -math.inf),
        "lowest": lambda example: number(value_at(example.value, field), math.inf),
    }
    return ranks.get(name, lambda _: 0.0)


def plain_ranks(keep: str, turns: Numbers) -> Floats:
    """The same for plain conversations with these numbers of turns; they have no other fields."""
    return -turns.astype(np.float64) if keep == "most-turns" else np.full(len(turns), math.inf if ":" in keep else 0.0)


def length(example: Example) -> int:
    """Characters in all turns together."""
    if example.plain:  # nearly all: without objects for turns
        return sum(len(turn["content"]) for turn in example.value["messages"])
    return sum(len(message.text) for message in example.messages)


def number(value: Any, otherwise: float) -> float:
    """A number, or a text that is one; `otherwise` for anything else, including NaN."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return otherwise
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return otherwise
    return otherwise if math.isnan(found) else found


def moment(value: Any) -> float:
    """A date as seconds since 1970: from ISO 8601 (UTC unless it says otherwise), seconds or milliseconds; minus
    infinity for anything else.
    """
    seconds = number(value, math.nan)
    if not math.isnan(seconds):
        return seconds / 1000 if abs(seconds) > MILLISECONDS else seconds
    if not isinstance(value, str):
        return -math.inf
    try:
        found = datetime.fromisoformat(value.strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return -math.inf
