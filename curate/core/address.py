"""Addresses of lines (FILE:LINE) and of values in them (JSON pointers, RFC 6901), written and parsed only here."""

from typing import Any


def where(file: str, line: int) -> str:
    """Format FILE:LINE, or the file alone for line 0."""
    return f"{file}:{line}" if line else file


def parse_where(text: str) -> tuple[str, int] | None:
    """File and line of FILE:LINE; None for anything else."""
    file, _, number = text.rpartition(":")
    return (file, int(number)) if file and number.isdecimal() else None


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
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value
