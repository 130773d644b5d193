"""Union-find: sets of numbers that are joined pair by pair, and which joins merged two sets. Import it inside
functions: it is compiled.
"""

from typing import Any

import numpy as np

from curate.similarity.join import root
from curate.similarity.numba_utils import compiled


@compiled
def join_pairs(parent: Any, left: Any, right: Any, made: Any) -> None:
    """Join left[i] with right[i] in the forest `parent` (int64), in order; made[i] tells whether the two were
    separate before.
    """
    for i in range(len(left)):
        a, b = root(parent, left[i]), root(parent, right[i])
        if a != b:
            parent[max(a, b)] = min(a, b)
            made[i] = True


def equal_pairs(keys: Any, own: Any | None = None) -> tuple[Any, Any]:
    """Pairs that connect all numbers with equal keys (uint64) other than 0; if `own` (bool) is given, only runs
    with at least one of these.
    """
    order = np.argsort(keys, kind="stable")
    order = order[int(np.searchsorted(keys[order], 1)) :]
    if not len(order):
        return order, order
    runs, places = keys[order], np.arange(len(order))
    starts = np.flatnonzero(np.append(True, runs[1:] != runs[:-1]))
    mine = places if own is None else np.where(own[order], places, len(order))
    first = np.repeat(np.minimum.reduceat(mine, starts), np.diff(np.append(starts, len(order))))
    some = (first < len(order)) & (first != places)
    return order[first[some]], order[some]
