"""Find objects in which a key occurs twice: parsers keep one of the two values, and not all keep the same."""

import json
from collections import Counter
from contextlib import suppress
from typing import Any

import orjson

from curate.core.text import excerpt
from curate.verify.reading import NotUnderstoodError


def demand_once(line: bytes, value: Any) -> None:
    """Raise `NotUnderstoodError` if an object of a parsed line has a key twice: which value counts is not known.

    Only lines whose number of keys may not be that of `value` are parsed again.
    """
    try:
        if b"\\u0022" not in line and line.count(b'":') == orjson.dumps(value).count(b'":'):
            return
    except (TypeError, orjson.JSONEncodeError):
        pass
    with suppress(RecursionError):
        json.loads(line.decode("utf-8"), object_pairs_hook=_once_each)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        repeated = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise NotUnderstoodError(f"the key {excerpt(repeated)!r} occurs twice in one object")
    return value
