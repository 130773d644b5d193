"""A complete entry: the question for the user, and the conversations."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from typing import Any, Final

import numpy as np
from textual.content import Content

from curate.core.decision import Decision
from curate.core.example import Example, Message, canonical, number_of
from curate.core.finding import Finding
from curate.core.text import UNSAFE, excerpt, plural, visible
from curate.read.forms.form import PreferencePair
from curate.review import Cluster, Entry, MultiConflict, PairConflict, PlacedExample, ReviewSession, ReviewStatus
from curate.review.bulk import sides_shown
from curate.review.entry import DecisionTarget
from curate.review.training_signals import related
from curate.review.view import Group
from tui.conversation import (
    MAX_CONVERSATION_CHARS,
    NOTE_STYLE,
    ConversationView,
    Mark,
    as_json,
    literal,
    one_line,
    shortened,
)
from tui.diff import conflict_marks, word_marks
from tui.render.card import data_folder, pair_of, pair_rows, raw_rows, strip
from tui.render.compare import ComparisonRow, compare
from tui.render.signs import MUTED, SEVERITIES, lines, status_sign, verdict_sign

MAX_NAMES: Final = 12
"""Number of names that are listed while tools are folded."""
TOOL_STYLE: Final = "bold $text-warning"
QUOTED_TEXT: Final = re.compile(
    r"'((?:[^'\\]|\\.){1,200})'|\"((?:[^\"\\]|\\.){1,200})\"|`([^`]{1,200})`|\u201c([^\u201d]{1,200})\u201d"
)
CODE_POINT: Final = re.compile(r"U\+([0-9A-F]{4,6})")
OUTER_SPACE: Final = {"C015": re.compile(r"\s+\Z"), "C022": re.compile(r"\A\s+")}
"""The white space that these rules report."""
MAX_SPANS: Final = 50
"""Maximum number of marked places."""
Spans = list[tuple[int, int]]
RELATION_NAMES: Final = {
    "D001": "exact duplicates",
    "D003": "near-duplicates",
    "X001": "same question, different answers",
    "X002": "paraphrased question, different answers",
    "X003": "numbers, dates, values or negation differ",
    "X004": "answer and refusal",
    "X005": "two labels for one input",
    "topic": "one question, many answers",
}
DIFFERENCE_NOTE: Final = ("differences are underlined", "underline")
SPAN_STYLE: Final = "bold reverse $text-warning"
STATUS_NAMES: Final = {
    ReviewStatus.FIX: "to correct",
    ReviewStatus.EDIT: "edited",
    ReviewStatus.MIXED: "some stay, some go",
    ReviewStatus.NOTHING: "with nothing to decide",
    ReviewStatus.PARTLY: "partly decided",
}
MAX_RELATED: Final = 4
"""Maximum number of related examples named next to one that was hard to learn."""
MAX_COPIES: Final = 8
"""Maximum number of places of exact copies."""


@dataclass(frozen=True)
class Page:
    """A drawn entry: the question for the user, and the conversation below it or a comparison."""

    about: Content
    before: Content | None = None
    """The turns before the relevant one."""
    left: Content | None = None
    rows: Sequence[ComparisonRow] = ()
    """A comparison, instead of `left`."""
    jump: bool = False
    """True to scroll to `left` at first instead of the part before them."""
    stacks: bool = False
    """Whether the comparison is drawn below each other where two columns would be narrow."""


@dataclass(frozen=True)
class ViewOptions:
    """How the user views an entry."""

    read: ConversationView = field(default_factory=ConversationView)
    at: int = 0
    """The displayed duplicate of a cluster, or answer group of a conflict."""
    marked: frozenset[int] = frozenset()
    """Duplicates marked for splitting off."""
    folded: bool = True
    """Whether the schemas of tools, and messages that are the same in A and B, are folded."""
    key: Callable[[str], str] = str
    """The key of an action, as displayed."""
    raw: bool = False
    """Whether lines are shown as they are in the files."""

    def tools(self, example: Example, pointer: str = "") -> Content | None:
        """The tools of an example; `pointer`: of the finding."""
        return tools_block(example, self.read, folded=self.folded, key=self.key("fold"), pointer=pointer)

    def whole(self, example: Example, marks: Sequence[Sequence[Mark]] = (), finding: Finding | None = None) -> Content:
        """All of an example, whose turns have `marks` for a `finding`."""
        pointer, fault = (finding.pointer, finding.message) if finding else ("", "")
        turns = self.read.whole(example, marks, pointed_at(example.messages, pointer), fault)
        return Content("\n\n").join([*self.head(example, pointer), turns])

    def head(self, example: Example, pointer: str = "", pair: PreferencePair | None = None) -> list[Content]:
        """What is drawn above the turns: label, images and other keys, and the tools."""
        parts = (strip(example, self.read, pair) if example.messages else None, self.tools(example, pointer))
        return [part for part in parts if part is not None]

    def pair(self, example: Example, pair: PreferencePair, pointer: str = "") -> list[ComparisonRow]:
        """An example with a chosen and a rejected answer."""
        key = self.key("fold") if self.folded else ""
        above = [ComparisonRow(part) for part in self.head(example, pointer, pair)]
        return [*above, *pair_rows(example, pair, self.read, pointer, key)]


def page(session: ReviewSession, entry: Entry, view: ViewOptions) -> Page:
    """Draw a complete entry."""
    sides = sides_shown(entry, view.at)
    view.read.folder = data_folder(session, [side.place for side in sides])
    if view.raw:
        return Page(
            literal(f"{entry.code} {entry.place}".strip(), style=MUTED), rows=raw_rows(session, sides, view.read)
        )
    match entry.subject:
        case Finding():
            return _finding_page(session, entry, entry.subject, view)
        case Cluster():
            return (
                _kept_pair_page(session, entry, entry.subject, view)
                if entry.pair
                else _cluster_page(session, entry, entry.subject, view)
            )
        case PairConflict():
            return _pair_conflict_page(session, entry, entry.subject, view)
        case MultiConflict():
            return _multi_conflict_page(session, entry, entry.subject, view)
    return _example_page(session, entry, view)


def group_page(session: ReviewSession, group: Group, by: str, key: Callable[[str], str]) -> Page:
    """What a group holds: its rule, if it is one, and its entries by status."""
    from curate.lint.rules import RULES

    first = session.findings.finding(int(group.rows[0]))
    rule = RULES.get(first.code) if by == "rule" else None
    keys = f"{key('open-group')} opens or closes the group, {key('select')} selects it, "
    keys += f"{key('bulk')} decides about the selection."
    counts = np.bincount(session.findings.statuses.values[group.rows], minlength=len(ReviewStatus)).tolist()
    about = [
        Content.styled(f"{plural(len(group.rows), 'finding')} of this {by}", "bold"),
        *(Content.assemble(status_sign(status), f" {counts[status]:,} {STATUS_NAMES.get(status, status.name.lower())}")
          for status in ReviewStatus if counts[status]),
        Content.styled(" ".join(rule.rationale.split()), NOTE_STYLE) if rule else None,
        Content.styled(keys, MUTED),
    ]  # fmt: skip
    return Page(lines(*about))


def _title(entry: Entry, name: str) -> Content:
    """Severity and code of an entry, with the name of its rule or kind."""
    glyph, colour = SEVERITIES[entry.severity]
    return Content.assemble((f"{glyph} {entry.code} ", colour), (f"{name} ", "bold"))


def _decision_lines(session: ReviewSession, example_id: str, target: DecisionTarget | None = None) -> Content:
    """The decision about an example and its note; if contested, all decisions. `target`: only decisions about it."""
    contested = session.contested(example_id)
    if contested:
        text = Content(" — ").join([_decision_text(decision) for decision in contested])
        return Content.assemble(("‼ contested: ", "bold $text-error"), text, _annotations(session, example_id))
    return Content.assemble(verdict_sign(session.verdict(example_id, target)), _annotations(session, example_id))


def _annotations(session: ReviewSession, example_id: str) -> Content:
    """Rating, labels, note and quality signals of an example."""
    note, rating = session.note(example_id), session.log.rating(example_id)
    signals = session.examples.signals_of(example_id).items()
    return Content.assemble(
        (f" {'★' * rating}{'☆' * (5 - rating)}", "$text-warning") if rating else "",
        *(literal(f" #{name[:40]}", style="$text-accent") for name in session.log.labels(example_id)),
        _quoted(note, 200),
        (" " + " ".join(f"{name} {value:.2f}" for name, value in signals) if signals else "", MUTED),
    )


def _quoted(note: str | None, max_chars: int) -> Content:
    """The beginning of a note in quotation marks, without the secrets that someone typed into it."""
    from curate.core.masking import masked  # the first screen shows no note

    return literal(f" “{masked(note)[:max_chars]}”", style=NOTE_STYLE) if note else Content("")


def _decision_text(decision: Decision) -> Content:
    """Reviewer, verdict, note and time of a decision."""
    return Content.assemble(
        literal(decision.who[:30], style="bold"),
        ": ",
        verdict_sign(decision.verdict),
        _quoted(decision.why, 80),
        (f" {decision.when:%d %b %H:%M}", MUTED),
    )


def _example_page(session: ReviewSession, entry: Entry, view: ViewOptions) -> Page:
    example = session.example(entry)
    where = literal(str(entry.place), style=MUTED)
    if example is None:
        parsed = session.line(entry.place)
        text = parsed.line.data.decode("utf-8", "replace") if parsed else ""
        return Page(
            lines(where, Content.styled("this line contains no example; it can be edited", "bold")),
            left=shortened(view.read.text(text)),
        )
    about = lines(
        Content.assemble(
            Content.assemble(_decision_lines(session, entry.ids[0]), "  ") if entry.ids else "",
            where,
            (f"  {plural(len(example.messages), 'message')}, format {example.format}", MUTED),
        )
    )
    pair = pair_of(example)
    if pair is not None:
        return Page(lines(about, _pair_keys(view)), rows=view.pair(example, pair), stacks=True)
    return Page(about, left=view.whole(example))


def _pair_keys(view: ViewOptions) -> Content:
    """The keys that decide about a preference pair."""
    keys = f"{view.key('prefer-chosen')} A is better: keep · {view.key('prefer-rejected')} B is better: swap · "
    return Content.styled(f"{keys}{view.key('drop')} neither: drop", MUTED)


def _finding_page(session: ReviewSession, entry: Entry, finding: Finding, view: ViewOptions) -> Page:
    """An example with the finding about it."""
    from curate.lint.rules import RULES  # takes 0.2 s; the first screen does not wait for it

    rule = RULES.get(finding.code)
    where = literal(f"{entry.place} {finding.pointer}".strip(), style=MUTED)
    decision = _decision_lines(session, entry.ids[0], entry.target) if entry.ids else None
    standing = Content.assemble(decision, "  ") if decision is not None else Content("")
    about = [
        Content.assemble(standing, where),
        Content.assemble(_title(entry, rule.name if rule else ""), literal(finding.message)),
    ]
    if finding.hint:
        repair = (
            Content.styled(f"  {view.key('repair')} fixes it", "bold $text-success") if finding.fixable else Content("")
        )
        about.append(Content.assemble(("next: ", "bold"), literal(finding.hint), repair))
    if rule:
        about.append(Content.styled(" ".join(rule.rationale.split()), NOTE_STYLE))
    parsed = session.line(entry.place)
    example = session.edited(parsed) if parsed else None
    if example is None:
        copy = "" if parsed is None else parsed.line.data.decode("utf-8", "replace")
        about.append(
            Content.styled(
                "· no example to keep or drop; the line can be edited" if parsed else "· about the whole file", "bold"
            )
        )
        return Page(lines(*about), left=shortened(view.read.text(copy)) if parsed else None)
    if session.trained is not None and entry.ids and rule is None:
        return _training_page(session, entry, lines(*about), view)
    if not entry.ids:
        copies = f"· exact copies are written once ({plural(1, 'example')} stays; Duplicates shows them)"
        about.append(Content.styled(copies if finding.code == "D001" else "· about the whole data set", "bold"))
    index = pointed_at(example.messages, finding.pointer)
    if session.status(entry) is ReviewStatus.EDIT:
        about.append(Content.styled("✎ shown as edited; the file is unchanged", "bold $text-accent"))
    if (pair := pair_of(example)) is not None:
        return Page(lines(*about, _pair_keys(view)), rows=view.pair(example, pair, finding.pointer), stacks=True)
    if not index:
        marks = [_span_marks(finding, example.messages[0], view.read)] if index == 0 else []
        return Page(lines(*about), left=view.whole(example, marks, finding))
    spans = _span_marks(finding, example.messages[index], view.read)
    turn = view.read.turn(example.messages[index], spans, pointed=True, fault=finding.message)
    after = example.messages[index + 1 :]
    rest = Content.assemble(turn, "\n\n", view.read.turns(after)) if after else turn
    before = Content("\n\n").join([*view.head(example), view.read.turns(example.messages[:index], near=index - 1)])
    return Page(lines(*about), before, rest, jump=True)


def _training_page(session: ReviewSession, entry: Entry, about: Content, view: ViewOptions) -> Page:
    """An example that was hard to learn, beside the most related example if there is one."""
    assert session.trained is not None
    own = PlacedExample(entry.place, entry.ids[0])
    near = related(session.examples, (session.conflicts, session.clusters), own.id, session.trained.mapped)
    content = [
        Content.assemble(("beside: ", "bold"), relation.why, " ", literal(str(relation.side.place), style=MUTED))
        for relation in near[:MAX_RELATED]
    ]
    if len(near) > MAX_RELATED:
        content.append(Content.styled(f"  … and {len(near) - MAX_RELATED} more", NOTE_STYLE))
    if not near:
        own_text = session.example(entry)
        return Page(about, left=view.whole(own_text) if own_text else None)
    return _side_by_side(
        session, lines(about, *content), [("this one", own), (near[0].why.split(",")[0], near[0].side)], view
    )


def _span_marks(finding: Finding, message: Message, read: ConversationView) -> list[Mark]:
    return [Mark(start, end, SPAN_STYLE) for start, end in spans_of(finding, read.text(message.text))]


def pointed_at(messages: Sequence[Message], pointer: str) -> int | None:
    """Index of the turn that a JSON pointer refers to; None for the whole line and for other keys."""
    if not pointer:
        return None
    for index, message in enumerate(messages):
        if message.pointer and (
            pointer in (message.pointer, *(part for part, _ in message.parts))
            or pointer.startswith((f"{message.pointer}/", message.content_pointer or "\0"))
        ):
            return index
    return None


def _cluster_page(session: ReviewSession, entry: Entry, cluster: Cluster, view: ViewOptions) -> Page:
    """The keeper of a cluster beside one of its duplicates."""
    copies = [member for member in cluster.members if member.side.id == cluster.kept.id]
    head = [_title(entry, RELATION_NAMES.get(entry.code, "duplicates"))]
    if copies:
        places = ", ".join(str(copy.side.place) for copy in copies[:MAX_COPIES]) + (
            " …" if len(copies) > MAX_COPIES else ""
        )
        head.append(Content.assemble(f"{plural(len(copies), 'more exact copy')}: ", literal(places, style=MUTED)))
    if not cluster.distinct:
        head.append(Content.styled("· nothing to decide: exact copies are written once", "bold"))
        kept = session.example(cluster.kept)
        head.append(_side_heading(session, "keeper", cluster.kept))
        return Page(lines(*head), left=view.whole(kept) if kept else None)
    index = min(view.at, len(cluster.distinct) - 1)
    member = cluster.distinct[index]
    fate = "if you do nothing, B is removed"
    if session.verdict(cluster.kept.id) == "drop":
        rest = "B stays" if len(cluster.distinct) == 1 else "the others are compared without it"
        fate = f"A is dropped; if you do nothing, {rest}"
    head.append(Content.assemble(f"{member.similarity:.1%} similar; ", DIFFERENCE_NOTE, f"; {fate}"))
    if view.marked:
        head.append(
            Content.styled(
                f"◆ {plural(len(view.marked), 'duplicate')} marked; {view.key('split')} splits the cluster",
                "bold $text-accent",
            )
        )
    name = f"{'◆ ' if index in view.marked else ''}B duplicate" + (
        f" {index + 1}/{len(cluster.distinct)} ←→" if len(cluster.distinct) > 1 else ""
    )
    return _side_by_side(session, lines(*head), [("A keeper", cluster.kept), (name, member.side)], view)


def _kept_pair_page(session: ReviewSession, entry: Entry, cluster: Cluster, view: ViewOptions) -> Page:
    """Two near-duplicates that are both kept, because they differ in a fact."""
    alike = Content.assemble(
        f"{cluster.members[0].similarity:.1%} similar; ", DIFFERENCE_NOTE, "; if you do nothing, both stay"
    )
    about = lines(_title(entry, "near-duplicates that differ in a number, a name or a negation"), alike)
    return _side_by_side(session, about, [("A", cluster.kept), ("B", cluster.members[0].side)], view)


def _side_by_side(
    session: ReviewSession,
    about: Content,
    sides: Sequence[tuple[str, PlacedExample]],
    view: ViewOptions,
    turns: Sequence[int | None] = (None, None),
    contradictory: Sequence[Sequence[tuple[str, str]]] = (),
) -> Page:
    """Two conversations, up to an answer if `turns` are given; `contradictory`: what each answer and the other says."""
    examples = [session.example(side) for _, side in sides]
    heads = [_side_heading(session, name, side, exists=example is not None)
             for (name, side), example in zip(sides, examples, strict=True)]  # fmt: skip
    messages = [example.messages if example else () for example in examples]
    if contradictory:
        messages = [
            conversation[: (len(example.prompt) if turn is None else turn) + 1] if example else ()
            for conversation, example, turn in zip(messages, examples, turns, strict=True)
        ]
    read = view.read
    marks = [conflict_marks(read.text(conversation[-1].text) if conversation else "", words)
             for conversation, words in zip(messages, contradictory, strict=False)]  # fmt: skip
    last = (marks[0], marks[1]) if any(marks) else None
    compared = compare(messages[0], messages[1], read, folded=view.key("fold") if view.folded else "", last=last)
    if any(messages):
        return Page(about, rows=[ComparisonRow(heads[0], heads[1]), *tools_rows(examples, view.tools), *compared])
    plain = [read.whole(example) if example else Content("") for example in examples]  # no conversations
    return Page(about, rows=[ComparisonRow(heads[0], heads[1]), ComparisonRow(plain[0], plain[1])])


def _side_heading(session: ReviewSession, name: str, side: PlacedExample, *, exists: bool = True) -> Content:
    """The line above a side: its name, the decision about it, and its place."""
    undecided = session.verdict(side.id) == "undecided" and not session.contested(side.id)
    stays = (
        Content.assemble(("stays", "bold $text-success"), _annotations(session, side.id))
        if name.endswith("keeper") and undecided
        else _decision_lines(session, side.id)
    )
    note = "" if exists else " (no longer there)"
    return Content.assemble((f" {name} ", "bold reverse"), " ", stays, " ", literal(str(side.place), style=MUTED), note)


def _pair_conflict_page(session: ReviewSession, entry: Entry, conflict: PairConflict, view: ViewOptions) -> Page:
    """Two answers to one question, with the evidence that they contradict each other."""
    question = (
        "same question"
        if conflict.similarity >= 1
        else f"question similarity {conflict.similarity:.2f}, same question {conflict.same_question:.0%}"
    )
    confidence = f", {conflict.confidence:.0%} sure"
    about = [Content.assemble(_title(entry, RELATION_NAMES.get(conflict.code, "")), (question + confidence, MUTED))]
    for piece in sorted(conflict.evidence, key=lambda evidence: -evidence.confidence)[:3]:
        texts = [visible(view.read.text(text)) for text in (piece.left, piece.right)]
        left, right = (literal(excerpt(text), marks) for text, marks in zip(texts, word_marks(*texts), strict=True))
        about.append(Content.assemble(("why: ", "bold"), literal(piece.source), ": A says ", left, ", B says ", right))
    said = [(view.read.text(evidence.left), view.read.text(evidence.right)) for evidence in conflict.evidence]
    contradictory = [said, [(right, left) for left, right in said]]
    sides = [("A", conflict.left), ("B", conflict.right)]
    return _side_by_side(session, lines(*about), sides, view, conflict.turns or (None, None), contradictory)


def _multi_conflict_page(session: ReviewSession, entry: Entry, conflict: MultiConflict, view: ViewOptions) -> Page:
    """The first answer to a question, A, beside one of the others, B; with the number of examples of each."""
    index = min(view.at + 1, len(conflict.groups) - 1)
    first = conflict.groups[0].examples
    tied = len(conflict.groups) > 1 and conflict.groups[1].examples == first
    about = [
        _title(entry, RELATION_NAMES["topic"]),
        Content.assemble(("asked: ", "bold"), literal(excerpt(view.read.text(conflict.request)))),
    ]
    for number, group in enumerate(conflict.groups[:9]):
        most = "  majority" if number == 0 and not tied else ""
        sign = Content(" ").join([verdict_sign(session.verdict(side.id)) for side in group.sides[:4]])
        shown = "A" if number == 0 else "B" if number == index else " "
        name = (f"{shown} answer {number + 1} ", "bold" if number in (0, index) else "")
        about.append(Content.assemble(name, (f"{plural(group.examples, 'example')}{most} ", MUTED), sign))
    if len(conflict.groups) > 9:
        about.append(
            Content.styled(
                f"  … {len(conflict.groups) - 9} more answers; {view.key('turn-next')} shows them", NOTE_STYLE
            )
        )
    groups = [
        ("A", conflict.groups[0].sides),
        (f"B {index + 1}/{len(conflict.groups)} ←→", conflict.groups[index].sides),
    ]
    firsts = [(name, sides[0]) for name, sides in groups]
    others = [[_other_wording(session, name, side, view) for side in sides[1:MAX_RELATED]] for name, sides in groups]
    more = [ComparisonRow(left, right) for left, right in zip_longest(*others, fillvalue=Content(""))]
    compared = _side_by_side(session, lines(*about), firsts, view)
    return Page(compared.about, rows=[*compared.rows, *more])


def _other_wording(session: ReviewSession, name: str, side: PlacedExample, view: ViewOptions) -> Content:
    """A side with its heading, for another example that gives the same answer in other words."""
    example = session.example(side)
    return lines(
        _side_heading(session, name, side, exists=example is not None), view.whole(example) if example else None
    )


def spans_of(finding: Finding, text: str) -> Spans:
    """Ordered, disjoint ranges in a text; empty if only the whole turn can be named."""
    spans: Spans = []
    for start, end in sorted(_ranges(finding, text)):
        if start < end and (not spans or start >= spans[-1][1]):
            spans.append((start, end))
        if len(spans) == MAX_SPANS:
            break
    return spans


def _ranges(finding: Finding, text: str) -> Iterator[tuple[int, int]]:
    """The ranges that a finding names by its rule, a code point or quoted words; they may overlap."""
    if finding.code in OUTER_SPACE:
        yield from (match.span() for match in OUTER_SPACE[finding.code].finditer(text))
    if finding.code in ("J005", "Q010", "Q012"):
        yield from (match.span() for match in UNSAFE.finditer(text) if match.group() not in "\n\t")
    for match in CODE_POINT.finditer(finding.message):
        char = chr(int(match.group(1), 16))
        yield from _places(text, char)
    for match in QUOTED_TEXT.finditer(finding.message):
        words = next(group for group in match.groups() if group)
        yield from _places(text, words.removesuffix("…"))


def _places(text: str, words: str) -> Iterator[tuple[int, int]]:
    """The ranges of the words in a text, without regard to case; none for blank words."""
    if words.strip():
        yield from (match.span() for match in islice(re.finditer(re.escape(words), text, re.IGNORECASE), MAX_SPANS))


def tools_block(example: Example, read: ConversationView, *, folded: bool, key: str, pointer: str) -> Content | None:
    """What an example declares as `tools`; None without any. `pointer`: of a finding, whose tool is never folded."""
    tools = _parsed(example.value.get("tools"))
    if tools is None or tools == []:
        return None
    items = tools if isinstance(tools, list) else [tools]
    parts = pointer.removeprefix(f"{example.tools_pointer}/").split("/")
    pointed = number_of(parts[0]) if pointer.startswith(f"{example.tools_pointer}/") else None
    names = ", ".join(_name(item) for item in items[:MAX_NAMES]) + (", …" if len(items) > MAX_NAMES else "")
    lines = [Content.assemble(("⚙ ", TOOL_STYLE), (plural(len(items), "tool"), TOOL_STYLE), "  ", one_line(names),
                              (f"  {key} {'shows' if folded else 'hides'} the schemas", NOTE_STYLE))]  # fmt: skip
    room = MAX_CONVERSATION_CHARS
    for index, item in enumerate(items):
        if folded and index != pointed:
            continue
        if room <= 0:
            lines.append(Content.styled(f"… {len(items) - index:,} more tools", NOTE_STYLE))
            break
        mark = ("  ◀ here", "bold reverse $text-error") if index == pointed else ""
        schema = shortened(read.text(as_json(item, indent=2)))
        room -= len(schema)
        lines.append(Content.assemble(one_line(_name(item), TOOL_STYLE), mark, "\n", schema))
    return Content("\n").join(lines)


def tools_rows(
    examples: Sequence[Example | None], drawn: Callable[[Example], Content | None]
) -> Iterator[ComparisonRow]:
    """The tools of two examples: once if they are the same."""
    own, other = [drawn(example) if example else None for example in examples]
    if own is None and other is None:
        return
    if len({canonical(example.value.get("tools")) if example else b"" for example in examples}) == 1:
        yield ComparisonRow(own or Content(""))
    else:
        none = Content.styled("(no tools)", NOTE_STYLE)
        yield ComparisonRow(own or none, other or none, differs=True)


def _parsed(tools: Any) -> Any:
    """The tools, which some formats write as JSON in a string."""
    with suppress(ValueError, RecursionError):
        return json.loads(tools) if isinstance(tools, str) else tools
    return tools


def _name(tool: Any) -> str:
    """The name of a tool, of any form; `?` without one."""
    inner = tool.get("function", tool) if isinstance(tool, Mapping) else None
    name = inner.get("name") if isinstance(inner, Mapping) else None
    return name if isinstance(name, str) and name else "?"
