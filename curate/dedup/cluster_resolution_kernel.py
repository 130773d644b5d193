"""The compiled choice among near-duplicates. Import it inside functions, as `kernels`.

Closure is not used: in a chain a~b~c, where a and c are unlike, c survives when a is the keeper. A tool that removes
whole connected components merges unrelated examples through their common boilerplate. Members are taken in the order of
their ranks; one goes when it is like one that was kept before and agrees with it in its facts, and names the most
similar of these, the first of equally similar ones. Facts are no matter of compiled code: a group that needs to know
whether two agree stops there, and goes on when that is known.
"""

from typing import Any

import numpy as np

from curate.similarity.kernels import similarity
from curate.similarity.numba_utils import U64, compiled, copied, mixed
from curate.similarity.similarity_index import TOLD

GOES, TAKES, COMPARED = 1, 2, 4
"""What may become of a member, as flags: it may go; it may take the place of others; it is compared with those before
it.
"""
UNKNOWN, SAME, DIFFERENT = 0, 1, 2
"""Whether two agree in their facts."""
SHARED = 64
"""Members of a crowd that share a shingle, from which it says nothing about them."""
SLOTS = 1 << 24
"""Places, at the most, in which the shingles of a crowd are noted; two that share one are taken for one."""


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
def _post(held: Any, place: int, heads: Any, often: Any, links: Any, places: Any, used: int) -> int:
    """Note the shingles `held` by a member that stays, but for those that many have; returns how many notes there are
    now.
    """
    for shingle in held:
        slot = mixed(U64(shingle)) & U64(len(heads) - 1)
        if often[slot] < SHARED:
            links[used], places[used], heads[slot] = heads[slot], place, used
            often[slot] += np.uint8(1)
            used += 1
    return used


@compiled
def _sharing(held: Any, rank: int, heads: Any, often: Any, links: Any, places: Any, seen: Any, out: Any) -> int:
    """Write the places of those that share a shingle that few have, and of the first ones, to `out`, ascending; returns
    how many these are.

    Others share nothing but what many have, so that they are not more alike than the first ones are, as far as their
    sizes do not differ.
    """
    count = min(TOLD, len(out))
    for place in range(count):
        out[place], seen[place] = place, rank
    for shingle in held:
        slot = mixed(U64(shingle)) & U64(len(heads) - 1)
        note = heads[slot] if often[slot] < SHARED else -1
        while note >= 0:
            if seen[places[note]] != rank:
                out[count], seen[places[note]] = places[note], rank
                count += 1
            note = links[note]
    out[:count].sort()
    return count


@compiled
def _nearest(
    hashes: Any,
    offsets: Any,
    members: Any,
    stays: Any,
    some: Any,
    rank: int,
    floor: float,
    known: Any,
    told: Any,
    others: Any,
) -> int:
    """Of a group's members that stay, at the places `some` of `stays`, the `TOLD` most similar to this one, the most
    similar first; returns how many.

    known: how similar this one is to each of these, NaN where that is not known yet; empty where it is not to be
    remembered.
    """
    near = 0
    for place in some:
        other = stays[place]
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
def _judged(
    group: int,
    at: int,
    begin: int,
    told: Any,
    others: Any,
    threshold: float,
    facts: bool,
    known: Any,
    verdicts: Any,
    differ: bool,
    asked: Any,
    asking: int,
) -> Any:
    """Of those that are `told`, the first at the threshold, the first that also agrees in its facts, -1 each where
    there is none; how many are asked.

    What is not known is `asked`, in a row more each time; beyond the first such question only where most pairs of the
    group `differ`.
    """
    alike = -1
    for i in range(len(told)):
        if told[i] < threshold:
            break
        alike = max(alike, 0)
        verdict = _verdict(known, verdicts, at, begin + others[i]) if facts else np.uint8(SAME)
        if verdict == UNKNOWN:
            asked[asking, 0], asked[asking, 1], asked[asking, 2] = group, at, begin + others[i]
            asking += 1
            if not differ:
                break
        if verdict == SAME:
            return alike, i, asking
    return alike, -1, asking


@compiled
def pick(  # noqa: PLR0912, PLR0915
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
    crowd: int,
    work: int,
    squares: Any,
    cells: Any,
    done: Any,
    kept: Any,
    winners: Any,
    found: Any,
) -> Any:
    """Choose in the groups `some` (their numbers), as far as that goes at once. Returns what has to be known to go on,
    and other similarities found.

    That is a row for each question: a group, and two of its members, the one that was kept before last. A group asks
    for the next one that it needs, and then as far as `ahead` questions go for what it may need after that, going by
    the `tally` of what came of its questions so far: a row of two numbers a group, how many agreed and how many did
    not. `done` is how many members of each group have been chosen about, `kept` which of them stay (both as they were
    left the last time). Of each that has been, `winners` (int64) gets a row: the one that it goes for, and the one that
    it would have gone for if their facts were not different, or -1; `found` how similar these are.

    members: numbers of sets (int64), group by group, each in the order of ranks; group i from ends[i] to before ends[i
    + 1]; kinds: of each member, what may become of it (uint8, flags); bounds: similarity from which pairs are told, of
    a member the `TOLD` largest, and the threshold; facts: whether they matter; crowd: members that stay from which
    another one is not compared with all of them; work: comparisons, about, after which to return; known: what was
    asked, ascending, members as two halves of a number (uint64), and its verdicts (uint8); squares (float64): from
    cells[i] on, unless that is -1, how similar any two members of group i are, NaN at first.
    """
    threshold = bounds[1]
    asked, asking = np.empty((len(some) * (ahead + TOLD), 3), dtype=np.int64), 0
    misses, missed = np.empty(1024, dtype=np.float64), 0
    told, others = np.empty(TOLD), np.empty(TOLD, dtype=np.int64)
    longest = 0
    for group in some:
        longest = max(longest, int(ends[group + 1] - ends[group]))
    stays, every = np.empty(longest, dtype=np.int64), np.arange(longest)
    chosen, seen = np.empty(longest, dtype=np.int64), np.empty(longest, dtype=np.int64)
    heads, often = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.uint8)
    links, places = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32)
    spent = 0
    for group in some:
        if spent > work:
            break
        begin, size, before, stopped = ends[group], ends[group + 1] - ends[group], asking, False
        differ = tally[group, 1] > tally[group, 0]
        count, noted, notes = 0, -1, 0  # how many stay, and of how many the shingles are noted
        for rank in range(done[group]):
            if kept[begin + rank]:
                stays[count] = rank
                count += 1
        for rank in range(done[group], size):
            at = begin + rank
            near = 0
            held = hashes[offsets[members[at]] : offsets[members[at] + 1]]
            if kinds[at] & COMPARED:
                row = squares[cells[group] + rank * size :] if cells[group] >= 0 else squares[:0]
                among = every[:count]
                if count >= crowd:
                    if noted < 0:
                        slots, own = 1024, members[begin : begin + size]
                        total = (offsets[own + 1] - offsets[own]).sum()
                        while slots < min(2 * total, SLOTS):
                            slots *= 2
                        heads, often = np.full(slots, -1, dtype=np.int32), np.zeros(slots, dtype=np.uint8)
                        links, places = np.empty(total, dtype=np.int32), np.empty(total, dtype=np.int32)
                        seen[:], noted = -1, 0
                    while noted < count:
                        member = members[begin + stays[noted]]
                        notes = _post(
                            hashes[offsets[member] : offsets[member + 1]], noted, heads, often, links, places, notes
                        )
                        noted += 1
                    among = chosen[: _sharing(held, rank, heads, often, links, places, seen, chosen[:count])]
                near = _nearest(hashes, offsets, members[begin:], stays, among, rank, bounds[0], row, told, others)
                spent += len(among) + 1
            alike, winner, first = -1, -1, asking
            if near:
                alike, winner, asking = _judged(
                    group, at, begin, told[:near], others, threshold, facts, known, verdicts, differ, asked, asking
                )
            open_ = asking > first
            goes = winner >= 0 and kinds[at] & GOES != 0
            stopped = stopped or open_
            if stopped:  # go on as if it were known what becomes of this one
                if asking - before >= ahead:
                    break
                if not goes and kinds[at] & TAKES and (differ or not open_):
                    stays[count] = rank
                    count += 1
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
            if kept[at]:
                stays[count] = rank
                count += 1
            if spent > work:
                break
    return asked[:asking].copy(), misses[:missed].copy()
