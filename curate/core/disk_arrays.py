"""Arrays in files: the system takes their memory back where it is wanted for something else. The files have no names
and are gone with the arrays.
"""

import mmap
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from math import prod
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Protocol, TypeVar

from curate.core.lazy import Array, Numbers, np
from curate.core.scratch import written


def empty(shape: Sequence[int], kind: str, folder: Path | None) -> Array:
    """An array of undefined values, in a file of the folder if there is one; `kind`: numpy's name of their type.

    Raises `OutputError` if there is no room for it.
    """
    size = prod(shape) * np.dtype(kind).itemsize
    if folder is None or not size:
        return np.empty(shape, dtype=kind)
    with written(folder), TemporaryFile(dir=folder) as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)  # a full disk would end the process where a value is set
        else:
            file.truncate(size)
        return mapped(file, kind).reshape(shape)


def selected_rows(values: Array, numbers: Numbers, folder: Path | None) -> Array:
    """The values of these numbers, in this order; in a file of the folder if there is one. Raises `OutputError`."""
    into = empty((len(numbers), *values.shape[1:]), values.dtype.str, folder)
    return np.take(values, numbers, axis=0, out=into, mode="clip")  # another mode would make a copy first


def mapped(file: IO[bytes], kind: str) -> Array:
    """The content of a file as an array; what is set in it is set in the file, which may be closed."""
    file.flush()
    size = os.fstat(file.fileno()).st_size
    return np.frombuffer(mmap.mmap(file.fileno(), size), dtype=kind) if size else np.empty(0, dtype=kind)


@contextmanager
def random_access(values: Array) -> Iterator[None]:
    """Turn off the system's read-ahead for values in a file, which can be megabytes for each value."""
    owner: Any = values
    while isinstance(owner, np.ndarray):
        owner = owner.base
    mapping = owner.obj if isinstance(owner, memoryview) else None
    if not isinstance(mapping, mmap.mmap) or not hasattr(mmap, "MADV_RANDOM"):
        yield
        return
    mapping.madvise(mmap.MADV_RANDOM)
    try:
        yield
    finally:
        mapping.madvise(mmap.MADV_NORMAL)


Part = TypeVar("Part")


class Joining(Protocol[Part]):
    """Columns that are joined one part after another."""

    def add(self, part: Part, /) -> None:
        """Append a part."""

    def done(self) -> Part:
        """All of them."""
        raise NotImplementedError


def joined(joining: Joining[Part], parts: Iterable[Part]) -> Part:
    """The columns of several parts, one after another; the parts may be generated one by one."""
    for part in parts:
        joining.add(part)
    return joining.done()


class Growing:
    """An array that grows at its end, in a file of the folder if there is one."""

    def __init__(self, kind: str, folder: Path | None = None) -> None:
        """Empty; `kind`: numpy's name of the type of its values. A file is made with the first values."""
        self._kind, self._folder = kind, folder
        self._file: IO[bytes] | None = None
        self._values, self._filled = np.empty(0, dtype=kind), 0

    def add(self, part: Array) -> None:
        """Append values. Raises `OutputError`."""
        if self._folder is None:
            end = self._filled + part.size
            if end > len(self._values):  # in place where there is room: no second copy
                self._values.resize(int(1.5 * end), refcheck=False)
            self._values[self._filled : end] = part.ravel()
            self._filled = end
            return
        with written(self._folder):
            self._file = self._file or TemporaryFile(dir=self._folder)  # noqa: SIM115  # until it is mapped
            self._file.write(np.ascontiguousarray(part, dtype=self._kind).data)

    def done(self) -> Array:
        """All values, in one dimension; nothing can be added any more. Raises `OutputError`."""
        if self._file is None or self._folder is None:
            self._values.resize(self._filled, refcheck=False)
            return self._values
        with written(self._folder), self._file as file:
            return mapped(file, self._kind)
