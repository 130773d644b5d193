"""Temporary folders for copies of data, readable by their owner only; those of killed processes are deleted later."""

import atexit
import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from curate.core.errors import OutputError

PREFIX: Final = "curate-tmp-"
DAY: Final = 24 * 60 * 60
"""Seconds after which an unlocked folder is deleted even if a process with its id is running."""
_held: dict[Path, int] = {}


def scratch(parent: Path | None = None) -> Path:
    """Create a folder in `parent`, by default TMPDIR, for this process; it is deleted when the process ends.

    Raises `OutputError`.
    """
    import tempfile

    sweep(parent)
    try:
        if parent is not None:
            parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=parent))
    except OSError as error:
        raise OutputError(
            f"{parent or 'temporary files'}: cannot be written: {error.strerror or error}",
            f"free disk space{', or set TMPDIR to another folder' if parent is None else ' or check the permissions'}",
        ) from error
    _held[folder] = _hold(folder) or -1
    atexit.register(discard, folder)
    return folder


@contextmanager
def written(path: Path) -> Iterator[None]:
    """Raise `OutputError` with the name of a file or folder in TMPDIR, to which the block writes, on a full disk."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written: {error.strerror or error}", "free disk space, or set TMPDIR to another disk"
        ) from error


def discard(folder: Path) -> None:
    """Delete a folder created by `scratch`."""
    shutil.rmtree(folder, ignore_errors=True)
    if (handle := _held.pop(folder, -1)) >= 0:
        os.close(handle)


class TempStore:
    """A temporary folder for data that cannot be read twice in place: unpacked files, elements of documents. It is
    deleted when the process ends.
    """

    def __init__(self) -> None:
        """It is made when it is first asked for a file."""
        self._folder: Path | None = None

    def path(self, number: int) -> Path:
        """Where the copy of file `number` goes."""
        if self._folder is None:
            self._folder = scratch()
        return self._folder / str(number)

    def __enter__(self) -> "TempStore":
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            discard(self._folder)


def sweep(parent: Path | None = None) -> None:
    """Delete the unlocked folders in `parent` (see `scratch`) of this user whose process has ended or which are old."""
    if os.name != "posix":
        return
    with suppress(OSError):
        for entry in os.scandir(parent or os.environ.get("TMPDIR") or "/tmp"):  # noqa: S108
            if entry.name.startswith(PREFIX) and _is_left(entry):
                shutil.rmtree(entry.path, ignore_errors=True)


def _is_left(entry: "os.DirEntry[str]") -> bool:
    """Whether a folder was created by curate and is not in use."""
    try:
        info = entry.stat(follow_symlinks=False)
        process = entry.name.removeprefix(PREFIX).partition("-")[0]
        if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid() or not process.isdigit():
            return False
        if runs(int(process)) and time.time() - info.st_mtime < DAY:
            return False
        handle = _hold(Path(entry.path))
    except OSError:
        return False
    if handle is not None:
        os.close(handle)
    return handle is not None


def _hold(folder: Path) -> int | None:
    """Lock a folder as in use while the handle is open; None if another process holds the lock."""
    if os.name != "posix":
        return None
    import fcntl

    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def runs(process: int) -> bool:
    """Whether a process with this id is running."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # it belongs to another user
        return True
    return True
