"""Conflicts as lines on a terminal: the question, both answers with the words that clash marked, who says so, and how sure it is."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from curate.detect.conflict import Conflict, ConflictReport
from curate.detect.evidence import Evidence
from curate.detect.question import Question
from curate.detect.topics import Topic
from curate.masking import hidden, masked, stretch_of
from curate.report.console import more
from curate.text import excerpt, plural, visible

if TYPE_CHECKING:
    from rich.text import Text

SHOWN = 20
ANSWER, SPAN = 160, 60
"""Characters of an answer, and of a reason's words, that are shown."""


def conflicts_text(report: ConflictReport, limit: int | None = SHOWN) -> "Iterator[Text]":
    """The report as lines, the surest conflicts first."""
    from rich.text import Text

    for conflict in report.conflicts[:limit]:
        yield from _block(conflict)
    yield from more(len(report.conflicts), limit)
    for topic in report.topics[:limit]:
        yield from _topic(topic)
    for note in report.notes:
        yield Text(f"note: {note}", style="dim")
    if report.unsure:
        shown = "shown" if report.conflicts[-len(report.unsure) :] == report.unsure else "`--all` shows them"
        yield Text(f"{plural(len(report.unsure), 'conflict')} of less confidence, down to .3: {shown}", style="dim")
    counts = f"{plural(report.compared, 'pair')} of answers compared among {plural(report.questions, 'question')}"
    yield Text(f"{plural(len(report.conflicts), 'conflict')} in {counts}; `curate review` decides", style="bold")


def _block(conflict: Conflict) -> "Iterator[Text]":
    from rich.text import Text

    left, right, evidence = conflict.in_order()
    yield Text.assemble((conflict.code, "yellow"), f" {conflict.confidence:.2f} ", (excerpt(masked(left.request), 100), "bold"))
    if conflict.similarity < 1:
        yield Text(f"       asked otherwise ({same_question(conflict)}): {excerpt(masked(right.request), 100)}", style="dim")
    if conflict.systems:
        first, second = (repr(excerpt(masked(system), SPAN)) if system else "none" for system in conflict.systems)
        yield Text(f"       system prompts differ: {first} / {second}", style="dim")
    for name, side, span in (("A", left, evidence[0].left), ("B", right, evidence[0].right)):
        yield Text.assemble(f"  {name} {_place(side)}: ", *_marked(masked(side.answer), stretch_of(span, side.answer)))
    yield Text(f"    {'; '.join(_said(found, left, right) for found in evidence)}", style="dim")


def same_question(conflict: Conflict) -> str:
    """Why two questions are taken for one."""
    return f"the same question with a probability of {conflict.same_question:.2f}, {conflict.similarity:.2f} alike"


def _place(side: Question) -> str:
    return visible(str(side.example.place))


def _marked(answer: str, span: str) -> Iterator[tuple[str, str]]:
    """An excerpt of an answer around the words that clash, which are marked."""
    at = answer.find(span) if 0 < len(span) < len(answer) else -1
    if at < 0 or len(span) > ANSWER // 2:
        yield excerpt(answer, ANSWER), ""
        return
    room = (ANSWER - len(span)) // 2
    before, after = answer[max(0, at - room) : at], answer[at + len(span) : at + len(span) + room]
    yield ("…" if at > room else "") + visible(before.replace("\n", " ").lstrip()), ""
    yield visible(span.replace("\n", " ")), "bold underline"
    yield visible(after.replace("\n", " ").rstrip()) + ("…" if len(answer) > at + len(span) + room else ""), ""


def _said(evidence: Evidence, left: Question, right: Question) -> str:
    if evidence.source == "judge":
        return f"judge: {excerpt(hidden(evidence.why), SPAN) or 'they contradict each other'}"
    spans = (excerpt(stretch_of(span, side.answer), SPAN) for span, side in ((evidence.left, left), (evidence.right, right)))
    return f"{evidence.source} ({evidence.confidence:.2f}): {' against '.join(map(repr, spans))}"


def _topic(topic: Topic) -> "Iterator[Text]":
    from rich.text import Text

    examples = sum(stand.examples for stand in topic.stands)
    yield Text.assemble(("topic ", "yellow"), (excerpt(masked(topic.request), 100), "bold"), f" ({plural(examples, 'example')})")
    for stand in topic.stands:
        wordings = f", {plural(len(stand.answers), 'wording')}" if len(stand.answers) > 1 else ""
        majority = "  most say" if stand is topic.majority else "          "
        yield Text(f"  {majority} {plural(stand.examples, 'example')}{wordings}: {excerpt(masked(stand.answers[0].answer), 80)}")
