"""Entries of one kind, as columns for status, filters and sorting; entry objects are created on display.

Other threads may read the columns while they grow. The index from examples to entries takes 12 bytes per example.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import PurePath
from typing import ClassVar

from curate.core.example import Place
from curate.core.lazy import Array, Flags, Ids, Rows, np
from curate.review.entry import Counts, Entry, Kind, ReviewStatus
from curate.review.query import Query, Range

Keys = Ids


class ExampleIndex:
    """Entry numbers by the ids of their examples. The index only grows."""

    def __init__(self) -> None:
        self._parts: list[tuple[Keys, Rows]] = []

    def add(self, keys: Sequence[int] | Keys, rows: Sequence[int] | Rows) -> None:
        """Add pairs of key and entry number."""
        new = np.asarray(keys, np.uint64)
        if not len(new):
            return
        numbers = np.asarray(rows, np.int32)
        while self._parts and len(self._parts[-1][0]) <= 2 * len(new):  # few parts, each twice as long as the next
            old_keys, old_rows = self._parts.pop()
            new, numbers = np.concatenate([old_keys, new]), np.concatenate([old_rows, numbers])
        order = np.argsort(new, kind="stable")
        self._parts.append((new[order], numbers[order]))

    def rows(self, example: str) -> list[int]:
        """The entries that contain an example."""
        example_key = np.uint64(key(example))
        entries: list[int] = []
        for keys, rows in self._parts:
            start, end = np.searchsorted(keys, example_key, "left"), np.searchsorted(keys, example_key, "right")
            entries.extend(rows[start:end].tolist())
        return entries


class Names:
    """Strings and their numbers."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, name: str) -> int:
        """The number of a name; a new name gets the next number."""
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self.all)
            self.all.append(name)
        return number


class ArrayColumn:
    """Numbers of one type, one per entry."""

    def __init__(self, kind: str) -> None:
        """`kind`: a numpy type, such as `uint8`."""
        self._values: Array = np.zeros(1024, kind)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def extend(self, values: Sequence[int | float] | Array) -> None:
        """Append values."""
        need = self._count + len(values)
        if need > len(self._values):
            grown = np.zeros(max(need, 2 * len(self._values)), self._values.dtype)
            grown[: self._count] = self._values[: self._count]
            self._values = grown
        self._values[self._count : need] = values
        self._count = need  # last: a concurrent reader sees only complete values

    @property
    def values(self) -> Array:
        """All values so far, as a view."""
        return self._values[: self._count]


class Queue(ABC):
    """Entries of one kind in order of arrival, which is also their number."""

    kind: ClassVar[Kind]
    sorts: tuple[str, ...]
    """Names of sort orders, the default first."""
    groupings: ClassVar[tuple[str, ...]] = ()
    """What entries can be grouped by."""

    def __init__(self) -> None:
        self.statuses = ArrayColumn("uint8")
        self.example_index = ExampleIndex()
        self.open = 0
        """Number of undecided entries."""
        self.total = 0
        """Number of entries that can be decided."""

    def __len__(self) -> int:
        return len(self.statuses)

    @abstractmethod
    def entry(self, number: int) -> Entry:
        """The entry with a number."""

    @abstractmethod
    def places(self, number: int) -> Sequence[Place]:
        """The places of an entry's examples, whose texts are searched."""

    @abstractmethod
    def head(self, number: int) -> str:
        """The searchable text of an entry besides the texts of its examples."""

    @abstractmethod
    def order(self, sort: str) -> Rows:
        """All entry numbers in a sort order."""

    def group_keys(self, by: str, rows: Rows) -> Array:  # noqa: ARG002
        """The key of the group of each entry. Raises `KeyError` for an unknown grouping."""
        raise KeyError(by)

    def mask(self, query: Query) -> Flags:
        """Which entries match the terms that need no text."""
        statuses = self.statuses.values
        matches: Flags = np.isin(statuses, query.statuses) if query.statuses else np.ones(len(statuses), np.bool_)
        return matches & (not query.signals or self.kind == "example")

    def set_status(self, number: int, status: ReviewStatus) -> None:
        """Set the status of an entry."""
        old = ReviewStatus(int(self.statuses.values[number]))
        self.statuses.values[number] = status
        self.open += status.open - old.open
        if (ReviewStatus.NOTHING in (old, status)) and old is not status:
            self.total += 1 if old is ReviewStatus.NOTHING else -1

    def counts_by_need(self) -> Counts:
        """Number of entries by what is left to do."""
        fix, nothing = (
            int(np.count_nonzero(self.statuses.values == status)) for status in (ReviewStatus.FIX, ReviewStatus.NOTHING)
        )
        return Counts(self.total - self.open, self.open - fix, fix, nothing)

    def _extend(self, statuses: Sequence[int] | Array) -> None:
        """Append statuses, and count the open and the decidable ones."""
        new = np.asarray(statuses, np.uint8)
        self.statuses.extend(new)
        decidable = int(np.count_nonzero(new != ReviewStatus.NOTHING))
        self.open += int(np.count_nonzero(new < ReviewStatus.KEEP))
        self.total += decidable


def in_ranges(values: Array, ranges: Sequence[Range]) -> Flags:
    """A flag for each value: whether it lies in one of the ranges, both ends inclusive."""
    matches: Flags = np.zeros(len(values), np.bool_)
    for low, high in ranges:
        matches |= (values >= low) & (values <= high)
    return matches


def matches_names(values: Array, names: Sequence[str], fits: Sequence[bool]) -> Flags:
    """Which values are numbers of matching names; `fits`: for each name, whether it matches."""
    assert len(names) == len(fits)
    matches: Flags = np.isin(values, np.flatnonzero(np.asarray(fits, np.bool_)))
    return matches


def file_fits(name: str, patterns: Sequence[str]) -> bool:
    """Whether a file's name or path matches one of the patterns; true if there are no patterns."""
    return not patterns or any(fnmatch(name, pattern) or fnmatch(PurePath(name).name, pattern) for pattern in patterns)


def key(example: str) -> int:
    """The first 64 bits of an id.

    In one of 40 million data sets of a million examples, two ids have the same.
    """
    return int(example[:16], 16)


def id_of(high: int, low: int) -> str | None:
    """The id of two integers; None for zeros, which stand for no id."""
    return f"{high:016x}{low:016x}" if high or low else None
