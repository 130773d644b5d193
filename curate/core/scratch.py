"""Folders for copies of data that live as long as the process: nobody else can look into them, and what a killed process left goes at the next start."""

import atexit
import os
import shutil
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

PREFIX: Final = "curate-tmp-"
DAY: Final = 24 * 60 * 60
"""Seconds after which a folder whose process cannot be told dead by its number goes too, if nobody holds it."""
_held: dict[Path, int] = {}


def scratch() -> Path:
    """A new folder in TMPDIR for this process alone; it is gone when the process ends. Raises `OSError`."""
    import tempfile

    sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    _held[folder] = _hold(folder) or -1
    atexit.register(discard, folder)
    return folder


def discard(folder: Path) -> None:
    """Delete a folder that `scratch` made."""
    shutil.rmtree(folder, ignore_errors=True)
    if (handle := _held.pop(folder, -1)) >= 0:
        os.close(handle)


def sweep() -> None:
    """Delete the folders that processes of this user left when they were killed: those that nobody holds, and whose process is gone or which are old."""
    if os.name != "posix":
        return
    with suppress(OSError):
        for entry in os.scandir(os.environ.get("TMPDIR") or "/tmp"):  # noqa: S108  (only looked through)
            if entry.name.startswith(PREFIX) and _is_left(entry):
                shutil.rmtree(entry.path, ignore_errors=True)


def _is_left(entry: "os.DirEntry[str]") -> bool:
    """Whether a folder is one of ours that is in nobody's use."""
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
    """A handle by which others see that a folder is in use, as long as it is open; None where somebody has one."""
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
    """Whether a process of this number runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # it is another user's
        return True
    return True
