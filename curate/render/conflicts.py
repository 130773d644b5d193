"""Conflicts as terminal lines and as plain values: question, both answers with marks, evidence and confidence."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich.text import Text

from curate.conflicts.calibration import State, state_of
from curate.conflicts.conflict import Conflict, ConflictsResult
from curate.conflicts.evidence import Evidence
from curate.conflicts.question import Question
from curate.conflicts.topics import Topic
from curate.core.decision import DecisionState
from curate.core.json_output import ClearText, Part, at, output_of, plain
from curate.core.masking import masked, redact_message, redacted_excerpt
from curate.core.text import excerpt, plural, storable, visible
from curate.render.console import more_lines

MAX_SHOWN = 20
NO_DECISIONS: Final[Mapping[str, DecisionState]] = {}
STATES: Final[dict[State, str]] = {
    "open": "", "dropped": " [decided: one side dropped]", "edited": " [decided: one side edited]",
    "kept": " [decided: both kept]",
}  # fmt: skip
ANSWER_CHARS, SPAN_CHARS = 160, 60


class Side(Part):
    """One side of a conflict."""

    example: str = at("example", "id")
    """Id of the example."""
    file: str = at("example", "place", "file")
    line: int = at("example", "place", "line")
    turn: int
    """Position of the answer among the messages, from 0."""
    question: ClearText = at("request")
    answer: ClearText


class EvidenceOutput(Part):
    """Why the sides clash."""

    source: str
    """The rule, `nli` or `judge`."""
    left: str
    right: str
    """The contradictory words of each side."""
    confidence: float
    why: str
    """The reason that a judge gave."""


class ConflictOutput(Part):
    """One conflict."""

    id: str
    code: str
    state: State
    """What was decided in the review: open, a side dropped or edited, or both kept."""
    confidence: float
    """From 0 to 1, over all evidence."""
    similarity: float
    """Similarity of the questions; 1.0 for equal words."""
    same_question: float
    """Probability that both questions ask the same; part of the confidence."""
    systems_differ: bool
    """Whether the system prompts differ; the confidence is lower if they can change the question."""
    left: Side
    right: Side
    evidence: list[EvidenceOutput]


class AnswerGroupOutput(Part):
    """Answers of a topic that do not contradict each other."""

    examples: int
    """Number of examples with these answers, including copies."""
    majority: bool
    answers: list[ClearText]
    """The distinct answers."""


class TopicOutput(Part):
    """A question with three or more different answers, some of them contradictory."""

    question: ClearText
    groups: list[AnswerGroupOutput]


class ConflictsOutput(Part, title="ConflictsResult"):
    """What `curate conflicts --json` prints."""

    conflicts: list[ConflictOutput]
    questions: int
    """Examples with a question and an answer in words."""
    not_understood: int
    """Lines without an example in a known format."""
    compared: int
    """Pairs of answers that were judged."""
    unsure: int
    """Conflicts with a confidence between 0.3 and the threshold; `--all` lists them, too."""
    notes: list[str]
    """What was not done, and why."""
    topics: list[TopicOutput]


def conflicts_json(report: ConflictsResult, decisions: Mapping[str, DecisionState] = NO_DECISIONS) -> dict[str, Any]:
    """The report as plain values."""
    conflicts = [_conflict(conflict, state_of(conflict, decisions)) for conflict in report.conflicts]
    topics = list(map(_topic, report.topics))
    return plain(
        ConflictsOutput,
        report,
        conflicts=conflicts,
        topics=topics,
        unsure=len(report.unsure),
    )


def _conflict(conflict: Conflict, state: State) -> ConflictOutput:
    """A conflict as it is printed, with secrets masked."""
    left, right = conflict.questions
    evidence = [
        reason._replace(
            left=storable(redacted_excerpt(reason.left, left.answer)),
            right=storable(redacted_excerpt(reason.right, right.answer)),
            why=storable(redact_message(reason.why)),
        )
        for reason in conflict.evidence
    ]
    rounded, differ = round(conflict.confidence, 4), conflict.systems is not None
    sides = {"left": left, "right": right, "evidence": evidence}
    return output_of(ConflictOutput, conflict, state=state, confidence=rounded, systems_differ=differ, **sides)


def _topic(topic: Topic) -> dict[str, Any]:
    """The question and the groups of answers of a topic as plain values."""
    groups = [
        {
            "examples": group.examples,
            "majority": group is topic.majority,
            "answers": [side.answer for side in group.answers],
        }
        for group in topic.groups
    ]
    return {"question": topic.request, "groups": groups}


def conflicts_text(
    report: ConflictsResult, limit: int | None = MAX_SHOWN, decisions: Mapping[str, DecisionState] = NO_DECISIONS
) -> Iterator[Text]:
    """The report as lines, highest confidence first."""
    states = [state_of(conflict, decisions) for conflict in report.conflicts]
    for conflict, state in list(zip(report.conflicts, states, strict=True))[:limit]:
        yield from _conflict_lines(conflict, STATES[state])
    yield from more_lines(len(report.conflicts), limit)
    for topic in report.topics[:limit]:
        yield from _topic_lines(topic)
    for note in report.notes:
        yield Text(f"note: {note}", style="dim")
    if report.unsure:
        shown = "shown" if report.conflicts[-len(report.unsure) :] == report.unsure else "`--all` shows them"
        yield Text(f"{plural(len(report.unsure), 'conflict')} of less confidence, down to 0.3: {shown}", style="dim")
    counts = f"{plural(report.compared, 'pair')} of answers compared among {plural(report.questions, 'question')}"
    settled = len(states) - states.count("open")
    decided = f" ({settled:,} decided)" if settled else ""
    step = "; decide in `curate review`" if settled < len(states) else ""
    yield Text(f"{plural(len(report.conflicts), 'conflict')}{decided} in {counts}{step}", style="bold")


def _conflict_lines(conflict: Conflict, state: str) -> Iterator[Text]:
    """The lines of a conflict: question, both answers, evidence; `state`: its decision in words."""
    left, right, evidence = conflict.in_order()
    yield Text.assemble(
        (conflict.code, "yellow"),
        f" {conflict.confidence:.2f} ",
        (excerpt(masked(left.request), 100), "bold"),
        (state, "green"),
    )
    if conflict.similarity < 1:
        yield Text(
            f"       asked otherwise ({same_question(conflict)}): {excerpt(masked(right.request), 100)}", style="dim"
        )
    if conflict.systems:
        first, second = (repr(excerpt(masked(system), SPAN_CHARS)) if system else "none" for system in conflict.systems)
        yield Text(f"       system prompts differ: {first} / {second}", style="dim")
    for name, side, span in (("A", left, evidence[0].left), ("B", right, evidence[0].right)):
        answer = _highlighted(masked(side.answer), redacted_excerpt(span, side.answer))
        yield Text.assemble(f"  {name} {visible(str(side.example.place))}: ", *answer)
    yield Text(f"    {'; '.join(_evidence_text(item, left, right) for item in evidence)}", style="dim")


def same_question(conflict: Conflict) -> str:
    """The probability that two questions are the same, and their similarity, in words."""
    return f"the same question with a probability of {conflict.same_question:.2f}, {conflict.similarity:.2f} alike"


def _highlighted(answer: str, span: str) -> Iterator[tuple[str, str]]:
    """An excerpt of an answer around its marked contradictory words."""
    start = answer.find(span) if 0 < len(span) < len(answer) else -1
    if start < 0 or len(span) > ANSWER_CHARS // 2:
        yield excerpt(answer, ANSWER_CHARS), ""
        return
    room = (ANSWER_CHARS - len(span)) // 2
    before, after = answer[max(0, start - room) : start], answer[start + len(span) : start + len(span) + room]
    yield ("…" if start > room else "") + visible(before.replace("\n", " ").lstrip()), ""
    yield visible(span.replace("\n", " ")), "bold underline"
    yield visible(after.replace("\n", " ").rstrip()) + ("…" if len(answer) > start + len(span) + room else ""), ""


def _evidence_text(evidence: Evidence, left: Question, right: Question) -> str:
    """The source of an evidence and the words that contradict each other."""
    if evidence.source == "judge":
        return f"judge: {excerpt(redact_message(evidence.why), SPAN_CHARS) or 'they contradict each other'}"
    spans = (
        excerpt(redacted_excerpt(span, side.answer), SPAN_CHARS)
        for span, side in ((evidence.left, left), (evidence.right, right))
    )
    return f"{evidence.source} ({evidence.confidence:.2f}): {' against '.join(map(repr, spans))}"


def _topic_lines(topic: Topic) -> Iterator[Text]:
    examples = sum(group.examples for group in topic.groups)
    yield Text.assemble(
        ("topic ", "yellow"), (excerpt(masked(topic.request), 100), "bold"), f" ({plural(examples, 'example')})"
    )
    for group in topic.groups:
        wordings = f", {plural(len(group.answers), 'wording')}" if len(group.answers) > 1 else ""
        majority = "  most say" if group is topic.majority else "          "
        yield Text(
            f"  {majority} {plural(group.examples, 'example')}{wordings}: "
            f"{excerpt(masked(group.answers[0].answer), 80)}"
        )
