"""Conflicts as plain values: what `curate conflicts --json` prints; its schema is an interface."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from curate.detect.conflict import Conflict, ConflictReport
from curate.detect.question import Question
from curate.detect.topics import Topic
from curate.masking import hidden, masked, stretch_of
from curate.text import storable


class Side(BaseModel):
    """One side of a conflict."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    example: str
    """Its id."""
    file: str
    line: int
    turn: int
    """Position of the answer among the messages, from 0."""
    question: str
    answer: str


class EvidenceOutput(BaseModel):
    """Why the sides clash."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    source: str
    """The rule, `nli` or `judge`."""
    left: str
    right: str
    """The words of each side that clash."""
    confidence: float
    why: str
    """What a judge gave as its reason."""


class ConflictOutput(BaseModel):
    """One conflict."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: str
    code: str
    confidence: float
    """From 0 to 1, all evidence taken together."""
    similarity: float
    """Of the questions; 1.0 where they ask the same in the same words."""
    same_question: float
    """Probability that both questions ask the same; part of the confidence."""
    systems_differ: bool
    """Whether the system prompts differ: they may be why the answers do. Where they may change what is asked, the confidence is lower."""
    left: Side
    right: Side
    evidence: list[EvidenceOutput]


class StandOutput(BaseModel):
    """Answers of a topic that do not clash with one another."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    examples: int
    """Examples that answer so, copies included."""
    majority: bool
    answers: list[str]
    """Their different wordings."""


class TopicOutput(BaseModel):
    """A question with three or more different answers, some of which clash."""

    question: str
    stands: list[StandOutput]


class ConflictsOutput(BaseModel):
    """What `curate conflicts --json` prints."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    conflicts: list[ConflictOutput]
    questions: int
    """Examples with a question and an answer in words."""
    not_understood: int
    """Lines that hold no example that curate understands."""
    compared: int
    """Pairs of answers that were judged."""
    unsure: int
    """Conflicts of less than the smallest confidence that is shown, down to .3; with `--all` they are among the conflicts."""
    notes: list[str]
    """What was not done, and why."""
    topics: list[TopicOutput]


def conflicts_json(report: ConflictReport, not_understood: int = 0) -> dict[str, Any]:
    """The report as plain values."""
    output = ConflictsOutput(
        conflicts=[_conflict(conflict) for conflict in report.conflicts],
        questions=report.questions,
        not_understood=not_understood,
        compared=report.compared,
        unsure=len(report.unsure),
        notes=report.notes,
        topics=[_topic(topic) for topic in report.topics],
    )
    return output.model_dump(mode="json")


def _conflict(conflict: Conflict) -> ConflictOutput:
    left, right = conflict.questions
    evidence = [
        EvidenceOutput(
            source=said.source,
            left=storable(stretch_of(said.left, left.answer)),
            right=storable(stretch_of(said.right, right.answer)),
            confidence=said.confidence,
            why=storable(hidden(said.why)),
        )
        for said in conflict.evidence
    ]
    return ConflictOutput(
        id=conflict.id,
        code=conflict.code,
        confidence=round(conflict.confidence, 4),
        similarity=conflict.similarity,
        same_question=conflict.same_question,
        systems_differ=conflict.systems is not None,
        left=_side(left),
        right=_side(right),
        evidence=evidence,
    )


def _side(side: Question) -> Side:
    place = side.example.place
    return Side(example=side.example.id, file=place.file, line=place.line, turn=side.turn, question=_clear(side.request), answer=_clear(side.answer))


def _topic(topic: Topic) -> TopicOutput:
    stands = [
        StandOutput(examples=stand.examples, majority=stand is topic.majority, answers=[_clear(side.answer) for side in stand.answers])
        for stand in topic.stands
    ]
    return TopicOutput(question=_clear(topic.request), stands=stands)


def _clear(text: str) -> str:
    """A text of the data without its secrets."""
    return storable(masked(text))
