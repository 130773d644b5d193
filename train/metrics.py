"""The run's journal, `metrics.jsonl`: what happens in a training, one JSON object a line, for whoever follows it.

A line per step, and lines that tell of other work:

    {"step": 3, "max_steps": 60, "loss": 1.52, "learning_rate": 0.0002, "grad_norm": 0.9, "tokens": 612, "supervised": 201,
     "tokens_per_second": 410.2, "memory": 1203000000, "seconds": 31.2}
    {"event": "validation", "step": 20, "validation_loss": 1.31, "best": true, "seconds": 98.0}
    {"event": "phase", "name": "base evaluation", "done": 40, "total": 110, "seconds": 9.5}

`seconds` are counted from the start of the process that wrote the line. Other events: resumed, out-of-memory, early-stop, interrupted, failed, finished.
"""

import json
from pathlib import Path
from time import monotonic
from typing import Any

from curate.files import write_bytes


class Journal:
    """Appends to the journal; each line is handed to the system at once, so that a kill loses none. A `silent` one writes nothing."""

    def __init__(self, path: Path, *, silent: bool = False) -> None:
        self.path = path
        self.silent = silent
        self._began = monotonic()

    def write(self, **fact: Any) -> None:
        """Append one line, with the seconds since this process opened the journal."""
        if self.silent:
            return
        fact["seconds"] = round(monotonic() - self._began, 2)
        with self.path.open("ab") as file:
            file.write(json.dumps(fact, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")

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

    def measurements(self) -> list[tuple[int, float]]:
        """The measurements on the validation split: the step and the loss, in their order."""
        return [(line["step"], line["validation_loss"]) for line in self.lines() if line.get("event") == "validation"]
