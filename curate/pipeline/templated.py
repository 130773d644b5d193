"""Lines of other keys as conversations: a text by role, in which `{KEY}` is the value under a key of the line."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from curate.core.example import UNKNOWN, Example
from curate.core.text import visible
from curate.read.dataset import ParsedLine
from curate.read.formats import example_of

FIELD: Final = re.compile(r"\{\{|\}\}|\{([^{}]+)\}")
"""A key in braces, also a path such as `translation.en`; doubled braces are braces."""


def templated(parsed: ParsedLine, template: Mapping[str, str]) -> ParsedLine:
    """The line as messages with the texts of a template; with a defect, if a key is missing or holds no text.

    Keys that are in no text stay beside the messages.
    """
    value = parsed.decoded.value
    if not isinstance(value, dict):
        return parsed._replace(example=None)
    used = set[str]()
    try:
        messages = [{"role": role, "content": _filled(text, value, used)} for role, text in template.items()]
    except ValueError as error:
        return parsed._replace(example=Example(parsed.place, value, UNKNOWN, defect=("", str(error))))
    rest = {key: item for key, item in value.items() if key not in used}
    if "messages" in rest:
        defect = ("/messages", "the line has `messages` already")
        return parsed._replace(example=Example(parsed.place, value, UNKNOWN, defect=defect))
    found = example_of({"messages": messages, **rest}, parsed.place)
    if found.format != "messages":  # a key such as `system`, which would change the conversation
        defect = ("", f"keys beside the texts make it the format {found.format}: name them in a text, or remove them")
        return parsed._replace(example=Example(parsed.place, value, UNKNOWN, defect=defect))
    return parsed._replace(example=Example(parsed.place, found.value, "template"))


def _filled(text: str, value: Mapping[str, Any], used: set[str]) -> str:
    """The text with the values of its keys, which are added to `used`. Raises `ValueError`."""

    def fill(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0][0]
        found, key = _under(match[1], value)
        used.add(key)
        if isinstance(found, str):
            return found
        if found is None or isinstance(found, list | dict):
            kind = {type(None): "null", list: "a list"}.get(type(found), "an object")
            raise ValueError(f"`{visible(match[1])}` is {kind}, not a text")
        return json.dumps(found)

    return FIELD.sub(fill, text)


def _under(name: str, value: Mapping[str, Any]) -> tuple[Any, str]:
    """The value under a key or path, and the key of the line that has it. Raises `ValueError`."""
    if name in value:
        return value[name], name
    first, *path = name.split(".")
    found: Any = value.get(first)
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    if first not in value or (path and found is None):
        raise ValueError(f"there is no key `{visible(name)}`")
    return found, first
