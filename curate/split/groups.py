"""What is connected: examples that are copies or near-duplicates, ask the same, go on from one another, or share a key that the user groups by.

Groups are whole components: nothing in one is connected with anything outside of it. How far two members are connected through others does
not matter here, since all of them go to one split.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from curate.detect.table import Table
from curate.detect.verify import grouped

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[np.int64]]
    Ids = np.ndarray[Any, np.dtype[np.uint64]]


class Link(IntEnum):
    """Why two examples belong together."""

    COPY = 0
    NEAR = 1
    QUESTION = 2
    PREFIX = 3
    KEY = 4
    SEMANTIC = 5

    @property
    def words(self) -> str:
        """What the first is to the second, for a person."""
        return WORDS[self]


WORDS: Final = ("is a copy of", "is nearly", "asks the same as", "shares its beginning with", "has the key of", "means much the same as")


class Pairs(NamedTuple):
    """Numbers of examples that are linked two by two."""

    link: Link
    left: "Numbers"
    right: "Numbers"


@dataclass(frozen=True, slots=True)
class Groups:
    """Examples by number, and what holds them together."""

    of: "Numbers"
    """Of each example the number of its group: that of its first member."""
    joins: tuple[Pairs, ...]
    """A forest of links that holds the groups together: as few as do."""

    @property
    def counts(self) -> dict[str, int]:
        """How many links of each kind the forest has."""
        found: dict[str, int] = {}
        for pairs in self.joins:
            name = pairs.link.name.lower()
            found[name] = found.get(name, 0) + len(pairs.left)
        return {name: count for name, count in found.items() if count}

    def names(self, ids: "Ids") -> list[str]:
        """Of each group, in the order of its number, the smallest id in it, whatever the order of the examples."""
        import numpy as np

        order = np.lexsort((ids[:, 1], ids[:, 0], self.of))
        firsts = order[np.flatnonzero(np.diff(self.of[order], prepend=-1))]
        digits = ids[firsts].astype(">u8").tobytes().hex()
        return [digits[start : start + 32] for start in range(0, len(digits), 32)]


def group(count: int, links: Iterable[Pairs]) -> Groups:
    """The groups of so many examples by all `links`."""
    import numpy as np

    from curate.detect import forest, join

    parent = np.arange(count)
    joins = []
    for link, left, right in links:
        made = np.zeros(len(left), dtype=np.bool_)
        forest.join_pairs(parent, left, right, made)
        joins.append(Pairs(link, left[made], right[made]))
    return Groups(join.roots(parent), tuple(joins))


def links_of(table: Table, threshold: float, workers: int) -> list[Pairs]:
    """All links between the examples of a table but those by meaning. `threshold`: Jaccard similarity from which two are nearly the same."""
    import numpy as np

    from curate.detect import forest

    keys, marks = table.keys, table.marks
    if keys is None or marks is None:
        raise ValueError("a table without keys or marks")
    count = len(table.lines)
    numbers = np.concatenate([np.arange(count), np.repeat(np.arange(count), np.diff(keys.ends))])
    left, right = forest.equal_pairs(np.concatenate([keys.whole, keys.begun]), np.arange(len(numbers)) < count)
    return [
        Pairs(Link.COPY, *_equal_ids(table.ids)),
        *_members(grouped(table.sets, threshold, workers, table.brief.keys()).members),
        Pairs(Link.QUESTION, *forest.equal_pairs(keys.asked)),
        Pairs(Link.PREFIX, numbers[left], numbers[right]),
        *(Pairs(Link.KEY, *forest.equal_pairs(np.ascontiguousarray(column))) for column in marks.keys.T),
    ]


def _equal_ids(ids: "Ids") -> "tuple[Numbers, Numbers]":
    import numpy as np

    order = np.lexsort((ids[:, 1], ids[:, 0]))
    same = np.flatnonzero((ids[order][1:] == ids[order][:-1]).all(axis=1))
    return order[same], order[same + 1]


def _members(groups: "Sequence[Numbers]") -> list[Pairs]:
    """Members of a group of near-duplicates, each with the next one."""
    import numpy as np

    if not groups:
        return []
    return [Pairs(Link.NEAR, np.concatenate([members[:-1] for members in groups]), np.concatenate([members[1:] for members in groups]))]
