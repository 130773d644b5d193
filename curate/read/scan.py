"""One look at every byte of a piece of a file: its quiet lines, about which no rule has anything to say (see `curate.read.quiet`)."""

from dataclasses import dataclass

import numpy as np

from curate.read.automaton import Needles
from curate.read.compiled import Array
from curate.read.quiet import scan_lines


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan found; arrays of one element a line of the piece, but for the first two."""

    text: bytes
    """What each quiet line says: texts joined by U+0000, U+0002, and roles joined by U+0001; see `curate.rules.profile`."""
    folded: bytes
    """The same in lower case without white space."""
    quiet: Array
    """bool"""
    spans: Array
    """int32, lines x 8: of the line's part of `text`, of that of `folded`, of its system prompt in `text`, and of its last answer there: start and end."""
    counts: Array
    """int32, lines x 4: turns; 1 for a system prompt; characters of its texts; 1 where `folded` has to be made anew from the text."""

    @property
    def numbers(self) -> Array:
        """The quiet lines, counted from 1."""
        return np.flatnonzero(self.quiet) + 1

    @property
    def others(self) -> list[int]:
        """The lines that are not quiet, counted from 1."""
        found: list[int] = (np.flatnonzero(~self.quiet) + 1).tolist()
        return found

    def by_roles(self) -> dict[tuple[str, ...], list[int]]:
        """The quiet lines by the roles of their turns."""
        numbers, counts = self.numbers, self.counts[self.quiet]
        found = {}
        for turns, system in {(int(turns), int(system)) for turns, system in np.unique(counts[:, :2], axis=0)}:
            roles = ("system",) * system + ("user", "assistant") * ((turns - system) // 2)
            found[roles] = numbers[(counts[:, 0] == turns) & (counts[:, 1] == system)].tolist()
        return found


def scan(data: bytes, lines: int, known: Needles, kinds: Array) -> Scanned:
    """Scan the bytes of so many whole lines; `kinds` says what each character up to U+FFFF is (uint8, 65,536)."""
    bytes_ = np.frombuffer(data, dtype=np.uint8)
    text, folded = np.empty(len(bytes_) + 64, dtype=np.uint8), np.empty(len(bytes_) + 64, dtype=np.uint8)
    quiet = np.zeros(lines, dtype=np.bool_)
    spans, counts = np.zeros((lines, 8), dtype=np.int32), np.zeros((lines, 4), dtype=np.int32)
    used, used_folded = scan_lines(bytes_, known.step, known.means, known.exact, known.written, known.alone, kinds, text, folded, quiet, spans, counts)
    return Scanned(text[:used].tobytes(), folded[:used_folded].tobytes(), quiet, spans, counts)
