"""What the engine knows, as Content to draw. Pure: the same entry and verdicts give the same picture. Nothing is parsed as markup."""

from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from textual.content import Content

from curate.decision import Verdict
from curate.detect.conflict import Conflict
from curate.errors import CurateError
from curate.example import Example, Message
from curate.finding import Finding
from curate.review import Cluster, Entry, Kind, Progress, ReviewSession, Standing
from curate.rules import RULES
from curate.text import plural, visible
from tui.conversation import MORE, literal, shortened, turn, turns, whole
from tui.diff import clash_marks, turn_marks

SYMBOLS: Final = {
    Standing.UNDECIDED: ("○", "$foreground-muted"),
    Standing.PARTLY: ("◐", "$text-warning"),
    Standing.KEEP: ("✓", "$text-success"),
    Standing.DROP: ("✗", "$text-error"),
    Standing.MIXED: ("±", "$text-primary"),
    Standing.NOTHING: ("·", "$foreground-muted"),
}
SEVERITIES: Final = {"error": "bold $text-error", "warning": "bold $text-warning", "info": "bold $text-primary"}
TITLES: Final[dict[Kind, str]] = {"finding": "Findings", "cluster": "Duplicates", "conflict": "Conflicts"}
NAMES: Final = {
    "D001": "exact duplicates",
    "D003": "near-duplicates",
    "X001": "same question, different answers",
    "X002": "paraphrased question, different answers",
    "X003": "numbers, dates, values or polarity differ",
    "X004": "an answer against a refusal",
}

DIFFERENCE: Final = ("what differs is underlined", "underline")


@dataclass(frozen=True)
class Page:
    """An entry as it is drawn: what is asked on top, below it the conversation in one column or two."""

    about: Content
    before: Content | None = None
    """What both columns share, or what came before the turn that matters."""
    left: Content | None = None
    right: Content | None = None
    jump: bool = False
    """True where the columns, not what is before them, should be in view at first."""


def tab_title(kind: Kind, number: int, entries: int | None) -> Content:
    """`1 Findings 12`."""
    parts = [Content.assemble((f"{number} ", "$foreground-muted")), Content(TITLES[kind])]
    if entries is not None:
        parts.append(Content.assemble((f" {entries:,}", "bold")))
    return Content("").join(parts)


def status(session: ReviewSession, kind: Kind, shown: int, text: str) -> Content:
    """How far the review has come, and what the list is narrowed to."""
    here, overall = session.progress(kind), session.progress()
    parts = [Content.assemble((f"{_share(here)} here", "bold"), (f" · {_share(overall)} in all", ""))]
    if text:
        parts.append(Content.assemble(f" · {shown:,} of {len(session.of_kind(kind)):,} shown: ", literal(text[:60], style="bold")))
    if session.log.unreadable:
        parts.append(Content.assemble((f" · {plural(len(session.log.unreadable), 'unreadable line')} in the journal", "$text-warning")))
    return Content("").join(parts)


def _share(progress: Progress) -> str:
    return f"{progress.decided:,} of {progress.total:,} decided"


def row(session: ReviewSession, entry: Entry) -> Content:
    """An entry in the list: its standing, code, line and title."""
    symbol, colour = SYMBOLS[session.standing(entry)]
    parts = [Content.assemble((f"{symbol} ", f"bold {colour}"), (f"{entry.code:<5}", SEVERITIES[entry.severity]))]
    where = visible(f"{PurePath(entry.place.file).name[:16]}:{entry.place.line}")
    if isinstance(entry.subject, Cluster):
        many = f" ×{len(entry.subject.duplicates)}" if len(entry.subject.duplicates) > 1 else " ≠" if entry.pair else ""
        where = f"{entry.subject.duplicates[0].similarity:.2f}{many}"
    elif isinstance(entry.subject, Conflict):
        where = f"{entry.subject.confidence:.0%}"
    parts.append(Content.assemble((f"{where} ", "$foreground-muted")))
    parts.append(Content(entry.title or "(no text)"))
    return Content("").join(parts)


def page(session: ReviewSession, entry: Entry, member: int = 0) -> Page:
    """An entry in full; of a cluster, its keeper beside the duplicate number `member`."""
    subject = entry.subject
    if isinstance(subject, Finding):
        return _finding_page(session, entry, subject)
    if isinstance(subject, Cluster):
        return _apart_page(session, entry, subject) if entry.pair else _cluster_page(session, entry, subject, member)
    return _conflict_page(session, entry, subject)


def failure(error: CurateError) -> Content:
    """An error and the next step."""
    parts = [Content.assemble(("error: ", "bold $text-error"), literal(error.message))]
    if error.hint:
        parts.append(Content.assemble(("next: ", "bold"), literal(error.hint)))
    return Content("\n").join(parts)


def _title(entry: Entry, name: str) -> Content:
    return Content.assemble((f"{entry.code} ", SEVERITIES[entry.severity]), (f"{name} ", "bold"))


def _verdict(verdict: Verdict) -> Content:
    symbol, colour = SYMBOLS[Standing(verdict)]
    return Content.assemble((f"{symbol} {verdict}", f"bold {colour}"))


def _place(example: Example) -> Content:
    return literal(str(example.place), style="$foreground-muted")


def _finding_page(session: ReviewSession, entry: Entry, finding: Finding) -> Page:
    rule = RULES.get(finding.code)
    where = literal(f"{entry.place} {finding.pointer}".strip(), style="$foreground-muted")
    severity = (f"{finding.severity} ", SEVERITIES[finding.severity])
    standing = _verdict(session.verdict(entry.examples[0])) + " " if entry.examples else Content("")
    lines = [Content.assemble(standing, _title(entry, rule.name if rule else ""), severity, where), literal(finding.message)]
    if finding.hint:
        lines.append(Content.assemble(("next: ", "bold"), literal(finding.hint)))
    if rule:
        lines.append(Content.assemble((" ".join(rule.why.split()), MORE)))
    if not entry.examples:
        copy = finding.code == "D001"
        fate = "copies are one content, written once (tab 2 shows them)" if copy else "no example to keep or drop: mend it in the file"
        lines.append(Content.assemble((f"· {fate}", "bold")))
        text = session.broken.get(entry.place)
        return Page(Content("\n").join(lines), left=shortened(text) if text is not None else None)
    example = entry.examples[0]
    at = pointed_at(example.messages, finding.pointer)
    if at:
        return Page(Content("\n").join(lines), turns(example.messages[:at]), _from(example.messages, at), jump=True)
    return Page(Content("\n").join(lines), left=whole(example, pointed=at))


def _from(messages: tuple[Message, ...], at: int) -> Content:
    return Content("\n\n").join([turn(messages[at], pointed=True), *([turns(messages[at + 1 :])] if messages[at + 1 :] else [])])


def pointed_at(messages: tuple[Message, ...], pointer: str) -> int | None:
    """Position of the turn that a JSON pointer leads to or into; None for the whole line and for other keys."""
    if not pointer:
        return None
    for at, message in enumerate(messages):
        if message.pointer and (pointer == message.pointer or pointer.startswith((f"{message.pointer}/", message.content_pointer or "\0"))):
            return at
    return None


def _cluster_page(session: ReviewSession, entry: Entry, cluster: Cluster, member: int) -> Page:
    copies = [duplicate for duplicate in cluster.duplicates if duplicate.example.id == cluster.kept.id]
    head = [_title(entry, NAMES.get(entry.code, "duplicates"))]
    if copies:
        places = ", ".join(str(copy.example.place) for copy in copies[:8]) + (" …" if len(copies) > 8 else "")
        head.append(Content.assemble(f"{len(copies):,} more with the very same content: ", literal(places, style="$foreground-muted")))
    if not entry.examples:
        head.append(Content.assemble(("· nothing to decide: one content is written once", "bold")))
        return Page(Content("\n").join(head), left=_column(session, "keeper", cluster.kept, whole(cluster.kept)))
    example = entry.examples[min(member, len(entry.examples) - 1)]
    similarity = next(duplicate.similarity for duplicate in cluster.duplicates if duplicate.example.id == example.id)
    head.append(Content.assemble(f"{similarity:.1%} alike; ", DIFFERENCE, "; while undecided, the duplicate leaves"))
    name = f"duplicate {member + 1}/{len(entry.examples)} ←→" if len(entry.examples) > 1 else "duplicate"
    return _side_by_side(session, Content("\n").join(head), ("keeper", cluster.kept), (name, example))


def _apart_page(session: ReviewSession, entry: Entry, cluster: Cluster) -> Page:
    left, right = entry.examples
    alike = Content.assemble(f"{cluster.duplicates[0].similarity:.1%} alike; ", DIFFERENCE, "; while undecided, both stay")
    return _side_by_side(session, Content("\n").join([_title(entry, "nearly the same, but for a fact"), alike]), ("A", left), ("B", right))


def _side_by_side(session: ReviewSession, about: Content, one: tuple[str, Example], other: tuple[str, Example]) -> Page:
    (left_name, left), (right_name, right) = one, other
    marks = turn_marks(left.messages, right.messages)
    columns = (_column(session, left_name, left, whole(left, marks[0])), _column(session, right_name, right, whole(right, marks[1])))
    return Page(about, None, *columns)


def _column(session: ReviewSession, name: str, example: Example, body: Content) -> Content:
    verdict = session.verdict(example)
    stays = Content.assemble(("stays", "bold $text-success")) if name == "keeper" and verdict == "undecided" else _verdict(verdict)
    return Content.assemble((f" {name} ", "bold reverse"), " ", stays, " ", _place(example), "\n", body)


def _conflict_page(session: ReviewSession, entry: Entry, conflict: Conflict) -> Page:
    asked = "same question" if conflict.similarity >= 1 else f"questions {conflict.similarity:.2f} alike"
    lines = [Content.assemble(_title(entry, NAMES.get(conflict.code, "")), (asked, "$foreground-muted"))]
    for evidence in sorted(conflict.evidence, key=lambda evidence: -evidence.confidence)[:3]:
        left, right = (literal(_short(text), style="bold underline") for text in (evidence.left, evidence.right))
        sure = (f", {evidence.confidence:.0%} sure", "$foreground-muted")
        lines.append(Content.assemble(literal(evidence.source), ": A says ", left, ", B says ", right, sure))
    shared = [message.value for message in conflict.left.prompt] == [message.value for message in conflict.right.prompt]
    marks = turn_marks(conflict.left.prompt, conflict.right.prompt)
    columns = []
    for name, example, spans, asks in (
        ("A", conflict.left, [evidence.left for evidence in conflict.evidence], marks[0]),
        ("B", conflict.right, [evidence.right for evidence in conflict.evidence], marks[1]),
    ):
        answer = example.answer
        said = turn(answer, clash_marks(answer.text, spans)) if answer else whole(example)
        columns.append(_column(session, name, example, Content("\n\n").join([said] if shared else [turns(example.prompt, asks), said])))
    return Page(Content("\n").join(lines), turns(conflict.left.prompt) if shared else None, columns[0], columns[1])


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
