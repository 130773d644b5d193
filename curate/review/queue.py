"""Entries of one kind, as columns for status, filters and sorting; entry objects are created on display."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import PurePath
from typing import ClassVar

from curate.core.example import Place
from curate.core.lazy import Array, Flags, Rows, np
from curate.review.array_column import ArrayColumn
from curate.review.entry import Counts, Entry, Kind, ReviewStatus
from curate.review.example_index import ExampleIndex
from curate.review.query import Query, Range


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
