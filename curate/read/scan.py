"""One look at every byte of a piece of a file: its quiet lines, about which no rule has anything to say (see `curate.read.quiet`)."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from curate.read.compiled import Array, forget
from curate.read.content import Characters
from curate.read.grams import Needles
from curate.read.quiet import Lines, Room, lines_for, room_for, scan_lines


class Texts(NamedTuple):
    """What the quiet lines of a piece say: of each, a system prompt perhaps, and then questions and answers in turn."""

    joined: bytes
    """The texts, in UTF-8, with a U+0000 behind each, and nowhere else."""
    turns: Array
    """int32, one a line: its texts."""
    system: Array
    """int32, one a line: 1 where the first of them is a system prompt."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan found: which lines are quiet, and of these, in order, what is known of them."""

    quiet: Array
    """bool, one a line of the piece."""
    starts: Array
    """int64: where each line of the piece starts, and where the next one would."""
    lines: Lines
    """The quiet lines."""
    returns: int
    """Lines that end in CR LF."""

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


@dataclass(slots=True)
class Scan:
    """The scan for some needles."""

    known: Needles
    characters: Characters
    suspects: Callable[[Texts], Array] | None = None
    """Which lines (bool, one each) are not quiet after all, for what they say; None where nobody is to be asked."""
    room: bytearray = field(default_factory=bytearray)
    """Where pieces are read to, one after another: memory that is new each time costs as much as what is read into it."""
    written: Room = field(default_factory=lambda: room_for(0))

    def load(self) -> None:
        """Load what is compiled, or compile it. numba would look for a library of matrices by loading SciPy, a third of the time; nothing here needs one."""
        loaded = sys.modules.get("scipy")
        if loaded is None:
            sys.modules["scipy"] = None  # type: ignore[assignment]  # what makes an import of it fail
        try:
            self(b"\n", 1)
        except (AttributeError, ImportError):
            forget(scan_lines)
            self(b"\n", 1)
        finally:
            if loaded is None:
                del sys.modules["scipy"]

    def __call__(self, data: bytes | bytearray, size: int) -> Scanned:
        """Scan the lines of the first `size` bytes, of which the last one may have no line break."""
        ended = data.count(b"\n", 0, size)
        whole = data.rfind(b"\n", 0, size) + 1
        count = ended + (whole < size)
        found, starts = lines_for(count), np.zeros(count + 1, dtype=np.int64)
        now = Lines(*(column[:ended] for column in found))
        if len(self.written.text) < whole + 64:
            self.written = room_for(whole)
        returns, used = scan_lines(np.frombuffer(data, dtype=np.uint8, count=whole), self.known, self.characters, self.written, now, starts)
        starts[ended], starts[count] = whole, whole if count == ended else size + 1
        quiet = np.flatnonzero(found.quiet)
        if self.suspects is not None and len(quiet):
            counts = found.counts[quiet]
            found.quiet[quiet[self.suspects(Texts(self.written.text[:used].tobytes(), counts[:, 0], counts[:, 1]))]] = False
        return Scanned(found.quiet, starts, Lines(*(column[found.quiet] for column in found)), returns)
