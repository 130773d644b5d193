"""The compiled choice among near-duplicates where nothing counts but how similar they are. Import it inside functions, as `kernels`.

As `curate.detect.cluster.choose` does it: members are taken in the order of their ranks; one goes when it is like one that was kept before,
and names the most similar of these, the first of equally similar ones.
"""

from typing import Any

import numpy as np

from curate.detect.kernels import compiled, similarity

GOES, TAKES, COMPARED = 1, 2, 4
"""What may become of a member, as flags: it may go; it may take the place of others; it is compared with those before it."""


@compiled
def pick(hashes: Any, offsets: Any, members: Any, ends: Any, kinds: Any, floor: float, threshold: float) -> Any:
    """Of each member of all groups the one that it goes for, -1 where it stays, and how similar the two are; then the other similarities found.

    members: numbers of sets (int64), group by group, each in the order of ranks; group i from ends[i] to before ends[i + 1]; kinds: of each
    member, what may become of it (uint8, flags); floor: similarity from which pairs are told.
    """
    winners, found = np.full(len(members), -1, dtype=np.int64), np.zeros(len(members), dtype=np.float64)
    misses, missed = np.empty(1024, dtype=np.float64), 0
    kept = np.empty(len(members), dtype=np.int64)
    for group in range(len(ends) - 1):
        count = 0
        for at in range(ends[group], ends[group + 1]):
            one = members[at]
            best, winner, first = -1.0, -1, missed
            if kinds[at] & 4:
                for i in range(count):
                    near = similarity(hashes, offsets, one, kept[i], floor)
                    if near >= floor:
                        if missed == len(misses):
                            more = np.empty(2 * missed, dtype=np.float64)
                            more[:missed] = misses
                            misses = more
                        misses[missed] = near
                        missed += 1
                    if near > best:
                        best, winner = near, kept[i]
            if best >= threshold and kinds[at] & 1:
                winners[at], found[at] = winner, best
                missed = first
            elif kinds[at] & 2:
                kept[count] = one
                count += 1
    return winners, found, misses[:missed].copy()
