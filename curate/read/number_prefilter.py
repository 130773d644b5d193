"""Find runs of digits that may be a personal number, for the scan of plain lines; tables define which ones."""

from typing import Final, NamedTuple

import numpy as np

from curate.read.numba_utils import Array, compiled, is_word

END, SHAPE, TOTAL, DOTS, PLUS = 0, 1, 2, 3, 4
"""State between runs of digits of a text: end of the last run, lengths of the last four joined runs (four bits each, 15
for more), total digits, number of joining dots, and whether a plus sign precedes them.
"""
KEPT: Final = 5


class NumberPatterns(NamedTuple):
    """Which runs of digits are candidates; 0 means none."""

    groups: Array
    """int64, one row each: mask for `SHAPE`, and the value that matches."""
    alone: Array
    """bool, 256: by the length of a run that stands alone."""
    first: Array
    """bool, 256: the first digits of such a run."""
    plus: int
    """Minimum number of digits after a plus sign."""
    dots: int
    """Minimum number of dots that join runs."""
    capitals: int
    """Minimum number of digits after two capital letters."""


@compiled
def _joined(text: Array, at: int, end: int) -> bool:
    """Whether only separators of one written number are between two runs of digits: spaces, hyphens, dots, brackets."""
    for nth in range(at, end):
        byte = text[np.uintp(nth)]
        if not (byte == 32 or byte == 45 or byte == 46 or byte == 40 or byte == 41):  # noqa: PLR1714
            return False
    return True


@compiled
def _stands_alone(text: Array, start: int, at: int) -> bool:
    """Whether the character before a digit cannot belong to the same number."""
    before = text[np.uintp(at - 1)] if at > start else np.uint8(32)
    return not (is_word(before) or before == 43 or before == 45 or before == 46 or before == 95)  # noqa: PLR1714


@compiled
def _follows_capitals(text: Array, start: int, at: int) -> bool:
    """Whether exactly two capital letters precede a digit."""
    if at - start < 2 or not (65 <= text[np.uintp(at - 1)] <= 90 and 65 <= text[np.uintp(at - 2)] <= 90):
        return False
    return at - start == 2 or not is_word(text[np.uintp(at - 3)])


@compiled
def may_be_personal_number(text: Array, start: int, at: int, end: int, kept: Array, known: NumberPatterns) -> bool:
    """Whether a run of digits, with the runs before it, may be a personal number; updates `kept`.

    The text begins at `start`.
    """
    size = end - at
    length = min(size, 15)
    gap = at - kept[END]
    if kept[END] > start and gap <= 2 and _joined(text, kept[END], at):
        kept[SHAPE] = (kept[SHAPE] << 4 | length) & 0xFFFF
        kept[TOTAL] += size
        kept[DOTS] = kept[DOTS] + 1 if gap == 1 and text[np.uintp(at - 1)] == 46 else 0
    else:
        kept[SHAPE], kept[TOTAL], kept[DOTS] = length, size, 0
        kept[PLUS] = at > start and text[np.uintp(at - 1)] == 43
    kept[END] = end
    for nth in range(len(known.groups)):
        if kept[SHAPE] & known.groups[nth, 0] == known.groups[nth, 1]:
            return True
    if (
        size < 256
        and known.alone[np.uintp(size)]
        and known.first[np.uintp(text[np.uintp(at)])]
        and _stands_alone(text, start, at)
    ):
        return True
    if (kept[PLUS] and 0 < known.plus <= kept[TOTAL]) or 0 < known.dots <= kept[DOTS]:
        return True
    return 0 < known.capitals <= size and bool(_follows_capitals(text, start, at))
