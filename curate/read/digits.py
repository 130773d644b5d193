"""Runs of digits that may be a card, an account, a telephone or an address, for the scan of quiet lines: a coarser copy of `curate.rules.secrets`."""

# ruff: noqa: PLR1714  (sets and generators are slower when they are compiled)

from typing import Final

import numpy as np

from curate.read.compiled import Array, compiled, is_word

END, SHAPE, TOTAL, DOTS, PLUS = 0, 1, 2, 3, 4
"""What is kept from one run of digits of a text to the next: where it ended, the lengths of the last four runs that belong together (four bits
each), the digits of all of them, the dots that join them, and whether a plus sign opens them."""
KEPT: Final = 5


@compiled
def _joined(text: Array, at: int, end: int) -> bool:
    """Whether what stands between two runs of digits is what people write in one number."""
    for nth in range(at, end):
        byte = text[np.uintp(nth)]
        if not (byte == 32 or byte == 45 or byte == 46 or byte == 40 or byte == 41):
            return False
    return True


@compiled
def _opens_card(text: Array, start: int, at: int) -> bool:
    """Whether a digit here may be the first one of a card."""
    before = text[np.uintp(at - 1)] if at > start else np.uint8(32)
    return 50 <= text[np.uintp(at)] <= 54 and not (is_word(before) or before == 43 or before == 45 or before == 46 or before == 95)


@compiled
def _opens_account(text: Array, start: int, at: int) -> bool:
    """Whether two capitals stand here, and nothing of a word before them."""
    if at - start < 2 or not (65 <= text[np.uintp(at - 1)] <= 90 and 65 <= text[np.uintp(at - 2)] <= 90):
        return False
    return at - start == 2 or not is_word(text[np.uintp(at - 3)])


@compiled
def is_number_of(text: Array, start: int, at: int, end: int, kept: Array) -> bool:
    """Whether a run of digits of the text that begins at `start` may be, with those before it, somebody's number; `kept` is brought up to date."""
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
    shape, last = kept[SHAPE], kept[SHAPE] & 0xFFF
    if shape == 0x4444 or last == 0x465 or ((size == 15 or size == 16) and _opens_card(text, start, at)):
        return True
    if last == 0x324 or last == 0x334 or (kept[PLUS] and kept[TOTAL] >= 10):  # somebody in the United States; a telephone
        return True
    return kept[DOTS] >= 3 or (size >= 2 and _opens_account(text, start, at))
