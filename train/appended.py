"""A file of JSON Lines that a training appends to as it goes on; a resumed one cuts it back to where it goes on from."""

import json
from pathlib import Path
from typing import Any

from curate.files import write_bytes


class Appended:
    """Lines with a `step` or without; each is handed to the system at once, so that a kill loses none. A `silent` one writes nothing."""

    def __init__(self, path: Path, *, silent: bool = False) -> None:
        self.path = path
        self.silent = silent

    def append(self, line: dict[str, Any]) -> None:
        """Add one line at the end."""
        if self.silent:
            return
        with self.path.open("ab") as file:
            file.write(json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")

    def cut(self, step: int) -> None:
        """Drop what was written after `step` steps: a resumed training writes it again. A torn last line goes too."""
        if self.silent or not self.path.exists():
            return
        kept = []
        for line in self.path.read_bytes().splitlines(keepends=True):
            if not line.endswith(b"\n") or json.loads(line).get("step", 0) > step:
                break
            kept.append(line)
        write_bytes(self.path, b"".join(kept))

    def lines(self) -> list[dict[str, Any]]:
        """All that was written so far; a torn last line is left out."""
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
