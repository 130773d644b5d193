"""Entries of a list in groups, each of which is one line until it is opened."""

from collections.abc import Collection
from typing import NamedTuple

from curate.core.lazy import Array, np

Numbers = Array


class Group(NamedTuple):
    """The entries of one rule, file or example."""

    key: int
    """What they share, as a number that does not change while entries are added."""
    rows: Numbers
    """Their numbers, in the order of the list."""
    opened: bool


class Groups:
    """The groups of some entries, in the order of their first entry; two arrays, whatever their number."""

    def __init__(self, rows: Numbers, keys: Numbers, opened: Collection[int] = ()) -> None:
        """`keys`: the key of each row; `opened`: the keys of opened groups."""
        self.keys, first, inverse, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
        order = np.argsort(first)
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        self.keys, counts = self.keys[order], counts[order]
        self.rows = rows[np.argsort(place[inverse], kind="stable")]
        self.ends = np.cumsum(counts)
        self.open = np.isin(self.keys, np.array(list(opened), self.keys.dtype))

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, number: int) -> Group:
        start = int(self.ends[number - 1]) if number else 0
        return Group(int(self.keys[number]), self.rows[start : int(self.ends[number])], bool(self.open[number]))

    def lines(self) -> Numbers:
        """The lines of a list: -1 - n for the heading of group n, followed by the numbers of its entries if the group
        is opened.
        """
        heads = -1 - np.arange(len(self), dtype=np.int64)
        if not self.open.any():
            return heads
        parts = [np.concatenate([[heads[n]], self[n].rows]) if self.open[n] else heads[n : n + 1]
                 for n in range(len(self))]  # fmt: skip
        return np.concatenate(parts)

    def group_of(self, number: int) -> int | None:
        """The group that contains an entry; None if no group does."""
        positions = np.flatnonzero(self.rows == number)
        return int(np.searchsorted(self.ends, positions[0], side="right")) if len(positions) else None

    def groups_with(self, flags: Numbers) -> Numbers:
        """A flag for each group: whether one of its entries is flagged; `flags`: one for each of `rows`."""
        return np.add.reduceat(flags, np.concatenate([[0], self.ends[:-1]])) > 0 if len(self) else self.open
