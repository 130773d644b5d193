"""The compiled part of `curate.detect.outlined`: keys of outlined lines, as `curate.detect.keys` makes them. Import it inside functions."""

from typing import Any

import numpy as np

from curate.read.compiled import Array, compiled, entry
from curate.read.digest import seeded


@compiled
def _key(data: Array, start: int, end: int, seed: Any) -> Any:
    """A digest that is not 0, which stands for none."""
    value = seeded(data, start, end, seed)
    return value or np.uint64(1)


@entry
def keys_of_lines(canon: Array, turns: Array, lines: Array, answers: int, wholes: Array, begun: Array, ends: Array) -> int:
    """Fill the columns of `curate.detect.keys.Keys` for rows of `Outlined`; of `begun`, as long as `turns`, how many are used. answers: their role."""
    total = 0
    for row in range(len(lines)):
        first, last = lines[row, 0], lines[row, 0] + lines[row, 1]
        key = np.uint64(0)
        for at in range(first, last):
            key = _key(canon, turns[at, 1], turns[at, 2], key)
            if turns[at, 0] == answers and at < last - 1:
                begun[total] = key
                total += 1
        wholes[row] = key if last > first and turns[last - 1, 0] == answers else np.uint64(0)
        ends[row + 1] = total
    return total
