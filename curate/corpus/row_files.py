"""The rows of a Parquet file as lines that tasks of a cluster write, so that all nodes can read single ones again.

Each task reads some row groups and writes their rows to a file in a temporary folder that all nodes share. `RowFiles`
opens these files as one: the upper bits of an offset are the number of the file.
"""

import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from typing_extensions import override

from curate.core.errors import CurateError
from curate.core.text import visible
from curate.corpus.cache import ChunkTask, columns_for
from curate.corpus.features import Columns, FeatureSpec
from curate.read.chunks import Chunk, chunk_bytes
from curate.similarity.similarity_index import Bands
from curate.storage.data_path import DataPath, SeekableFile
from curate.storage.files import real_path
from curate.storage.scratch import written
from curate.storage.tables import binary_table, row_group_ranges

OFFSET_BITS: Final = 40
"""Bits of an offset in one of the files."""


class RowFiles(DataPath):
    """A folder of files, which is opened to read one at a time by offset; a read ends with its file."""

    @override
    def __reduce__(self) -> Any:
        return RowFiles, (str(self),)

    @override
    def open(self, mode: str = "r", buffering: int = -1, *options: Any, **more: Any) -> Any:
        """The bytes of the files."""
        return _RowFile(Path(self))


class _RowFile(SeekableFile):
    """The bytes of the files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._number, self._file = folder, -1, None

    _file: BinaryIO | None

    @override
    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        number = offset >> OFFSET_BITS
        if number != self._number or self._file is None:
            self._close()
            self._file, self._number = (self._folder / str(number)).open("rb", buffering=0), number
        self._file.seek(offset - (number << OFFSET_BITS))
        return offset

    @override
    def readinto(self, buffer: Any) -> int:
        assert self._file is not None
        return int(self._file.readinto(buffer))  # type: ignore[attr-defined]

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()

    @override
    def close(self) -> None:
        self._close()
        super().close()


class RowsTask(NamedTuple):
    """Row groups of a Parquet file, and the file that their lines are written to."""

    chunk: Chunk
    file: Path
    bands: Bands | None


def row_tasks(path: Path, name: str, size: int, folder: Path, bands: Bands | None) -> Iterator[RowsTask] | None:
    """Tasks for the row groups of a Parquet file, of about `size` bytes each, whose files are in a folder. None for any
    other file, and for one that cannot be read by its row groups.
    """
    with real_path(path).open("rb") as file:
        if binary_table(file.read(16)) != "Parquet file":
            return None
    try:
        ranges = row_group_ranges(name, path, size)
    except (OSError, ValueError):  # damaged: reading it as a whole names what is wrong
        return None
    if ranges is None:
        return None
    folder.mkdir()
    return (
        RowsTask(Chunk(path, name, groups.start, groups.stop, row_groups=True), folder / str(number), bands)
        for number, groups in enumerate(ranges)
    )


def columns_of_rows(task: RowsTask, spec: FeatureSpec) -> Columns:
    """Write the lines of row groups to their file, and make their columns. Raises `InputError`, `OutputError`, and
    `CurateError` if this node does not share the folder.
    """
    chunk, file, _ = task
    if not file.parent.is_dir():
        raise CurateError(
            f"--engine ray: node {platform.node()} does not see {visible(str(file.parent))}, where rows of tables are "
            "unpacked",
            "set TMPDIR to a folder that all nodes share",
        )
    data = chunk_bytes(chunk).data
    with written(file):  # Ray may repeat a task that still runs
        new = file.with_name(f"{file.name}.{os.urandom(8).hex()}")
        new.write_bytes(data)
        new.replace(file)
    lines = Chunk(chunk.path, chunk.name, 0, None, data)
    columns = columns_for(ChunkTask(lines, bands=task.bands), spec)
    columns.starts += int(file.name) << OFFSET_BITS
    return columns
