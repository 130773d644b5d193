"""Plain lines of a chunk as columns, without an object per line: canonical JSON and texts, concatenated.

Compiled, for stages that need numbers about all lines of files of any size: see `curate.corpus.features`.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from curate.read.chunks import NEWLINE
from curate.read.numba_utils import Array
from curate.read.plain_columns_kernel import BLOCK, fill_plain_columns

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
        return tuple(ROLES[role] for role, _, _ in turns), [self.said(start, end) for _, start, end in turns]

    def without(self, silent: Array) -> "PlainColumns":
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

    def said(self, start: int, end: int) -> str:
        """A slice of `text` as a string."""
        return str(self.text[start:end].tobytes(), "utf-8")


def plain_columns(data: bytes) -> PlainColumns:
    """Read the plain lines of a buffer; the last line may have no line break."""
    bytes_ = np.frombuffer(data if data.endswith(b"\n") else data + b"\n", dtype=np.uint8)
    starts = np.append(0, np.flatnonzero(bytes_ == NEWLINE) + 1) if data else np.zeros(1, dtype=np.int64)
    size = len(bytes_) + 32 * len(starts) + 64 + BLOCK
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
