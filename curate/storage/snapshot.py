"""Snapshot of a file when it is read, to detect changes before an output replaces it."""

import hashlib
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from curate.core.errors import InputError
from curate.core.text import visible
from curate.storage.files import checksum, display_name, real_path, update
from curate.storage.object_path import ObjectPath
from curate.storage.places import BLOCK_BYTES


class FileState(NamedTuple):
    """The state of a file on disk."""

    inode: int
    size: int
    mtime: int
    """In nanoseconds."""


class Snapshot(NamedTuple):
    """The state of a file when it was read."""

    path: Path
    state: FileState
    checksum: str
    """xxh3, 128 bits, of its bytes; of an object, of nothing."""
    sha256: str = ""
    """SHA-256 of its bytes, if requested."""
    mode: int = 0o600
    """Permissions of the file."""


def snapshot(path: Path, *, hashed: bool = False) -> Snapshot:
    """The current state of a file, with its SHA-256 if `hashed`; call it before reading. Raises `InputError`."""
    import xxhash

    state, fast_hash, digest = state_of(path), xxhash.xxh3_128(), hashlib.sha256()
    is_object = isinstance(path, ObjectPath)
    hashes = [*([] if is_object else [fast_hash]), *([digest] if hashed else [])]
    try:
        mode = stat.S_IMODE(real_path(path).stat().st_mode)
        if hashes:  # else its tag in the state is enough
            with real_path(path).open("rb", buffering=BLOCK_BYTES if is_object else 0) as file:
                update(file, *hashes)
    except OSError as error:
        raise InputError.of(visible(display_name(path)), error) from error
    return Snapshot(path, state, fast_hash.hexdigest(), digest.hexdigest() if hashed else "", mode)


def snapshots_of(paths: Iterable[Path]) -> list[Snapshot]:
    """The current state of each file, once; as `snapshot`."""
    return [snapshot(path) for path in dict.fromkeys(paths)]


def state_of(path: Path) -> FileState:
    """The current state of a file. Raises `InputError`."""
    try:
        status = real_path(path).stat()
    except OSError as error:
        raise InputError.of(visible(display_name(path)), error) from error
    return FileState(status.st_ino, status.st_size, status.st_mtime_ns)


@contextmanager
def unchanging(paths: Iterable[Path]) -> Iterator[None]:
    """Raise `InputError` if a file changes during the block, in place of any error of the block; for commands that
    write nothing.
    """
    states = {path: state_of(path) for path in paths}
    try:
        yield
    except Exception:
        _require_same(states)
        raise
    _require_same(states)


def _require_same(states: Mapping[Path, FileState]) -> None:
    """Raise `InputError` for a file whose state is no longer the given one."""
    for path, state in states.items():
        if state_of(path) != state:
            raise InputError.changed(display_name(path))


def mode_of(snapshots: Iterable[Snapshot]) -> int:
    """The rights for a file derived from these files: only rights that all of them grant."""
    mode = 0o666
    for snapshot in snapshots:
        mode &= snapshot.mode
    return mode | 0o600


def rights_of(paths: Iterable[Path]) -> int:
    """The rights for a report or journal about files: none for a group, or for others, that may not read all of them.

    A deleted file and standard input do not restrict the rights.
    """
    rights = 0o666
    for path in paths:
        with suppress(OSError):
            mode = path.stat().st_mode
            rights &= ~sum(6 << shift for shift in (0, 3) if not mode & (4 << shift))
    return rights


def require_unchanged(snapshots: Iterable[Snapshot]) -> None:
    """Raise `InputError` if a file changed, by inode, size, time and content."""
    for snapshot in snapshots:
        if why := _how_changed(snapshot):
            raise InputError(
                f"{visible(display_name(snapshot.path))}: changed since it was read: {why}",
                "run it again when no other process writes to it; nothing was written",
            )


def _how_changed(snapshot: Snapshot) -> str:
    """How a file changed, as the end of a message; empty if it is unchanged."""
    try:
        now = state_of(snapshot.path)
        if now.size != snapshot.state.size:
            return f"it had {snapshot.state.size:,} bytes and has {now.size:,}"
        if now.inode != snapshot.state.inode:
            return "it was replaced by another file"
        if now.mtime != snapshot.state.mtime:
            return "it was modified"
        if not isinstance(snapshot.path, ObjectPath) and checksum(snapshot.path) != snapshot.checksum:
            return "it was modified"
    except (InputError, OSError):
        return "it can no longer be read"
    return ""
