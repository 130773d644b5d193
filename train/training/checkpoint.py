"""Checkpoints. One counts only when its marker exists, which is written last: a kill cannot corrupt it. The marker has
the digests of the files, so that a damaged one is not resumed from.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import torch
from accelerate.utils import load_fsdp_model, load_fsdp_optimizer, save_fsdp_model, save_fsdp_optimizer

from curate.core.limits import read_regular
from curate.core.text import visible
from curate.core.validation import parsed_json
from curate.storage.files import sha256, sync_files, write_json
from train import distributed
from train.errors import write_errors
from train.model.adapters import load_adapter_weights, save
from train.run_folder import MAX_KEPT

MARKER: Final = "complete.json"


class Checkpointer:
    """Saves and loads the state of a training: trained weights, optimizer, learning rate schedule, random numbers."""

    def __init__(
        self, folder: Path, accelerator: Any, model: Any, optimizer: Any, scheduler: Any, *, sharded: bool
    ) -> None:
        self.folder, self.accelerator, self.model = folder, accelerator, model
        self.optimizer, self.scheduler = optimizer, scheduler
        self.fsdp = accelerator.state.fsdp_plugin if sharded else None

    def _stored_parts(self) -> dict[str, Any]:
        """The parts of the state that are saved as files of their own, by file name."""
        optimizer = None if self.fsdp else self.optimizer
        parts = {"optimizer.pt": optimizer, "scheduler.pt": self.scheduler, "scaler.pt": self.accelerator.scaler}
        return {name: part for name, part in parts.items() if part is not None}

    def save(self, step: int, best: int | None) -> None:
        """Write a checkpoint; only the last two and that of step `best` are kept. All processes call it."""
        target, first = self.folder / f"checkpoint-{step}", distributed.rank() == 0
        target.mkdir(parents=True, exist_ok=True)
        if self.fsdp:
            weights = self.accelerator.get_state_dict(self.model)  # gathered from all processes
            if first:
                self.model.save_pretrained(str(target), state_dict=weights, save_embedding_layers=False)
            save_fsdp_model(self.fsdp, self.accelerator, self.model, str(target), adapter_only=True)
            save_fsdp_optimizer(self.fsdp, self.accelerator, self.optimizer, self.model, str(target))
        elif first:
            save(self.model, target)
        if first:
            for name, part in self._stored_parts().items():
                _write_state(part.state_dict(), target / name)
        random = {"cpu": torch.get_rng_state()}
        if torch.cuda.is_available():
            random["cuda"] = torch.cuda.get_rng_state()
        _write_state(random, target / _random_file())
        distributed.barrier()  # each process has written its random numbers
        if first:
            finalize(target, best)
        distributed.barrier()  # nobody looks for complete checkpoints before this one is

    def load(self, checkpoint: Path) -> None:
        """Load a checkpoint."""
        if self.fsdp:
            load_fsdp_model(self.fsdp, self.accelerator, self.model, str(checkpoint), adapter_only=True)
            load_fsdp_optimizer(
                self.fsdp, self.accelerator, self.optimizer, self.model, str(checkpoint), adapter_only=True
            )
        else:
            load_adapter_weights(self.model, checkpoint)
        for name, part in self._stored_parts().items():
            part.load_state_dict(torch.load(checkpoint / name, map_location="cpu", weights_only=True))
        if (checkpoint / _random_file()).is_file():  # another number of processes has other files
            state = torch.load(checkpoint / _random_file(), weights_only=True)
            torch.set_rng_state(state["cpu"])
            if torch.cuda.is_available() and isinstance(state.get("cuda"), torch.Tensor):
                torch.cuda.set_rng_state(state["cuda"])


def _random_file() -> str:
    """The name of the file with the states of this process's random number generators."""
    return "rng_state.pth" if distributed.world_size() == 1 else f"rng_state_{distributed.rank()}.pth"


def _write_state(state: Any, file: Path) -> None:
    with write_errors(file), file.open("wb") as opened:  # torch itself would not say what went wrong
        torch.save(state, opened)


def step_of(folder: Path) -> int:
    """The number of steps after which a checkpoint was made."""
    return int(folder.name.rpartition("-")[2])


def complete(folder: Path) -> list[Path]:
    """The complete checkpoints in a run's folder of checkpoints, oldest first."""
    return sorted((made for made in folder.glob("checkpoint-*") if (made / MARKER).is_file()), key=step_of)


def finalize(checkpoint: Path, best: int | None = None) -> None:
    """Flush a checkpoint to disk and mark it complete; then delete all but the last two and that of step `best`."""
    sync_files(checkpoint)
    write_json(checkpoint / MARKER, {"step": step_of(checkpoint), "files": _digests(checkpoint)})
    for old in complete(checkpoint.parent)[:-MAX_KEPT]:
        if step_of(old) != best:
            (old / MARKER).unlink(missing_ok=True)  # first: a half-deleted checkpoint must not count
            shutil.rmtree(old)


def _digests(checkpoint: Path) -> dict[str, str]:
    """The SHA-256 of each file of a checkpoint, by path."""
    files = (file for file in checkpoint.rglob("*") if file.is_file() and file.name != MARKER)
    return {file.relative_to(checkpoint).as_posix(): sha256(file) for file in sorted(files)}


def _is_intact(checkpoint: Path) -> bool:
    """Whether the files are those that were written."""
    try:
        marker = parsed_json(read_regular(checkpoint / MARKER))
    except ValueError:
        return False
    return bool(marker.get("files") == _digests(checkpoint))


def of_step(folder: Path, step: int) -> Path | None:
    """The complete and undamaged checkpoint that was made after `step` steps, or None."""
    return next((made for made in complete(folder) if step_of(made) == step and _is_intact(made)), None)


def latest(folder: Path) -> Path | None:
    """The last complete checkpoint, or None."""
    return next(reversed(complete(folder)), None)


def resumable(folder: Path, say: Callable[[str], None]) -> Path | None:
    """The last undamaged checkpoint, or None. Incomplete ones, which a kill left, and damaged later ones are deleted;
    `say` gets a message about each of these.
    """
    made = complete(folder)
    while made and not _is_intact(made[-1]):
        say(f"note: {visible(str(made[-1]))}: is damaged and not resumed from; it is deleted")
        made.pop()
    for leftover in folder.glob("checkpoint-*"):
        if leftover not in made:
            shutil.rmtree(leftover)
    return latest(folder)
