"""Copy files without some of their lines: kept lines byte for byte, removed lines with their reasons."""

from collections.abc import Collection, Iterator, Sequence

from curate.core.arrays import Numbers
from curate.core.errors import demand_all
from curate.core.lazy import np
from curate.core.output_pair import CountingWriter
from curate.core.removed import removal, removed_line
from curate.corpus.corpus import LineReader, Source, Table, lines_at
from curate.dedup.cluster import DuplicateRemoval
from curate.output.apply import Dropped, lost_reason
from curate.read.document import compact


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
        reason = lost_reason(gone) if isinstance(gone, DuplicateRemoval) else gone.reason
        removed.write(removed_line(removal(gone.place, gone.example, reason, data)))
    for at, source in enumerate(table.sources):
        first, last = int(table.first[at]), int(table.first[at + 1])
        for piece in line_blocks(table, source, first + np.flatnonzero(stays[first:last]), reader):
            kept.write(piece)
    demand_all(read, kept.lines, removed.lines)


def line_blocks(table: Table, source: Source, lines: Numbers, reader: LineReader) -> Iterator[bytes]:
    """The bytes of some lines of a file, each with a line break."""
    if source.document:
        yield from (compact(reader.data(table.line_ref(line))) + b"\n" for line in lines.tolist())
        return
    starts = table.starts[lines]
    yield from (bytes(part) + b"\n" for part in reader.parts(source, starts, starts + table.sizes[lines]))
