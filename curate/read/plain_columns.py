"""Plain lines of a chunk as columns, without an object per line: canonical JSON and texts, concatenated.

Compiled, for stages that need numbers about all lines of files of any size: see `curate.corpus.features`.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from curate.read.chunks import NEWLINE
from curate.read.numba_utils import Array, compiled, entry, literal, utf8_at, write_utf8, xxh64_seeded
from curate.read.plain_line import ROLES as ROLE_BYTES
from curate.read.plain_line import (
    SYSTEM,
    USER,
    escape_code,
    first_turn_start,
    line_end,
    next_turn_start,
    turn_start,
)

_HEAD, _BODY, _MIDDLE, _TAIL, _BETWEEN = (
    literal(b'{"messages":['),
    literal(b'{"content":"'),
    literal(b'","role":"'),
    literal(b'"}'),
    literal(b"]}"),
)
BLOCK_BYTES: Final = 32
"""Bytes that are checked and copied at a time if none is special."""


@compiled
def _write_bytes(out: Array, position: int, text: Array) -> Any:
    """Write `text`; returns the end."""
    for i in range(len(text)):
        out[position + i] = text[i]
    return position + len(text)


@compiled
def _write_role(out: Array, position: int, role: int) -> Any:
    """Write the name of a role; returns the end."""
    return (
        _write_bytes(out, position, ROLE_BYTES[0])
        if role == SYSTEM
        else _write_bytes(out, position, ROLE_BYTES[1])
        if role == USER
        else _write_bytes(out, position, ROLE_BYTES[2])
    )


@compiled
def _escaped(out: Array, position: int, code: int) -> Any:
    """Write an ASCII character as in canonical JSON."""
    if code == 34 or code == 92:  # noqa: PLR1714
        out[position], out[position + 1] = 92, code
        return position + 2
    if code == 10 or code == 9 or code == 13:  # noqa: PLR1714
        out[position], out[position + 1] = 92, 110 if code == 10 else 116 if code == 9 else 114
        return position + 2
    out[position] = code
    return position + 1


@compiled
def _copied(data: Array, position: int, end: int, canon: Array, used: int, text: Array, written: int) -> int:
    """Copy plain ASCII characters to both outputs; returns their number."""
    count = 0
    while position + count + BLOCK_BYTES <= end:
        special = False
        for i in range(BLOCK_BYTES):  # vectorized; bytes written after a special character are overwritten
            byte = data[np.uintp(position + count + i)]
            text[np.uintp(written + count + i)] = byte
            canon[np.uintp(used + count + i)] = byte
            special |= (byte < 32) | (byte > 127) | (byte == 34) | (byte == 92)
        if special:
            break
        count += BLOCK_BYTES
    code = int(data[np.uintp(position + count)])
    while 32 <= code < 128 and code != 34 and code != 92:  # the data ends with a line break  # noqa: PLR1714
        text[np.uintp(written + count)], canon[np.uintp(used + count)] = code, code
        count += 1
        code = int(data[np.uintp(position + count)])
    return count


@compiled
def _string(
    data: Array, position: int, end: int, canon: Array, used: int, text: Array, written: int, scratch: Array
) -> tuple[int, int, int]:
    """A JSON string after its opening quote: its end in the data, `canon` and `text`; -1 if it is not plain.

    `scratch` gets its number of characters, and whether all are ASCII.
    """
    chars, plain = 0, True
    while position < end:
        count = _copied(data, position, end, canon, used, text, written)
        position, used, written, chars = position + count, used + count, written + count, chars + count
        code = int(data[np.uintp(position)])
        if code == 34:
            scratch[0], scratch[1] = chars, plain
            return position + 1, used, written
        if code < 32:
            break
        if code == 92:
            code, position = escape_code(data, position + 1)
        else:
            code = utf8_at(data, position)
            position += 2 if code < 0x800 else 3 if code < 0x10000 else 4
        while code >= 128:  # after one, more are likely
            written, behind = write_utf8(text, written, code), write_utf8(canon, used, code)
            plain, used, chars = False, behind, chars + 1
            code = 0
            if data[np.uintp(position)] >= 128:
                code = utf8_at(data, position)
                position += 2 if code < 0x800 else 3 if code < 0x10000 else 4
        if code < 0:
            break
        if code:
            text[np.uintp(written)] = code
            written, used, chars = written + 1, _escaped(canon, used, code), chars + 1
    return -1, 0, 0


@compiled
def _line(
    data: Array,
    position: int,
    end: int,
    canon: Array,
    used: int,
    text: Array,
    written: int,
    turns: Array,
    count: int,
    scratch: Array,
) -> tuple[int, int, int, int]:
    """A plain line: its end in the data, `canon` and `text`, and its number of turns; -1 for any other line.

    turns: one row per turn: role, start and end of its JSON in `canon`, start and end of its text, characters, whether
    all are ASCII.
    """
    position = first_turn_start(data, position, end)
    if position < 0:
        return -1, 0, 0, 0
    used = _write_bytes(canon, used, _HEAD)
    first, more = count, True
    while more:
        role, position = turn_start(data, position, end)
        if position < 0 or count >= len(turns):
            return -1, 0, 0, 0
        if count > first:
            canon[used] = 44
            used += 1
        start, begin = used, written
        used = _write_bytes(canon, used, _BODY)
        position, used, written = _string(data, position, end, canon, used, text, written, scratch)
        if position < 0:
            return -1, 0, 0, 0
        text[written] = 10
        written += 1
        used = _write_bytes(canon, _write_role(canon, _write_bytes(canon, used, _MIDDLE), role), _TAIL)
        turns[count, 0], turns[count, 1], turns[count, 2] = role, start, used
        turns[count, 3], turns[count, 4], turns[count, 5], turns[count, 6] = begin, written - 1, scratch[0], scratch[1]
        count += 1
        position, more = next_turn_start(data, position, end)
    position = line_end(data, position, end) if position >= 0 else -1
    return (position, _write_bytes(canon, used, _BETWEEN), written, count) if position >= 0 else (-1, 0, 0, 0)


@entry
def fill_plain_columns(
    data: Array, canon: Array, text: Array, turns: Array, lines: Array, scratch: Array
) -> tuple[int, int, int]:
    """Fill the arrays of `PlainColumns`; returns the used sizes of `canon`, `text` and `turns`.

    `canon` and `text` have `BLOCK_BYTES` spare bytes. lines: one row per line: first turn (-1 for a line that is not
    plain), number of turns, start and end in `canon`. `data` ends with a line break; `scratch`: two int64, overwritten.
    """
    end = len(data)
    position: Any = np.int64(0)
    used = written = count = position  # typed: with a literal 0, numba would compile `_line` once more
    for line in range(len(lines)):
        behind, used_now, written_now, count_now = _line(
            data, position, end, canon, used, text, written, turns, count, scratch
        )
        lines[line, 0] = -1
        if behind >= 0:
            lines[line, 0], lines[line, 1], lines[line, 2], lines[line, 3] = count, count_now - count, used, used_now
            position, used, written, count = behind, used_now, written_now, count_now
        while position < end and data[position] != 10:
            position += 1
        position += 1
    return used, written, count


@compiled
def _key(data: Array, start: int, end: int, seed: Any) -> Any:
    """A digest other than 0, which means none."""
    value = xxh64_seeded(data, start, end, seed)
    return value or np.uint64(1)


@entry
def keys_of_lines(
    canon: Array, turns: Array, lines: Array, answers: int, wholes: Array, prefixes: Array, ends: Array
) -> int:
    """Fill the columns of `curate.corpus.keys.Keys` for rows of `PlainColumns`; returns the used size of `prefixes`.

    `prefixes` is as long as `turns`. answers: the code of the role of answers.
    """
    total = 0
    for row in range(len(lines)):
        first, last = lines[row, 0], lines[row, 0] + lines[row, 1]
        key = np.uint64(0)
        for turn in range(first, last):
            key = _key(canon, turns[turn, 1], turns[turn, 2], key)
            if turns[turn, 0] == answers and turn < last - 1:
                prefixes[total] = key
                total += 1
        wholes[row] = key if last > first and turns[last - 1, 0] == answers else np.uint64(0)
        ends[row + 1] = total
    return total


ROLES: Final = ("system", "user", "assistant")


@dataclass(frozen=True, slots=True)
class PlainColumns:
    """The plain lines of a chunk."""

    canon: Array
    """uint8: canonical JSON of the examples, the input of their ids."""
    text: Array
    """uint8: texts in UTF-8, each followed by a line break."""
    numbers: Array
    """int64: line numbers, from 1."""
    lines: Array
    """int64, one row each: first turn, number of turns, start and end in `canon`."""
    turns: Array
    """int64, one row each: role, start and end of its JSON in `canon`, start and end in `text`, characters, whether all
    are ASCII.
    """
    irregular_lines: list[int]
    """Numbers of the lines that are not plain, from 1."""
    starts: Array
    """int64: the start of each line, and the end of the last one."""

    def conversation(self, position: int) -> tuple[tuple[str, ...], list[str]]:
        """Roles and texts of a plain line."""
        first, count = self.lines[position, :2].tolist()
        turns = self.turns[first : first + count, [0, 3, 4]].tolist()
        return tuple(ROLES[role] for role, _, _ in turns), [self.text_slice(start, end) for _, start, end in turns]

    def with_irregular(self, silent: Array) -> "PlainColumns":
        """The same, with the plain lines in the mask (bool, one each) moved to `irregular_lines`."""
        counts = self.lines[:, 1]
        lines = self.lines[~silent].copy()
        lines[:, 0] = np.append(0, np.cumsum(counts[~silent]))[:-1]
        others = sorted([*self.irregular_lines, *self.numbers[silent].tolist()])
        return replace(
            self,
            numbers=self.numbers[~silent],
            lines=lines,
            turns=self.turns[~np.repeat(silent, counts)],
            irregular_lines=others,
        )

    def text_slice(self, start: int, end: int) -> str:
        """A slice of `text` as a string."""
        return str(self.text[start:end].tobytes(), "utf-8")


def plain_columns(data: bytes) -> PlainColumns:
    """Read the plain lines of a buffer; the last line may have no line break."""
    bytes_ = np.frombuffer(data if data.endswith(b"\n") else data + b"\n", dtype=np.uint8)
    starts = np.append(0, np.flatnonzero(bytes_ == NEWLINE) + 1) if data else np.zeros(1, dtype=np.int64)
    size = len(bytes_) + 32 * len(starts) + 64 + BLOCK_BYTES
    canon, text = np.empty(size, dtype=np.uint8), np.empty(size, dtype=np.uint8)
    turns, rows = np.empty((len(bytes_) // 24 + 1, 7), dtype=np.int64), np.empty((len(starts) - 1, 4), dtype=np.int64)
    used, written, count = fill_plain_columns(bytes_, canon, text, turns, rows, np.zeros(2, dtype=np.int64))
    plain = rows[:, 0] >= 0
    irregular_lines: list[int] = (np.flatnonzero(~plain) + 1).tolist()
    return PlainColumns(
        canon[:used],
        text[:written],
        np.flatnonzero(plain) + 1,
        rows[plain],
        turns[:count].copy(),
        irregular_lines,
        starts,
    )
