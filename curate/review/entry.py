"""What a person is asked about: entries of four kinds, and how far the decision about each has come.

An entry names examples by place and id and holds no text of them: a million entries are columns, and what is looked at
is read again.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Literal, NamedTuple

from curate.conflicts.evidence import Evidence
from curate.core.example import Example, Place
from curate.core.finding import Finding, Severity

Kind = Literal["example", "finding", "cluster", "conflict"]
KINDS: Final[tuple[Kind, ...]] = ("example", "finding", "cluster", "conflict")
Choice = Literal["keep", "drop", "left", "right", "both", "neither"]
SINGLE: Final[frozenset[Choice]] = frozenset(("keep", "drop"))
PAIR: Final[frozenset[Choice]] = frozenset(("left", "right", "both", "neither"))


class ReviewStatus(IntEnum):
    """How far the decision about an entry has come; a number, since there is a column of them."""

    UNDECIDED = 0
    PARTLY = 1
    """Some of its examples are decided about."""
    CONTESTED = 2
    """People decided differently without having seen each other's decision."""
    KEEP = 3
    DROP = 4
    EDIT = 5
    MIXED = 6
    """Decided: some stay, some go."""
    NOTHING = 7
    """There is nothing to decide: exact copies are one content, and a finding about a whole file is about no
    example.
    """

    @property
    def open(self) -> bool:
        """Whether somebody still has to decide."""
        return self <= ReviewStatus.CONTESTED


class Side(NamedTuple):
    """An example by where it stands."""

    place: Place
    id: str


class Member(NamedTuple):
    """A duplicate of the example that stays."""

    side: Side
    code: str
    """D001: the same content; D003: nearly the same."""
    similarity: float
    """To the one that stays: true Jaccard, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Duplicates of one example that stays, the least similar first: those deserve a look most."""

    kept: Side
    members: tuple[Member, ...]
    apart: bool = False
    """True for a pair that differs in a fact, so that both stay unless a person says otherwise."""

    @property
    def id(self) -> str:
        """First 12 digits of the keeper's id; of a pair, those of both."""
        return f"{self.kept.id[:12]}-{self.members[0].side.id[:12]}" if self.apart else self.kept.id[:12]

    @property
    def distinct(self) -> tuple[Member, ...]:
        """Members whose content is not the keeper's, each content once: these can be decided about."""
        return tuple({member.side.id: member for member in self.members if member.side.id != self.kept.id}.values())


@dataclass(frozen=True, slots=True)
class PairConflict:
    """Two examples whose question agrees and whose answers may not both hold; see
    `curate.conflicts.conflict.Conflict`.
    """

    code: str
    left: Side
    right: Side
    similarity: float
    evidence: tuple[Evidence, ...]
    confidence: float
    turns: tuple[int, int] | None = None
    id: str = ""
    same_question: float = 1.0
    """Probability that both questions ask the same."""


class AnswerGroup(NamedTuple):
    """Answers to one question that do not clash with one another."""

    sides: tuple[Side, ...]
    """An example for each wording."""
    examples: int
    """How many examples answer so, copies included."""


@dataclass(frozen=True, slots=True)
class MultiConflict:
    """A question with three answers or more, some of which clash; the answers that most examples give first."""

    request: str
    groups: tuple[AnswerGroup, ...]

    @property
    def id(self) -> str:
        """The first 12 digits of the first answer's id."""
        return f"topic-{self.groups[0].sides[0].id[:12]}"


Subject = Finding | Cluster | PairConflict | MultiConflict | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to look at."""

    kind: Kind
    number: int
    """Its position among all entries of its kind."""
    about: str
    """What a decision taken here is about: the rule's code, or the id of the cluster or conflict."""
    code: str
    severity: Severity
    place: Place
    ids: tuple[str, ...]
    """Ids of the examples that can be decided about here: of a cluster, its duplicates; of a pair, both sides."""
    subject: Subject

    @property
    def pair(self) -> bool:
        """True where two examples stand against each other, and neither of them is the keeper."""
        return isinstance(self.subject, PairConflict) or (isinstance(self.subject, Cluster) and self.subject.apart)

    @property
    def choices(self) -> frozenset[Choice]:
        """What can be decided here; `left` and `right` keep one side of a pair and drop the other."""
        if not self.ids:
            return frozenset()
        return PAIR if self.pair else SINGLE


class Progress(NamedTuple):
    """How many entries are decided, of those that can be."""

    decided: int
    total: int


def question(example: Example) -> str:
    """What an example asks: its last user turn, else its first turn, else nothing."""
    asked = [message for message in example.prompt if message.role == "user"] or list(example.messages[:1])
    return asked[-1].text if asked else ""
