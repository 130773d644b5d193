"""Which one of several duplicates stays: a rank for each example, and the smallest rank stays.

`best` ends in the order of the lines, the others (but `first` and `last`) in one that does not depend on it: longest first and then by id. So
the choice is always made, and is the same in every run. A rank depends on the example, its position and what is known of it, and on nothing else.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from curate.detect.traits import value_at
from curate.example import Example

Rank = tuple[Any, ...]
Ranking = Callable[[int, Example], Rank]
"""From the position of an example, in the order of reading, and the example itself."""
MILLISECONDS: Final = 1e11
"""A number of seconds since 1970 above this would be a date after the year 5138: it is taken for milliseconds."""


def ranking(keep: str, findings: Mapping[str, tuple[int, ...]] | None = None) -> Ranking:
    """The ranking of a policy, one of `curate.config.KEEP`.

    `findings` has, for `best`, the errors, warnings and infos of each example that has some, by id. With `manual` a person has the word, and
    the ranking only says which of those that may stay is named.
    """
    name, _, field = keep.partition(":")
    known = findings or {}
    first: dict[str, Ranking] = {
        "first": lambda at, _: (at,),
        "last": lambda at, _: (-at,),
        "longest": lambda _, __: (),
        "manual": lambda _, __: (),
        "most-turns": lambda _, example: (-len(example.messages),),
        "best": lambda at, example: (*known.get(example.id, (0, 0, 0)), at),
        "newest": lambda _, example: (-moment(value_at(example.value, field)),),
        "highest": lambda _, example: (-number(value_at(example.value, field), -math.inf),),
        "lowest": lambda _, example: (number(value_at(example.value, field), math.inf),),
    }
    own = first[name]
    return lambda at, example: (*own(at, example), -length(example), example.id)


def lacking(keep: str, examples: Iterable[Example]) -> int:
    """How many of `examples` have nothing usable in the field that a policy names, so that all others stay rather than they."""
    rank = ranking(keep)
    return sum(math.isinf(rank(0, example)[0]) for example in examples) if ":" in keep else 0


def length(example: Example) -> int:
    """Characters in all turns together."""
    if example.plain:  # nearly all: without objects for turns
        return sum(len(turn["content"]) for turn in example.value["messages"])
    return sum(len(message.text) for message in example.messages)


def number(value: Any, otherwise: float) -> float:
    """A number, or a text that is one; `otherwise` for anything else, NaN among it."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return otherwise
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return otherwise
    return otherwise if math.isnan(found) else found


def moment(value: Any) -> float:
    """A date as seconds since 1970: from ISO 8601 (UTC unless it says otherwise), seconds or milliseconds; minus infinity for anything else."""
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
