"""Files without some of their lines: what stays is copied byte for byte from where it was read, what goes takes its reason along."""

from collections.abc import Collection, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any, Final

from curate.apply import lost_line, removed_line
from curate.detect.loss import Loss
from curate.detect.table import Reader, Source, Table, line_at
from curate.read.document import compact

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[np.int64]]

PIECE: Final = 1 << 20
"""Bytes that are copied at a time."""


def write_lines(table: Table, names: Collection[str], losses: Sequence[Loss], kept: IO[bytes], removed: IO[bytes]) -> None:
    """Write the lines of the files `names` to `kept`, but for those in `losses` (in the order of the lines), which go to `removed`.

    kept + removed = read: both are counted. Raises `InputError` for a file that cannot be read again.
    """
    import numpy as np

    stays = np.zeros(len(table.starts), dtype=np.bool_)
    for at, source in enumerate(table.sources):
        stays[table.first[at] : table.first[at + 1]] = source.name in names
    read, reader = int(stays.sum()), Reader()
    for loss in losses:
        line = line_at(table, loss.place)
        stays[line] = False
        removed.write(removed_line(lost_line(loss, reader.data(table.spot(line)))))
    written = 0
    for at, source in enumerate(table.sources):
        first, last = int(table.first[at]), int(table.first[at + 1])
        lines = first + np.flatnonzero(stays[first:last])
        written += len(lines)
        for piece in pieces(table, source, lines, reader):
            kept.write(piece)
    assert written + len(losses) == read, "a line is neither kept nor removed"


def pieces(table: Table, source: Source, lines: "Numbers", reader: Reader) -> Iterator[bytes]:
    """The bytes of some lines of a file, each with a line break; lines that follow one another are one piece."""
    import numpy as np

    if source.document:
        yield from (compact(reader.data(table.spot(line))) + b"\n" for line in lines.tolist())
    if source.document or not len(lines):
        return
    starts, ends, endings = table.starts[lines], table.starts[lines] + table.sizes[lines], table.endings[lines]
    breaks = np.flatnonzero((starts[1:] != ends[:-1] + 1) | (endings[:-1] != 1))
    data = reader.view(source)
    for begin, end in zip(starts[np.append(0, breaks + 1)].tolist(), ends[np.append(breaks, len(lines) - 1)].tolist(), strict=True):
        for at in range(begin, end, PIECE):
            yield data[at : min(at + PIECE, end)]
        yield b"\n"
