"""Clusters of duplicates and conflicts as entries, which hold places and no texts."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final, cast, overload

from curate.core.example import Place
from curate.core.finding import Severity
from curate.core.lazy import Array, Flags, Numbers, Rows, np
from curate.review.entry import (
    Cluster,
    ClusterMember,
    Entry,
    Kind,
    MultiConflict,
    PairConflict,
    PlacedExample,
    ReviewStatus,
    sides_of,
)
from curate.review.query import Query
from curate.review.queue import ArrayColumn, Names, Queue, file_fits, in_ranges, key, matches_names

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
    """Clusters, stored as columns; each object is created on access."""

    def __init__(self) -> None:
        self.files, self.codes = Names(), Names()
        self._columns = {name: ArrayColumn(kind) for name, kind in COLUMNS.items()}
        self._ends, self._apart = ArrayColumn("int64"), ArrayColumn("bool")

    def extend(self, clusters: Sequence[Cluster]) -> None:
        """Append clusters."""
        sides = [ClusterMember(cluster.kept, "", 1.0) for cluster in clusters]
        members = [side for keeper, cluster in zip(sides, clusters, strict=True) for side in (keeper, *cluster.members)]
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
        self._apart.extend([cluster.apart for cluster in clusters])
        self._ends.extend(before + np.cumsum([1 + len(cluster.members) for cluster in clusters], dtype=np.int64))

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int) -> Cluster: ...
    @overload
    def __getitem__(self, index: slice) -> list[Cluster]: ...
    def __getitem__(self, index: int | slice) -> Cluster | list[Cluster]:
        """A cluster, or some."""
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        keeper, *members = self._members(range(len(self))[index])
        return Cluster(keeper.side, tuple(members), bool(self._apart.values[index]))

    def _members(self, number: int) -> list[ClusterMember]:
        """The members of a cluster, the keeper first."""
        first, last = (int(self._ends.values[number - 1]) if number else 0), int(self._ends.values[number])
        columns = zip(*(self._columns[name].values[first:last].tolist() for name in COLUMNS), strict=True)
        return [
            ClusterMember(
                PlacedExample(Place(self.files.all[file], line, element), f"{high:016x}{low:016x}"),
                self.codes.all[code],
                similarity,
            )
            for file, line, element, high, low, code, similarity in columns
        ]

    @property
    def starts(self) -> Numbers:
        """The position in the columns at which each cluster begins, and the number of rows."""
        return np.concatenate([[0], self._ends.values])

    def column(self, name: str) -> Array:
        """The values of a column for all examples, cluster by cluster."""
        return self._columns[name].values


class SubjectQueue(Queue):
    """Clusters or conflicts."""

    def __init__(self) -> None:
        super().__init__()
        self.subjects: list[Any] | ClusterColumns = []

    def add(self, subjects: Sequence[Cluster | PairConflict | MultiConflict], statuses: Sequence[ReviewStatus]) -> None:
        """Add items with their status."""
        first = len(self.subjects)
        self.subjects.extend(cast("Sequence[Any]", subjects))
        pairs = [
            (key(side.id), first + number) for number, subject in enumerate(subjects) for side in sides_of(subject)
        ]
        self.example_index.add([example_key for example_key, _ in pairs], [number for _, number in pairs])
        self._extend(statuses)

    def entry(self, number: int) -> Entry:
        """The cluster or conflict with a number."""
        return entry_of(self.subjects[number], number)

    def places(self, number: int) -> Sequence[Place]:
        """The places of all its examples."""
        return [side.place for side in sides_of(self.subjects[number])]

    def head(self, number: int) -> str:
        """Code and places; for a conflict, also its evidence."""
        subject = self.subjects[number]
        sources = [evidence.source for evidence in subject.evidence] if isinstance(subject, PairConflict) else []
        return " ".join([self.entry(number).code, subject.id, *sources, *map(str, self.places(number))])

    def scores(self) -> Array:
        """Similarity of the least similar duplicate, or confidence of a conflict."""
        return np.array([score_of(subject) for subject in self.subjects[: len(self)]])

    def sizes(self) -> Array:
        """Number of examples of each."""
        return np.array([len(sides_of(subject)) for subject in self.subjects[: len(self)]])

    def order(self, sort: str) -> Rows:
        """The numbers of the items by arrival, score or number of examples."""
        if sort == "surest":
            return np.argsort(-self.scores(), kind="stable").astype(np.int32)
        if sort == "largest":
            return np.argsort(-self.sizes(), kind="stable").astype(np.int32)
        return np.arange(len(self), dtype=np.int32)

    def mask(self, query: Query) -> Flags:
        """A flag for each item: whether it fits the status, code, file, line and score of a query."""
        matches = super().mask(query)
        if query.scores:
            matches &= in_ranges(self.scores()[: len(matches)], query.scores)
        if query.codes or query.files or query.lines:
            matches &= self._fit(query)[: len(matches)]
        if query.severities or query.fixes:
            matches &= False
        return matches

    def _fit(self, query: Query) -> Flags:
        """A flag for each cluster or conflict: whether it matches the codes, files and lines of a query."""
        return np.array(
            [
                (not query.codes or self.entry(number).code.startswith(query.codes))
                and (not query.files or any(file_fits(place.file, query.files) for place in places))
                and (not query.lines or any(low <= place.line <= high for place in places for low, high in query.lines))
                for number in range(len(self))
                for places in (self.places(number),)
            ],
            np.bool_,
        )


class ClusterQueue(SubjectQueue):
    """Clusters: pairs that differ in a fact first, then by least similar duplicate."""

    kind: ClassVar[Kind] = "cluster"
    sorts = ("least alike", "surest", "largest")

    def __init__(self) -> None:
        super().__init__()
        self.subjects: ClusterColumns = ClusterColumns()

    def scores(self) -> Array:
        """Similarity of the least similar duplicate."""
        starts = self.subjects.starts[: len(self) + 1]
        values = self.subjects.column("similarity")[: starts[-1]]
        return np.minimum.reduceat(values, starts[:-1]) if len(values) else values

    def sizes(self) -> Array:
        """Number of examples of each cluster."""
        return np.diff(self.subjects.starts[: len(self) + 1])

    def _fit(self, query: Query) -> Flags:
        clusters, count = self.subjects, len(self)
        starts = clusters.starts[: count + 1]
        code, file, line = (clusters.column(name)[: starts[-1]] for name in ("code", "file", "line"))
        matches: Flags = np.ones(count, np.bool_)
        if query.codes:
            names = clusters.codes.all
            matches &= matches_names(code[starts[:-1] + 1], names, [name.startswith(query.codes) for name in names])
        if query.files:
            names = clusters.files.all
            matches &= _any(matches_names(file, names, [file_fits(name, query.files) for name in names]), starts)
        if query.lines:
            matches &= _any(in_ranges(line, query.lines), starts)
        return matches


def _any(flags: Flags, starts: Array) -> Flags:
    """A flag for each interval between consecutive `starts`: whether a flag in it is set."""
    before = np.concatenate([[0], np.cumsum(flags)])[starts]
    return np.asarray(before[1:] > before[:-1])


class ConflictQueue(SubjectQueue):
    """Conflicts by confidence, then questions with many answers."""

    kind: ClassVar[Kind] = "conflict"
    sorts = ("surest", "largest")


def score_of(subject: Cluster | PairConflict | MultiConflict) -> float:
    """Similarity of the least similar duplicate, or confidence of a conflict."""
    if isinstance(subject, Cluster):
        return min(member.similarity for member in subject.members)
    return subject.confidence if isinstance(subject, PairConflict) else 0.0


def entry_of(subject: Cluster | PairConflict | MultiConflict, number: int) -> Entry:
    """A cluster or conflict as an entry."""
    if isinstance(subject, Cluster):
        distinct = [member.side.id for member in subject.distinct]
        ids = (subject.kept.id, *distinct) if subject.apart else tuple(distinct)
        code = subject.members[0].code
        severity = Severity.INFO if subject.apart else Severity.WARNING
        return Entry("cluster", number, subject.id, code, severity, subject.kept.place, ids, subject)
    if isinstance(subject, PairConflict):
        return Entry(
            "conflict",
            number,
            subject.id,
            subject.code,
            Severity.WARNING,
            subject.left.place,
            (subject.left.id, subject.right.id),
            subject,
        )
    sides = sides_of(subject)
    return Entry(
        "conflict",
        number,
        subject.id,
        "topic",
        Severity.WARNING,
        sides[0].place,
        tuple(dict.fromkeys(side.id for side in sides)),
        subject,
    )
