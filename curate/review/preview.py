"""A line of a file as plain texts for a client that draws them: `curate server` sends it to editors."""

import json
from collections.abc import Iterator
from typing import Any, Final, TypedDict

from curate.core.example import Message
from curate.core.masking import masked
from curate.core.text import plural, visible
from curate.read.dataset import FileFacts, parsed_line
from curate.read.lines import line_from
from curate.review.turn_parts import call_text, other_parts

MAX_TEXT_CHARS: Final = 20_000
"""Maximum number of characters of a text; the number of others is stated."""
MAX_TURNS: Final = 500
MASKED_CHARS: Final = 500
"""Characters behind the maximum that are searched for the end of a secret."""


class TurnPreview(TypedDict):
    """The texts of a turn."""

    role: str
    text: str
    details: list[str]
    """Tool calls, other parts of the content and other keys."""


class LinePreview(TypedDict):
    """The texts of a line. Secrets are masked, control characters escaped, long texts cut with a note."""

    turns: list[TurnPreview]
    details: list[str]
    """Other keys of the line, such as `tools` and `rejected`; of a line that is no object, its defects and text."""


def line_preview(text: str) -> LinePreview | None:
    """The texts of a line of JSON Lines in any format that is read; None for a blank line."""
    line = parsed_line(line_from(1, 0, text.encode("utf-8", "surrogatepass"), ended=False), FileFacts("line"))
    if line.blank:
        return None
    if line.example is None:
        defects = [_shown(defect.message) for defect in line.defects]
        return LinePreview(turns=[], details=[*defects, _shown(text)])
    value, messages = line.example.value, line.example.messages
    turns = value.get("messages")
    in_turns = ("messages",) if isinstance(turns, list) and len(turns) == len(messages) else ()
    details = [_key_and_value(key, item) for key, item in value.items() if key not in in_turns]
    if len(messages) > MAX_TURNS:
        details.insert(0, f"{plural(len(messages) - MAX_TURNS, 'later turn')} not shown")
    return LinePreview(turns=[_turn(message) for message in messages[:MAX_TURNS]], details=details)


def _turn(message: Message) -> TurnPreview:
    """The texts of a message."""
    role = "no role" if message.role is None else message.role
    return TurnPreview(role=_shown(role), text=_shown(message.text), details=list(_details(message)))


def _details(message: Message) -> Iterator[str]:
    """The other contents of a message, a line each: tool calls, other parts of the content, and other keys."""
    content = message.content
    if content is not None and not isinstance(content, str | list):
        yield _key_and_value("content", content)
    for part in other_parts(content):
        yield _shown(call_text(part) or _json(part))
    for key, value in message.value.items():
        if key == "tool_calls" and isinstance(value, list):
            yield from (_shown(call_text(call) or _json(call)) for call in value)
        elif key not in ("role", "content") or (key == "role" and message.role is None):
            yield _key_and_value(key, value)


def _key_and_value(key: str, value: Any) -> str:
    """`KEY: VALUE` as it is displayed."""
    return _shown(f"{key}: {value if isinstance(value, str) else _json(value)}")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _shown(text: str) -> str:
    """A text as it is displayed."""
    if len(text) <= MAX_TEXT_CHARS:
        return visible(masked(text), keep_newlines=True)
    start = visible(masked(text[: MAX_TEXT_CHARS + MASKED_CHARS])[:-MASKED_CHARS], keep_newlines=True)
    return f"{start}\n… {plural(len(text) - MAX_TEXT_CHARS, 'more character')}"
