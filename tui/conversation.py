"""Data text as Content: displayed literally and with bounded length."""

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

from textual.content import Content

from curate.core.example import MEDIA_KEYS, REASONING_KEYS, Example, Message
from curate.core.text import EMPTY, UNSAFE, excerpt, visible
from curate.language.reasoning_marks import split_reasoning
from curate.review.turn_parts import (
    argument_names,
    call_text,
    is_medium,
    media_in,
    other_parts,
    parsed_call,
    text_ranges,
)

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
CALL_STYLE: Final = "bold $text-warning"
FAULT_STYLE: Final = "bold reverse $text-error"
MEDIA_SIGN: Final = "▣ "
MAX_MEDIA: Final = 20
"""Maximum number of images and other media listed of a turn or a line."""
MAX_FOLDED_REASONING: Final = 60
"""Number of characters drawn of reasoning that is folded."""
QUOTED: Final = re.compile(r"'([^']{1,80})'")


class Mark(NamedTuple):
    """A highlighted range of a text and its style."""

    start: int
    end: int
    style: str


def literal(text: str, marks: Iterable[Mark] = (), style: str = "") -> Content:
    """`text` with control characters escaped and highlighted, and `marks` drawn."""
    spans = sorted(marks)
    cuts = sorted({0, len(text), *(cut for mark in spans for cut in (mark.start, mark.end) if 0 < cut < len(text))})
    starts = [mark.start for mark in spans]
    pieces: list[tuple[str, str]] = []
    for start, end in pairwise(cuts):
        index = bisect_right(starts, start) - 1
        marked = spans[index].style if index >= 0 and spans[index].end >= end else style
        pieces.extend(_styled_parts(text[start:end], marked))
    return Content.assemble(*pieces)


def _styled_parts(text: str, style: str) -> Iterable[tuple[str, str]]:
    """A text in parts with their styles; tabs and unsafe characters are replaced and highlighted."""
    position = 0
    for match in UNSAFE.finditer(text):
        if match.group() == "\n":
            continue
        if match.start() > position:
            yield text[position : match.start()], style
        yield (
            ("→   ", f"{style} dim")
            if match.group() == TAB
            else (visible(match.group()), f"{style} {ESCAPED_STYLE}".strip())
        )
        position = match.end()
    if position < len(text):
        yield text[position:], style


def one_line(text: str, style: str = "") -> Content:
    """A name or sentence on one line, truncated if very long."""
    return literal(
        text if len(text) <= MAX_NAME_CHARS and "\n" not in text else excerpt(text, MAX_NAME_CHARS), style=style
    )


def shortened(text: str, marks: Sequence[Mark] = (), *, rest: str = "; $EDITOR opens all of it") -> Content:
    """`text` cut after `MAX_MESSAGE_CHARS` characters, with a note about how long the `rest` is and where."""
    limit = MAX_MESSAGE_CHARS
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
    parts = [Content.styled(f"{glyph} ", f"bold {colour}"), literal(name[:40], style=f"bold {colour}")]
    if isinstance(message.value.get("name"), str):
        parts.append(literal(f" ({_hidden(message.value['name'])[:40]})", style="$foreground-muted"))
    if pointed:
        parts.append(Content.assemble("  ", ("◀ here", "bold reverse $text-error")))
    return Content("").join(parts)


class ConversationView:
    """Displays texts of the data; secrets are hidden until the user asks for them."""

    def __init__(self, key: str = "f") -> None:
        """`key` unfolds reasoning."""
        self.secrets, self.folded, self.key = False, True, key
        self.folder: Path | None = Path()
        """The folder of the data, in which images are looked for; None: they are not."""

    def text(self, text: str) -> str:
        """The text as displayed. Unless secrets are shown, those in and near the visible part are replaced."""
        return text if self.secrets else _hidden(text[: MAX_MESSAGE_CHARS + 500]) + text[MAX_MESSAGE_CHARS + 500 :]

    def turn(
        self,
        message: Message,
        marks: Sequence[Mark] = (),
        *,
        pointed: bool = False,
        fault: str = "",
        folded: bool | None = None,
    ) -> Content:
        """A turn: heading, text and other content. Marks are positions in the displayed text.

        `fault`: the message of a finding about it, whose quoted arguments of calls are marked.
        """
        folded = self.folded if folded is None else folded
        content = message.content
        lines = [heading(message, pointed=pointed), *self._text_lines(message, marks, fault, folded=folded)]
        if isinstance(content, list):
            lines += self._part_lines(other_parts(content))
        elif content is not None and not isinstance(content, str):
            lines.append(Content.assemble(("content: ", NOTE_STYLE), shortened(self.text(as_json(content)))))
        elif not message.text and not message.has_content:
            lines.append(Content.styled(EMPTY if content == "" else "(no content)", NOTE_STYLE))
        for key, value in message.value.items():
            if key not in ("role", "content", "name") and value is not None:
                lines += self._key_lines(key, value, fault, folded=folded)
        return Content("\n").join(lines)

    def _text_lines(self, message: Message, marks: Sequence[Mark], fault: str, *, folded: bool) -> Iterator[Content]:
        """The text of a turn in its parts: plain text, tool calls and reasoning."""
        if not message.text:
            return
        text = self.text(message.text)
        for kind, start, end in text_ranges(message.content, text, self.text):
            inside = [
                Mark(max(mark.start, start) - start, min(mark.end, end) - start, mark.style)
                for mark in marks
                if mark.start < end and mark.end > start
            ]
            part = text[start:end]
            call = parsed_call(part) if kind == "call" else None
            if call is not None:
                yield self.call(call, fault)
            elif kind == "reasoning" and not inside:
                yield self.reasoning(part, folded=folded)
            else:
                yield shortened(part, inside)

    def _part_lines(self, parts: Sequence[Any]) -> Iterator[Content]:
        for part in parts:
            call = call_text(part) if isinstance(part, dict) and not is_medium(part) else None
            if is_medium(part) and (media := media_in(part, self.folder)):
                yield self.media(media)
            elif call is not None:
                yield self.call(call, "")
            else:
                yield Content.assemble(("content: ", NOTE_STYLE), shortened(self.text(as_json(part))))

    def _key_lines(self, key: str, value: Any, fault: str, *, folded: bool) -> Iterator[Content]:
        """The lines for a key of a turn other than role and content."""
        if key in REASONING_KEYS and isinstance(value, str):
            yield self.reasoning(self.text(value), folded=folded)
        elif key in MEDIA_KEYS and (media := media_in(value, self.folder)):
            yield self.media(media)
        elif key in ("tool_calls", "function_call"):
            for call in value if isinstance(value, list) else [value]:
                text = call_text(call)
                if text is None:
                    yield self._json_line(key, call)
                else:
                    yield self.call(self.text(text), fault)
        else:
            yield self._json_line(key, value)

    def _json_line(self, key: str, value: Any) -> Content:
        return Content.assemble(
            literal(f"{_hidden(key)[:40]}: ", style=NOTE_STYLE), shortened(self.text(as_json(value)))
        )

    def call(self, text: str, fault: str) -> Content:
        """A tool call. The arguments that `fault`, the message of a finding, quotes are marked."""
        named = set(QUOTED.findall(fault))
        marks = [Mark(start, end, FAULT_STYLE) for start, end, name in argument_names(text) if name in named]
        return Content.assemble(("⚙ ", CALL_STYLE), shortened(text, marks))

    def media(self, lines: Sequence[str]) -> Content:
        """Images and other media, a line each."""
        more = [f"… {len(lines) - MAX_MEDIA:,} more"] if len(lines) > MAX_MEDIA else []
        return Content("\n").join(
            [
                Content.assemble((MEDIA_SIGN, CALL_STYLE), one_line(self.text(line)))
                for line in [*lines[:MAX_MEDIA], *more]
            ]
        )

    def reasoning(self, text: str, *, folded: bool) -> Content:
        """The reasoning of a model: its beginning and its length while it is folded."""
        if not folded:
            return Content.assemble(("∴ reasoning: ", NOTE_STYLE), shortened(text.strip("\n")))
        start = excerpt("\n".join(split_reasoning(text).reasoning or [text]).strip(), MAX_FOLDED_REASONING)
        note = f"  {len(text):,} characters; {self.key} shows them"
        return Content.assemble(("∴ reasoning: ", NOTE_STYLE), (start, NOTE_STYLE), (note, NOTE_STYLE))

    def turns(
        self,
        messages: Sequence[Message],
        marks: Sequence[Sequence[Mark]] = (),
        pointed: int | None = None,
        near: int = 0,
        *,
        fault: str = "",
    ) -> Content:
        """The turns in order; of many or long ones, those around the finding's turn or the turn `near`."""
        start = max(0, (near if pointed is None else pointed) - MAX_TURNS // 4)
        parts = [Content.styled(f"… {start:,} earlier messages", NOTE_STYLE)] if start else []
        room, index = MAX_CONVERSATION_CHARS, start
        while index < len(messages) and index < start + MAX_TURNS and room > 0:
            message = messages[index]
            room -= min(len(message.text), MAX_MESSAGE_CHARS) + 100
            shown, is_pointed = marks[index] if index < len(marks) else (), index == pointed
            parts.append(self.turn(message, shown, pointed=is_pointed, fault=fault if is_pointed else ""))
            index += 1
        if index < len(messages):
            parts.append(
                Content.styled(f"… {len(messages) - index:,} later messages; $EDITOR opens all of them", NOTE_STYLE)
            )
        return Content("\n\n").join(parts)

    def whole(
        self, example: Example, marks: Sequence[Sequence[Mark]] = (), pointed: int | None = None, fault: str = ""
    ) -> Content:
        """A conversation, or the JSON of a line without one."""
        if not example.messages:
            return Content.assemble(
                ("not a conversation; the line reads\n", NOTE_STYLE),
                shortened(self.text(as_json(example.value, indent=2))),
            )
        return self.turns(example.messages, marks, pointed, fault=fault)


@lru_cache(maxsize=512)
def _hidden(text: str) -> str:
    """A text with its secrets replaced."""
    from curate.core.masking import masked  # the first screen shows no text

    return masked(text)


def as_json(value: Any, indent: int | None = None) -> str:
    """A JSON value as text; of Base64 data only the beginning, and how long it is."""
    return BASE64.sub(
        lambda data: f"{data[1]}… ({len(data[2]):,} more characters)",
        json.dumps(value, ensure_ascii=False, indent=indent),
    )
