"""The compiled choice among near-duplicates. Import it inside functions, as `kernels`.

As `curate.detect.cluster.choose` does it: members are taken in the order of their ranks; one goes when it is like one that was kept before and
agrees with it in its facts, and names the most similar of these, the first of equally similar ones. Facts are no matter of compiled code: a
group that needs to know whether two agree stops there, and goes on when that is known.
"""

from typing import Any

import numpy as np

from curate.detect.compiled import U64, compiled, copied
from curate.detect.kernels import similarity
from curate.detect.verify import TOLD

GOES, TAKES, COMPARED = 1, 2, 4
"""What may become of a member, as flags: it may go; it may take the place of others; it is compared with those before it."""
UNKNOWN, SAME, DIFFERENT = 0, 1, 2
"""Whether two agree in their facts."""


@compiled
def _ranked(near: float, who: int, found: Any, others: Any, count: int) -> int:
    """Put one among the `count` most similar ones; returns how many these are now."""
    if count == len(found) and near <= found[count - 1]:
        return count
    at = min(count, len(found) - 1)
    while at > 0 and found[at - 1] < near:
        found[at], others[at] = found[at - 1], others[at - 1]
        at -= 1
    found[at], others[at] = near, who
    return min(count + 1, len(found))


@compiled
def _nearest(hashes: Any, offsets: Any, members: Any, kept: Any, rank: int, floor: float, known: Any, told: Any, others: Any) -> int:
    """The `TOLD` most similar of a group's members before this one that stay, the most similar first; returns how many there are.

    known: how similar this one is to each of these, NaN where that is not known yet; empty where it is not to be remembered.
    """
    near = 0
    for other in range(rank):
        if not kept[other]:
            continue
        similar = known[other] if len(known) else np.nan
        if np.isnan(similar):
            similar = similarity(hashes, offsets, members[rank], members[other], floor)
            if len(known):
                known[other] = similar
        if similar >= floor:
            near = _ranked(similar, other, told, others, near)
    return near


@compiled
def _verdict(known: Any, verdicts: Any, one: int, other: int) -> Any:
    """What is known of two members."""
    pair, low, high = (U64(one) << U64(32)) | U64(other), 0, len(known)
    while low < high:
        middle = (low + high) // 2
        if known[middle] < pair:
            low = middle + 1
        else:
            high = middle
    return verdicts[low] if low < len(known) and known[low] == pair else np.uint8(UNKNOWN)


@compiled
def pick(  # noqa: PLR0912  (one pass)
    hashes: Any,
    offsets: Any,
    members: Any,
    ends: Any,
    some: Any,
    kinds: Any,
    bounds: Any,
    facts: bool,
    known: Any,
    verdicts: Any,
    tally: Any,
    ahead: int,
    squares: Any,
    cells: Any,
    done: Any,
    kept: Any,
    winners: Any,
    found: Any,
) -> Any:
    """Choose in the groups `some` (their numbers), as far as that goes. Returns what has to be known to go on, and the other similarities found.

    That is a row for each question: a group, and two of its members, the one that was kept before last. A group asks for the next one that it
    needs, and then as far as `ahead` questions go for what it may need after that, going by the `tally` of what came of its questions so far: a
    row of two numbers a group, how many agreed and how many did not. `done` is how many members of each group have been chosen about, `kept`
    which of them stay (both as they were left the last time). Of each that has been, `winners` (int64) gets a row: the one that it goes for, and
    the one that it would have gone for if their facts were not different, or -1; `found` how similar these are.

    members: numbers of sets (int64), group by group, each in the order of ranks; group i from ends[i] to before ends[i + 1]; kinds: of each
    member, what may become of it (uint8, flags); bounds: similarity from which pairs are told, of a member the `TOLD` largest, and the threshold;
    facts: whether they matter; known: what was asked, ascending, members as two halves of a number (uint64), and its verdicts (uint8);
    squares (float64): from cells[i] on, unless that is -1, how similar any two members of group i are, NaN at first.
    """
    threshold = bounds[1]
    asked, asking = np.empty((len(some) * (ahead + TOLD), 3), dtype=np.int64), 0
    misses, missed = np.empty(1024, dtype=np.float64), 0
    told, others = np.empty(TOLD), np.empty(TOLD, dtype=np.int64)
    for group in some:
        begin, size, before, stopped = ends[group], ends[group + 1] - ends[group], asking, False
        differ = tally[group, 1] > tally[group, 0]
        for rank in range(done[group], size):
            at = begin + rank
            near = 0
            if kinds[at] & COMPARED:
                row = squares[cells[group] + rank * size :] if cells[group] >= 0 else squares[:0]
                near = _nearest(hashes, offsets, members[begin:], kept[begin:], rank, bounds[0], row, told, others)
            alike, winner, open_ = -1, -1, False
            for i in range(near):
                if told[i] < threshold:
                    break
                alike = i if alike < 0 else alike
                verdict = _verdict(known, verdicts, at, begin + others[i]) if facts else np.uint8(SAME)
                if verdict == UNKNOWN:
                    asked[asking, 0], asked[asking, 1], asked[asking, 2] = group, at, begin + others[i]
                    asking += 1
                    open_ = True
                    if not differ:
                        break
                if verdict == SAME:
                    winner = i
                    break
            goes = winner >= 0 and kinds[at] & GOES != 0
            stopped = stopped or open_
            if stopped:  # go on as if it were known what becomes of this one
                if asking - before >= ahead:
                    break
                kept[at] = not goes and kinds[at] & TAKES != 0 and (differ or not open_)
                continue
            done[group] = rank + 1
            winners[at, 0], winners[at, 1] = -1, -1
            if goes:
                winners[at, 0], found[at] = members[begin + others[winner]], told[winner]
                kept[at] = False
                continue
            if alike >= 0 and winner < 0:
                winners[at, 1], found[at] = members[begin + others[alike]], told[alike]
            if missed + near > len(misses):
                more = np.empty(2 * (missed + near), dtype=np.float64)
                copied(more, 0, misses, missed)
                misses = more
            copied(misses, missed, told, near)
            missed += near
            kept[at] = kinds[at] & TAKES != 0
    return asked[:asking].copy(), misses[:missed].copy()
