"""One look at every byte of a piece of a file: its quiet lines, about which no rule has anything to say (see `curate.read.quiet`)."""

from dataclasses import dataclass

import numpy as np

from curate.read.compiled import Array
from curate.read.grams import Needles
from curate.read.quiet import Lines, lines_for, room_for, scan_lines


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan found: which lines are quiet, and of these, in order, what is known of them."""

    quiet: Array
    """bool, one a line of the piece."""
    starts: Array
    """int64: where each line of the piece starts, and where the next one would."""
    lines: Lines
    """The quiet lines."""

    @property
    def numbers(self) -> Array:
        """The quiet lines, counted from 1."""
        return np.flatnonzero(self.quiet) + 1

    @property
    def others(self) -> list[int]:
        """The lines that are not quiet, counted from 1."""
        found: list[int] = (np.flatnonzero(~self.quiet) + 1).tolist()
        return found

    def by_roles(self) -> dict[tuple[str, ...], Array]:
        """The quiet lines by the roles of their turns."""
        numbers, (turns, system, *_) = self.numbers, self.lines.counts.T
        found = {}
        for many, opened in (divmod(kind, 2) for kind in np.unique(turns * 2 + system).tolist()):
            roles = ("system",) * opened + ("user", "assistant") * ((many - opened) // 2)
            found[roles] = numbers[(turns == many) & (system == opened)]
        return found


def scan(data: bytes, known: Needles, kinds: Array) -> Scanned:
    """Scan the bytes of lines, of which the last one may have no line break; `kinds` says what each character up to U+FFFF is (uint8, 65,536)."""
    ended = data.count(b"\n")
    whole = data.rfind(b"\n") + 1 if ended else 0
    count = ended + (whole < len(data))
    found, starts = lines_for(count), np.zeros(count + 1, dtype=np.int64)
    scan_lines(np.frombuffer(data, dtype=np.uint8, count=whole), known, kinds, room_for(whole), Lines(*(column[:ended] for column in found)), starts)
    starts[ended], starts[count] = whole, whole if count == ended else len(data) + 1
    return Scanned(found.quiet, starts, Lines(*(column[found.quiet] for column in found)))
