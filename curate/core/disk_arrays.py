"""Arrays in files: the system takes their memory back where it is wanted for something else. The files have no names
and are gone with the arrays.
"""

import mmap
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from curate.core.arrays import Array
from curate.core.errors import OutputError
from curate.core.lazy import np


def empty(shape: Sequence[int], kind: str, folder: Path | None) -> Array:
    """An array of undefined values, in a file of the folder if there is one; `kind`: numpy's name of their type.

    Raises `OutputError` if there is no room for it.
    """
    size = prod(shape) * np.dtype(kind).itemsize
    if folder is None or not size:
        return np.empty(shape, dtype=kind)
    with _written(folder), TemporaryFile(dir=folder) as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)  # a full disk would end the process where a value is set
        else:
            file.truncate(size)
        return mapped(file, kind).reshape(shape)


def mapped(file: IO[bytes], kind: str) -> Array:
    """The content of a file as an array; what is set in it is set in the file, which may be closed."""
    file.flush()
    size = os.fstat(file.fileno()).st_size
    return np.frombuffer(mmap.mmap(file.fileno(), size), dtype=kind) if size else np.empty(0, dtype=kind)


class Appended:
    """An array in a file that grows at its end."""

    def __init__(self, kind: str, folder: Path) -> None:
        """The file is made with the first values."""
        self._kind, self._folder = kind, folder
        self._file: IO[bytes] | None = None

    def add(self, part: Array) -> None:
        """Append values. Raises `OutputError`."""
        with _written(self._folder):
            self._file = self._file or TemporaryFile(dir=self._folder)  # noqa: SIM115  # until it is mapped
            self._file.write(part.data)

    def done(self) -> Array:
        """All values; nothing can be added any more. Raises `OutputError`."""
        if self._file is None:
            return empty((0,), self._kind, None)
        with _written(self._folder), self._file as file:
            return mapped(file, self._kind)


@contextmanager
def _written(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{folder}: cannot be written: {error.strerror or error}", "free disk space, or set TMPDIR to another disk"
        ) from error
