"""What a turn consists of beside its text: reasoning, tool calls, images and other media."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from curate.core.example import MEDIA_KEYS, REASONING_TYPES
from curate.core.text import plural
from curate.language.reasoning_marks import split_reasoning

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
