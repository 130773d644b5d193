"""Write lines of a table to files, in this process or in tasks of a cluster.

A task reads the lines of one file and writes it below the folder of a transaction (`curate.storage.transaction`), where
this process moves it into place. Where a node does not share that folder, this process writes the file.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from shutil import rmtree
from typing import Final, NamedTuple

from curate.core.lazy import Flags, Numbers, np
from curate.core.text import json_line
from curate.corpus.corpus import READ_AHEAD_BYTES, LineReader, LineRef, LineSource, Table
from curate.parallel.worker_pool import WorkerPool
from curate.read.lines import compact
from curate.storage.output_pair import CountingWriter

TASKS_FOLDER: Final = "tasks"
"""In the folder of a transaction: files that tasks write."""
REWRITTEN_LINES: Final = 1 << 12
"""Lines of a part that are not copied as they are."""


class CopiedLines(NamedTuple):
    """Lines of a file of JSON Lines that are written as they were read."""

    source: LineSource
    begins: Numbers
    """Offsets at which one or several lines that follow each other begin."""
    ends: Numbers
    """Offsets at which the ending of the last of them begins."""

    def blocks(self, reader: LineReader) -> Iterator[bytes | bytearray]:
        """The bytes of the lines, each with a line break. Raises `InputError`."""
        block = bytearray()
        for part in reader.parts(*self):
            block += part
            block += b"\n"
            if len(block) >= READ_AHEAD_BYTES:
                yield block
                block = bytearray()
        yield block


class RewrittenLines(NamedTuple):
    """Other lines: elements of a document, which are written on one line, and examples that are written as JSON."""

    lines: Sequence[LineRef]
    as_read: bool

    def blocks(self, reader: LineReader) -> Iterator[bytes]:
        """The bytes of the lines, each with a line break. Raises `InputError`."""
        for ref in self.lines:
            yield (compact(reader.data(ref)) if self.as_read else json_line(reader.example(ref).value)) + b"\n"


Part = CopiedLines | RewrittenLines


def line_parts(table: Table, lines: Numbers, as_read: Flags | None = None) -> Iterator[Part]:
    """Some ascending lines of a table, in order: as they were read if `as_read`, else as JSON of the example. None: all
    as they were read.
    """
    for number, source in enumerate(table.sources):
        inside = np.flatnonzero((lines >= table.first[number]) & (lines < table.first[number + 1]))
        changes = () if as_read is None else np.flatnonzero(np.diff(as_read[inside])) + 1
        for run in np.split(inside, changes):
            kept = as_read is None or (len(run) > 0 and bool(as_read[run[0]]))
            if kept and not source.document:
                yield _copied(table, source, lines[run])
                continue
            for start in range(0, len(run), REWRITTEN_LINES):
                some = lines[run[start : start + REWRITTEN_LINES]].tolist()
                yield RewrittenLines([table.line_ref(line) for line in some], kept)


def _copied(table: Table, source: LineSource, lines: Numbers) -> CopiedLines:
    """Lines of a file; those that follow each other in it are one part, of at most about `READ_AHEAD_BYTES`."""
    starts = table.starts[lines]
    ends = starts + table.sizes[lines]
    follow = (starts[1:] == ends[:-1] + 1) & (table.endings[lines][:-1] == 1)
    follow &= starts[1:] // READ_AHEAD_BYTES == starts[:-1] // READ_AHEAD_BYTES
    first = np.flatnonzero(np.append(True, ~follow))[: len(lines)]
    last = np.append(first[1:], len(lines))[: len(first)] - 1
    return CopiedLines(source, starts[first], ends[last])


def write_parts(parts: Iterable[Part], output: CountingWriter, reader: LineReader) -> None:
    """Write lines to an output. Raises `InputError`, `OSError`."""
    for part in parts:
        for block in part.blocks(reader):
            output.write(block)


class LineFile(NamedTuple):
    """A file to write below the folder of a transaction."""

    name: str
    parts: Iterable[Part]


class WrittenFile(NamedTuple):
    """A file that was written."""

    path: Path
    lines: int
    sha256: str


def write_files(files: Iterable[LineFile], stage: Path, pool: WorkerPool | None = None) -> list[WrittenFile]:
    """Write files to the folder of a transaction: in the tasks of a cluster if the pool is one, else in this process.
    Raises `InputError`, `OSError`.
    """
    if pool is None or not pool.remote:
        reader = LineReader()
        return [_write_file(file, stage / file.name, reader) for file in files]
    mark = stage.absolute() / TASKS_FOLDER / os.urandom(8).hex()
    mark.parent.mkdir()
    mark.touch()
    waiting: list[LineFile] = []

    def tasks() -> Iterator[LineFile]:
        for file in files:
            waiting.append(file._replace(parts=list(file.parts)))
            yield waiting[-1]

    written = []
    for made in pool.each(partial(_written_in_task, mark), tasks()):
        file = waiting.pop(0)
        path = stage / file.name
        if made is not None:
            made.path.replace(path)
        written.append(_write_file(file, path, LineReader()) if made is None else made._replace(path=path))
    rmtree(mark.parent)
    return written


def _write_file(file: LineFile, path: Path, reader: LineReader, *, synced: bool = False) -> WrittenFile:
    """Write a file to a path; `synced`: and to the disk."""
    with path.open("wb") as out:
        output = CountingWriter(out, hashed=True)
        write_parts(file.parts, output, reader)
        if synced:
            out.flush()
            os.fsync(out.fileno())
    return WrittenFile(path, output.lines, output.sha256)


def _written_in_task(mark: Path, file: LineFile) -> WrittenFile | None:
    """A task: write a file beside the mark, under a name of its own, since Ray may repeat a task that still runs. None
    if this node does not have the mark.
    """
    if not mark.is_file():
        return None
    path = mark.with_name(f"{file.name}.{os.urandom(8).hex()}")
    try:
        return _write_file(file, path, LineReader(), synced=True)
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise
