"""Replace several files of a folder as one: after a crash it has all old files or, once completed, all new ones.

The new files are written to a hidden folder inside, flushed to disk, and listed in a file there, which commits the
transaction. They are then renamed into place one by one, which takes milliseconds. If that is interrupted, the next
command that writes to the folder completes it (`recover`). Commands that only read write nothing and report that the
folder has to be completed first (`require_finished`).

A stranger's folder may contain a forged list, so each name must be a plain one below the folder
(`curate.storage.paths.path_inside`), and an existing file is replaced or deleted only if the list has the checksum of
its content: who does not know a file can neither replace nor delete it. Anything else is refused without a change.
"""

import os
import shutil
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

from curate.core.errors import InputError, OutputError, UsageError
from curate.core.limits import is_special
from curate.core.text import visible
from curate.storage.files import checksum, display_name, nofollow_opener, sync_folder, write_json
from curate.storage.paths import path_inside

STAGE_FOLDER: Final = ".curate-new"
LOCK_FILE: Final = ".curate.lock"
READY_FILE: Final = "ready.json"
"""Lists the files to rename and to delete; it is written last, so its existence means that all of them are there."""
RENAME_SECONDS: Final = 10.0
"""Seconds to wait for a rename in progress."""
READER_SECONDS: Final = 2.0
"""The same for readers, which cannot distinguish a running process from a killed one."""


class _Ready(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    new: list[str]
    """Files to rename."""
    gone: list[str]
    """Files to delete."""
    old: dict[str, str]
    """The checksum of each of these files that existed before."""


@dataclass(frozen=True, slots=True)
class ReplaceableFiles:
    """The files of a folder that a command may replace."""

    names: Collection[str]
    otherwise: str
    """Message and hint of the error for any other file."""
    hint: str

    def check(self, folder: Path, names: Iterable[str]) -> None:
        """Raise `UsageError` if one of these files exists and is another one."""
        for name in names:
            if name not in self.names and os.path.lexists(folder / name):
                raise UsageError(f"{visible(display_name(folder / name))}: {self.otherwise}", self.hint)


@contextmanager
def replacing_together(
    folder: Path,
    deleted: Collection[str] = (),
    *,
    own: ReplaceableFiles | None = None,
    mode: int | None = None,
    unchanged: Callable[[], None] = lambda: None,
) -> Iterator[Path]:
    """Replace several files of a folder atomically: the block writes them to the empty folder that it is given.

    Files in `deleted` are deleted. New files replace only those in `own`; None: any. They get default rights restricted
    by `mode`. `unchanged` is called before the first rename and raises if the inputs changed. An exception leaves the
    folder unchanged. Raises `OutputError` if the disk is full or the folder cannot be written, `UsageError` if another
    process writes to it or a file is not in `own`, `InputError` for an interrupted transaction that curate did not
    write.
    """
    stage, is_new = folder / STAGE_FOLDER, not os.path.lexists(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            _complete(folder)
            stage.mkdir(mode=0o700)
            try:
                yield stage
                names = _flushed_names(stage, mode)
                if own is not None:
                    own.check(folder, names)
                old = {
                    name: checksum(path) for name in {*names, *deleted} if (path := path_inside(folder, name)).is_file()
                }
                ready = _Ready(new=names, gone=sorted(set(deleted) - set(names)), old=dict(sorted(old.items())))
                unchanged()
                write_json(stage / READY_FILE, ready.model_dump())
            except BaseException:
                shutil.rmtree(stage, ignore_errors=True)
                raise
            _put_in_place(folder, ready)
        is_new = False
    except OSError as error:
        hint = "free disk space or choose another folder; the old content is unchanged"
        raise OutputError.of(error.filename or folder, error, hint) from error
    finally:
        if is_new:
            with suppress(OSError):  # it does not exist, or others wrote to it
                folder.rmdir()


def _flushed_names(stage: Path, mode: int | None) -> list[str]:
    """The names of the files in a stage, after all of them are flushed to disk."""
    files = sorted(path for path in stage.rglob("*") if path.is_file())
    for path in files:
        with path.open("rb+") as file:
            if mode is not None:
                path.chmod(path.stat().st_mode & mode)
            os.fsync(file.fileno())
    for folder in sorted({path.parent for path in files}):
        sync_folder(folder)
    return [path.relative_to(stage).as_posix() for path in files]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock `folder` against other curate processes that write to it. Raises `UsageError` if one does."""
    try:
        with file_lock(folder / LOCK_FILE):
            yield
    except Timeout:
        raise UsageError(
            f"{folder}: another curate process is writing to this folder", "wait for that process or stop it"
        ) from None


@contextmanager
def file_lock(path: Path, seconds: float = 0) -> Iterator[None]:
    """Hold the lock of a file that its holder deletes; wait so long for another holder. Raises `Timeout`, `OSError`."""
    lock = _acquired(path, seconds)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        lock.release()


def _acquired(path: Path, seconds: float) -> FileLock:
    """The lock of a file. If its holder deleted the file in the meantime, the lock has no effect and is acquired
    again.
    """
    while True:
        with open(path, "ab", opener=nofollow_opener) as before:  # while it is open, no other file gets its number
            lock = FileLock(path, timeout=seconds)
            lock.acquire()
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(before.fileno()), path.lstat()):
                    return lock
            lock.release()


def recover(folder: Path) -> None:
    """Complete the transaction of a killed process if all of its files are there, else delete it.

    Only for commands that write to the folder. Raises `OutputError`; `InputError` for a transaction that curate did not
    write, which is left unchanged.
    """
    if not os.path.lexists(folder / STAGE_FOLDER):
        return
    try:
        with file_lock(folder / LOCK_FILE, RENAME_SECONDS if (folder / STAGE_FOLDER / READY_FILE).exists() else 0):
            _complete(folder)
    except Timeout:  # a writer is active: until it is done, the old files are valid
        return
    except OSError as error:
        hint = f"an earlier command was interrupted and must be completed first: make {folder} writable"
        raise OutputError.of(error.filename or folder, error, hint) from error


def require_finished(folder: Path) -> None:
    """Raise `InputError` if an interrupted transaction has to be completed first. Writes nothing."""
    end = time.monotonic() + READER_SECONDS
    while _is_pending(folder):
        if time.monotonic() > end:
            text = f"{visible(str(folder))}: a command that wrote to this folder was interrupted"
            raise InputError(
                text,
                f"run that command again; or delete {visible(str(folder / STAGE_FOLDER))} to discard the interrupted "
                "output",
            )
        time.sleep(0.05)


def _is_pending(folder: Path) -> bool:
    """Whether the folder contains the file list of a transaction."""
    try:
        return _pending(folder) is not None
    except (InputError, OSError):  # forged, which does not matter to a reader
        return False


def _complete(folder: Path) -> None:
    """Complete an interrupted write whose files were all staged, or discard one that was not. Raises `InputError` for
    files that others changed.
    """
    if not os.path.lexists(folder / STAGE_FOLDER):
        return
    ready = _pending(folder)
    if ready is None:  # incomplete, so it is discarded
        shutil.rmtree(folder / STAGE_FOLDER)
        return
    for name in (*ready.new, *ready.gone):
        staged, path = folder / STAGE_FOLDER / name, folder / name
        if name in ready.new and not staged.exists():
            continue  # it was renamed before
        if name in ready.new and not staged.is_file():
            raise _foreign_file_error(folder, f"{visible(name)} is not a file")
        if path.exists() and (not path.is_file() or checksum(path) != ready.old.get(name)):
            raise _foreign_file_error(folder, f"{visible(name)} is neither the old nor the new content")
    _put_in_place(folder, ready)


def _pending(folder: Path) -> _Ready | None:
    """The pending transaction; None without a complete one. Raises `InputError` if curate did not write it."""
    stage = folder / STAGE_FOLDER
    if stage.is_symlink() or not stage.is_dir():
        raise _foreign_file_error(folder, "it is not a folder")
    if not os.path.lexists(stage / READY_FILE):
        return None
    if (stage / READY_FILE).is_symlink() or is_special(stage / READY_FILE):
        raise _foreign_file_error(folder, f"{READY_FILE} is no file")
    try:
        ready = _Ready.model_validate_json((stage / READY_FILE).read_bytes())
    except FileNotFoundError:  # deleted just now
        return None
    except ValidationError as error:
        raise _foreign_file_error(folder, f"{READY_FILE} was not written by curate") from error
    for name in (*ready.new, *ready.gone):
        path_inside(folder, name)
        path_inside(stage, name)
    return ready


def _foreign_file_error(folder: Path, why: str) -> InputError:
    text = f"{visible(str(folder / STAGE_FOLDER))}: not written by curate: {why}"
    return InputError(text, "inspect it and delete it; nothing was changed")


def _put_in_place(folder: Path, ready: _Ready) -> None:
    """Put the staged files in place of those of the folder, delete those that the file list names, and remove the
    stage.
    """
    stage = folder / STAGE_FOLDER
    for name in ready.new:
        if (stage / name).exists():  # otherwise it was renamed before
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(stage / name, folder / name)  # noqa: PTH105
    for name in ready.gone:
        path = folder / name
        path.unlink(missing_ok=True)
        if path.parent != folder:
            with suppress(OSError):  # it has other files
                path.parent.rmdir()
    sync_folder(folder)
    (stage / READY_FILE).unlink()
    shutil.rmtree(stage)
