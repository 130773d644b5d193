"""Entries as table rows, and the header."""

import re
from collections.abc import Mapping
from os.path import commonprefix
from pathlib import PurePath
from typing import Final

import numpy as np
from textual.content import Content

from curate.core.example import Example, Place
from curate.core.finding import Finding
from curate.core.text import excerpt, visible
from curate.review import Cluster, Entry, Kind, MultiConflict, PairConflict, ReviewSession, ReviewStatus, question
from curate.review.groups import Group
from tui.conversation import ConversationView
from tui.render.signs import SEVERITIES, status_sign

HEADERS: Final[dict[Kind, str]] = {
    "example": "   {line} question",
    "finding": "    rule  {line} message",
    "cluster": "   alike  size  question",
    "conflict": "   sure     rule  question",
}
"""The headers of each list; the first column is the cursor's."""
LINE_BREAK: Final = re.compile(r"\s*\n\s*")
PLACE_CELLS: Final = 22
"""Width of a line number with file name in cells."""
MAX_TEXT_CHARS: Final = 200
"""Maximum number of characters of a text in a row."""


def header(session: ReviewSession, kind: Kind) -> str:
    """The header of a list."""
    return HEADERS[kind].format(line=f"{'line':<{_place_width(session)}}")


def row(session: ReviewSession, entry: Entry, read: ConversationView) -> Content:
    """The row of an entry: status, place or confidence, and subject."""
    sign = status_sign(session.status(entry))
    muted = "$foreground-muted"
    match entry.subject:
        case Finding():
            glyph, colour = SEVERITIES[entry.severity]
            where, message = f"{_place_text(session, entry.place)} ", excerpt(entry.subject.message, MAX_TEXT_CHARS)
            return Content.assemble(sign, (f"{glyph} {entry.code:<6}", colour), (where, muted), message)
        case Cluster():
            size = "≠   " if entry.pair else f"×{len(entry.subject.members) + 1:<3}"
            alike = min(member.similarity for member in entry.subject.members)
            return Content.assemble(
                sign,
                (f" {alike:6.1%} ", "bold"),
                (f"{size}  ", muted),
                _question_text(session.example(entry.subject.kept), read),
            )
        case PairConflict():
            return Content.assemble(
                sign,
                (f" {entry.subject.confidence:4.0%}     ", "bold"),
                (f"{entry.code:<6}", muted),
                _question_text(session.example(entry.subject.left), read),
            )
        case MultiConflict():
            stands = f" {len(entry.subject.groups)} groups"
            return Content.assemble(
                sign, (f"{stands:<10}", "bold"), ("topic ", muted), _opening_line(entry.subject.request, read)
            )
    return Content.assemble(
        sign, (f" {_place_text(session, entry.place)} ", muted), _question_text(session.example(entry), read)
    )


def group_row(session: ReviewSession, group: Group, by: str, names: Mapping[str, str]) -> Content:
    """The line of a group: what its entries share, how many there are, and how many are open."""
    queue = session.findings
    first = queue.finding(int(group.rows[0]))
    glyph, colour = SEVERITIES[first.severity]
    rule = f"{first.code} {names.get(first.code, '')}".strip()
    named = {"rule": rule, "file": visible(first.file), "example": visible(first.where)}[by]
    left = int(np.count_nonzero(queue.statuses.values[group.rows] < ReviewStatus.KEEP))
    return Content.assemble(
        ("▾ " if group.opened else "▸ ", "$foreground-muted"),
        (f"{glyph} ", colour) if by == "rule" else "",
        (f"{named} ", "bold"),
        f"×{len(group.rows):,} ",
        (f"{left:,} open" if left else "none open", "$foreground-muted"),
    )


def _place_width(session: ReviewSession) -> int:
    """Width of a place in cells: with a file name if there are several files, else of the largest line number."""
    if len(session.lines.indexes) > 1:
        return PLACE_CELLS
    last = [f"{int(index.numbers[-1]):,}" for index in session.lines.indexes if index.count]
    return max(map(len, ("line", *last)))


def _place_text(session: ReviewSession, place: Place) -> str:
    """The line number, with its file if there are several; of long names, the part that differs comes first."""
    room = _place_width(session)
    if room < PLACE_CELLS:
        return f"{place.line:<{room},}"
    number = f":{place.line}" if place.line else ""  # 0: the whole file
    name = Content(visible(PurePath(place.file).name))
    if name.cell_length > room - len(number):
        same = commonprefix([PurePath(index.name).name for index in session.lines.indexes])  # noqa: RUF071
        rest = PurePath(place.file).name.removeprefix(same)
        name = Content(visible(f"…{rest}")) if same and rest else name
    name = name.truncate(room - len(number), ellipsis=True)
    return f"{name.plain}{number}" + " " * (room - name.cell_length - len(number))


def _opening_line(text: str, read: ConversationView) -> str:
    """The start of a text on one line, with spaces for its line breaks, which would be shown as escapes."""
    return excerpt(LINE_BREAK.sub(" ", read.text(text[: MAX_TEXT_CHARS * 2])), MAX_TEXT_CHARS)


def _question_text(example: Example | None, read: ConversationView) -> Content:
    if example is None:
        return Content.assemble(("(no example on this line)", "$foreground-muted italic"))
    asked = question(example)
    return Content(_opening_line(asked, read)) if asked else Content.assemble(("(no text)", "$foreground-muted italic"))
