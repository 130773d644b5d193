"""Entries as table rows, and the header."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from os.path import commonprefix
from pathlib import PurePath
from typing import Final

import numpy as np
from textual.content import Content

from curate.core.example import Place
from curate.core.finding import Finding
from curate.core.text import excerpt, visible
from curate.review import (
    Cluster,
    Entry,
    Kind,
    MultiConflict,
    PairConflict,
    PlacedExample,
    ReviewSession,
    ReviewStatus,
    View,
)
from curate.review.columns import Facet, column_value
from curate.review.view import Group
from tui.conversation import ConversationView, as_json
from tui.render.signs import SEVERITIES, status_sign

HEADERS: Final[dict[Kind, str]] = {
    "example": "   {line} question",
    "finding": "    rule  {line} message",
    "cluster": "   alike  size  question",
    "conflict": "   sure     rule  question",
}
"""The headers of each list; the first column is the cursor's."""
COLUMN_CELLS: Final = {"question": 36, "answer": 36, "length": 7, "score": 6, "rating": 6, "note": 20}
FIELD_CELLS: Final = 16
"""Width of columns in cells."""
LINE_BREAK: Final = re.compile(r"\s*\n\s*")
PLACE_CELLS: Final = 22
"""Width of a line number with file name in cells."""
MAX_TEXT_CHARS: Final = 200
"""Maximum number of characters of a text in a row."""
MAX_FACET_CHARS: Final = 60
"""Maximum number of characters of the value of a facet."""
MAX_OPENING_CHARS: Final = 1_000
"""Number of characters of a text in which a beginning that rows share is looked for."""
MAX_SAMPLED_ROWS: Final = 100
"""Number of rows of a list that are read to find beginnings that many rows share."""
MIN_SAME_ROWS, MIN_SAME_SHARE = 3, 0.1
"""Number and share of the sampled rows that make a beginning a shared one."""
MIN_SHARED_CHARS: Final = 24
"""Minimum number of characters of a shared beginning: a shorter one leaves room for the rest."""
NO_EXAMPLE_NOTE: Final = "(no example on this line)"


def header(session: ReviewSession, kind: Kind, columns: Sequence[str] = ()) -> str:
    """The header of a list, with the columns that were chosen."""
    text = HEADERS[kind].format(line=f"{'line':<{_place_width(session)}}")
    before = text.rpartition(" ")[0]
    return f"{before} {' '.join(f'{visible(name):<{cells_of(name)}}' for name in columns)}" if columns else text


def cells_of(column: str) -> int:
    """Width of a column in cells."""
    return COLUMN_CELLS.get(column, FIELD_CELLS)


class Openings:
    """The beginnings that many rows of a list share: rows are shown without them, because they tell no row apart."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        """`texts`: those of a sample of the rows."""
        self._texts = sorted(texts)
        self._many = max(MIN_SAME_ROWS, round(len(self._texts) * MIN_SAME_SHARE))
        self.key = hash(tuple(self._texts)) if self else 0
        """Equal for lists that begin alike, whose rows need not be drawn anew."""

    def __bool__(self) -> bool:
        return len(self._texts) >= self._many

    def own_part(self, text: str) -> str:
        """A text without the beginning that many rows share, which `…` stands for."""
        index, many = bisect_left(self._texts, text), self._many
        starts = range(max(0, index - many), min(index, len(self._texts) - many) + 1)
        parts = ((text, self._texts[first], self._texts[first + many - 1]) for first in starts)
        shared = max((len(commonprefix(texts)) for texts in parts), default=0)  # noqa: RUF071
        start = text.rfind(" ", 0, shared) + 1 if shared < len(text) else 0  # a row says something in any case
        return f"…{text[start:]}" if start >= MIN_SHARED_CHARS else text


def openings(session: ReviewSession, view: View) -> Openings:
    """The beginnings that the rows of a list share, by a sample of them."""
    queue, read = session.queues[view.kind], ConversationView()
    rows = view.rows[:: max(1, len(view.rows) // MAX_SAMPLED_ROWS)][:MAX_SAMPLED_ROWS]
    return Openings(_subject_text(session, queue.entry(int(number)), read) for number in rows)


def row(
    session: ReviewSession, entry: Entry, read: ConversationView, shared: Openings, columns: Sequence[str] = ()
) -> Content:
    """The row of an entry: status, place or confidence, and subject without the beginning that many rows have.

    If columns were chosen, their values take the place of the subject.
    """
    sign = status_sign(session.status(entry))
    rating = session.log.rating(entry.ids[0]) if len(entry.ids) == 1 else None
    stars = (f"★{rating} ", "$text-warning") if rating and not columns else ""
    text = _cells(session, entry, read, shared, columns) if columns else _subject_content(session, entry, read, shared)
    muted = "$foreground-muted"
    match entry.subject:
        case Finding():
            glyph, colour = SEVERITIES[entry.severity]
            where = f"{_place_text(session, entry.place)} "
            return Content.assemble(sign, (f"{glyph} {entry.code:<6}", colour), (where, muted), stars, text)
        case Cluster():
            size = "≠   " if entry.pair else f"×{len(entry.subject.members) + 1:<3}"
            alike = min(member.similarity for member in entry.subject.members)
            return Content.assemble(sign, (f" {alike:6.1%} ", "bold"), (f"{size}  ", muted), text)
        case PairConflict():
            sure = f" {entry.subject.confidence:4.0%}     "
            return Content.assemble(sign, (sure, "bold"), (f"{entry.code:<6}", muted), text)
        case MultiConflict():
            stands = f" {len(entry.subject.groups)} groups"
            return Content.assemble(sign, (f"{stands:<10}", "bold"), ("topic ", muted), text)
    return Content.assemble(sign, (f" {_place_text(session, entry.place)} ", muted), stars, text)


def _cells(
    session: ReviewSession, entry: Entry, read: ConversationView, shared: Openings, columns: Sequence[str]
) -> Content:
    """The values of the chosen columns; the last one has the rest of the row."""
    parts = []
    for name in columns:
        value, cells = column_value(session, entry, name), cells_of(name)
        shown = value if isinstance(value, str) else ""
        if isinstance(value, int | float):
            shown = f"{'★' if name == 'rating' else ''}{value:,}" if isinstance(value, int) else f"{value:.3g}"
        text = _one_line(shown[:MAX_OPENING_CHARS], read)
        text = shared.own_part(text) if shared and name == "question" and entry.kind == "example" else text
        part = Content(excerpt(text, MAX_TEXT_CHARS))
        part = part.truncate(cells, ellipsis=True) if name != columns[-1] else part
        parts.append(part.pad_right(max(0, cells - part.cell_length)))
    return Content(" ").join(parts)


def _subject_content(session: ReviewSession, entry: Entry, read: ConversationView, shared: Openings) -> Content:
    """The subject of a row without the shared beginning; a note if it is empty."""
    text = _subject_text(session, entry, read)
    if not text:
        return Content.styled("(no text)", "$foreground-muted italic")
    return Content(excerpt(shared.own_part(text) if shared else text, MAX_TEXT_CHARS))


def _subject_text(session: ReviewSession, entry: Entry, read: ConversationView) -> str:
    """The text of a row on one line: the message of a finding, the question, and the answer."""
    match entry.subject:
        case MultiConflict():
            return _one_line(entry.subject.request[:MAX_OPENING_CHARS], read)
        case Cluster():
            place: PlacedExample | Entry = entry.subject.kept
        case PairConflict():
            place = entry.subject.left
        case _:
            place = entry
    example = session.example(place) if not isinstance(entry.subject, Finding) or entry.place.line else None
    message = entry.subject.message if isinstance(entry.subject, Finding) else ""
    if example is None:
        return visible(message) or NO_EXAMPLE_NOTE
    if not example.messages:
        return _one_line(" ▸ ".join(filter(None, (message, as_json(example.value)[:MAX_OPENING_CHARS]))), read)
    request, answer = example.question[:MAX_OPENING_CHARS], example.answer
    answered = f" ◆ {answer.text[:MAX_TEXT_CHARS]}" if answer is not None and answer.text else ""
    return " ▸ ".join(part for part in (visible(message), _one_line(f"{request}{answered}", read)) if part.strip())


def example_text(session: ReviewSession, example_id: str) -> str:
    """The place and the question of an example, on one line; empty if its place is not known."""
    place = session.examples.place_of(example_id)
    return "" if place is None else f"{visible(str(place))} {question_text(session, PlacedExample(place, example_id))}"


def question_text(session: ReviewSession, side: PlacedExample) -> str:
    """The beginning of the question of an example, on one line; empty if it is not there any more."""
    stored = session.example(side)
    request = stored.question[:MAX_OPENING_CHARS] if stored is not None else ""
    return excerpt(_one_line(request, ConversationView()), MAX_FACET_CHARS)


def facet_line(facet: Facet, before: Facet | None) -> Content:
    """A value that entries share, with the name of the facet before its first value."""
    first = before is None or before.name != facet.name
    about = "about " if facet.estimated else ""
    return Content.assemble(
        (f"{facet.name if first else '':<16} ", "bold"),
        Content(excerpt(facet.value, MAX_FACET_CHARS)),
        (f"  {about}{facet.entries:,}", "$foreground-muted"),
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
        return f"{place.line:<{room},}" if place.line else f"{'file':<{room}}"
    number = f":{place.line}" if place.line else ""  # 0: the whole file
    name = Content(visible(PurePath(place.file).name))
    if name.cell_length > room - len(number):
        same = commonprefix([PurePath(index.name).name for index in session.lines.indexes])  # noqa: RUF071
        rest = PurePath(place.file).name.removeprefix(same)
        name = Content(visible(f"…{rest}")) if same and rest else name
    name = name.truncate(room - len(number), ellipsis=True)
    return f"{name.plain}{number}" + " " * (room - name.cell_length - len(number))


def _one_line(text: str, read: ConversationView) -> str:
    """The start of a text on one line, with spaces for its line breaks, which would be shown as escapes."""
    return LINE_BREAK.sub(" ", read.text(text))
