"""Checkpoints that a kill at any moment cannot corrupt: one counts only when its marker exists, which is written last."""

import os
import shutil
from pathlib import Path
from typing import Final

from curate.files import write_json

MARKER: Final = "complete.json"
KEPT: Final = 2


def step_of(folder: Path) -> int:
    """The number of steps a checkpoint was made after."""
    return int(folder.name.rpartition("-")[2])


def complete(folder: Path) -> list[Path]:
    """The complete checkpoints in a run's folder of checkpoints, oldest first."""
    return sorted((made for made in folder.glob("checkpoint-*") if (made / MARKER).is_file()), key=step_of)


def seal(checkpoint: Path, best: int | None = None) -> None:
    """Mark a checkpoint as complete, its files flushed to the disk before; then drop all but the last two and the one of step `best`."""
    for file in checkpoint.iterdir():
        with file.open("rb") as written:
            os.fsync(written.fileno())
    write_json(checkpoint / MARKER, {"step": step_of(checkpoint)})
    for old in complete(checkpoint.parent)[:-KEPT]:
        if step_of(old) != best:
            remove(old)


def of_step(folder: Path, step: int) -> Path | None:
    """The complete checkpoint that was made after `step` steps, or None."""
    return next((made for made in complete(folder) if step_of(made) == step), None)


def remove(checkpoint: Path) -> None:
    """Delete a checkpoint; its marker first, for a half-deleted one must not count."""
    (checkpoint / MARKER).unlink(missing_ok=True)
    shutil.rmtree(checkpoint)


def latest(folder: Path) -> Path | None:
    """The last complete checkpoint, or None; incomplete ones are deleted, for a kill left them."""
    made = complete(folder)
    for leftover in folder.glob("checkpoint-*"):
        if leftover not in made:
            shutil.rmtree(leftover)
    return made[-1] if made else None
