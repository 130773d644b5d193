"""The compiled part of `curate.detect.outlined`: keys of outlined lines, as `curate.detect.keys` makes them. Import it inside functions."""

from typing import Any

import numpy as np

from curate.read.asked_kernel import ASSISTANT
from curate.read.compiled import Array, compiled, entry
from curate.read.digest import seeded


@compiled
def _key(data: Array, start: int, end: int, seed: Any) -> Any:
    """A digest that is not 0, which stands for none."""
    value = seeded(data, start, end, seed)
    return value or np.uint64(1)


@entry
def keys_of_lines(canon: Array, asked: Array, turns: Array, lines: Array, asks: Array, wholes: Array, begun: Array, ends: Array) -> int:
    """Fill the columns of `curate.detect.keys.Keys` for rows of `Outlined`; of `begun`, as long as `turns`, how many are used.

    What a line asks is left 0 where `Outlined.asked` does not know it.
    """
    total = 0
    for row in range(len(lines)):
        first, last = lines[row, 0], lines[row, 0] + lines[row, 1]
        asks[row] = _key(asked, lines[row, 4], lines[row, 5], np.uint64(0)) if lines[row, 5] > lines[row, 4] else np.uint64(0)
        key = np.uint64(0)
        for at in range(first, last):
            key = _key(canon, turns[at, 1], turns[at, 2], key)
            if turns[at, 0] == ASSISTANT and at < last - 1:
                begun[total] = key
                total += 1
        wholes[row] = key if last > first and turns[last - 1, 0] == ASSISTANT else np.uint64(0)
        ends[row + 1] = total
    return total
