"""The folder of a run; each file is complete or absent. In the order in which they are written:

    recipe.json  template.jinja  environment.json  identity.json (inputs and their key: the folder holds a run)
    base.json (the base model, measured)  metrics.jsonl  losses.jsonl  checkpoints/  adapter/
    datamap.jsonl  report.json (the run has finished)  report.html  evaluation/ (answers)  evaluation.json

adapter/ is in PEFT's format, with tokenizer and chat template; after full fine-tuning it holds the whole model.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from curate.core import datamap
from curate.core.errors import InputError, OutputError, UsageError
from curate.core.example import canonical
from curate.core.limits import is_special, read_regular
from curate.core.text import gigabytes, visible
from curate.core.validation import parsed_json
from curate.models.chat_templates import chat_template_source
from curate.models.names import fingerprint
from curate.project.manifest import SPLIT_NAMES
from curate.storage.files import remove_leftovers, sha256, sync_files, sync_folder, write_json
from train import distributed
from train.data.split_files import SplitFiles
from train.recipe import Recipe

OWN_FILES: Final = frozenset((
    "identity.json", "recipe.json", "template.jinja", "environment.json", "base.json",
    "metrics.jsonl", "losses.jsonl", "checkpoints", "adapter", "tensorboard",
    datamap.DATAMAP_FILE, "report.json", "report.html", "evaluation", "evaluation.json"
))  # fmt: skip
MOVABLE: Final = ("model", "data")
"""Keys of a recipe that may be changed after the training: they name places."""
UNRECORDED: Final = ("README.md", "chat_template.jinja")
MAX_KEPT: Final = 2
"""Checkpoints that are kept, besides the best one."""
LOCK_WAIT: Final = 3.0  # seconds: a process that was just killed may take a moment to let go


@dataclass
class RunFolder:
    """The folder of one training."""

    path: Path

    def __post_init__(self) -> None:
        names = ("metrics.jsonl", "losses.jsonl", "checkpoints", "adapter")
        self.metrics, self.losses, self.checkpoints, self.adapter = map(self.path.joinpath, names)

    def read(self, name: str) -> Any:
        """The content of one of the run's JSON files, or None where it is not there yet."""
        return read_json(self.path / name, "--run-dir")

    def write(self, name: str, value: Any) -> None:
        """Replace one of the run's JSON files."""
        write_json(self.path / name, value)

    @property
    def key(self) -> str | None:
        """The hash that identifies the run in the folder, see `identify`; None if it holds no run."""
        identity = self.read("identity.json")
        return None if identity is None else str(identity.get("key"))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other trainings out of the folder while the block runs. Raises `OutputError` if one is in it."""
        if distributed.rank() > 0:  # rank 0 holds it for all
            yield
            return
        with folder_lock(self.path, "training", "--run-dir"):
            yield

    @contextmanager
    def begun(self) -> Iterator[None]:
        """Delete what the block wrote, and raise `OutputError`, where the first files of a run cannot be written."""
        try:
            yield
        except OutputError as error:
            self.clear()
            hint = "free disk space or check the permissions, then run the same command again"
            raise OutputError(error.message, hint) from error.__cause__

    @contextmanager
    def resumable(self) -> Iterator[None]:
        """Raise `OutputError`, which says how to resume, where a file of the run cannot be written in the block."""
        hint = "free disk space or check the permissions, then run the same command with --resume"
        try:
            yield
        except OutputError as error:
            if not isinstance(error.__cause__, OSError):
                raise
            raise OutputError(error.message, hint) from error.__cause__
        except OSError as error:
            raise OutputError.of(visible(str(error.filename or self.path)), error, hint) from error

    def clear(self) -> None:
        """Delete a run; a killed deletion leaves no run either. Raises `UsageError` for foreign files."""
        clear_folder(self.path, "identity.json", OWN_FILES | {".adapter"}, "run", "--run-dir")

    def place_adapter(self, save: Callable[[Path], Path]) -> str:
        """Let `save` write the adapter, whole or not at all; returns the SHA-256 of the weights that it names."""
        temporary = self.path / ".adapter"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        weights = save(temporary).name
        sync_files(temporary)
        if self.adapter.is_dir():  # a run that was killed after this point saves the same adapter again
            shutil.rmtree(self.adapter)
        temporary.rename(self.adapter)
        sync_folder(self.path)
        return sha256(self.adapter / weights)

    def recorded(self) -> dict[str, str]:
        """SHA-256 by name of the files that evaluation, export and composition load, for `Report.files`.

        Of the recipe without the places of model and data, which may move. Weights have `Report.adapter_sha256`, the
        chat template is compared by itself, and nothing loads README.md.
        """
        recipe = {key: value for key, value in (self.read("recipe.json") or {}).items() if key not in MOVABLE}
        files = (
            path
            for path in self.adapter.iterdir()
            if path.is_file() and path.name not in UNRECORDED and path.suffix != ".safetensors"
        )
        return {
            "recipe.json": hashlib.sha256(canonical(recipe)).hexdigest(),
            **{f"{self.adapter.name}/{path.name}": sha256(path) for path in sorted(files)},
        }

    def need(self, size: int) -> None:
        """Raises `OutputError` if the disk has less than `size` bytes left for checkpoints and adapter."""
        free = shutil.disk_usage(self.path).free
        if free < size:
            raise OutputError(
                f"{self.path}: the disk has {gigabytes(free)} left, checkpoints and adapter of this run need "
                f"{gigabytes(size)}",
                "free some space, or name a folder on another disk with --run-dir",
            )


def disk_need(trained: int) -> int:
    """Bytes that a run takes at most: its checkpoints, the best one, one that is being written, and the result.

    `trained`: bytes of the trained weights with gradients and optimizer state.
    """
    return (MAX_KEPT + 3) * trained


@contextmanager
def folder_lock(folder: Path, what: str, option: str) -> Iterator[None]:
    """Lock a folder; `option` is the one that names another folder. Raises `OutputError` if it is held or read-only,
    `InputError` for a link in it.
    """
    _require_no_links(folder, option)
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock", timeout=LOCK_WAIT):
            try:
                yield
            finally:
                with suppress(OSError):
                    if is_new and [*folder.iterdir()] == [folder / ".lock"]:  # the block wrote nothing
                        (folder / ".lock").unlink()
    except Timeout:
        raise OutputError(
            f"{folder}: another {what} runs in this folder", f"wait for it, or name another folder with {option}"
        ) from None
    except OSError as error:
        raise OutputError(
            f"{error.filename or folder}: {error.strerror or error}",
            "free some space or check the permissions, then resume",
        ) from error
    finally:
        if is_new:
            with suppress(OSError):  # it has files
                folder.rmdir()


def _require_no_links(folder: Path, option: str) -> None:
    """Raise `InputError` for a link, pipe or device in a folder in which curate writes and deletes: a stranger may have
    put it there. The splits in `data/` are links that each sweep makes anew.
    """
    for place, folders, files in os.walk(folder):
        for path in (Path(place, name) for name in (*folders, *files)):
            if (path.is_symlink() and path.parent != folder / "data") or is_special(path):
                kind = "link" if path.is_symlink() else "pipe or a device"
                raise InputError(
                    f"{visible(str(path))}: is a {kind} where curate keeps files",
                    f"delete it, or name another folder with {option}",
                )


def read_json(file: Path, option: str) -> Any:
    """The content of a file, or None if there is none; `option` names another folder. Raises `OutputError`."""
    try:
        value = parsed_json(read_regular(file))
    except FileNotFoundError:
        return None
    except ValueError:
        value = None
    if not isinstance(value, dict):
        hint = f"start over with --fresh, or use another {option}"
        raise OutputError(f"{visible(str(file))}: is not what curate wrote", hint)
    return value


def require_written_by_curate(folder: Path, ours: Set[str], what: str, option: str) -> None:
    """Raises `UsageError` if a folder contains files other than those of `ours`.

    `what`: the kind of folder, `option`: the one that names another folder; both for the message.
    """
    if foreign := sorted({entry.name for entry in folder.iterdir()} - ours - {".lock", ".adapter"}):
        raise UsageError(
            f"{folder}: contains files that are not from a {what} ({', '.join(map(visible, foreign[:3]))})",
            f"name another folder with {option}",
        )


def clear_folder(folder: Path, first: str, ours: Set[str], what: str, option: str) -> None:
    """Delete our files, the file `first` first: without it the folder counts as empty.

    Raises `UsageError` if there are files other than `ours`.
    """
    remove_leftovers(folder)
    require_written_by_curate(folder, ours, what, option)
    (folder / first).unlink(missing_ok=True)
    for entry in (folder / name for name in sorted(ours)):
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink(missing_ok=True)


def recipe_hash(recipe: Recipe) -> str:
    """SHA-256 of a recipe with the text of its chat template, wherever data, model and template lie."""
    values = recipe.model_dump(mode="json", exclude={"data", "model"})
    if recipe.chat_template:
        values["chat_template"] = chat_template_source(recipe.chat_template)
    return hashlib.sha256(canonical(values)).hexdigest()


def identify(recipe: Recipe) -> dict[str, Any]:
    """The identity of a run: its `key`, and the hashes of recipe, data and base that the key is made of.

    Equal keys train the same adapter, wherever data and model lie.
    """
    data = Path(recipe.data)
    parts = {
        "recipe": recipe_hash(recipe),
        "data": {name: split.sha256() for name in SPLIT_NAMES if (split := SplitFiles.of(data, name)).files},
        "base": fingerprint(recipe.model),
    }
    manifest = data / "manifest.json"
    return {
        "key": hashlib.sha256(canonical(parts)).hexdigest(),
        **parts,
        "manifest": sha256(manifest) if manifest.is_file() else None,
    }


def differences(
    former: Mapping[str, Any], identity: Mapping[str, Any], former_recipe: Mapping[str, Any], recipe: Recipe
) -> str:
    """The inputs in which a run differs from a training that would have `identity`, in words."""
    parts = []
    if former.get("recipe") != identity["recipe"]:
        chosen = recipe.model_dump(mode="json", exclude={*MOVABLE, *(("date",) if recipe.date is None else ())})
        keys = [key for key, value in chosen.items() if value != "auto" and value != former_recipe.get(key)]
        shown = ", ".join(f"{key} = {former_recipe.get(key)} there, {chosen[key]} here" for key in keys)
        parts.append(f"another recipe ({shown})" if shown else "another chat template")
    digests = former.get("data")
    known = digests if isinstance(digests, dict) else {}
    splits = [name for name in SPLIT_NAMES if known.get(name) != identity["data"].get(name)]
    parts += [f"other data ({', '.join(splits)})"] if splits else []
    parts += ["another base model or tokenizer"] if former.get("base") != identity["base"] else []
    return ", ".join(parts) or "another recipe, chat template, data or base model"
