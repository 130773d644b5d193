"""Data text as Content: displayed literally and with bounded length."""

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, NamedTuple

from textual.content import Content

from curate.core.example import Example, Message
from curate.core.text import UNSAFE, excerpt, visible

MAX_MESSAGE_CHARS: Final = 6000
"""Maximum number of characters drawn of a message; a megabyte on one line must not block the screen."""
MAX_NAME_CHARS: Final = 300
"""Maximum number of characters of a name or a sentence."""
MAX_TURNS: Final = 100
MAX_CONVERSATION_CHARS: Final = 40_000
"""Maximum number of characters drawn of a conversation: more would take longer than a key press may."""
TAB: Final = "\t"
BASE64: Final = re.compile(r"(?<![\w+/=])([\w+/-]{32})([\w+/-]{224,}=*)", re.ASCII)
"""The data of an image or a recording, which nobody can read: no word is so long."""
# Glyph and color of each role, distinguishable without color.
ROLE_STYLES: Final = {
    "system": ("§", "$text-accent"),
    "developer": ("§", "$text-accent"),
    "user": ("▸", "$text-primary"),
    "assistant": ("◆", "$text-success"),
    "tool": ("⚙", "$text-warning"),
    "function": ("⚙", "$text-warning"),
}
ESCAPED_STYLE: Final = "$text-warning reverse"
NOTE_STYLE: Final = "$foreground-muted italic"


class Mark(NamedTuple):
    """A highlighted range of a text and its style."""

    start: int
    end: int
    style: str


def literal(text: str, marks: Iterable[Mark] = (), style: str = "") -> Content:
    """`text` with control characters escaped and highlighted, and `marks` drawn."""
    spans = sorted(marks)
    cuts = sorted({0, len(text), *(at for mark in spans for at in (mark.start, mark.end) if 0 < at < len(text))})
    starts = [mark.start for mark in spans]
    pieces: list[tuple[str, str]] = []
    for start, end in pairwise(cuts):
        at = bisect_right(starts, start) - 1
        marked = spans[at].style if at >= 0 and spans[at].end >= end else style
        pieces.extend(_styled_parts(text[start:end], marked))
    return Content.assemble(*pieces)


def _styled_parts(text: str, style: str) -> Iterable[tuple[str, str]]:
    at = 0
    for match in UNSAFE.finditer(text):
        if match.group() == "\n":
            continue
        if match.start() > at:
            yield text[at : match.start()], style
        yield (
            ("→   ", f"{style} dim")
            if match.group() == TAB
            else (visible(match.group()), f"{style} {ESCAPED_STYLE}".strip())
        )
        at = match.end()
    if at < len(text):
        yield text[at:], style


def one_line(text: str, style: str = "") -> Content:
    """A name or sentence on one line, truncated if very long."""
    return literal(
        text if len(text) <= MAX_NAME_CHARS and "\n" not in text else excerpt(text, MAX_NAME_CHARS), style=style
    )


def shortened(
    text: str, marks: Sequence[Mark] = (), limit: int = MAX_MESSAGE_CHARS, *, rest: str = "; $EDITOR opens all of it"
) -> Content:
    """`text` cut after `limit` characters, with a note about the remaining length and where the `rest` is."""
    if len(text) <= limit:
        return literal(text, marks)
    inside = [Mark(mark.start, min(mark.end, limit), mark.style) for mark in marks if mark.start < limit]
    return Content.assemble(
        literal(text[:limit], inside), (f"\n… {len(text) - limit:,} more characters{rest}", NOTE_STYLE)
    )


def heading(message: Message, *, pointed: bool = False) -> Content:
    """The line above a turn: role, and whether the finding points here. It shows no secret, even if texts do."""
    glyph, colour = ROLE_STYLES.get(message.role or "", ("?", "$text-error"))
    name = "no role" if message.role is None else _hidden(message.role)
    parts = [Content.assemble((f"{glyph} ", f"bold {colour}")), literal(name[:40], style=f"bold {colour}")]
    if isinstance(message.value.get("name"), str):
        parts.append(literal(f" ({_hidden(message.value['name'])[:40]})", style="$foreground-muted"))
    if pointed:
        parts.append(Content.assemble("  ", ("◀ here", "bold reverse $text-error")))
    return Content("").join(parts)


class ConversationView:
    """Displays texts of the data; secrets are hidden until the user asks for them."""

    def __init__(self, *, secrets: bool = False) -> None:
        self.secrets = secrets

    def text(self, text: str) -> str:
        """The displayed text. Secrets are searched only a little beyond the visible part."""
        return text if self.secrets else _hidden(text[: MAX_MESSAGE_CHARS + 500]) + text[MAX_MESSAGE_CHARS + 500 :]

    def turn(self, message: Message, marks: Sequence[Mark] = (), *, pointed: bool = False) -> Content:
        """A turn: heading, text and other content. Marks are positions in the displayed text."""
        lines = [heading(message, pointed=pointed)]
        content = message.content
        if message.text:
            lines.append(shortened(self.text(message.text), marks))
        if content is not None and not isinstance(content, str):
            lines.append(Content.assemble(("content: ", NOTE_STYLE), shortened(self.text(as_json(content)))))
        elif not message.text:
            lines.append(Content.assemble(("(empty)" if content == "" else "(no content)", NOTE_STYLE)))
        for key, value in message.value.items():
            if key not in ("role", "content", "name") and value is not None:
                lines.append(
                    Content.assemble(
                        literal(f"{_hidden(key)[:40]}: ", style=NOTE_STYLE), shortened(self.text(as_json(value)))
                    )
                )
        return Content("\n").join(lines)

    def turns(
        self,
        messages: Sequence[Message],
        marks: Sequence[Sequence[Mark]] = (),
        pointed: int | None = None,
        near: int = 0,
    ) -> Content:
        """The turns in order; of many or long ones, those around the finding's turn or the turn `near`."""
        start = max(0, (near if pointed is None else pointed) - MAX_TURNS // 4)
        parts = [Content.assemble((f"… {start:,} earlier messages", NOTE_STYLE))] if start else []
        room, at = MAX_CONVERSATION_CHARS, start
        while at < len(messages) and at < start + MAX_TURNS and room > 0:
            message = messages[at]
            room -= min(len(message.text), MAX_MESSAGE_CHARS) + 100
            parts.append(self.turn(message, marks[at] if at < len(marks) else (), pointed=at == pointed))
            at += 1
        if at < len(messages):
            parts.append(
                Content.assemble((f"… {len(messages) - at:,} later messages; $EDITOR opens all of them", NOTE_STYLE))
            )
        return Content("\n\n").join(parts)

    def whole(self, example: Example, marks: Sequence[Sequence[Mark]] = (), pointed: int | None = None) -> Content:
        """A conversation, or the JSON of a line without one."""
        if not example.messages:
            return Content.assemble(
                ("not a conversation; the line reads\n", NOTE_STYLE),
                shortened(self.text(as_json(example.value, indent=2))),
            )
        return self.turns(example.messages, marks, pointed)


@lru_cache(maxsize=512)
def _hidden(text: str) -> str:
    from curate.core.masking import masked  # the first screen shows no text

    return masked(text)


def as_json(value: Any, indent: int | None = None) -> str:
    """A JSON value as text; of Base64 data only the beginning, and how long it is."""
    return BASE64.sub(
        lambda data: f"{data[1]}… ({len(data[2]):,} more characters)",
        json.dumps(value, ensure_ascii=False, indent=indent),
    )
