"""Clusters of duplicates and conflicts as entries: few enough for objects, which hold places and no texts."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import numpy as np

from curate.core.example import Place
from curate.core.finding import Severity
from curate.review.entry import Cluster, Entry, Kind, MultiConflict, PairConflict, ReviewStatus, Side
from curate.review.example_index import key
from curate.review.query import Query
from curate.review.queue import Flags, Queue, Rows, file_fits, in_ranges


class SubjectQueue(Queue):
    """Clusters or conflicts, stored as objects."""

    def __init__(self) -> None:
        super().__init__()
        self.subjects: list[Cluster | PairConflict | MultiConflict] = []

    def add(self, subjects: Iterable[Cluster | PairConflict | MultiConflict], statuses: Sequence[ReviewStatus]) -> None:
        """Add items with their status."""
        first = len(self.subjects)
        self.subjects.extend(subjects)
        pairs = [
            (key(side.id), number)
            for number in range(first, len(self.subjects))
            for side in sides_of(self.subjects[number])
        ]
        self.example_index.add([one for one, _ in pairs], [number for _, number in pairs])
        self._grow(statuses)

    def entry(self, number: int) -> Entry:
        """The cluster or conflict with a number."""
        return entry_of(self.subjects[number], number)

    def places(self, number: int) -> Sequence[Place]:
        """The places of all its examples."""
        return [side.place for side in sides_of(self.subjects[number])]

    def head(self, number: int) -> str:
        """Code and places; for a conflict, also its evidence."""
        subject = self.subjects[number]
        said = [evidence.source for evidence in subject.evidence] if isinstance(subject, PairConflict) else []
        return " ".join([self.entry(number).code, subject.id, *said, *map(str, self.places(number))])

    def scores(self) -> np.ndarray[Any, Any]:
        """Similarity of the least similar duplicate, or confidence of a conflict."""
        return np.array([score_of(subject) for subject in self.subjects[: len(self)]])

    def order(self, sort: str) -> Rows:
        """By arrival, score or number of examples."""
        if sort == "surest":
            return np.argsort(-self.scores(), kind="stable").astype(np.int32)
        if sort == "largest":
            sizes = np.array([len(sides_of(subject)) for subject in self.subjects[: len(self)]])
            return np.argsort(-sizes, kind="stable").astype(np.int32)
        return np.arange(len(self), dtype=np.int32)

    def mask(self, query: Query) -> Flags:
        """Filter by status, code, file, line and score."""
        found = super().mask(query)
        if query.scores:
            found &= in_ranges(self.scores()[: len(found)], query.scores)
        if query.codes or query.files or query.lines:
            found &= np.fromiter((self._fits(number, query) for number in range(len(found))), np.bool_, len(found))
        if query.severities or query.fixes:
            found &= False
        return found

    def _fits(self, number: int, query: Query) -> bool:
        places = self.places(number)
        return (
            (not query.codes or self.entry(number).code.startswith(query.codes))
            and (not query.files or any(file_fits(place.file, query.files) for place in places))
            and (not query.lines or any(low <= place.line <= high for place in places for low, high in query.lines))
        )


class ClusterQueue(SubjectQueue):
    """Clusters: pairs that differ in a fact first, then by least similar duplicate."""

    kind: ClassVar[Kind] = "cluster"
    sorts = ("least alike", "surest", "largest")


class ConflictQueue(SubjectQueue):
    """Conflicts by confidence, then questions with many answers."""

    kind: ClassVar[Kind] = "conflict"
    sorts = ("surest", "largest")


def sides_of(subject: Cluster | PairConflict | MultiConflict) -> Sequence[Side]:
    """All of its examples, a cluster's keeper first."""
    if isinstance(subject, Cluster):
        return (subject.kept, *(member.side for member in subject.members))
    if isinstance(subject, PairConflict):
        return subject.left, subject.right
    return [side for group in subject.groups for side in group.sides]


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
