"""The compiled choice among near-duplicates where nothing counts but how similar they are. Import it inside functions, as `kernels`.

As `curate.detect.cluster.choose` does it: members are taken in the order of their ranks; one goes when it is like one that was kept before,
and names the most similar of these, the first of equally similar ones.
"""

from typing import Any

import numpy as np

from curate.detect.kernels import compiled, similarity
from curate.detect.verify import TOLD

GOES, TAKES, COMPARED = 1, 2, 4
"""What may become of a member, as flags: it may go; it may take the place of others; it is compared with those before it."""


@compiled
def _ranked(near: float, best: Any, count: int) -> int:
    """Put a similarity among the `count` largest ones, which descend; returns how many these are now."""
    if count == len(best) and near <= best[count - 1]:
        return count
    at = min(count, len(best) - 1)
    while at > 0 and best[at - 1] < near:
        best[at] = best[at - 1]
        at -= 1
    best[at] = near
    return min(count + 1, len(best))


@compiled
def pick(hashes: Any, offsets: Any, members: Any, ends: Any, kinds: Any, floor: float, threshold: float) -> Any:
    """Of each member of all groups the one that it goes for, -1 where it stays, and how similar the two are; then the other similarities found.

    members: numbers of sets (int64), group by group, each in the order of ranks; group i from ends[i] to before ends[i + 1]; kinds: of each
    member, what may become of it (uint8, flags); floor: similarity from which pairs are told, of a member the `TOLD` largest.
    """
    winners, found = np.full(len(members), -1, dtype=np.int64), np.zeros(len(members), dtype=np.float64)
    misses, missed = np.empty(1024, dtype=np.float64), 0
    kept, told = np.empty(len(members), dtype=np.int64), np.empty(TOLD, dtype=np.float64)
    for group in range(len(ends) - 1):
        count = 0
        for at in range(ends[group], ends[group + 1]):
            one = members[at]
            best, winner, some = -1.0, -1, 0
            if kinds[at] & COMPARED:
                for i in range(count):
                    near = similarity(hashes, offsets, one, kept[i], floor)
                    if near >= floor:
                        some = _ranked(near, told, some)
                    if near > best:
                        best, winner = near, kept[i]
            if best >= threshold and kinds[at] & GOES:
                winners[at], found[at] = winner, best
                continue
            if missed + some > len(misses):
                more = np.empty(2 * len(misses), dtype=np.float64)
                more[:missed] = misses[:missed]
                misses = more
            misses[missed : missed + some] = told[:some]
            missed += some
            if kinds[at] & TAKES:
                kept[count] = one
                count += 1
    return winners, found, misses[:missed].copy()
