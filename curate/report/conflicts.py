"""Conflicts for people and programs: the question, both answers, and why they clash."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from curate.detect.conflict import Conflict, ConflictReport
from curate.detect.question import question_of
from curate.example import Example
from curate.text import excerpt, plural, visible

if TYPE_CHECKING:
    from rich.text import Text

SHOWN = 20


class Side(BaseModel):
    """One side of a conflict."""

    example: str
    file: str
    line: int
    question: str
    answer: str


class EvidenceOutput(BaseModel):
    """Why the sides clash."""

    source: str
    left: str
    right: str
    confidence: float


class ConflictOutput(BaseModel):
    """One conflict."""

    id: str
    code: str
    similarity: float
    left: Side
    right: Side
    evidence: list[EvidenceOutput]


class ConflictsOutput(BaseModel):
    """What `curate conflicts --json` prints."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    conflicts: list[ConflictOutput]
    questions: int
    """Examples with a question and an answer in words."""
    compared: int
    """Pairs of answers that were judged."""
    notes: list[str]
    """What was not done, and why."""


def conflicts_json(report: ConflictReport) -> dict[str, Any]:
    """The report as plain values."""
    found = [
        ConflictOutput(
            id=conflict.id,
            code=conflict.code,
            similarity=conflict.similarity,
            left=_side(conflict.left),
            right=_side(conflict.right),
            evidence=[EvidenceOutput(**item._asdict()) for item in conflict.evidence],
        )
        for conflict in report.conflicts
    ]
    return ConflictsOutput(conflicts=found, questions=report.questions, compared=report.compared, notes=report.notes).model_dump(mode="json")


def _side(example: Example) -> Side:
    question = question_of(example)
    asked, answered = (question.request, question.answer) if question else ("", "")
    place = example.place
    return Side(example=example.id, file=place.file, line=place.line, question=_storable(asked), answer=_storable(answered))


def _storable(text: str) -> str:
    """Lone surrogates, which no UTF-8 stream can carry, as U+FFFD."""
    return text.encode("utf-8", "replace").decode()


def conflicts_text(report: ConflictReport, limit: int | None = SHOWN) -> "Iterator[Text]":
    """The report as lines, the surest conflicts first."""
    from rich.text import Text

    for conflict in report.conflicts[:limit]:
        yield from _block(conflict)
    if limit is not None and len(report.conflicts) > limit:
        yield Text(f"… and {len(report.conflicts) - limit:,} more (--all shows them)")
    for note in report.notes:
        yield Text(f"note: {note}", style="dim")
    counts = f"{plural(report.compared, 'pair')} of answers compared among {plural(report.questions, 'question')}"
    yield Text(f"{plural(len(report.conflicts), 'conflict')} in {counts}; `curate review` decides", style="bold")


def _block(conflict: Conflict) -> "Iterator[Text]":
    from rich.text import Text

    sides = {"A": conflict.left, "B": conflict.right}
    asked = _side(conflict.left).question
    why = "; ".join(f"{e.source}: {excerpt(e.left, 40)!r} against {excerpt(e.right, 40)!r} ({e.confidence:.2f})" for e in conflict.evidence)
    yield Text.assemble((conflict.code, "yellow"), " ", (excerpt(asked, 100), "bold"))
    for name, example in sides.items():
        yield Text(f"  {name} {visible(str(example.place))}: {excerpt(_side(example).answer, 110)}")
    yield Text(f"  {why}", style="dim")
