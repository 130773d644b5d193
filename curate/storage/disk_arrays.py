"""Arrays in memory-mapped files, and tables of such arrays, whose memory the operating system can reclaim. The files
have no names and are deleted with the arrays.
"""

import mmap
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from tempfile import TemporaryFile
from types import MappingProxyType
from typing import IO, Any, ClassVar, Generic, Self, TypeVar

from curate.core.lazy import Array, Numbers, np
from curate.storage.scratch import written


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
    """The content of an open file as an array of `kind`, numpy's name of a type. Changes of the array change the file,
    which may be closed.
    """
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


class Growing:
    """An array that grows at its end, in a file of the folder if there is one."""

    def __init__(self, kind: str, folder: Path | None = None) -> None:
        """`kind`: numpy's name of the type of the values. The file is created with the first values."""
        self._kind, self._folder = kind, folder
        self._file: IO[bytes] | None = None
        self._values, self._filled = np.empty(0, dtype=kind), 0
        self._rows, self._width = 0, ()

    def add(self, part: Array) -> None:
        """Append values, or rows of values. Raises `OutputError`."""
        self._rows, self._width = self._rows + len(part), part.shape[1:]
        if self._folder is None:
            end = self._filled + part.size
            if end > len(self._values):  # resized in place if possible, without a second copy
                self._values.resize(int(1.5 * end), refcheck=False)
            self._values[self._filled : end] = part.ravel()
            self._filled = end
            return
        with written(self._folder):
            self._file = self._file or TemporaryFile(dir=self._folder)  # noqa: SIM115  # until it is mapped
            self._file.write(np.ascontiguousarray(part, dtype=self._kind).data)

    def done(self) -> Array:
        """All values; nothing can be added any more. Raises `OutputError`."""
        if self._file is None or self._folder is None:
            self._values.resize(self._filled, refcheck=False)
            return self._values.reshape(self._rows, *self._width)
        with written(self._folder), self._file as file:
            return mapped(file, self._kind).reshape(self._rows, *self._width)


def part_positions(ends: Numbers, numbers: Numbers) -> tuple[Numbers, Numbers]:
    """Positions of the parts of the items `numbers`, where the parts of item i are from ends[i] up to ends[i + 1]; and
    the new ends of these items.
    """
    sizes = np.diff(ends)[numbers]
    new = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)])
    return np.repeat(ends[:-1][numbers] - new[:-1], sizes) + np.arange(new[-1]), new


Kinds = Mapping[str, "str | type[Rows]"]
"""The type of each column: numpy's name, or a class of columns."""


@dataclass(slots=True)
class Rows:
    """Base class: columns with one row per item."""

    KINDS: ClassVar["Kinds"]
    PARTS: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Columns with any number of values per item, each with the column of their ends: the values of item i are from
    ends[i] up to, not including, ends[i + 1].
    """
    SHARED: ClassVar[str] = ""
    """A dictionary that all rows share, if there is one; see `sharing`."""

    def chosen(self, numbers: Numbers, folder: Path | None = None) -> Self:
        """The rows with these numbers, in this order; in files of the folder if there is one. Raises `OutputError`."""
        return self._selected("chosen", numbers, folder)

    def take(self, numbers: Numbers, folder: Path | None = None) -> Self:
        """As `chosen`, for ascending numbers; may reuse the memory of these columns, so that they cannot be used
        afterwards.
        """
        return self._selected("take", numbers, folder)

    def _selected(self, method: str, numbers: Numbers, folder: Path | None) -> Self:
        """The rows with these numbers; `method`, `chosen` or `take`, is called for columns that are `Rows`."""
        parts = {ends: part_positions(getattr(self, ends), numbers) for ends in {*self.PARTS.values()}}
        columns: dict[str, Any] = {ends: new for ends, (_, new) in parts.items()}
        for name in self.KINDS:
            positions, column = parts[self.PARTS[name]][0] if name in self.PARTS else numbers, getattr(self, name)
            if column is not None:
                columns[name] = (
                    getattr(column, method)(positions, folder)
                    if isinstance(column, Rows)
                    else selected_rows(column, positions, folder)
                )
        return replace(self, **columns)

    def sharing(self, dictionary: dict[Any, Any]) -> Self:  # noqa: ARG002
        """The same rows, with `dictionary` as shared dictionary. Missing entries are added to it."""
        return self


Some = TypeVar("Some", bound=Rows)


class Joining(Generic[Some]):
    """Columns that are concatenated part by part."""

    def __init__(self, kind: type[Some], folder: Path | None = None) -> None:
        """`folder`: a folder for files with the columns; None: memory."""
        self._kind = kind
        self._columns = growing(kind.KINDS, folder)
        self._sizes = {name: Growing("i8", folder) for name in {*kind.PARTS.values()}}
        self._shared: dict[Any, Any] = {}

    def add(self, part: Some) -> None:
        """Append the rows of a part. Raises `OutputError`."""
        part = part.sharing(self._shared)
        for name, column in self._columns.items():
            column.add(getattr(part, name))
        for name, sizes in self._sizes.items():
            sizes.add(np.diff(getattr(part, name)))

    def done(self) -> Some:
        """All rows; nothing can be added any more. Raises `OutputError`."""
        columns: dict[str, Any] = {name: column.done() for name, column in self._columns.items()}
        columns |= {name: np.append(0, np.cumsum(sizes.done())) for name, sizes in self._sizes.items()}
        return self._kind(**columns, **({self._kind.SHARED: self._shared} if self._kind.SHARED else {}))


def growing(kinds: Kinds, folder: Path | None) -> "dict[str, Growing | Joining[Any]]":
    """A column of each kind, to which parts are added."""
    return {
        name: Growing(kind, folder) if isinstance(kind, str) else Joining(kind, folder) for name, kind in kinds.items()
    }


def joined(kind: type[Some], parts: Iterable[Some]) -> Some:
    """The rows of several parts, one after another; the parts may be generated one by one."""
    joining = Joining(kind)
    for part in parts:
        joining.add(part)
    return joining.done()
