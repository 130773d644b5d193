"""A value of a line that a person named: by a JSON pointer, `/meta/date`, or by keys with dots between them, `meta.date`."""

from typing import Any


def value_at(line: dict[str, Any], path: str) -> Any:
    """What stands under `path` in a line; None when nothing does. A key that has the dots itself comes first."""
    if path in line:
        return line[path]
    value: Any = line
    for key in [key.replace("~1", "/").replace("~0", "~") for key in path[1:].split("/")] if path.startswith("/") else path.split("."):
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value
