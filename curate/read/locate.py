"""Where the values of a JSON text start, by their JSON pointers: a finding then names the very line of a pretty-printed file."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
TOKEN = re.compile(STRING + r'|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)


def escape(key: str) -> str:
    """One key of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def pointer(*keys: str | int) -> str:
    """The JSON pointer through `keys`, from the outside in."""
    return "".join(f"/{escape(str(key))}" for key in keys)


class Key(NamedTuple):
    """A key of an object where it stands in the text."""

    name: str
    pointer: str
    """Of the key's value."""
    at: int
    """Index in the text."""


def locate(text: str, target: str) -> int | None:
    """Index in `text`, one well-formed JSON value, at which the value of pointer `target` starts; None when there is none.

    Of a repeated key the last one counts, as in parsing.
    """
    found = None
    for path, at, _ in _walk(text):
        if path == target:
            found = at
    return found


def repeated_keys(text: str) -> Iterator[Key]:
    """The keys of a well-formed JSON text that their object already has, each of them once, at its second place."""
    for path, at, level in _walk(text):
        if level is not None and level.is_object:
            level.seen[level.key] += 1
            if level.seen[level.key] == 2:
                yield Key(level.key, path, at)


class _Level:
    """An object or array that is open."""

    __slots__ = ("index", "is_object", "key", "path", "seen", "wants_key")

    def __init__(self, is_object: bool, path: str) -> None:
        self.is_object, self.path, self.wants_key = is_object, path, is_object
        self.index, self.key = 0, "0"
        self.seen: Counter[str] = Counter()

    def step(self) -> None:
        if self.is_object:
            self.wants_key = True
        else:
            self.index += 1
            self.key = str(self.index)


def _walk(text: str) -> Iterator[tuple[str, int, _Level | None]]:
    """Every value in the order of the text: its pointer, the index at which it starts, and what it stands in."""
    stack: list[_Level] = []
    for match in TOKEN.finditer(text):
        lexeme = match.group()
        level = stack[-1] if stack else None
        if lexeme in "]}":
            stack.pop()
        elif lexeme == ",":
            if level:
                level.step()
        elif lexeme == ":":
            continue
        elif level and level.wants_key:
            level.key, level.wants_key = json.loads(lexeme), False
        else:
            path = "" if level is None else f"{level.path}/{escape(level.key)}"
            yield path, match.start(), level
            if lexeme in "[{":
                stack.append(_Level(lexeme == "{", path))


@lru_cache(maxsize=1)  # the findings of one element come together
def _lines(data: bytes) -> dict[str, int]:
    text = data.decode("utf-8", "replace")
    lines, line, last = {}, 0, 0
    for path, at, _ in _walk(text):
        line += text.count("\n", last, at)
        last = at
        lines[path] = line
    return lines


def line_of(data: bytes, target: str) -> int:
    """How many line breaks stand before the value of `target` (0: it starts on the first line of `data`)."""
    return _lines(data).get(target, 0) if b"\n" in data else 0
