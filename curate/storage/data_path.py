"""Paths with a display name: copies of URLs, outputs that will be uploaded, data in memory, standard input.

The name is part of the path object, also in other threads and processes.
"""

import io
import os
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from typing_extensions import override

if TYPE_CHECKING:
    Base = Path
else:
    Base = type(Path())  # the class of paths of this system; of `Path` itself, Python 3.11 makes no subclass


class DataPath(Base):
    """A path with a display name. It is equal to the plain path and can be used in its place.

    Paths in a named folder have names below the folder's name; other paths that are derived from a named one have none.
    """

    _named: tuple[Path, str] | None = None
    """The file or folder with the name, and the name."""

    @classmethod
    def of(cls, path: str | Path, name: str) -> Self:
        """`path` with a name."""
        return cls._placed(path, (Path(path), name))

    @classmethod
    def _placed(cls, path: str | Path, named: tuple[Path, str] | None) -> Self:
        """A path that keeps the name of the folder or file that it was derived from; `named`: that one and its name."""
        placed = cls(path)
        placed._named = named
        return placed

    @property
    def shown(self) -> str:
        """Its name; empty if it has none."""
        if self._named is None:
            return ""
        path, (place, name) = str(self), self._named
        if path == (root := str(place)):
            return name
        inside = path.removeprefix(f"{root.rstrip(os.sep)}{os.sep}")
        return f"{name}/{Path(inside).as_posix()}" if inside != path else ""

    def __reduce__(self) -> Any:
        return DataPath._placed, (str(self), self._named)

    def __truediv__(self, key: str | os.PathLike[str]) -> Self:
        return self._placed(Path(self) / key, self._named)

    @override
    def joinpath(self, *parts: str | os.PathLike[str]) -> Self:
        return self._placed(Path(self).joinpath(*parts), self._named)

    @override
    def with_name(self, name: str) -> Self:
        return self._placed(Path(self).with_name(name), self._named)

    @override
    def with_suffix(self, suffix: str) -> Self:
        return self._placed(Path(self).with_suffix(suffix), self._named)

    @property
    @override
    def parent(self) -> Self:
        return self._placed(Path(self).parent, self._named)

    @override
    def iterdir(self) -> Generator[Self, None, None]:
        return (self._placed(path, self._named) for path in Path(self).iterdir())

    @override
    def rglob(self, pattern: str) -> Generator[Self, None, None]:
        return (self._placed(path, self._named) for path in Path(self).rglob(pattern))

    @override
    def resolve(self, strict: bool = False) -> Self:
        return self._placed(Path(self).resolve(strict), self._named)

    @override
    def absolute(self) -> Self:
        return self if self.is_absolute() else self._placed(Path(self).absolute(), self._named)


def name_of(path: Path) -> str:
    """The name that a path has instead of its text; empty if it has none."""
    return path.shown if isinstance(path, DataPath) else ""


class SeekableFile(io.RawIOBase):
    """A file to read at any offset; a subclass defines `seek` and `readinto`."""

    @override
    def readable(self) -> bool:
        return True

    @override
    def seekable(self) -> bool:
        return True
