"""Lines of other keys as conversations: a text by role, in which `{KEY}` is the value under a key of the line."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from curate.core.example import UNKNOWN, Example, value_at
from curate.core.text import visible
from curate.read.dataset import ParsedLine
from curate.read.formats import example_of

FIELD: Final = re.compile(r"\{\{|\}\}|\{([^{}]+)\}")
"""A key in braces, also a path such as `translation.en` or `choices.0`; doubled braces are braces."""


def templated(parsed: ParsedLine, template: Mapping[str, str]) -> ParsedLine:
    """The line as messages whose texts are those of a template, by role, filled in with the values of the line.

    Keys that no text contains stay beside the messages. The line has a defect if a key is missing or holds no text, and
    no example if it is not an object.
    """
    value = parsed.decoded.value
    if not isinstance(value, dict):
        return parsed._replace(example=None)

    def defective(why: str, pointer: str = "") -> ParsedLine:
        return parsed._replace(example=Example(parsed.place, value, UNKNOWN, defect=(pointer, why)))

    used_paths = set[tuple[str, ...]]()
    try:
        messages = [{"role": role, "content": _filled(text, value, used_paths)} for role, text in template.items()]
    except ValueError as error:
        return defective(str(error))
    remaining: Any = value
    for path in used_paths:
        remaining = _without(remaining, path)
    if "messages" in remaining:
        return defective("the line has `messages` already", "/messages")
    example = example_of({"messages": messages, **remaining}, parsed.place)
    if example.format != "messages":  # a key such as `system`, which would change the conversation
        return defective(
            f"keys beside the texts make it the format {example.format}: name them in a text, or remove them"
        )
    return parsed._replace(example=Example(parsed.place, example.value, "template"))


def _filled(text: str, value: Mapping[str, Any], used_paths: set[tuple[str, ...]]) -> str:
    """A text in which each `{KEY}` is replaced by its value; the paths of the keys are added to `used_paths`. Raises
    `ValueError`.
    """

    def fill(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0][0]
        field_value, path = _value_and_path(match[1], value)
        used_paths.add(path)
        if isinstance(field_value, str):
            return field_value
        if field_value is None or isinstance(field_value, list | dict):
            kind = {type(None): "null", list: "a list"}.get(type(field_value), "an object")
            raise ValueError(f"`{visible(match[1])}` is {kind}, not a text")
        return json.dumps(field_value)

    return FIELD.sub(fill, text)


def _value_and_path(name: str, value: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
    """The value under a key or path, and the keys on the way to it. Raises `ValueError`."""
    path = (name,) if name in value else tuple(name.split("."))
    field_value = value_at(dict(value), name)
    if path[0] not in value or (len(path) > 1 and field_value is None):
        raise ValueError(f"there is no key `{visible(name)}`")
    return field_value, path


def _without(value: Any, path: tuple[str, ...]) -> Any:
    """An object without the value at a path, and without objects that become empty; lists are unchanged."""
    if not isinstance(value, dict) or path[0] not in value:
        return value
    inner = _without(value[path[0]], path[1:]) if path[1:] else {}
    return {key: inner if key == path[0] else item for key, item in value.items() if key != path[0] or inner != {}}
