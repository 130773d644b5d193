"""Addresses of lines (FILE:LINE) and of values in them (JSON pointers, RFC 6901), written and parsed only here."""

from typing import Any


def where(file: str, line: int) -> str:
    """Format FILE:LINE, or the file alone for line 0."""
    return f"{file}:{line}" if line else file


def parse_where(text: str) -> tuple[str, int] | None:
    """File and line of FILE:LINE; None for anything else."""
    file, _, number = text.rpartition(":")
    line = number_of(number)
    return (file, line) if file and line is not None else None


def number_of(text: str) -> int | None:
    """The number that digits stand for; None for anything else, and for more digits than a line number can have."""
    return int(text) if text.isdecimal() and len(text) < 19 else None


def escape(key: str) -> str:
    """Escape one key of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def unescape(key: str) -> str:
    """Reverse `escape`."""
    return key.replace("~1", "/").replace("~0", "~")


def pointer(*keys: str | int) -> str:
    """The JSON pointer through `keys`, from the outside in."""
    return "".join(f"/{escape(str(key))}" for key in keys)


def value_at(line: dict[str, Any], path: str) -> Any:
    """The value of a line at a JSON pointer (`/meta/date`) or dotted keys (`meta.date`); None if missing.

    A key that contains dots is tried first.
    """
    if path in line:
        return line[path]
    value: Any = line
    for key in map(unescape, path[1:].split("/")) if path.startswith("/") else path.split("."):
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and (at := number_of(key)) is not None and at < len(value):
            value = value[at]
        else:
            return None
    return value
