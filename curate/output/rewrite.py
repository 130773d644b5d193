"""Copy files without some of their lines: kept lines byte for byte, removed lines with their reasons."""

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from curate.core.arrays import Numbers
from curate.core.errors import demand_all
from curate.core.lazy import np
from curate.core.output_pair import CountingWriter
from curate.corpus.corpus import LineReader, Source, Table, lines_at
from curate.dedup.removal import DuplicateRemoval
from curate.output.apply import Dropped, dropped_line, lost_line
from curate.read.document import compact

if TYPE_CHECKING:
    Buffer = bytes | bytearray | memoryview

PIECE: Final = 1 << 20
"""Size of a piece in bytes; it ends at the next line."""


def write_lines(
    table: Table,
    names: Collection[str],
    losses: Sequence[DuplicateRemoval],
    kept: CountingWriter,
    removed: CountingWriter,
    dropped: Sequence[Dropped] = (),
) -> None:
    """Write the lines of files to `kept`, and those in `losses` and `dropped` (in line order) to `removed`.

    Raises `InputError` for a file that cannot be read again, `LostLineError` unless as many lines were written as read.
    """
    stays = np.zeros(len(table.starts), dtype=np.bool_)
    for at, source in enumerate(table.sources):
        stays[table.first[at] : table.first[at + 1]] = source.name in names
    read, reader = int(stays.sum()), LineReader()
    going: list[DuplicateRemoval | Dropped] = [*losses, *dropped]
    lines = lines_at(table, [gone.place for gone in going])
    order = np.argsort(lines, kind="stable")
    lines = lines[order]
    stays[lines] = False
    for nth, data in zip(order.tolist(), reader.lines(table, lines), strict=True):
        gone = going[nth]
        removed.write(lost_line(gone, data) if isinstance(gone, DuplicateRemoval) else dropped_line(gone, data))
    for at, source in enumerate(table.sources):
        first, last = int(table.first[at]), int(table.first[at + 1])
        for piece in line_blocks(table, source, first + np.flatnonzero(stays[first:last]), reader):
            kept.write(piece)
    demand_all(read, kept.lines, removed.lines)


def line_blocks(table: Table, source: Source, lines: Numbers, reader: LineReader) -> "Iterator[Buffer]":
    """The bytes of some lines of a file with line breaks; consecutive lines are one piece."""
    if source.document:
        yield from (compact(reader.data(table.line_ref(line))) + b"\n" for line in lines.tolist())
    if source.document or not len(lines):
        return
    starts, ends, endings = table.starts[lines], table.starts[lines] + table.sizes[lines], table.endings[lines]
    breaks = np.flatnonzero(
        (starts[1:] != ends[:-1] + 1) | (endings[:-1] != 1) | (ends[1:] // PIECE != starts[:-1] // PIECE)
    )
    first, last = np.append(0, breaks + 1), np.append(breaks, len(lines) - 1)
    own = endings[last] == 1  # a line feed, as required
    for part, ended in zip(reader.parts(source, starts[first], ends[last] + own), own.tolist(), strict=True):
        yield part
        if not ended:
            yield b"\n"
