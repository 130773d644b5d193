"""Curves of braille dots, two by four per cell."""

from collections.abc import Sequence
from itertools import groupby
from math import isfinite

from textual.content import Content

BRAILLE_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


LABEL_CELLS = 11
"""Width of the labels of a curve in cells."""


def curve(
    values: Sequence[float],
    width: int,
    height: int,
    colour: str = "$text-primary",
    also: Sequence[tuple[float, float]] = (),
    *,
    span: tuple[float, float] | None = None,
    share: float = 1.0,
) -> Content:
    """Draw values as a curve of `width` by `height` cells, with the highest and the lowest value as labels.

    `also`: further points (x from 0 to 1, y), drawn as diamonds. Curves in comparison have the same `span`, and use the
    `share` of the width.
    """
    finite = [value for value in (*values, *(high for _, high in also)) if isfinite(value)]
    if not finite:
        return Content.styled("nothing to draw yet", "$foreground-muted")
    low, top = span or (min(finite), max(finite))
    spread = (top - low) or 1.0
    cells = [[0] * width for _ in range(height)]
    columns, before = max(1, round(width * 2 * share)), -1
    for column in range(columns):
        first = column * len(values) // columns
        last = max((column + 1) * len(values) // columns, first + 1)
        part = [value for value in values[first:last] if isfinite(value)]
        if part:
            row = min(height * 4 - 1, max(0, round((top - sum(part) / len(part)) / spread * (height * 4 - 1))))
            begin, end = (row, row + 1) if before < 0 else (min(before + 1, row), max(before, row + 1))
            for dot in range(begin, end):  # a line instead of dots
                cells[dot // 4][column // 2] |= BRAILLE_DOTS[dot % 4][column % 2]
            before = row
    marks = {
        (min(height - 1, round((top - high) / spread * (height - 1))), min(width - 1, round(right * (width - 1))))
        for right, high in also
    }
    lines = []
    for row, line in enumerate(cells):
        label = f"{top:>9.4g} ┤" if row == 0 else f"{low:>9.4g} ┤" if row == height - 1 else " " * 10 + "│"
        drawn = [((row, index) in marks, chr(0x2800 + cell) if cell else " ") for index, cell in enumerate(line)]
        runs = [(marked, "".join(char for _, char in run)) for marked, run in groupby(drawn, key=lambda pair: pair[0])]
        parts = [("◆" * len(text), "bold $text-warning") if marked else (text, colour) for marked, text in runs]
        lines.append(Content.assemble((label, "$foreground-muted"), *parts))
    return Content("\n").join(lines)
