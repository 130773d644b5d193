"""Sets of numbers that are joined two by two (union-find), and which of the joins brought something together. Import it
inside functions: it is compiled.
"""

from typing import Any

import numpy as np

from curate.similarity.join import root
from curate.similarity.numba_utils import compiled


@compiled
def join_pairs(parent: Any, left: Any, right: Any, made: Any) -> None:
    """Join left[i] with right[i] in the forest `parent` (int64), in order; made[i] tells whether the two were apart
    before.
    """
    for i in range(len(left)):
        a, b = root(parent, left[i]), root(parent, right[i])
        if a != b:
            parent[max(a, b)] = min(a, b)
            made[i] = True


@compiled
def _runs(keys: Any, order: Any, own: Any, left: Any, right: Any) -> int:
    """Pairs of numbers with an equal key, each with the first in its run that is `own`; runs without one give none.
    Returns how many there are.
    """
    count, begin = 0, 0
    while begin < len(order):
        end, first = begin, np.int64(-1)
        while end < len(order) and keys[order[end]] == keys[order[begin]]:
            if first < 0 and own[order[end]]:
                first = order[end]
            end += 1
        for i in range(begin, end if first >= 0 else begin):
            if order[i] != first:
                left[count], right[count] = first, order[i]
                count += 1
        begin = end
    return count


def equal_pairs(keys: Any, own: Any | None = None) -> tuple[Any, Any]:
    """Pairs that connect all numbers whose keys (uint64) are equal and not 0; where `own` (bool) is given, only runs
    that have one of these.
    """
    order = np.argsort(keys, kind="stable")
    order = order[int(np.searchsorted(keys[order], 1)) :]
    left, right = np.empty(len(order), dtype=np.int64), np.empty(len(order), dtype=np.int64)
    count = _runs(keys, order, np.ones(len(keys), dtype=np.bool_) if own is None else own, left, right)
    return left[:count], right[:count]
