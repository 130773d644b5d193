"""From a JSON pointer to the byte where its value starts, so that a finding points at the very line of a pretty-printed file."""

import json
import re

TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)


def escape(key: str) -> str:
    """One key of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def pointer(*keys: str | int) -> str:
    """The JSON pointer through `keys`, from the outside in."""
    return "".join(f"/{escape(str(key))}" for key in keys)


def locate(text: str, target: str) -> int | None:
    """Index in `text`, one well-formed JSON value, at which the value of pointer `target` starts; None when there is none.

    Of a repeated key the last one counts, as in parsing.
    """
    stack: list[_Level] = []
    path, found = "", None
    for match in TOKEN.finditer(text):
        lexeme = match.group()
        level = stack[-1] if stack else None
        if lexeme in "]}":
            stack.pop()
            path = path[: level.prefix] if level else ""
        elif lexeme == ",":
            if level:
                level.step()
        elif lexeme == ":":
            continue
        elif level and level.wants_key:
            level.key = escape(json.loads(lexeme))
            level.wants_key = False
        else:
            here = path if level is None else f"{path}/{level.key}"
            if here == target:
                found = match.start()
            if lexeme in "[{":
                stack.append(_Level(lexeme == "{", len(path)))
                path = here
    return found


class _Level:
    """An object or array that is open."""

    __slots__ = ("index", "is_object", "key", "prefix", "wants_key")

    def __init__(self, is_object: bool, prefix: int) -> None:
        self.is_object, self.prefix = is_object, prefix
        self.index, self.key, self.wants_key = 0, "0", is_object

    def step(self) -> None:
        if self.is_object:
            self.wants_key = True
        else:
            self.index += 1
            self.key = str(self.index)


def line_of(data: bytes, target: str) -> int:
    """How many line breaks stand before the value of `target` (0: it starts on the first line of `data`)."""
    if b"\n" not in data:
        return 0
    text = data.decode("utf-8", "replace")
    at = locate(text, target)
    return 0 if at is None else text.count("\n", 0, at)
