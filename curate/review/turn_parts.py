"""What a turn consists of beside its text: reasoning, tool calls, images and other media."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypedDict

from curate.core.example import MEDIA_KEYS, REASONING_TYPES, Message
from curate.core.masking import masked
from curate.core.text import plural, visible
from curate.language.reasoning_marks import split_reasoning
from curate.read.dataset import FileFacts, parsed_line
from curate.read.lines import line_from

CALL_TYPES: Final = ("tool_call", "tool_use", "function_call")
MEDIA_TYPES: Final = ("image", "image_url", "input_image", "audio", "input_audio", "video", "video_url", "file")
SOURCE_KEYS: Final = ("url", "path", "data", "file_data", "file_id", "filename")
"""Keys of an object that holds the data or the address of an image, sound or file."""
MAX_ADDRESS_CHARS: Final = 1000
"""Maximum number of characters of an address; longer text is the content itself."""
DATA_URL: Final = re.compile(r"data:([\w.+/-]{1,60})[;,]")

RangeKind = Literal["text", "reasoning", "call"]


class TextRange(NamedTuple):
    """A range of the text of a turn, and how it is displayed."""

    kind: RangeKind
    start: int
    end: int


def text_ranges(content: Any, text: str, shown: Callable[[str], str]) -> list[TextRange]:
    """The ranges of a displayed text by kind; `shown`: the displayed form of a part of a content that is a list."""
    if isinstance(content, list):
        ranges, offset = list[TextRange](), 0
        for kind, part in _text_parts(content):
            end = offset + len(shown(part))
            ranges += [TextRange(kind, offset, end)] if kind != "text" else _split_thinking(text, offset, end)
            offset = end + 1
        if ranges and ranges[-1].end == len(text):  # else a secret reaches over several parts
            return ranges
    return list(_split_thinking(text, 0, len(text)))


def _text_parts(content: list[Any]) -> Iterator[tuple[RangeKind, str]]:
    """Kind and text of each part of a content that has a text."""
    for part in content:
        if isinstance(part, str):
            yield "text", part
        elif isinstance(part, dict):
            text = part.get("text", part.get("value", part.get("refusal")))
            if isinstance(text, str):
                type_ = part.get("type")
                yield ("reasoning" if type_ in REASONING_TYPES else "call" if type_ in CALL_TYPES else "text"), text


def _split_thinking(text: str, start: int, end: int) -> Iterator[TextRange]:
    """The reasoning blocks and other texts between two positions."""
    position = start
    for block in split_reasoning(text[start:end]).blocks:
        if start + block.start > position:
            yield TextRange("text", position, start + block.start)
        after = start + block.end
        while after < end and text[after] == "\n":
            after += 1
        yield TextRange("reasoning", start + block.start, after)
        position = after
    if position < end:
        yield TextRange("text", position, end)


def other_parts(content: Any) -> list[Any]:
    """The parts of a content that add nothing to its text."""
    return [part for part in content if not any(True for _ in _text_parts([part]))] if isinstance(content, list) else []


def call_text(call: Any) -> str | None:
    """A tool call as `name(arg=value)`; None if it has another form. Keys beside name and arguments follow it."""
    if not isinstance(call, Mapping):
        return None
    inner = call.get("function", call)
    if not isinstance(inner, Mapping) or not isinstance(inner.get("name"), str):
        return None
    key = next((key for key in ("arguments", "input", "parameters") if key in inner), "")
    rest = {name: value for name, value in inner.items() if name not in ("name", key, "type", "id")}
    if inner is not call:
        rest |= {name: value for name, value in call.items() if name not in ("function", "type", "id")}
    number = call.get("id")
    tail = f"  {number}" if isinstance(number, str) else ""
    tail += f"  {json.dumps(rest, ensure_ascii=False)}" if rest else ""
    return f"{inner['name']}({_arguments(inner.get(key))}){tail}"


def parsed_call(text: str) -> str | None:
    """A tool call that is written as JSON in a string, as `name(arg=value)`; None for another text."""
    with suppress(ValueError, RecursionError):
        return call_text(json.loads(text))
    return None


def _arguments(given: Any) -> str:
    """The arguments of a call as `name=value, ...`; another value as JSON; empty for None."""
    value = given
    with suppress(ValueError, RecursionError):
        value = json.loads(given) if isinstance(given, str) else given
    if isinstance(value, dict):
        return ", ".join(f"{name}={json.dumps(item, ensure_ascii=False)}" for name, item in value.items())
    return "" if given is None else given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)


def argument_names(call: str) -> Iterator[tuple[int, int, str]]:
    """Ranges and names of what looks like the name of an argument in the text of a call."""
    for match in re.finditer(r"(?<=[(,\s])([^\s(),=\"]{1,80})(?==)", call):
        yield *match.span(), match[1]


def media_in(value: Any, folder: Path | None) -> list[str]:
    """Address and size of each image, recording and file in a value; other values are left out."""
    if isinstance(value, list):
        return [line for item in value for line in media_in(item, folder)]
    if isinstance(value, str):
        return [_medium(value, folder)]
    if isinstance(value, Mapping):
        keys = [key for key in (*MEDIA_TYPES, *MEDIA_KEYS, *SOURCE_KEYS, "source") if key in value]
        return [line for key in keys for line in media_in(value[key], folder)]
    return []


def is_medium(part: Any) -> bool:
    """Whether a part of a content is an image, a recording or a file."""
    return isinstance(part, Mapping) and (part.get("type") in MEDIA_TYPES or any(key in part for key in MEDIA_KEYS))


def _medium(source: str, folder: Path | None) -> str:
    """Address and size of a medium. Nothing is fetched, and no content is read. `folder`: that of the data file; None
    if no size is looked up.
    """
    if data := DATA_URL.match(source):
        return f"{data[1]}, {_size(len(source) * 3 // 4)} in the line"
    if len(source) > MAX_ADDRESS_CHARS:
        return f"{plural(len(source), 'character')} in the line"
    if "://" in source[:20] or source[:2] in ("//", "\\\\"):  # no other machine is asked
        return source
    if folder is None:
        return source
    try:
        status = (folder / source).stat()
    except (OSError, ValueError):
        return f"{source}, no such file"
    return f"{source}, {_size(status.st_size)}"


def _size(count: int) -> str:
    """A number of bytes with its unit: `1.2 MB`."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.1f} kB" if count >= 1e3 else f"{count} B"


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
