"""Entries as one line each, in columns, and the line above them."""

from pathlib import PurePath
from typing import Final

from textual.content import Content

from curate.example import Example, Place
from curate.finding import Finding
from curate.review import Clash, Cluster, Dispute, Entry, Kind, ReviewSession, question
from curate.text import excerpt, visible
from tui.conversation import Reader
from tui.render.signs import SEVERITIES, standing_sign

HEADS: Final[dict[Kind, str]] = {
    "example": "  line        what is asked",
    "finding": "   rule line        what is wrong",
    "cluster": "  alike  size  what is asked",
    "conflict": "  sure   rule  what is asked",
}
WIDE: Final = 200
"""Characters of a text that a line can show."""


def row(session: ReviewSession, entry: Entry, read: Reader) -> Content:
    """An entry in the list: how it stands, where it is or how sure, and what it is about."""
    sign = standing_sign(session.standing(entry))
    muted = "$foreground-muted"
    match entry.subject:
        case Finding():
            glyph, colour = SEVERITIES[entry.severity]
            where = f"{_where(entry.place, many=len(session.lines.indexes) > 1):<11}"
            return Content.assemble(sign, (f"{glyph} {entry.code:<5}", colour), (where, muted), excerpt(entry.subject.message, WIDE))
        case Cluster():
            size = "  ≠ " if entry.pair else f"×{len(entry.subject.members) + 1:<3}"
            alike = min(member.similarity for member in entry.subject.members)
            return Content.assemble(sign, (f" {alike:6.1%} ", "bold"), (f"{size}  ", muted), _asked(session.example(entry.subject.kept), read))
        case Clash():
            return Content.assemble(
                sign, (f" {entry.subject.confidence:4.0%}   ", "bold"), (f"{entry.code:<6}", muted), _asked(session.example(entry.subject.left), read)
            )
        case Dispute():
            return Content.assemble(sign, (f" {len(entry.subject.stands)} stands ", "bold"), ("topic ", muted), excerpt(read.text(entry.subject.request), WIDE))
    where = f" {_where(entry.place, many=len(session.lines.indexes) > 1):<12}"
    return Content.assemble(sign, (where, muted), _asked(session.example(entry), read))


def _where(place: Place, *, many: bool) -> str:
    return visible(f"{PurePath(place.file).name[:14]}:{place.line}" if many else f"{place.line:,}")


def _asked(example: Example | None, read: Reader) -> Content:
    if example is None:
        return Content.assemble(("(no example on this line)", "$foreground-muted italic"))
    asked = question(example)
    return Content(excerpt(read.text(asked[: WIDE * 2]), WIDE)) if asked else Content.assemble(("(no text)", "$foreground-muted italic"))
