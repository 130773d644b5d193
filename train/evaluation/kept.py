"""Answers and losses that a model gave, kept as they come: an evaluation that was killed, or is asked for more, computes nothing twice."""

import json
from pathlib import Path
from typing import Any

from curate.errors import OutputError


class Kept:
    """A file of JSON Lines: a key, and what belongs to it."""

    def __init__(self, path: Path) -> None:
        """What `path` holds; a line that was torn by a crash is as if it had never been."""
        self.path = path
        self._values: dict[str, Any] = {}
        if path.is_file():
            for line in path.read_bytes().splitlines():
                try:
                    value = json.loads(line)
                    self._values[str(value["key"])] = value["value"]
                except (ValueError, KeyError, TypeError):
                    continue

    def get(self, key: str) -> Any:
        """The value of a key, or None."""
        return self._values.get(key)

    def add(self, values: dict[str, Any]) -> None:
        """Keep some values. Raises `OutputError`."""
        self._values.update(values)
        lines = [json.dumps({"key": key, "value": value}, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n" for key, value in values.items()]
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                if file.tell():
                    file.write(b"\n")  # should the last line have been torn
                file.writelines(lines)
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written: {error.strerror}", "free some space; what was answered so far is kept") from error
