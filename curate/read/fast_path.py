"""Find the lines of a large file on which no rule can fire (quiet lines), with compiled code.

A line is quiet if it is a conversation as `json.dumps` or `JSON.stringify` writes it, with an optional system prompt
and alternating questions and answers, and no prefilter of a rule matches (`curate.lint.rules.prefilter_tables`). All
other lines are parsed, so the scan may miss quiet lines but must not call another line quiet. Only digests of the text
of a quiet line are kept.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import xxhash

from curate.read.json_string_kernel import (
    ANEW,
    ANSWER,
    CHARS,
    COUNT,
    FACTS_SIZE,
    FENCED,
    FLAGS,
    TextPatterns,
    scan_json_string,
)
from curate.read.numba_utils import Array, compiled, entry, forget, same_bytes, xxh64_digest
from curate.read.pattern_table import LINKS, POINTS
from curate.read.plain_line import ROLES, SYSTEM, USER, first_turn_start, line_end, next_turn_start, turn_start
from curate.read.text_prefilter import AnswerPatterns, ExchangePatterns, is_suspicious, is_unsound, shows_text

_SOURCES: Final = (
    "numba_utils",
    "fast_path",
    "json_string_kernel",
    "pattern_table",
    "plain_line",
    "text_prefilter",
)


class Prefilters(NamedTuple):
    """The prefilters of all rules, as tables for compiled code."""

    patterns: TextPatterns
    answers: AnswerPatterns
    exchanges: ExchangePatterns


class ScanBuffers(NamedTuple):
    """Working arrays that the lines of a chunk share."""

    text: Array
    """uint8: the texts of quiet lines, each followed by U+0000; while digests are computed, U+0002 and the roles joined
    by U+0001 follow a line.
    """
    folded: Array
    """uint8: the same, lower-cased and without white space."""
    state: Array
    """int64, `FACTS_SIZE`: facts about a text."""
    last: Array
    """int64, 2 x 2: start and size of the last question and of the last answer."""


class LineColumns(NamedTuple):
    """Facts about each scanned line of a chunk, filled only for lines on which no rule can fire."""

    quiet: Array
    """bool"""
    exact: Array
    """uint64: digest of roles and texts."""
    folded: Array
    """uint64: digest of the same, lower-cased and without white space."""
    system: Array
    """uint64: the digest of the system prompt."""
    answer: Array
    """uint64: the digest of the last answer."""
    asked: Array
    """uint64: digest of the texts before it, each followed by U+0000."""
    counts: Array
    """int32, lines x 5: turns; 1 if there is a system prompt; characters of all texts; 1 if `folded` has to be
    recomputed; characters of the last answer.
    """


def buffers_for(size: int) -> ScanBuffers:
    """Allocate the working arrays for lines with this total number of bytes."""
    return ScanBuffers(
        np.empty(size + 64, dtype=np.uint8),
        np.empty(size + 64, dtype=np.uint8),
        np.zeros(FACTS_SIZE, dtype=np.int64),
        np.zeros((2, 2), dtype=np.int64),
    )


def line_columns_for(count: int) -> LineColumns:
    """Allocate the facts for this number of lines."""
    exact, folded, system, answer, asked = np.zeros((5, count), dtype=np.uint64)
    return LineColumns(
        np.zeros(count, dtype=np.bool_), exact, folded, system, answer, asked, np.zeros((count, 5), dtype=np.int32)
    )


@compiled
def _is_loud(role: int, text: Array, start: int, end: int, marks: Array, known: Prefilters) -> bool:
    """Whether rules must see a text, whatever precedes it. An empty text counts, since its ends are read below."""
    if start == end or (known.exchanges.outside and (text[start] <= 32 or text[end - 1] <= 32)):
        return True
    if role == ANSWER:
        return bool(is_unsound(text, start, end, marks[CHARS], marks[COUNT], marks[FENCED], known.answers))
    flags = marks[FLAGS]
    return bool(
        role == USER
        and end - start < known.exchanges.short
        and (flags & LINKS or (flags & POINTS and not shows_text(text, start, end, known.exchanges)))
    )


@compiled
def _write_roles(text: Array, used: int, turns: int, system: bool) -> int:
    """Write the role codes of a line's turns; returns the end."""
    text[used] = 2
    used += 1
    for place in range(turns):
        which = SYSTEM if place == 0 and system else ANSWER if (place + (not system)) % 2 == 0 else USER
        name = ROLES[0] if which == SYSTEM else ROLES[1] if which == USER else ROLES[2]
        if place:
            text[used] = 1
            used += 1
        for nth in range(len(name)):
            text[used + nth] = name[nth]
        used += len(name)
    return used


@compiled
def _may_follow(role: int, before: int) -> bool:
    """Whether a turn of this role may follow one of another role, -1 for none."""
    if role == SYSTEM:
        return before < 0
    return bool((before == USER) == (role == ANSWER))


@compiled
def _line(
    data: Array, at: int, end: int, known: Prefilters, room: ScanBuffers, used: int, lines: LineColumns, line: int
) -> tuple[int, int]:
    """The ends of a quiet line (before its line break) and of its texts, written from `used` on; -1 if not quiet."""
    text, folded, state, last = room
    starts, sizes = last
    starts[:], sizes[:] = 0, 0
    first = used
    zero = used_folded = turns = total = anew = asked_chars = np.int64(0)
    role = np.int64(-1)
    system = False
    at, more = first_turn_start(data, at, end), True
    if at < 0:
        return -1, -1
    while more:
        before = role
        role, at = turn_start(data, at, end)
        if at < 0 or not _may_follow(role, before):
            return -1, -1
        if turns:
            text[used], folded[used_folded] = 0, 0
            used, used_folded = used + 1, used_folded + 1
        start = used
        at, used, used_folded = scan_json_string(data, at, role, known.patterns, text, used, folded, used_folded, state)
        if at < 0 or _is_loud(role, text, start, used, state, known):
            return -1, -1
        size, chars = used - start, state[CHARS]
        total, anew, turns = total + chars, anew | state[ANEW], turns + 1
        if role == SYSTEM:
            system = True
            lines.system[line] = xxh64_digest(text, start, used)
        else:
            which = role - 1
            if (
                known.exchanges.again
                and turns > 2
                and sizes[which] == size
                and same_bytes(text, starts[which], start, size)
            ):
                return -1, -1
            if role == ANSWER and is_suspicious(
                text, starts[0], sizes[0], asked_chars, start, size, chars, known.exchanges
            ):
                return -1, -1
            starts[which], sizes[which] = start, size
            if role == USER:
                asked_chars = chars
        at, more = next_turn_start(data, at, end)
        if at < 0:
            return -1, -1
    at = line_end(data, at, end)
    if role != ANSWER or at < 0:
        return -1, -1
    lines.asked[line], lines.answer[line] = xxh64_digest(text, first, start), xxh64_digest(text, start, used)
    behind = used
    used, used_folded = _write_roles(text, used, turns, system), _write_roles(folded, used_folded, turns, system)
    lines.exact[line], lines.folded[line] = xxh64_digest(text, first, used), xxh64_digest(folded, zero, used_folded)
    count = lines.counts[line]
    count[0], count[1], count[2], count[3], count[4] = turns, system, total, anew, chars
    text[behind] = 0  # instead of the roles
    return at, behind + 1


def _scan(stamp: int) -> Any:
    """The compiled scan. `stamp`: a hash of its sources; numba's cache checks this file only."""

    @entry
    def scan_lines(
        data: Array, known: Prefilters, room: ScanBuffers, lines: LineColumns, starts: Array
    ) -> tuple[int, int]:
        """Fill `lines` with facts and `starts` with the start of each line; the last line ends with a line break, too.

        Returns the number of lines that end in CR LF, and the number of bytes that the texts of quiet lines take.
        """
        end, at, returns, used = np.int64(len(data)), np.int64(0), np.int64(stamp * 0), np.int64(0)
        for line in range(len(lines.quiet)):
            starts[line] = at
            behind, written = _line(data, at, end, known, room, used, lines, line)
            if behind >= 0:
                lines.quiet[line] = True
                at, used = behind, written
            while data[np.uintp(at)] != 10:
                at += 1
            returns += at > starts[line] and data[np.uintp(at - 1)] == 13
            at += 1
        return int(returns), int(used)

    return scan_lines


scan_lines = _scan(
    xxhash.xxh32_intdigest(b"".join(Path(__file__).with_name(f"{name}.py").read_bytes() for name in _SOURCES))
)


class FastPathTexts(NamedTuple):
    """The texts of the quiet lines of a chunk: per line an optional system prompt, then questions and answers."""

    joined: bytes
    """The texts in UTF-8, each followed by U+0000, which occurs nowhere else."""
    turns: Array
    """int32, one per line: number of texts."""
    system: Array
    """int32, one per line: 1 if the first text is a system prompt."""


@dataclass(frozen=True, slots=True)
class ScanResult:
    """The result of a scan: which lines are quiet, and facts about the quiet lines, in order."""

    quiet: Array
    """bool, one per line of the chunk."""
    starts: Array
    """int64: the start of each line of the chunk, and the end of the last one."""
    lines: LineColumns
    """The quiet lines."""
    returns: int
    """Number of lines that end in CR LF."""

    @property
    def numbers(self) -> Array:
        """The lines on which no rule can fire, counted from 1."""
        return np.flatnonzero(self.quiet) + 1

    @property
    def irregular_lines(self) -> list[int]:
        """The lines that must be parsed, counted from 1."""
        found: list[int] = (np.flatnonzero(~self.quiet) + 1).tolist()
        return found

    def by_roles(self) -> dict[tuple[str, ...], Array]:
        """The lines on which no rule can fire, by the roles of their turns."""
        numbers, (turns, system, *_) = self.numbers, self.lines.counts.T
        found = {}
        for many, systems in (divmod(kind, 2) for kind in np.unique(turns * 2 + system).tolist()):
            roles = ("system",) * systems + ("user", "assistant") * ((many - systems) // 2)
            found[roles] = numbers[(turns == many) & (system == systems)]
        return found


@dataclass(slots=True)
class Scan:
    """The compiled scan with the given prefilters."""

    known: Prefilters
    suspects: Callable[[FastPathTexts], Array] | None = None
    """Returns which lines (bool, one each) are not quiet by their texts; None if no rule has to be asked."""
    room: bytearray = field(default_factory=bytearray)
    """Buffer that each chunk is read into. Allocating it for each chunk would take as long as the read."""
    written: ScanBuffers = field(default_factory=lambda: buffers_for(0))

    def load(self) -> None:
        """Load the compiled scan, or compile it."""
        try:
            self(b"\n", 1)
        except (AttributeError, ImportError):
            forget(scan_lines)
            self(b"\n", 1)

    def __call__(self, data: bytes | bytearray, size: int) -> ScanResult:
        """Scan the lines in the first `size` bytes; the last line may have no line break."""
        ended = data.count(b"\n", 0, size)
        whole = data.rfind(b"\n", 0, size) + 1
        count = ended + (whole < size)
        found, starts = line_columns_for(count), np.zeros(count + 1, dtype=np.int64)
        now = LineColumns(*(column[:ended] for column in found))
        if len(self.written.text) < whole + 64:
            self.written = buffers_for(whole)
        content = memoryview(data).toreadonly()  # for a buffer that can be written, numba would compile all of it again
        returns, used = scan_lines(
            np.frombuffer(content, dtype=np.uint8, count=whole), self.known, self.written, now, starts
        )
        starts[ended], starts[count] = whole, whole if count == ended else size + 1
        quiet = np.flatnonzero(found.quiet)
        if self.suspects is not None and len(quiet):
            counts = found.counts[quiet]
            found.quiet[
                quiet[self.suspects(FastPathTexts(self.written.text[:used].tobytes(), counts[:, 0], counts[:, 1]))]
            ] = False
        return ScanResult(found.quiet, starts, LineColumns(*(column[found.quiet] for column in found)), returns)
