"""Read complete files, or examples in memory, into a table, chunk by chunk; cached chunks are not read again."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, islice
from math import ceil
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, NamedTuple

from curate.core.errors import UsageError
from curate.core.events import Advance
from curate.core.example import Example
from curate.core.lazy import Ids, Numbers, np
from curate.corpus.boilerplate import Passages, learn_passages, learning_examples
from curate.corpus.cache import (
    ChunkTask,
    DedupCache,
    columns_checkpoint,
    columns_for,
    columns_in_parts,
    is_cached,
    keyed,
)
from curate.corpus.corpus import LineReader, LineSource, Table
from curate.corpus.dedup_text import On, asked_turns
from curate.corpus.features import LINE_TYPES, Columns, FeatureSpec, columns_of_lines
from curate.corpus.row_files import RowFiles, columns_of_rows, row_tasks
from curate.parallel.worker_pool import WorkerPool
from curate.read.chunks import Chunk, chunks_of
from curate.read.dataset import FileFacts, read_file, require_read
from curate.read.lines import is_document
from curate.similarity.similarity_index import Bands
from curate.storage.disk_arrays import Growing, Joining, growing
from curate.storage.files import blocks, display_name, packing, real_path, size_of
from curate.storage.scratch import TempStore, scratch, written

MIN_PARALLEL_TABLE_BYTES: Final = 32 << 20
CHUNK_BYTES: Final = 4 << 20
MEMORY_PER_BYTE: Final = 3
"""Maximum memory in bytes per byte of the files if all arrays are in memory."""
MEMORY_PER_DOCUMENT_BYTE: Final = 20
"""The same for a JSON document, whose elements are in memory while it is read."""
MEMORY_PER_WORKER: Final = 320 << 20
BUFFER_BYTES: Final = 400 << 20
"""Maximum memory of the buffers in which blocks of lines are compared."""
BUFFER_BYTES_PER_LINE: Final = 500
USUAL_LINE_BYTES: Final = 1000
"""Longer lines count as several, because they may have more turns."""


class MemoryUse(NamedTuple):
    """The most memory in bytes, without buffers, that a command uses in one process while arrays that can be in files
    are there, as measured by `tests/bench/peak_memory.py`.
    """

    fixed: int
    per_line: int


def within_memory(paths: Sequence[Path], limit: int | None, use: MemoryUse, workers: int) -> tuple[int, Path | None]:
    """How many of the workers fit into a limit of memory, at least one, which needs no process of its own; and a folder
    for arrays, if those of these files may not fit, else None.

    Raises `UsageError` for a limit below what is needed with files and one worker, `InputError`, `OutputError`.
    """
    if limit is None:
        return workers, None
    lines = size = documents = 0
    for path in paths:
        unpacked = blocks(path)
        start = next(unpacked, b"")
        before = size
        for block in chain([start], unpacked):
            lines += block.count(b"\n")
            size += len(block)
        documents += (size - before) * is_document(start)
    lines = max(lines, size // USUAL_LINE_BYTES)
    least = use.fixed + use.per_line * lines + min(BUFFER_BYTES, BUFFER_BYTES_PER_LINE * lines)
    least += MEMORY_PER_DOCUMENT_BYTE * documents
    if limit < least:
        enough = f"{ceil(least / 2**20)}MB"
        raise UsageError(
            f"--memory: these files need at least {enough}", f"pass --memory {enough} or more, or leave --memory out"
        )
    processes = min(workers, (limit - least) // MEMORY_PER_WORKER) if is_big(paths) else 0
    needed = least + MEMORY_PER_BYTE * size + MEMORY_PER_WORKER * processes
    return max(1, processes) if is_big(paths) else workers, scratch() if needed > limit else None


def is_big(paths: Sequence[Path]) -> bool:
    """Whether these files are large enough to be read in several processes."""
    return size_of(paths) >= MIN_PARALLEL_TABLE_BYTES


def read_table(
    paths: Sequence[Path],
    spec: FeatureSpec,
    pool: WorkerPool,
    progress: Advance | None = None,
    name_of: Callable[[Path], str] = display_name,
    memory: DedupCache | None = None,
    folder: Path | None = None,
    bands: Bands | None = None,
) -> Table:
    """Read files; `name_of` gives their names in places. Pieces that are in `memory` are not read. With `bands`, the
    table has the keys of these bands.

    If many examples share an instruction, the files are read a second time, without it. `progress` is called with the
    number of lines of each piece. With a folder, sets are in files there. Raises `InputError`, `OutputError`.
    """
    table = _table_of(paths, spec, pool, progress, name_of, memory, folder, bands)
    if spec.common is None:
        examples, least = learning_examples(table.sets, table.ids)
        learn = partial(_learn_boilerplate, table, spec.on, examples, least)
        common = () if not len(examples) else memory.common(table.ids[examples], learn) if memory else learn()
        if common:
            common_spec = spec._replace(common=common, judging=None)
            if memory:
                memory.turn(common_spec)
            judged = table.judged
            del table, learn  # frees memory before the second table is read
            return replace(_table_of(paths, common_spec, pool, None, name_of, memory, folder, bands), judged=judged)
    return table


def begins_cached(path: Path, spec: FeatureSpec, memory: DedupCache, bands: Bands | None) -> bool:
    """Whether the columns of the first chunk of a file are cached: those of most chunks usually are then. Raises
    `InputError`.
    """
    if packing(path):
        return False
    chunk = next(chunks_of(path, display_name(path), CHUNK_BYTES, cached=True) or iter(()), None)
    return chunk is not None and is_cached(ChunkTask(chunk, memory.folder, bands), spec)


def table_of(examples: Sequence[Example], spec: FeatureSpec, pool: WorkerPool) -> Table:
    """The table of examples in memory. They are written to a file that is deleted at the end of the process; line n is
    example n - 1. Raises `OutputError`.
    """
    path = scratch() / "examples.jsonl"
    with written(path), path.open("wb") as file:
        file.writelines(json.dumps(example.value).encode() + b"\n" for example in examples)
    return read_table([path], spec, pool)


def _learn_boilerplate(table: Table, on: On, examples: Numbers, least: int) -> Passages:
    """The instructions that at least `least` of some examples share."""
    reader = LineReader()
    return learn_passages(
        (asked_turns(reader.example(table.line_ref(line)), on) for line in table.lines[examples].tolist()), least
    )


@dataclass(slots=True)
class _Parts:
    """The chunks that have been read so far; columns that all lines have are joined at once to save memory."""

    folder: Path | None = None
    sources: list[LineSource] = field(default_factory=list)
    first: list[int] = field(default_factory=lambda: [0])
    line_keys: list[Ids | None] = field(default_factory=list)
    band_keys: list[Ids | None] = field(default_factory=list)
    judged: list[Any] = field(default_factory=list)
    lines: int = 0
    columns: dict[str, Growing | Joining[Any]] = field(init=False)

    def __post_init__(self) -> None:
        self.columns = growing(LINE_TYPES | Columns.KINDS, self.folder)

    def add(self, part: Columns, physical: int) -> None:
        """Append the columns of the next chunk; `physical`: number of lines of its file before it."""
        part.numbers += physical
        self.lines += len(part.starts)
        for name, column in self.columns.items():
            if (rows := getattr(part, name)) is not None:
                column.add(rows)
        self.line_keys.append(part.line_keys)
        self.band_keys.append(part.band_keys)

    def end(self, source: LineSource) -> None:
        """Record the end of a file."""
        self.sources.append(source)
        self.first.append(self.lines)

    def table(self, spec: FeatureSpec) -> Table:
        """The complete table; nothing can be added afterwards."""
        unwanted = {"keys": not spec.keys, "links": not spec.links, "marks": not spec.marking}
        columns: dict[str, Any] = {
            name: column.done() for name, column in self.columns.items() if not unwanted.get(name)
        }
        line_keys = [keys for keys in self.line_keys if keys is not None]
        return Table(
            sources=self.sources,
            first=np.array(self.first),
            lines=np.flatnonzero(columns.pop("holds")),
            ids=columns.pop("ids").reshape(-1, 2),
            **columns,
            common=spec.common or (),
            line_keys=np.concatenate(line_keys) if line_keys and len(line_keys) == len(self.line_keys) else None,
            band_keys=self._band_keys(),
            folder=self.folder,
            judged=self.judged,
        )

    def _band_keys(self) -> Ids | None:
        """The band keys of all examples, band by band, removed from the parts; None unless all parts have them."""
        parts = [part for part in self.band_keys if part is not None]
        if not parts or len(parts) < len(self.band_keys):
            return None
        keys, end = np.empty((len(parts[0]), sum(part.shape[1] for part in parts)), dtype=np.uint64), 0
        self.band_keys.clear()
        parts.reverse()
        while parts:  # each is freed once it is copied
            part = parts.pop()
            end += part.shape[1]
            keys[:, end - part.shape[1] : end] = part
        return keys


def _table_of(
    paths: Sequence[Path],
    spec: FeatureSpec,
    pool: WorkerPool,
    progress: Advance | None,
    name_of: Callable[[Path], str],
    memory: DedupCache | None,
    folder: Path | None,
    bands: Bands | None,
) -> Table:
    """Read files once; the parameters are those of `read_table`."""
    temp, parts, merge = TempStore(), _Parts(folder), spec.judging.merger() if spec.judging else None
    for number, path in enumerate(paths):
        copy, name, physical = partial(temp.path, number), name_of(path), 0
        rows = row_tasks(path, name, CHUNK_BYTES, copy(), bands) if pool.remote and packing(path) else None
        pieces = chunks_of(path, name, CHUNK_BYTES, copy, cached=memory is not None) if rows is None else None
        is_cut, copied = rows is None and pieces is None, packing(path)
        if rows is not None:
            parts_read = pool.each(partial(columns_of_rows, spec=spec), rows)
        elif pieces is not None:
            parts_read = _columns(pieces, spec, pool, memory, bands)
        else:
            parts_read = _elements(path, name, copy, spec, bands)
        for part in parts_read:
            if progress:
                progress(len(part.starts))
            if merge and part.judged is not None:  # at once, because results may keep the lines in memory
                parts.judged += merge(part.judged, physical)
            parts.add(part, physical)
            physical += part.physical
        place = copy() if is_cut or copied else real_path(path)
        parts.end(LineSource(place if rows is None else RowFiles(place), name, is_cut))
    return replace(parts.table(spec), bands=bands)


def _columns(
    pieces: Iterator[Chunk], spec: FeatureSpec, pool: WorkerPool, memory: DedupCache | None, bands: Bands | None
) -> Iterator[Columns]:
    """The columns of each piece, cached or computed."""
    tasks = (ChunkTask(chunk, memory.folder if memory else None, bands) for chunk in pieces)
    checkpoint = columns_checkpoint(pool.checkpoints, spec, bands) if pool.checkpoints else None
    first = list(islice(tasks, 1))
    is_known = any(is_cached(task, spec) for task in first)  # else no part of a chunk is looked up
    any_cached, new_bytes = False, 0
    parts = (
        checkpoint.each(pool, partial(columns_for, spec=spec), chain(first, tasks), attrgetter("chunk"))
        if checkpoint
        else chain.from_iterable(
            # cached columns take longer to send than to read, and a few new ones less time than the start of processes
            pool.each(
                partial(columns_in_parts, spec=spec, cached=is_known),
                chain(first, tasks),
                lambda: any_cached and new_bytes < MIN_PARALLEL_TABLE_BYTES,
            )
        )
    )
    for columns in parts:
        any_cached = any_cached or columns.cached
        new_bytes += 0 if columns.cached else int(columns.sizes.sum())
        if memory and columns.trouble:
            memory.notes.append(columns.trouble)
        yield columns


def _elements(
    path: Path, name: str, copy: Callable[[], Path], spec: FeatureSpec, bands: Bands | None
) -> Iterator[Columns]:
    """The columns of a JSON document, whose elements are written to `copy` one after another. Raises `InputError` if it
    is not data.
    """
    facts = FileFacts(name)
    lines = list(read_file(path, facts))
    require_read(facts)
    place = copy()
    with written(place), place.open("wb") as file:
        offset = 0
        for i, parsed in enumerate(lines):
            file.write(parsed.line.data)
            lines[i] = parsed._replace(line=parsed.line._replace(offset=offset, ending=b""))
            offset += len(parsed.line.data)
    yield keyed(columns_of_lines(lines, spec), bands)
