"""Texts side by side if there is room, else stacked."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

from textual.content import Content

MIN_COLUMN_CELLS: Final = 36
"""Minimum width of a column in cells."""
GAP: Final = "  "


def side_by_side(texts: Sequence[Content], width: int) -> Content:
    """As many columns as fit, row by row; the remaining texts follow below."""
    many = max(1, min(len(texts), (width + len(GAP)) // (MIN_COLUMN_CELLS + len(GAP))))
    if many == 1:
        return Content("\n\n").join(texts)
    many = -(-len(texts) // -(-len(texts) // many))  # bands with about the same number of texts
    each = (width - len(GAP) * (many - 1)) // many
    bands = []
    for first in range(0, len(texts), many):
        columns = [text.wrap(each) for text in texts[first : first + many]]
        rows = [
            Content(GAP).join([line.pad_right(max(0, each - line.cell_length)) for line in row])
            for row in zip_longest(*columns, fillvalue=Content(""))
        ]
        bands.append(Content("\n").join(rows))
    return Content("\n\n").join(bands)
