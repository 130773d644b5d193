"""The run's journal, `metrics.jsonl`: what happens in a training, one JSON object a line, for whoever follows it.

A line per step, and lines that tell of other work:

    {"step": 3, "max_steps": 60, "loss": 1.52, "learning_rate": 0.0002, "grad_norm": 0.9, "tokens": 612, "supervised": 201,
     "tokens_per_second": 410.2, "memory": 1203000000, "seconds": 31.2}
    {"event": "validation", "step": 20, "validation_loss": 1.31, "best": true, "seconds": 98.0}
    {"event": "phase", "name": "base evaluation", "done": 40, "total": 110, "seconds": 9.5}

`seconds` are counted from the start of the process that wrote the line. Other events: resumed, out-of-memory, early-stop, paused, interrupted, finished.
"""

from pathlib import Path
from time import monotonic
from typing import Any

from train.appended import Appended


class Journal(Appended):
    """The journal, open to be written on."""

    def __init__(self, path: Path, *, silent: bool = False) -> None:
        super().__init__(path, silent=silent)
        self._began = monotonic()

    def write(self, **fact: Any) -> None:
        """Append one line, with the seconds since this process opened the journal."""
        self.append({**fact, "seconds": round(monotonic() - self._began, 2)})

    def measurements(self) -> list[tuple[int, float]]:
        """The measurements on the validation split: the step and the loss, in their order."""
        return [(line["step"], line["validation_loss"]) for line in self.lines() if line.get("event") == "validation"]
