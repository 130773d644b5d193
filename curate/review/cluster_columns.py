"""Clusters of duplicates in columns: about 40 bytes an example, where objects take 600."""

from collections.abc import Sequence
from typing import Any, Final, overload

import numpy as np

from curate.core.example import Place
from curate.review.array_column import ArrayColumn
from curate.review.entry import Cluster, Member, Side
from curate.review.names import Names

COLUMNS: Final = {
    "file": "uint32",
    "line": "uint32",
    "nth": "uint32",
    "high": "uint64",
    "low": "uint64",
    "code": "uint8",
    "similarity": "float64",
}
"""Of each example of a cluster, the kept one first, whose code is empty and whose similarity is 1."""


class ClusterColumns(Sequence[Cluster]):
    """Clusters, each made when it is asked for."""

    def __init__(self) -> None:
        self.files, self.codes = Names(), Names()
        self._columns = {name: ArrayColumn(kind) for name, kind in COLUMNS.items()}
        self._ends, self._apart = ArrayColumn("int64"), ArrayColumn("bool")

    def extend(self, clusters: Sequence[Cluster]) -> None:
        """Append clusters."""
        sides = [Member(one.kept, "", 1.0) for one in clusters]
        members = [side for kept, one in zip(sides, clusters, strict=True) for side in (kept, *one.members)]
        places = [member.side.place for member in members]
        columns: dict[str, list[Any]] = {
            "file": [self.files.number(place.file) for place in places],
            "line": [place.line for place in places],
            "nth": [place.nth for place in places],
            "high": [int(member.side.id[:16], 16) for member in members],
            "low": [int(member.side.id[16:], 16) for member in members],
            "code": [self.codes.number(member.code) for member in members],
            "similarity": [member.similarity for member in members],
        }
        before = len(self._columns["line"])
        for name, values in columns.items():
            self._columns[name].extend(values)
        self._apart.extend([one.apart for one in clusters])
        self._ends.extend(before + np.cumsum([1 + len(one.members) for one in clusters], dtype=np.int64))

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, at: int) -> Cluster: ...
    @overload
    def __getitem__(self, at: slice) -> list[Cluster]: ...
    def __getitem__(self, at: int | slice) -> Cluster | list[Cluster]:
        """A cluster, or some."""
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        kept, *members = self._members(range(len(self))[at])
        return Cluster(kept.side, tuple(members), bool(self._apart.values[at]))

    def _members(self, number: int) -> list[Member]:
        first, last = (int(self._ends.values[number - 1]) if number else 0), int(self._ends.values[number])
        columns = zip(*(self._columns[name].values[first:last].tolist() for name in COLUMNS), strict=True)
        return [
            Member(
                Side(Place(self.files.all[file], line, nth), f"{high:016x}{low:016x}"), self.codes.all[code], similarity
            )
            for file, line, nth, high, low, code, similarity in columns
        ]

    @property
    def starts(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Where each cluster begins in the columns, and, last, where the next one will."""
        return np.concatenate([[0], self._ends.values])

    def column(self, name: str) -> np.ndarray[Any, Any]:
        """A value of each example, cluster by cluster."""
        return self._columns[name].values
