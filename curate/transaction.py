"""Several files of a folder replaced as one: after a crash at any point the folder has the old ones or, at the next look, the new ones.

The new files are written to a hidden folder inside, flushed to the disk, and listed in a file there: from then on they count. They are renamed
into place one by one, which takes milliseconds; where that was cut short, whoever opens the folder next ends it (`settle`).
"""

import json
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from curate.errors import OutputError, UsageError
from curate.files import sync_folder, write_json

STAGE: Final = ".curate-new"
LOCK: Final = ".curate.lock"
READY: Final = "ready.json"
"""Lists what is renamed and what is removed; where it is, all of what it lists is there."""
PATIENCE: Final = 10
"""Seconds for which files that are being renamed are waited for."""


@contextmanager
def replacing_together(folder: Path, gone: Collection[str] = ()) -> Iterator[Path]:
    """Yields an empty folder whose files take the place of those of the same name in `folder` when the block ends well; files named in `gone` go.

    Nothing is changed when it does not. Raises `OutputError` where the disk is full or the folder cannot be written, `UsageError` where
    another process writes to it.
    """
    stage = folder / STAGE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            _settle(folder)
            stage.mkdir()
            try:
                yield stage
                names = sorted(path.relative_to(stage).as_posix() for path in stage.rglob("*") if path.is_file())
                for inner in sorted({path.parent for path in stage.rglob("*") if path.is_file()}):
                    sync_folder(inner)
                write_json(stage / READY, {"new": names, "gone": sorted(set(gone) - set(names))})
            except BaseException:
                shutil.rmtree(stage, ignore_errors=True)
                raise
            _settle(folder)
    except OSError as error:
        said = f"{error.filename or folder}: cannot be written: {error.strerror or error}"
        raise OutputError(said, "free some space, or choose another folder; what was there is as it was") from error


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """While the block runs no other process of ours writes to `folder`. Raises `UsageError` where one does."""
    try:
        with FileLock(folder / LOCK, timeout=0):
            yield
    except Timeout:
        raise UsageError(f"{folder}: another curate writes to this folder", "wait for it, or stop it") from None


def settle(folder: Path) -> None:
    """End what a process that was killed had begun: its files take their place where all of them are there, and go where not. Raises `OutputError`."""
    if not (folder / STAGE).is_dir():
        return
    try:
        with FileLock(folder / LOCK, timeout=PATIENCE if (folder / STAGE / READY).exists() else 0):
            _settle(folder)
    except Timeout:  # who writes lives: until it is done, the old files count
        return
    except OSError as error:
        said = f"{error.filename or folder}: cannot be written: {error.strerror or error}"
        raise OutputError(said, f"an earlier command was interrupted and has to be ended first: make {folder} writable") from error


def _settle(folder: Path) -> None:
    stage = folder / STAGE
    try:
        listed = json.loads((stage / READY).read_bytes())
        if not all(isinstance(name, str) for name in [*listed["new"], *listed["gone"]]):
            raise ValueError("a name is no text")
    except (FileNotFoundError, IsADirectoryError, ValueError, TypeError, KeyError, RecursionError):  # not all was written: as good as nothing
        if stage.exists():
            shutil.rmtree(stage)
        return
    for name in listed["new"]:
        if (stage / name).exists():  # else it has been renamed before
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(stage / name, folder / name)  # noqa: PTH105  (said by both paths)
    for name in listed["gone"]:
        (folder / name).unlink(missing_ok=True)
    sync_folder(folder)
    shutil.rmtree(stage)
