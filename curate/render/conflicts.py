"""Conflicts as terminal lines, as plain values and as HTML: question, both answers with marks, evidence, confidence."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final, TypeVar

from rich.text import Text

from curate.conflicts.calibration import State, state_of
from curate.conflicts.conflict import Conflict, ConflictsResult
from curate.conflicts.evidence import Evidence
from curate.conflicts.question import Question
from curate.conflicts.topics import Topic
from curate.core.decision import DecisionState
from curate.core.json_output import ClearText, OutputModel, at, output_of, output_values
from curate.core.masking import masked, redact_message, redacted_excerpt
from curate.core.text import excerpt, plural, storable, visible
from curate.render.console import more_lines
from curate.render.html import PAIRS, block, brief, filters, footer, full, head, not_shown, safe, tiles
from curate.render.html_plots import bars

MAX_SHOWN = 20
STATES: Final[dict[State, str]] = {
    "open": "", "dropped": " [decided: one side dropped]", "edited": " [decided: one side edited]",
    "kept": " [decided: both kept]",
}  # fmt: skip
ANSWER_CHARS, SPAN_CHARS = 160, 60
Shown = TypeVar("Shown")


class Side(OutputModel):
    """One side of a conflict."""

    example: str = at("example", "id")
    """Id of the example."""
    file: str = at("example", "place", "file")
    line: int = at("example", "place", "line")
    turn: int
    """Position of the answer among the messages, from 0."""
    question: ClearText = at("request")
    answer: ClearText


class EvidenceOutput(OutputModel):
    """Why the sides clash."""

    source: str
    """The rule, `nli` or `judge`."""
    left: str
    right: str
    """The contradictory words of each side."""
    confidence: float
    why: str
    """The reason that a judge gave."""


class ConflictOutput(OutputModel):
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


class AnswerGroupOutput(OutputModel):
    """Answers of a topic that do not contradict each other."""

    examples: int
    """Number of examples with these answers, including copies."""
    majority: bool
    answers: list[ClearText]
    """The distinct answers."""


class TopicOutput(OutputModel):
    """A question with three or more different answers, some of them contradictory."""

    question: ClearText
    groups: list[AnswerGroupOutput]


class ConflictsOutput(OutputModel, title="ConflictsResult"):
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


def conflicts_json(report: ConflictsResult, decisions: Mapping[str, DecisionState]) -> dict[str, Any]:
    """The report as plain values."""
    conflicts = [_conflict(conflict, state_of(conflict, decisions)) for conflict in report.conflicts]
    topics = list(map(_topic, report.topics))
    return output_values(
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
    report: ConflictsResult, limit: int | None, decisions: Mapping[str, DecisionState]
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


MAX_HTML_SHOWN: Final = 200
MAX_CHARS: Final = 4_000


def conflicts_html(report: ConflictsResult, limit: int | None = MAX_HTML_SHOWN) -> Iterator[str]:
    """The document in pieces, highest confidence first; `limit` conflicts (None: all)."""
    yield head("curate conflicts", PAIRS)
    counted = {
        "question": report.questions,
        "compared pair": report.compared,
        "conflict": len(report.conflicts),
        "topic": len(report.topics),
    }
    yield tiles((count, plural(count, noun).split(" ", 1)[1]) for noun, count in counted.items())
    for note in report.notes:
        yield f'<p class="quiet">{safe(note)}</p>\n'
    counts: dict[str, int] = {}
    for conflict in report.conflicts:
        counts[conflict.evidence[0].source] = counts.get(conflict.evidence[0].source, 0) + 1
    yield bars(
        "Conflicts by source of the first evidence",
        [(source, count, "warning") for source, count in sorted(counts.items(), key=lambda item: -item[1])],
    )
    yield filters()
    yield from conflicts_sections(report, limit)
    yield footer(filtered=True)


def conflicts_sections(report: ConflictsResult, limit: int | None) -> Iterator[str]:
    """Conflicts and topics, at most `limit` of each (None: all)."""
    yield from _section("Conflict", report.conflicts, _conflict_html, limit)
    yield from _section("Topic", report.topics, _topic_html, limit)


def _section(
    title: str, shown: Sequence[Shown], html_of: Callable[[Shown], Iterator[str]], limit: int | None
) -> Iterator[str]:
    """A section for conflicts or topics; nothing if there are none. `title`: of one of them."""
    if shown:
        yield f'<h2>{title}s <span class="quiet">× {len(shown):,}</span></h2>\n'
        yield from chain.from_iterable(map(html_of, shown[:limit]))
        yield not_shown(0 if limit is None else len(shown) - limit, title.lower())


def _conflict_html(conflict: Conflict) -> Iterator[str]:
    left, right, evidence = conflict.in_order()
    yield (
        f'<details open data-rule="{conflict.code}"><summary><h3>{conflict.code} {conflict.confidence:.2f}</h3> '
        f"{brief(masked(left.request))}</summary><div>{full(masked(left.request), noun='question')}"
    )
    if conflict.similarity < 1:
        request, wording = masked(right.request), same_question(conflict)
        yield f'<p class="quiet">asked otherwise ({wording}): {brief(request)}</p>{full(request, noun="question")}'
    if conflict.systems:
        first, second = (masked(system) or "none" for system in conflict.systems)
        yield f'<p class="quiet">system prompts differ: {brief(first)} / {brief(second)}</p>'
        yield full(first, noun="system prompt of the first") + full(second, noun="system prompt of the second")
    yield f'<div class="pair">{_side(left, evidence[0].left)}{_side(right, evidence[0].right)}</div>'
    reasons = [
        f"{item.source} {item.confidence:.2f}: {redact_message(item.why) or _contradiction(item, left, right)}"
        for item in evidence
    ]
    yield f'<p class="quiet">{"<br>".join(map(safe, reasons))}</p></div></details>\n'


def _contradiction(evidence: Evidence, left: Question, right: Question) -> str:
    """The words of both answers that contradict each other."""
    spans = (redacted_excerpt(evidence.left, left.answer), redacted_excerpt(evidence.right, right.answer))
    return " against ".join(f"“{' '.join(text[:200].split())}”" for text in spans)


def _side(side: Question, span: str) -> str:
    """A column with an answer, in which `span` is marked."""
    masked_answer, span = masked(side.answer), redacted_excerpt(span, side.answer)
    answer = masked_answer if len(masked_answer) <= MAX_CHARS else masked_answer[:MAX_CHARS].rpartition(" ")[0] + " …"
    before, match, after = answer.partition(span) if 0 < len(span) < len(answer) else (answer, "", "")
    marked_span = f"<mark>{block(match)}</mark>" if match else ""
    full_answer = full(masked_answer, noun="answer") if len(masked_answer) > MAX_CHARS else ""
    return (
        f"<div><p><code>{safe(str(side.example.place))}</code></p><pre>{block(before)}{marked_span}{block(after)}</pre>"
        f"{full_answer}</div>"
    )


def _topic_html(topic: Topic) -> Iterator[str]:
    request = masked(topic.request)
    yield f'<details open data-rule="topic"><summary><h3>{brief(request)}</h3></summary><div>{full(request)}<ol>'
    for group in topic.groups:
        mark = "<b>most say</b> " if group is topic.majority else ""
        answer = masked(group.answers[0].answer)
        yield f"<li>{mark}{plural(group.examples, 'example')}: {brief(answer, 500)}{full(answer, 500, 'answer')}</li>"
    yield "</ol></div></details>\n"
