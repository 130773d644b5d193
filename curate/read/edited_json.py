"""Write a changed value in the place of the JSON text that it was read from; what is unchanged keeps its characters."""

import json
import re
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from curate.core.example import escape
from curate.core.text import json_line
from curate.read.json_pointer_spans import JsonSpan, Spans

JSON_STRING: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
SPACED_MARK: Final = re.compile(r"[:,]\s")
ESCAPED_CHAR: Final = re.compile(r"\\u(?!00[0-7])[0-9a-fA-F]{4}")
"""The escape of a character that is not ASCII."""
SURROGATE: Final = re.compile("[\ud800-\udfff]")


def edited_json(data: bytes, before: Any, after: Any) -> bytes:
    """The JSON text `data`, whose value is `before`, with the value `after`.

    Values that are equal in both keep their characters, such as `1e5` and `1.50`; new ones have the spacing and the
    escapes of the text. All is written anew if the text is not UTF-8. Raises `ValueError` for NaN and infinity in a
    new value.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return json_line(after)
    spans = Spans(text)
    whole = spans.find("")
    edited = _Edit(text, spans).text("", before, after)
    return (f"{text[: whole.start]}{edited}{text[whole.end :]}" if whole else edited).encode("utf-8")


class _Edit:
    """The JSON text of a line whose value changes."""

    def __init__(self, text: str, spans: Spans) -> None:
        without_strings = JSON_STRING.sub("", text)
        compact = ":" in without_strings and not SPACED_MARK.search(without_strings)
        self._comma, self._colon = (",", ":") if compact else (", ", ": ")
        self._ascii = text.isascii() and ESCAPED_CHAR.search(text) is not None
        self._line, self._spans = text, spans

    def text(self, pointer: str, before: Any, after: Any) -> str:
        """The JSON text of `after`, in place of the value `before` at a pointer."""
        span = self._spans.find(pointer)
        if span is None:
            return self._new(after)
        if same_json(before, after):
            return self._line[span.start : span.end]
        if isinstance(before, dict) and isinstance(after, dict):
            if before and list(before) == list(after)[: len(before)]:
                return self._spliced(pointer, span, before, after)
            members = [
                f"{self._new(key)}{self._colon}{self.text(_child(pointer, key), before.get(key), value)}"
                for key, value in after.items()
            ]
            return f"{{{self._comma.join(members)}}}"
        if isinstance(before, list) and isinstance(after, list):
            if len(before) == len(after):
                return self._spliced(pointer, span, dict(enumerate(before)), dict(enumerate(after)))
            return f"[{self._comma.join(self._elements(pointer, before, after))}]"
        return self._new(after)

    def _spliced(self, pointer: str, span: JsonSpan, before: dict[Any, Any], after: dict[Any, Any]) -> str:
        """The text of an object or a list, by key or index, with new texts of its values, and new keys at its end."""
        places = list[tuple[JsonSpan, str, Any]]()
        for key in before:
            child = _child(pointer, str(key))
            place = self._spans.find(child)
            if place is None:
                return self._new(after if isinstance(key, str) else list(after.values()))
            places.append((place, child, key))
        parts, end = list[str](), span.start
        for place, child, key in sorted(places):  # the last of repeated keys counts, which is in another place
            parts += [self._line[end : place.start], self.text(child, before[key], after[key])]
            end = place.end
        added = [
            f"{self._comma}{self._new(key)}{self._colon}{self._new(after[key])}" for key in after if key not in before
        ]
        return "".join([*parts, *added, self._line[end : span.end]])

    def _elements(self, pointer: str, before: list[Any], after: list[Any]) -> Iterator[str]:
        """The texts of the elements of a list of another length. An element that `before` lacks is the next of its
        elements with changes, if `after` lacks that one.
        """
        old, new = list(map(json.dumps, before)), list(map(json.dumps, after))
        start, kept = 0, set(new)
        indexes: dict[str, deque[int]] = {}
        for index, text in enumerate(old):
            indexes.setdefault(text, deque()).append(index)
        for value, text in zip(after, new, strict=True):
            places = indexes.get(text, deque())
            while places and places[0] < start:
                places.popleft()
            if places:
                start = places[0]
            elif start == len(old) or old[start] in kept:
                yield self._new(value)
                continue
            yield self.text(_child(pointer, str(start)), before[start], value)
            start += 1

    def _new(self, value: Any) -> str:
        """The JSON text of a value that the line did not have; all ASCII if it has a lone surrogate."""
        separators = (self._comma, self._colon)
        text = json.dumps(value, ensure_ascii=self._ascii, allow_nan=False, separators=separators)
        return json.dumps(value, separators=separators) if SURROGATE.search(text) else text


def _child(pointer: str, key: str) -> str:
    return f"{pointer}/{escape(key)}"


def same_json(before: Any, after: Any) -> bool:
    """Whether two values have one JSON text: 1, 1.0 and true differ."""
    return before is after or json.dumps(before) == json.dumps(after)
