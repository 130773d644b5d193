"""Text of the data as Content: shown literally, whatever it holds, and never without bounds."""

import json
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from textual.content import Content

from curate.example import Example, Message
from curate.text import UNSAFE, visible

MAX_CHARS: Final = 6000
"""Characters of one message that are drawn; a megabyte on one line must not stop the screen."""
MAX_TURNS: Final = 100
TAB: Final = "\t"
# Glyph and colour of each role: told apart without colour, too.
ROLES: Final = {
    "system": ("§", "$text-accent"),
    "developer": ("§", "$text-accent"),
    "user": ("▸", "$text-primary"),
    "assistant": ("◆", "$text-success"),
    "tool": ("⚙", "$text-warning"),
    "function": ("⚙", "$text-warning"),
}
ESCAPED: Final = "$text-warning reverse"
MORE: Final = "$foreground-muted italic"


class Mark(NamedTuple):
    """A span of a text that deserves attention, and how it is drawn."""

    start: int
    end: int
    style: str


def literal(text: str, marks: Iterable[Mark] = (), style: str = "") -> Content:
    """`text` as it is, with what a terminal would obey written out and set off, and `marks` drawn."""
    spans = sorted(marks)
    cuts = sorted({0, len(text), *(at for mark in spans for at in (mark.start, mark.end) if 0 < at < len(text))})
    starts = [mark.start for mark in spans]
    pieces: list[tuple[str, str]] = []
    for start, end in pairwise(cuts):
        at = bisect_right(starts, start) - 1
        marked = spans[at].style if at >= 0 and spans[at].end >= end else style
        pieces.extend(_pieces(text[start:end], marked))
    return Content.assemble(*pieces)


def _pieces(text: str, style: str) -> Iterable[tuple[str, str]]:
    at = 0
    for match in UNSAFE.finditer(text):
        if match.group() == "\n":
            continue
        if match.start() > at:
            yield text[at : match.start()], style
        yield (("→   ", f"{style} dim") if match.group() == TAB else (visible(match.group()), f"{style} {ESCAPED}".strip()))
        at = match.end()
    if at < len(text):
        yield text[at:], style


def shortened(text: str, marks: Sequence[Mark] = ()) -> Content:
    """`text`, cut after `MAX_CHARS` with word of how much is left."""
    if len(text) <= MAX_CHARS:
        return literal(text, marks)
    inside = [Mark(mark.start, min(mark.end, MAX_CHARS), mark.style) for mark in marks if mark.start < MAX_CHARS]
    return Content.assemble(literal(text[:MAX_CHARS], inside), (f"\n… {len(text) - MAX_CHARS:,} more characters", MORE))


def heading(message: Message, *, pointed: bool = False) -> Content:
    """The line above a turn: who speaks, and whether the finding points here."""
    glyph, colour = ROLES.get(message.role or "", ("?", "$text-error"))
    name = "no role" if message.role is None else message.role
    parts = [Content.assemble((f"{glyph} ", f"bold {colour}")), literal(name[:40], style=f"bold {colour}")]
    if isinstance(message.value.get("name"), str):
        parts.append(literal(f" ({message.value['name'][:40]})", style="$foreground-muted"))
    if pointed:
        parts.append(Content.assemble("  ", ("◀ the finding is here", "bold reverse $text-error")))
    return Content("").join(parts)


def turn(message: Message, marks: Sequence[Mark] = (), *, pointed: bool = False) -> Content:
    """A whole turn: heading, text, and whatever else it carries."""
    lines = [heading(message, pointed=pointed)]
    content = message.content
    if message.text:
        lines.append(shortened(message.text, marks))
    if content is not None and not isinstance(content, str):
        lines.append(Content.assemble(("content: ", MORE), shortened(as_json(content))))
    elif not message.text:
        lines.append(Content.assemble(("(empty)" if content == "" else "(no content)", MORE)))
    for key, value in message.value.items():
        if key not in ("role", "content", "name") and value is not None:
            lines.append(Content.assemble(literal(f"{key[:40]}: ", style=MORE), shortened(as_json(value))))
    return Content("\n").join(lines)


def turns(messages: Sequence[Message], marks: Sequence[Sequence[Mark]] = (), pointed: int | None = None) -> Content:
    """Turns one below the other; of very many, those around the one that the finding points to."""
    first = max(0, (pointed or 0) - MAX_TURNS // 2)
    shown = list(messages[first : first + MAX_TURNS])
    parts = [Content.assemble((f"… {first:,} earlier messages", MORE))] if first else []
    for at, message in enumerate(shown, start=first):
        parts.append(turn(message, marks[at] if at < len(marks) else (), pointed=at == pointed))
    left = len(messages) - first - len(shown)
    if left > 0:
        parts.append(Content.assemble((f"… {left:,} later messages", MORE)))
    return Content("\n\n").join(parts)


def whole(example: Example, marks: Sequence[Sequence[Mark]] = (), pointed: int | None = None) -> Content:
    """A conversation; where the line is none, its JSON."""
    if not example.messages:
        return Content.assemble(("not a conversation; the line reads\n", MORE), shortened(as_json(example.value, indent=2)))
    return turns(example.messages, marks, pointed)


def as_json(value: Any, indent: int | None = None) -> str:
    """A JSON value as text."""
    return json.dumps(value, ensure_ascii=False, indent=indent)
