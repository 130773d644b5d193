"""Read whole files, or examples in memory, into a table: chunk by chunk, cached chunks not again."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from curate.core.example import Example
from curate.core.files import display_name, is_packed, real_path
from curate.core.scratch import scratch
from curate.core.worker_pool import WorkerPool
from curate.corpus.boilerplate import Passages, learnt, telling
from curate.corpus.cache import DedupCache, Task, columns_for
from curate.corpus.corpus import LineReader, Source, Table, TempStore
from curate.corpus.dedup_text import On, asked_turns
from curate.corpus.features import Columns, FeatureSpec, columns_of_lines
from curate.corpus.group_keys import joined_marks
from curate.corpus.keys import joined_keys
from curate.corpus.links import joined_links
from curate.corpus.short_text_keys import joined_brief
from curate.read.chunks import Chunk, chunks_of
from curate.read.dataset import FileFacts, demand_read, read_file
from curate.similarity.shingles import Joining, Sets, joined

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[np.int64]]
    Ids = np.ndarray[Any, np.dtype[np.uint64]]

SIZE: Final = 4 << 20
"""Bytes of a chunk that is read at a time."""


def read_table(
    paths: Sequence[Path],
    spec: FeatureSpec,
    crew: WorkerPool,
    progress: Callable[[int], None] | None = None,
    name_of: Callable[[Path], str] = display_name,
    memory: DedupCache | None = None,
) -> Table:
    """Read files; `name_of` gives the names that they go by in places, and pieces that the `memory` has need not be
    read.

    Where many examples share an instruction, they are read once more, without it. `progress` is told of each piece's
    lines. Raises `InputError`.
    """
    table = _read(paths, spec, crew, progress, name_of, memory)
    if spec.common is None:
        examples, least = telling(table.sets, table.ids)
        learn = partial(_learnt, table, spec.on, examples, least)
        common = () if not len(examples) else memory.common(table.ids[examples], learn) if memory else learn()
        if common:
            own = spec._replace(common=common, judging=None)
            if memory:
                memory.turn(own)
            judged = table.judged
            del table, learn  # one table at a time is enough memory
            return replace(_read(paths, own, crew, None, name_of, memory), judged=judged)
    return table


def table_of(examples: Sequence[Example], spec: FeatureSpec, crew: WorkerPool) -> Table:
    """The table of examples in memory, which are written to a file that lives as long as the process; line n is number
    n - 1. Raises `OSError`.
    """
    path = scratch() / "examples.jsonl"
    with path.open("wb") as file:
        file.writelines(json.dumps(example.value).encode() + b"\n" for example in examples)
    return read_table([path], spec, crew)


def _learnt(table: Table, on: On, examples: "Numbers", least: int) -> Passages:
    """The shared instructions of some examples, of which `least` have to share one."""
    reader = LineReader()
    return learnt(
        (asked_turns(reader.example(table.line_ref(line)), on) for line in table.lines[examples].tolist()), least
    )


def _read(
    paths: Sequence[Path],
    spec: FeatureSpec,
    crew: WorkerPool,
    progress: Callable[[int], None] | None,
    name_of: Callable[[Path], str],
    memory: DedupCache | None,
) -> Table:
    import numpy as np

    spool, answers = TempStore(), Joining()
    sources: list[Source] = []
    first: list[int] = [0]
    parts: list[Columns] = []
    judged: list[tuple[int, Any]] = []
    total = 0

    def sets() -> Iterator[Sets]:
        nonlocal total
        for path in paths:
            copy = partial(spool.path, len(sources))
            physical = 0
            pieces = chunks_of(path, name_of(path), SIZE)
            is_cut, copied = pieces is None, is_packed(path)
            for part in (
                _elements(path, name_of(path), copy, spec)
                if pieces is None
                else _columns(_spooled(pieces, copy), spec, crew, memory)
            ):
                part.numbers += physical
                if part.judged is not None:
                    judged.append((physical, part.judged))
                physical += part.physical
                total += len(part.starts)
                made, part.sets = part.sets, nothing
                if part.links:
                    answers.add(part.links.answers)
                    part.links.answers = nothing
                parts.append(part)
                if progress:
                    progress(len(part.starts))
                yield made
            sources.append(Source(copy() if is_cut or copied else real_path(path), name_of(path), is_cut))
            first.append(total)

    nothing = joined([])
    every = joined(sets())

    def column(name: str) -> Any:
        return np.concatenate([getattr(part, name) for part in parts]) if parts else np.empty(0, dtype=np.int64)

    holds = column("holds").astype(np.bool_)
    ids = column("ids").reshape(-1, 2).astype(np.uint64, copy=False)
    starts, sizes, endings, numbers, nths = (column(name) for name in ("starts", "sizes", "endings", "numbers", "nths"))
    keys = joined_keys([part.keys for part in parts if part.keys]) if spec.keys else None
    links = joined_links([part.links for part in parts if part.links], answers.done()) if spec.links else None
    marks = joined_marks([part.marks for part in parts if part.marks]) if spec.marking else None
    brief = joined_brief([part.brief for part in parts])
    line_keys, band_keys = (_if_all([getattr(part, name) for part in parts]) for name in ("line_keys", "band_keys"))
    lines, lengths, ranks, common = np.flatnonzero(holds), column("lengths"), column("ranks"), spec.common or ()
    return Table(
        sources,
        np.array(first),
        starts,
        sizes,
        endings,
        numbers,
        nths,
        lines,
        ids,
        every,
        brief,
        lengths,
        ranks,
        keys,
        links,
        marks,
        common,
        line_keys,
        band_keys,
        judged,
    )


def _if_all(parts: "list[Ids | None]") -> "Ids | None":
    """Arrays one after another along their last axis; None where one is not known."""
    import numpy as np

    known = [part for part in parts if part is not None]
    return np.concatenate(known, axis=-1) if known and len(known) == len(parts) else None


def _columns(
    pieces: Iterator[Chunk], spec: FeatureSpec, crew: WorkerPool, memory: DedupCache | None
) -> Iterator[Columns]:
    """The columns of each piece, as remembered or made."""
    quick = [spec.judging is None and not spec.keys]
    for columns in crew.each(
        partial(columns_for, spec=spec), map(memory.task if memory else Task, pieces), lambda: all(quick)
    ):
        quick.append(columns.quick)
        if memory:
            memory.count(columns)
        yield columns


def _elements(path: Path, name: str, copy: Callable[[], Path], spec: FeatureSpec) -> Iterator[Columns]:
    """The columns of a JSON document, whose elements are written to `copy` one after another. Raises `InputError` for
    what is no data.
    """
    facts = FileFacts(name)
    lines = list(read_file(path, facts))
    demand_read(facts)
    with copy().open("wb") as file:
        at = 0
        for i, parsed in enumerate(lines):
            file.write(parsed.line.data)
            lines[i] = parsed._replace(line=parsed.line._replace(offset=at, ending=b""))
            at += len(parsed.line.data)
    yield columns_of_lines(lines, spec)


def _spooled(pieces: Iterator[Chunk], copy: Callable[[], Path]) -> Iterator[Chunk]:
    for piece in pieces:
        if piece.data is not None and is_packed(piece.path):
            with copy().open("ab") as file:
                file.write(piece.data)
        yield piece
