"""Conflicts as one HTML file: question, both answers side by side with contradictory words marked, and evidence."""

from collections.abc import Iterator, Sequence
from typing import Final

from curate.conflicts.conflict import Conflict, ConflictsResult
from curate.conflicts.evidence import Evidence
from curate.conflicts.question import Question
from curate.conflicts.topics import Topic
from curate.core.masking import masked, redact_message, redacted_excerpt
from curate.core.text import plural
from curate.render.conflicts import same_question
from curate.render.html import PAIRS, block, brief, filters, footer, full, head, not_shown, safe, tiles
from curate.render.html_plots import bars

MAX_SHOWN: Final = 200
MAX_CHARS: Final = 4_000


def conflicts_html(report: ConflictsResult, limit: int | None = MAX_SHOWN) -> Iterator[str]:
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
    yield from _section("Conflicts", report.conflicts, limit)
    if report.topics:
        yield f'<h2>Topics <span class="quiet">× {len(report.topics):,}</span></h2>\n'
        for topic in report.topics[:limit]:
            yield from _topic(topic)
        yield not_shown(0 if limit is None else len(report.topics) - limit, "topic")


def _section(title: str, conflicts: Sequence[Conflict], limit: int | None) -> Iterator[str]:
    """The section of conflicts, at most `limit` (None: all); nothing if there are none."""
    if not conflicts:
        return
    yield f'<h2>{title} <span class="quiet">× {len(conflicts):,}</span></h2>\n'
    for conflict in conflicts[:limit]:
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
    yield not_shown(0 if limit is None else len(conflicts) - limit, "conflict")


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


def _topic(topic: Topic) -> Iterator[str]:
    request = masked(topic.request)
    yield f'<details open data-rule="topic"><summary><h3>{brief(request)}</h3></summary><div>{full(request)}<ol>'
    for group in topic.groups:
        mark = "<b>most say</b> " if group is topic.majority else ""
        answer = masked(group.answers[0].answer)
        yield f"<li>{mark}{plural(group.examples, 'example')}: {brief(answer, 500)}{full(answer, 500, 'answer')}</li>"
    yield "</ol></div></details>\n"
