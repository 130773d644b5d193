"""JSON in texts, such as arguments of calls: parsed, and written again in its own layout."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

LEAF: Final = re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|NaN|-?Infinity')
"""A key, a string or a number of a JSON text."""


def nested_json(text: str) -> Any:
    """The object or list that a string is the JSON text of, as the arguments of calls are; None if it is none."""
    if text[:1] not in ("{", "[") or text[-1:] not in ("}", "]"):
        return None
    try:
        value = json.loads(text, object_pairs_hook=_distinct_keys)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def _distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object. Raises `ValueError` if a key is repeated: written again, it would lose a value."""
    if len(value := dict(pairs)) < len(pairs):
        raise ValueError("repeated key")
    return value


def with_leaves_of(text: str, before: Any, after: Any) -> str:
    """The JSON text of `before` with the keys, strings and numbers of `after`, which has the same structure; what is
    equal in both keeps its bytes, and so do spaces and line ends.
    """
    pieces, position = [], 0
    for match, old, new in zip(LEAF.finditer(text), _leaves(before), _leaves(after), strict=True):
        if type(old) is not type(new) or old != new:
            is_escaped = "\\u" in match.group() or match.group().isascii()
            pieces += [text[position : match.start()], json.dumps(new, ensure_ascii=is_escaped)]
            position = match.end()
    return "".join([*pieces, text[position:]])


def _leaves(value: Any) -> Iterator[Any]:
    """The keys, strings and numbers of a JSON value in the order of its text."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif value is not None and not isinstance(value, bool):
        yield value
