"""Lines of files as digests of their bytes, to tell whether the same ones stand in two places."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from curate.detect.crew import Crew
from curate.files import display_name
from curate.read.dataset import FileFacts, read_file
from curate.read.document import compact
from curate.read.lines import BOM
from curate.read.pieces import Piece, bytes_of, pieces_of

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[np.int64]]
    Ids = np.ndarray[Any, np.dtype[np.uint64]]


class Digests(NamedTuple):
    """Lines that are not blank, in order; an element of a document counts as it is on one line."""

    hashes: "Ids"
    """xxh3, 128 bits, as two numbers each."""
    places: "Numbers"
    """Of each its file, its physical line, and how many others start before it on that line."""

    def chosen(self, numbers: "Numbers") -> "Digests":
        """Some of them."""
        return Digests(self.hashes[numbers], self.places[numbers])


def digests_of(paths: Sequence[Path], crew: Crew) -> Digests:
    """The lines of files; the place of each has the position of its file. Raises `InputError`."""
    return joined([Digests(part.hashes, _in_file(part, number)) for number, path in enumerate(paths) for part in _parts(path, crew)])


def digested(lines: Iterable[tuple[int, int, int, bytes]]) -> Digests:
    """Lines that are at hand: file, line, how many before it, bytes."""
    import numpy as np

    every = list(lines)
    places = np.array([line[:3] for line in every], dtype=np.int64).reshape(-1, 3)
    return Digests(_hashes([line[3] for line in every]), places)


def joined(parts: Sequence[Digests]) -> Digests:
    """One after another."""
    import numpy as np

    empty = Digests(np.empty((0, 2), dtype=np.uint64), np.empty((0, 3), dtype=np.int64))
    return Digests(np.concatenate([empty.hashes, *(part.hashes for part in parts)]), np.concatenate([empty.places, *(part.places for part in parts)]))


def unmatched(left: Digests, right: Digests) -> tuple["Numbers", "Numbers"]:
    """Numbers of the lines that stand on one side only, each line counting as often as it stands there: on the left, on the right."""
    import numpy as np

    count = len(left.hashes)
    every = np.concatenate([left.hashes, right.hashes])
    order = np.lexsort((every[:, 1], every[:, 0]))  # stable: of equal lines those on the left come first
    starts = np.ones(len(order), dtype=np.bool_)
    starts[1:] = (every[order][1:] != every[order][:-1]).any(axis=1)
    runs = np.cumsum(starts) - 1
    on_left = order < count
    size = int(runs[-1]) + 1 if len(runs) else 0
    lefts, rights = np.bincount(runs[on_left], minlength=size), np.bincount(runs[~on_left], minlength=size)
    nth = np.arange(len(order)) - np.flatnonzero(starts)[runs]  # position in its run
    alone = np.where(on_left, nth >= np.minimum(lefts, rights)[runs], nth - lefts[runs] >= np.minimum(lefts, rights)[runs])
    return np.sort(order[alone & on_left]), np.sort(order[alone & ~on_left]) - count


def _in_file(part: Digests, number: int) -> "Numbers":
    part.places[:, 0] = number
    return part.places


def _parts(path: Path, crew: Crew) -> Iterator[Digests]:
    pieces = pieces_of(path, display_name(path))
    if pieces is None:
        lines = (parsed.line for parsed in read_file(path, FileFacts(display_name(path))) if not parsed.line.blank)
        yield digested((0, line.number, line.nth, compact(line.data)) for line in lines)
        return
    before = 0
    for part, physical in crew.each(partial(_piece), pieces):
        part.places[:, 1] += before
        before += physical
        yield part


def _piece(piece: Piece) -> tuple[Digests, int]:
    import numpy as np

    offset, whole, size = bytes_of(piece)
    data = bytes(whole[:size])
    if offset == 0:
        data = data.removeprefix(BOM)
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    stripped = [line.removesuffix(b"\r") for line in lines]
    numbers = [number for number, line in enumerate(stripped, start=1) if line and not line.isspace()]
    places = np.zeros((len(numbers), 3), dtype=np.int64)
    places[:, 1] = numbers
    return Digests(_hashes([stripped[number - 1] for number in numbers]), places), len(lines)


def _hashes(lines: Sequence[bytes]) -> "Ids":
    import numpy as np
    import xxhash

    return np.frombuffer(b"".join(map(xxhash.xxh3_128_digest, lines)), dtype=">u8").astype(np.uint64).reshape(-1, 2)
