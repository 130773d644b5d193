"""Review entries of four kinds, and the status of the decision about each.

An entry refers to examples by place and id and contains no text: a million entries are columns, and the displayed text
is read from the files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Literal, NamedTuple

from curate.conflicts.evidence import Evidence
from curate.core.decision import Scope, Slot, subject_slot
from curate.core.example import Place
from curate.core.finding import Finding, Severity

Kind = Literal["example", "finding", "cluster", "conflict"]
KINDS: Final[tuple[Kind, ...]] = ("example", "finding", "cluster", "conflict")
Choice = Literal["keep", "drop", "left", "right", "both", "neither"]
SINGLE_CHOICES: Final[frozenset[Choice]] = frozenset(("keep", "drop"))
LINE_CHOICES: Final[frozenset[Choice]] = frozenset(("drop",))
PAIR_CHOICES: Final[frozenset[Choice]] = frozenset(("left", "right", "both", "neither"))

SCOPES: Final[dict[Kind, Scope]] = {
    "example": "example", "finding": "finding", "cluster": "duplicate", "conflict": "conflict"
}  # fmt: skip


class DecisionTarget(NamedTuple):
    """What a decision is about."""

    scope: Scope = "example"
    about: str = ""
    """Code of the rule, or id of the cluster or conflict."""
    pointer: str = ""
    """JSON pointer of the finding."""

    @property
    def slot(self) -> Slot:
        """The slot of `keep` in the journal."""
        return subject_slot(*self)


class ReviewStatus(IntEnum):
    """The status of the decision about an entry; an integer, since it is stored in a column."""

    UNDECIDED = 0
    PARTLY = 1
    """Some of its examples are decided."""
    CONTESTED = 2
    """People decided differently without seeing each other's decision."""
    FIX = 3
    """A line that cannot be read as an example: it has to be corrected or dropped."""
    KEEP = 4
    DROP = 5
    EDIT = 6
    MIXED = 7
    """Decided: some are kept, some are removed."""
    NOTHING = 8
    """Nothing to decide: exact copies have one content, and a finding about a file has no example."""

    @property
    def open(self) -> bool:
        """Whether a decision is missing."""
        return self < ReviewStatus.KEEP


class PlacedExample(NamedTuple):
    """An example and its place."""

    place: Place
    id: str


class ClusterMember(NamedTuple):
    """A duplicate of the kept example."""

    side: PlacedExample
    code: str
    """D001: exact copy; D003: near-duplicate."""
    similarity: float
    """Exact Jaccard similarity to the kept example, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Duplicates of a kept example, least similar first, since these need review most."""

    kept: PlacedExample
    members: tuple[ClusterMember, ...]
    apart: bool = False
    """True for a pair that differs in a fact: both are kept unless a person decides otherwise."""

    @property
    def id(self) -> str:
        """First 12 digits of the keeper's id; of a pair, those of both."""
        return f"{self.kept.id[:12]}-{self.members[0].side.id[:12]}" if self.apart else self.kept.id[:12]

    @property
    def distinct(self) -> tuple[ClusterMember, ...]:
        """Members with other content than the keeper, each content once: those to decide about."""
        return tuple({member.side.id: member for member in self.members if member.side.id != self.kept.id}.values())


@dataclass(frozen=True, slots=True)
class PairConflict:
    """Two examples with the same question and contradictory answers; see `curate.conflicts.conflict.Conflict`."""

    code: str
    left: PlacedExample
    right: PlacedExample
    similarity: float
    evidence: tuple[Evidence, ...]
    confidence: float
    turns: tuple[int, int] | None = None
    id: str = ""
    same_question: float = 1.0
    """Probability that both questions ask the same."""


class PlacedAnswerGroup(NamedTuple):
    """Answers to a question that do not contradict each other."""

    sides: tuple[PlacedExample, ...]
    """An example for each wording."""
    examples: int
    """Number of examples with these answers, including copies."""


@dataclass(frozen=True, slots=True)
class MultiConflict:
    """A question with three or more answers, some contradictory; the most frequent answers first."""

    request: str
    groups: tuple[PlacedAnswerGroup, ...]

    @property
    def id(self) -> str:
        """The first 12 digits of the first answer's id."""
        return f"topic-{self.groups[0].sides[0].id[:12]}"


Subject = Finding | Cluster | PairConflict | MultiConflict | None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry to review."""

    kind: Kind
    number: int
    """Its position among all entries of its kind."""
    about: str
    """The subject of a decision made here: the rule's code, or the id of the cluster or conflict."""
    code: str
    severity: Severity
    place: Place
    ids: tuple[str, ...]
    """Ids of the examples to decide about: the duplicates of a cluster, both sides of a pair."""
    subject: Subject
    unread: bool = False
    """True for an entry of kind `example` whose line cannot be read as an example."""

    @property
    def pair(self) -> bool:
        """True if two examples contradict each other, and neither is a keeper."""
        return isinstance(self.subject, PairConflict) or (isinstance(self.subject, Cluster) and self.subject.apart)

    @property
    def broken(self) -> bool:
        """True for a line without an example: it can be corrected or dropped."""
        return self.unread or (isinstance(self.subject, Finding) and self.subject.example is None)

    @property
    def target(self) -> DecisionTarget:
        """The subject of a decision made at this entry."""
        pointer = self.subject.pointer if isinstance(self.subject, Finding) else ""
        return DecisionTarget(SCOPES[self.kind], self.about, pointer)

    @property
    def choices(self) -> frozenset[Choice]:
        """The available decisions; `left` and `right` keep one of two compared examples and remove the other."""
        if not self.ids:
            return frozenset()
        if self.broken:
            return LINE_CHOICES
        return SINGLE_CHOICES if self.kind in ("example", "finding") else PAIR_CHOICES


class Progress(NamedTuple):
    """Number of decided entries, and of all that can be decided."""

    decided: int
    total: int


class EntryCounts(NamedTuple):
    """Number of entries by what is left to do."""

    decided: int
    undecided: int
    """Entries of which a decision is missing or contested."""
    fix: int
    """Lines that have to be corrected or dropped."""
    nothing: int
    """Entries without anything to decide."""


def sides_of(subject: Cluster | PairConflict | MultiConflict) -> Sequence[PlacedExample]:
    """All examples of a cluster or conflict; of a cluster, the keeper first."""
    if isinstance(subject, Cluster):
        return (subject.kept, *(member.side for member in subject.members))
    if isinstance(subject, PairConflict):
        return subject.left, subject.right
    return [side for group in subject.groups for side in group.sides]
