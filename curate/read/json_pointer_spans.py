"""Locate values in a JSON text by JSON pointer, so that a finding names the exact line of a pretty-printed file."""

import json
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

from curate.core.example import escape

STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
TOKEN = re.compile(STRING + r'|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)


class KeyPosition(NamedTuple):
    """A key of an object and its position in the text."""

    name: str
    pointer: str
    """Of the key's value."""
    position: int
    """Index in the text."""


class JsonSpan(NamedTuple):
    """The part of a text from `start` to before `end`."""

    start: int
    end: int


# Numbers stay text, so that one with thousands of digits is no error.
_PARSER: Final = json.JSONDecoder(strict=False, parse_int=str, parse_float=str, parse_constant=str)
_COMMA: Final = re.compile(r"[ \t\r\n]*,?[ \t\r\n]*")
_KEY: Final = re.compile(r'[ \t\r\n]*,?[ \t\r\n]*"([^"\\]*+(?:\\.[^"\\]*+)*+)"[ \t\r\n]*:[ \t\r\n]*', re.DOTALL)


class Spans:
    """Positions of values in one JSON text.

    Objects and lists are parsed on demand, once, with the scanner of the parser.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._start = len(text) - len(text.lstrip(" \t\r\n"))
        self._inside: dict[str, dict[str, JsonSpan]] = {}

    def find(self, target: str) -> JsonSpan | None:
        """The span of the value at pointer `target`, the last of repeated keys; None if missing or not JSON."""
        if not target:
            return self._value(self._start)
        above, slash, key = target.rpartition("/")
        children = self._inside.get(above)
        if children is None:
            container = self.find(above) if above else JsonSpan(self._start, len(self.text))
            children = self._inside[above] = self._children(container.start) if container and slash else {}
        return children.get(key)

    def breaks_before(self, target: str) -> int:
        """Number of line breaks before the value at pointer `target`; 0 if missing or not JSON."""
        span = self.find(target)
        return 0 if span is None else bisect_left(self._breaks, span.start)

    @cached_property
    def _breaks(self) -> list[int]:
        """The positions of the line breaks in the text."""
        return [match.start() for match in re.finditer("\n", self.text)]

    def _children(self, position: int) -> dict[str, JsonSpan]:
        """The values in the object or list at `position`, by escaped key; empty if that is not JSON."""
        text, spans, scan = self.text, dict[str, JsonSpan](), _PARSER.raw_decode
        opening = text[position : position + 1]
        if opening not in ("{", "["):
            return spans
        before = _KEY if opening == "{" else _COMMA
        position += 1
        try:
            while (
                (match := before.match(text, position))
                and (position := match.end()) < len(text)
                and text[position] not in "]}"
            ):
                if opening == "[":
                    key = str(len(spans))
                else:
                    key = match[1]
                    if "\\" in key:
                        key = json.loads(f'"{key}"', strict=False)
                    key = escape(key)
                end = scan(text, position)[1]
                spans[key] = JsonSpan(position, end)
                position = end
        except (ValueError, RecursionError):
            return {}
        return spans

    def _value(self, start: int) -> JsonSpan | None:
        """The span of the value that starts here; None if it is not JSON."""
        try:
            return JsonSpan(start, _PARSER.raw_decode(self.text, start)[1])
        except (ValueError, RecursionError):
            return None


def repeated_keys(text: str) -> Iterator[KeyPosition]:
    """Keys that an object of a valid JSON text repeats, each once, at its second position."""
    for path, start, level in _walk(text):
        if level is not None and level.is_object:
            level.seen[level.key] += 1
            if level.seen[level.key] == 2:
                yield KeyPosition(level.key, path, start)


class _Level:
    """An object or array that is being parsed."""

    __slots__ = ("index", "is_object", "key", "path", "seen", "wants_key")

    def __init__(self, is_object: bool, path: str) -> None:
        self.is_object, self.path, self.wants_key = is_object, path, is_object
        self.index, self.key = 0, "0"
        self.seen: Counter[str] = Counter()

    def step(self) -> None:
        """Go on after a comma: to the next key of an object, or the next index of an array."""
        if self.is_object:
            self.wants_key = True
        else:
            self.index += 1
            self.key = str(self.index)


def _walk(text: str) -> Iterator[tuple[str, int, _Level | None]]:
    """All values of a valid JSON text in order: the pointer to each, its start index, and the object or array around it
    (None for the root).
    """
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


@lru_cache(maxsize=1)  # findings of one element are consecutive
def _spans(data: bytes) -> Spans:
    """The positions of values in the bytes of a line."""
    return Spans(data.decode("utf-8", "replace"))


def line_of(data: bytes, target: str) -> int:
    """Number of line breaks before the value at `target` (0: it starts on the first line of `data`)."""
    return _spans(data).breaks_before(target) if b"\n" in data else 0
