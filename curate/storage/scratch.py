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
MAX_AGE_SECONDS: Final = 24 * 60 * 60
"""Seconds after which an unlocked folder is deleted even if a process with its id is running."""


class Scratch:
    """A temporary folder of this process, locked as in use. It is deleted when this object is discarded, at the latest
    when the process ends.
    """

    def __init__(self, parent: Path | None = None) -> None:
        """Create it in `parent`, by default TMPDIR. Raises `OutputError`."""
        import tempfile

        sweep(parent)
        try:
            if parent is not None:
                parent.mkdir(parents=True, exist_ok=True)
            self.folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=parent))
        except OSError as error:
            hint = " or check the permissions" if parent else ", or set TMPDIR to another folder"
            raise OutputError.of(parent or "temporary files", error, f"free disk space{hint}") from error
        self._handle = _lock(self.folder)
        atexit.register(self.discard)

    def discard(self) -> None:
        """Delete it."""
        atexit.unregister(self.discard)
        shutil.rmtree(self.folder, ignore_errors=True)
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)


def scratch(parent: Path | None = None) -> Path:
    """The path of a `Scratch` folder that exists until the process ends. Raises `OutputError`."""
    return Scratch(parent).folder


def is_scratch(path: Path) -> bool:
    """Whether a path is in such a folder, and is deleted with it."""
    return any(part.startswith(PREFIX) for part in path.parts)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder as `scratch` creates it in TMPDIR, deleted at the end of the block. Raises `OutputError`."""
    temporary = Scratch()
    try:
        yield temporary.folder
    finally:
        temporary.discard()


@contextmanager
def written(path: Path) -> Iterator[None]:
    """Raise `OutputError` that names `path`, in TMPDIR, for an `OSError` of the block, which writes there: on a full
    disk.
    """
    try:
        yield
    except OSError as error:
        raise OutputError.of(path, error, "free disk space, or set TMPDIR to another disk") from error


class TempStore:
    """A temporary folder for data that cannot be read twice in place: unpacked files, elements of documents. It is
    deleted when the process ends.
    """

    def __init__(self) -> None:
        """The folder is created when the first path is requested."""
        self._own: Scratch | None = None

    def path(self, number: int) -> Path:
        """The path for the copy of file `number`."""
        if self._own is None:
            self._own = Scratch()
        return self._own.folder / str(number)

    def __enter__(self) -> "TempStore":
        return self

    def __exit__(self, *_: object) -> None:
        if self._own is not None:
            self._own.discard()


def sweep(parent: Path | None = None) -> None:
    """Delete the unlocked folders in `parent` (see `scratch`) of this user whose process has ended or which are old."""
    if os.name != "posix":
        return
    with suppress(OSError):
        for entry in os.scandir(parent or os.environ.get("TMPDIR") or "/tmp"):  # noqa: S108
            if entry.name.startswith(PREFIX) and _is_left(entry):
                shutil.rmtree(entry.path, ignore_errors=True)


def _is_left(entry: "os.DirEntry[str]") -> bool:
    """Whether this user owns a folder of a process that ended without deleting it, or that is old."""
    try:
        info = entry.stat(follow_symlinks=False)
    except OSError:
        return False
    ours = stat.S_ISDIR(info.st_mode) and info.st_uid == os.getuid()
    return ours and is_orphan(Path(entry.path), entry.name.removeprefix(PREFIX).partition("-")[0])


def is_orphan(path: Path, process: str) -> bool:
    """Whether a temporary file or folder is unlocked, and the process with this id has ended or the file is old.

    Never on systems other than POSIX, where testing for a process can harm it.
    """
    if os.name != "posix" or not process.isdigit():
        return False
    try:
        if is_running(int(process)) and time.time() - path.lstat().st_mtime < MAX_AGE_SECONDS:
            return False
        handle = _lock(path)
    except OSError:
        return False
    if handle is not None:
        os.close(handle)
    return handle is not None


def _lock(path: Path) -> int | None:
    """Lock a file or folder while the handle is open; None if another process holds the lock, or outside POSIX."""
    if os.name != "posix":
        return None
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if lock(handle):
        return handle
    os.close(handle)
    return None


def lock(handle: int) -> bool:
    """Lock an open file until it is closed; False if another process holds the lock, or outside POSIX systems."""
    if os.name != "posix":
        return False
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def is_running(process: int) -> bool:
    """Whether a process with this id is running."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # it belongs to another user
        return True
    return True
