"""Files of object stores (s3://, gs://, az://, hf://) that are read by ranges, without a copy on this machine.

Tasks of a cluster read their part of an object, so that no machine holds all of it and no disk is shared. Each opening
compares the entity tag of the object with that of the first look, so that all tasks read the same bytes.
"""

import errno
import hashlib
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from typing_extensions import override

from curate.core.errors import InputError
from curate.storage import places
from curate.storage.data_path import DataPath, SeekableFile
from curate.storage.urls import explained, is_offline, safe_url, scheme_of

BUFFER_BYTES: Final = 128 << 10
"""Bytes of a request for the end of a line."""
RIGHTS: Final = stat.S_IFREG | 0o644


class StoredObject(NamedTuple):
    """An object of a store, in one version."""

    url: str
    tag: str
    """Changes with its content."""
    size: int


class ObjectPath(DataPath):
    """The path of an object, which is opened as a file to read. Its text is the path that a copy of it would have."""

    stored: StoredObject

    @classmethod
    def at(cls, url: str) -> Self | None:
        """The object at a URL as it is now; None if it cannot be read by ranges because it has no tag or no size, or is
        at a web server, or because network access is off. Raises `InputError`, `MissingExtra`.
        """
        if scheme_of(url) == "http" or is_offline():
            return None
        with explained(url, "read"):
            tag, size = places.described(url)
        return cls._of(StoredObject(url, tag, size)) if tag and size is not None else None

    @classmethod
    def _of(cls, stored: StoredObject) -> Self:
        path = cls(places.copy_path(stored.url))
        path._named, path.stored = (Path(path), safe_url(stored.url)), stored
        return path

    @classmethod
    @override
    def _placed(cls, path: str | Path, named: tuple[Path, str] | None) -> Any:
        return DataPath._placed(path, named)  # a folder beside it is no object

    @override
    def __reduce__(self) -> Any:
        return ObjectPath._of, (self.stored,)

    @override
    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """The size of the object as it is now; the inode stands for its URL and its tag. Raises `FileNotFoundError`,
        `InputError`.
        """
        now = self._now()
        if now is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self.shown)
        inode = int.from_bytes(hashlib.sha256(f"{now.url}\0{now.tag}".encode()).digest()[:8])
        return os.stat_result((RIGHTS, inode, 0, 1, 0, 0, now.size, 0, 0, 0), {"st_mtime_ns": 0})

    def _now(self) -> StoredObject | None:
        """The object as it is now; None if it was deleted. Raises `InputError`."""
        with explained(self.stored.url, "read"):
            try:
                tag, size = places.described(self.stored.url)
            except FileNotFoundError:
                return None
        return StoredObject(self.stored.url, tag, size or 0)

    @override
    def exists(self, *, follow_symlinks: bool = True) -> bool:
        return self._now() is not None

    is_file = exists

    @override
    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        return False

    @override
    def is_fifo(self) -> bool:
        return False

    @override
    def is_symlink(self) -> bool:
        return False

    @override
    def open(self, mode: str = "r", buffering: int = -1, *options: Any, **more: Any) -> Any:
        """The bytes of the object. `buffering`: the least bytes of a request; 0: those that are read; -1: the default.
        Raises `InputError`, also if it changed since the first look.
        """
        if mode != "rb":
            raise PermissionError(errno.EACCES, "an object is only read", self.shown)
        file = _ObjectFile(self)
        return io.BufferedReader(file, buffering if buffering > 0 else BUFFER_BYTES) if buffering else file

    def ranges(self, starts: list[int], ends: list[int]) -> list[bytes]:
        """Byte ranges of the object, many of them requested at once. Raises as `open` does."""
        self.require_unchanged()
        with explained(self.stored.url, "read"):
            return places.ranges_of(self.stored.url, starts, ends)

    def require_unchanged(self) -> None:
        """Raise `InputError` unless the object is as it was at the first look."""
        if self._now() != self.stored:
            raise InputError.changed(self.shown)


class _ObjectFile(SeekableFile):
    """The bytes of an object, each requested when it is read."""

    def __init__(self, path: ObjectPath) -> None:
        path.require_unchanged()
        self._path = path
        with explained(path.stored.url, "read"):
            self._file = places.opened(path.stored.url)

    @override
    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return int(self._file.seek(offset, whence))

    @override
    def readinto(self, buffer: Any) -> int:
        with self._explained():
            return int(self._file.readinto(buffer))

    @override
    def readall(self) -> bytes:
        with self._explained():
            return bytes(self._file.read())

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Raise `InputError` for errors of the library; the reason may be that the object changed."""
        try:
            with explained(self._path.stored.url, "read"):
                yield
        except InputError:
            self._path.require_unchanged()
            raise

    @override
    def close(self) -> None:
        if not self.closed and hasattr(self, "_file"):
            self._file.close()
        super().close()
