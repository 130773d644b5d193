"""The compiled resolution of near-duplicates. Import it inside functions, as `kernels`.

Similarity is not treated as transitive: in a chain a~b~c, where a and c are not similar, c is kept if a is kept.
Removing whole connected components would merge unrelated examples with common boilerplate.

Members are decided in the order of their ranks. A member is removed if it is similar to a kept one and agrees with it
in its facts; the most similar such one is recorded, the first among equals. Compiled code cannot compare facts: a group
that needs a comparison stops there and continues once its result is known.
"""

from typing import Any, NamedTuple

import numpy as np

from curate.core.lazy import Numbers
from curate.similarity.kernels import similarity
from curate.similarity.numba_utils import U64, ZERO, compiled, mixed, sort_few
from curate.similarity.similarity_index import MAX_COMPARED

REMOVABLE, REPLACING, COMPARED = 1, 2, 4
"""Possible outcomes of a member, as flags: it may be removed; it may be kept in place of others; it is compared with
those before it.
"""
UNKNOWN, SAME, DIFFERENT = 0, 1, 2
"""Whether two members agree in their facts."""
FREQUENT_SHINGLE = 64
"""Number of members of a large group that share a shingle, from which the shingle is ignored."""
MAX_SLOTS = 1 << 24
"""Maximum number of slots for the shingles of a large group; two shingles in one slot are treated as one."""


class Members(NamedTuple):
    """The members of all groups."""

    hashes: Any
    offsets: Any
    numbers: Any
    """Numbers of sets (int64), group by group, each in the order of ranks."""
    ends: Any
    """Group i is from ends[i] up to, not including, ends[i + 1]."""
    kinds: Any
    """Possible outcomes of each member (uint8, flags)."""


class FactComparisons(NamedTuple):
    """Results of fact comparisons."""

    matter: bool
    pairs: Any
    """Compared pairs, ascending: two members as halves of a number (uint64)."""
    verdicts: Any
    """The result of each (uint8)."""
    tally: Any
    """Two numbers per group: comparisons that agreed, and that did not."""


class Similarities(NamedTuple):
    """Cached similarities of members."""

    squares: Any
    """Similarities of all pairs of group i from cells[i] on, unless that is -1; NaN if not computed (float64)."""
    cells: Any


class ResolvedMembers(NamedTuple):
    """The outcome for members so far."""

    done: Any
    """Number of members of each group that are decided."""
    kept: Any
    """Whether each is kept."""
    winners: Any
    """For each a row: the member kept in its place, and the one that would be if their facts did not differ, or -1
    (int64).
    """
    similarities: Any
    """Similarities to these."""


class WorkLimits(NamedTuple):
    """Limits of the work per call."""

    floor: float
    """Similarity from which pairs are reported, the `MAX_COMPARED` most similar ones per member."""
    threshold: float
    ahead: int
    """Fact comparisons per group and call."""
    crowd: int
    """Number of kept members above which a new one is not compared with all of them."""
    work: int
    """Approximate number of comparisons after which to return."""


class GroupBuffers(NamedTuple):
    """Buffers of the size of the largest group, reused for each group."""

    stays: Any
    every: Any
    """Ascending numbers from 0 on."""
    chosen: Any
    seen: Any
    ranked: Any
    others: Any
    heads: Any
    """For each slot of a table of shingles, its last entry (int32, -1 if there is none); as `often`, `links` and
    `places`, for large groups only.
    """
    often: Any
    """How many entries a slot has (uint8)."""
    links: Any
    """For each entry the one before it in its slot (int32)."""
    places: Any
    """For each entry the position of its member among the kept ones (int32)."""


def buffers_for(offsets: Numbers, members: Numbers, ends: Numbers, crowd: int) -> GroupBuffers:
    """Buffers for groups; `crowd`: see `WorkLimits`."""
    sizes = np.diff(ends)
    longest = int(sizes.max())
    shingles = np.append(0, np.cumsum(np.diff(offsets)[members]))
    total = int(np.diff(shingles[ends])[sizes > crowd].max(initial=0))
    slots = max(1024, min(4 * total, MAX_SLOTS)) if total else 0
    stays, chosen, seen = (np.empty(longest, dtype=np.int64) for _ in range(3))
    heads, often = np.empty(slots, dtype=np.int32), np.empty(slots, dtype=np.uint8)
    links, places = (np.empty(total, dtype=np.int32) for _ in range(2))
    ranked, others = np.empty(MAX_COMPARED), np.empty(MAX_COMPARED, dtype=np.int64)
    return GroupBuffers(stays, np.arange(longest), chosen, seen, ranked, others, heads, often, links, places)


@compiled
def _insert_similar(near: float, who: int, similarities: Any, others: Any, count: int) -> int:
    """Insert member `who` with the similarity `near` among the `count` most similar ones, which `similarities` and
    `others` list in descending order; returns the new number of entries.
    """
    if count == len(similarities) and near <= similarities[count - 1]:
        return count
    position = min(count, len(similarities) - 1)
    while position > 0 and similarities[position - 1] < near:
        similarities[position], others[position] = similarities[position - 1], others[position - 1]
        position -= 1
    similarities[position], others[position] = near, who
    return min(count + 1, len(similarities))


@compiled
def _add_postings(hashes: Any, place: int, room: GroupBuffers, slots: int, used: int) -> int:
    """Add the shingles `hashes` by a kept member, except those that many have; returns the new number of entries."""
    for shingle in hashes:
        slot = mixed(U64(shingle)) & U64(slots - 1)
        if room.often[slot] < FREQUENT_SHINGLE:
            room.links[used], room.places[used], room.heads[slot] = room.heads[slot], place, used
            room.often[slot] += np.uint8(1)
            used += 1
    return used


@compiled
def _members_sharing(hashes: Any, rank: int, room: GroupBuffers, slots: int, kept: int) -> int:
    """Write the positions of members that share a rare shingle, and of the first ones, to `room.chosen`, ascending;
    returns their number.

    All others share only common shingles, so they are no more similar than the first ones, apart from differences in
    size.
    """
    count = min(MAX_COMPARED, kept)
    for place in range(count):
        room.chosen[place], room.seen[place] = place, rank
    for shingle in hashes:
        slot = mixed(U64(shingle)) & U64(slots - 1)
        note = room.heads[slot] if room.often[slot] < FREQUENT_SHINGLE else -1
        while note >= 0:
            if room.seen[room.places[note]] != rank:
                room.chosen[count], room.seen[room.places[note]] = room.places[note], rank
                count += 1
            note = room.links[note]
    sort_few(room.chosen, count)
    return count


@compiled
def _of_crowd(group: int, rank: int, count: int, members: Members, room: GroupBuffers, noted: int, notes: int) -> Any:
    """The number of members of a large group that a member is compared with, whose positions are in `room.chosen`; the
    number of kept members in the index of shingles, and the number of its entries.
    """
    begin, offsets, total = members.ends[group], members.offsets, 0
    for position in range(begin, members.ends[group + 1]):
        total += offsets[members.numbers[position] + 1] - offsets[members.numbers[position]]
    slots = 1024
    while slots < min(2 * total, MAX_SLOTS):
        slots *= 2
    if noted == 0:
        for slot in range(slots):
            room.heads[slot], room.often[slot] = -1, 0
        for place in range(len(room.seen)):
            room.seen[place] = -1
    while noted < count:
        member = members.numbers[begin + room.stays[noted]]
        notes = _add_postings(members.hashes[offsets[member] : offsets[member + 1]], noted, room, slots, notes)
        noted += 1
    member = members.numbers[begin + rank]
    hashes = members.hashes[offsets[member] : offsets[member + 1]]
    return _members_sharing(hashes, rank, room, slots, count), noted, notes


@compiled
def _most_similar(
    members: Members, begin: int, room: GroupBuffers, candidates: Any, rank: int, floor: float, cached: Any
) -> Any:
    """Write the `MAX_COMPARED` most similar of a group's kept members (at the positions `candidates` of `room.stays`)
    to `room`, most similar first; returns their number.

    cached: similarity to each of these, NaN if not computed yet; empty if similarities are not cached.
    """
    near, number = ZERO, members.numbers[begin + rank]
    for place in candidates:
        other = room.stays[place]
        similar = cached[other] if len(cached) else np.nan
        if np.isnan(similar):
            similar = similarity(members.hashes, members.offsets, number, members.numbers[begin + other], floor)
            if len(cached):
                cached[other] = similar
        if similar >= floor:
            near = _insert_similar(similar, other, room.ranked, room.others, near)
    return near


@compiled
def _verdict(pairs: Any, verdicts: Any, first: int, second: int) -> Any:
    """The result of the comparison of two members' facts, from ascending `pairs`; `UNKNOWN` if it has not been made."""
    pair, low, high = (U64(first) << U64(32)) | U64(second), 0, len(pairs)
    while low < high:
        middle = (low + high) // 2
        if pairs[middle] < pair:
            low = middle + 1
        else:
            high = middle
    return verdicts[low] if low < len(pairs) and pairs[low] == pair else np.uint8(UNKNOWN)


@compiled
def _first_matches(
    group: int,
    member: int,
    begin: int,
    near: Any,
    others: Any,
    threshold: float,
    facts: FactComparisons,
    differ: bool,
    requests: Any,
    request_count: int,
) -> Any:
    """Of the reported members `near`, the first at the threshold and the first that also agrees in its facts, -1 each
    if there is none; and the number of requests.

    Unknown results are written to `requests`, one row each; beyond the first one only if most pairs of the group
    `differ`.
    """
    first_similar = -1
    for i in range(len(near)):
        if near[i] < threshold:
            break
        first_similar = max(first_similar, 0)
        verdict = _verdict(facts.pairs, facts.verdicts, member, begin + others[i]) if facts.matter else np.uint8(SAME)
        if verdict == UNKNOWN:
            requests[request_count, 0], requests[request_count, 1], requests[request_count, 2] = (
                group,
                member,
                begin + others[i],
            )
            request_count += 1
            if not differ:
                break
        if verdict == SAME:
            return first_similar, i, request_count
    return first_similar, -1, request_count


@compiled
def _resolve_group(  # noqa: PLR0912
    group: int,
    members: Members,
    facts: FactComparisons,
    similarities: Similarities,
    outcome: ResolvedMembers,
    limits: WorkLimits,
    room: GroupBuffers,
    requests: Any,
    request_count: int,
    misses: Any,
    missed: int,
    spent: int,
) -> Any:
    """Decide in one group. Returns the number of requests, of near misses, and of comparisons made."""
    begin, size, before, stopped = (
        members.ends[group],
        members.ends[group + 1] - members.ends[group],
        request_count,
        False,
    )
    differ, cell = facts.tally[group, 1] > facts.tally[group, 0], similarities.cells[group]
    count, noted, notes = ZERO, ZERO, ZERO
    for rank in range(outcome.done[group]):
        if outcome.kept[begin + rank]:
            room.stays[count], count = rank, count + 1
    for rank in range(outcome.done[group], size):
        member, near, kind = begin + rank, 0, members.kinds[begin + rank]
        if kind & COMPARED:
            row = similarities.squares[cell + rank * size :] if cell >= 0 else similarities.squares[:0]
            among = room.every[:count]
            if count >= limits.crowd:
                chosen, noted, notes = _of_crowd(group, rank, count, members, room, noted, notes)
                among = room.chosen[:chosen]
            near = _most_similar(members, begin, room, among, rank, limits.floor, row)
            spent += len(among) + 1
        ranked, first = room.ranked[:near], request_count
        similar_index, winner, request_count = _first_matches(
            group, member, begin, ranked, room.others, limits.threshold, facts, differ, requests, request_count
        )
        open_ = request_count > first
        removed = winner >= 0 and kind & REMOVABLE != 0
        stopped = stopped or open_
        if stopped:  # continue with an assumed outcome of this member
            if request_count - before >= limits.ahead:
                break
            if not removed and kind & REPLACING and (differ or not open_):
                room.stays[count], count = rank, count + 1
            continue
        outcome.done[group] = rank + 1
        outcome.winners[member, 0], outcome.winners[member, 1] = -1, -1
        outcome.kept[member] = not removed and kind & REPLACING != 0
        if removed:
            outcome.winners[member, 0], outcome.similarities[member] = (
                members.numbers[begin + room.others[winner]],
                ranked[winner],
            )
            continue
        if similar_index >= 0 and winner < 0:
            outcome.winners[member, 1], outcome.similarities[member] = (
                members.numbers[begin + room.others[similar_index]],
                ranked[similar_index],
            )
        for similar in ranked:
            misses[missed], missed = similar, missed + 1
        if outcome.kept[member]:
            room.stays[count], count = rank, count + 1
        if spent > limits.work:
            break
    return request_count, missed, spent


@compiled
def resolve(
    members: Members, groups: Any, facts: FactComparisons, similarities: Similarities, outcome: ResolvedMembers,
    limits: WorkLimits, room: GroupBuffers, requests: Any, misses: Any,
) -> Any:  # fmt: skip
    """Decide in the groups `groups` (their numbers) as far as possible. Writes the fact comparisons needed to continue
    to `requests`, and other similarities found to `misses`; returns the numbers of both.

    Each needed comparison is a row: a group and two of its members, the one that was kept earlier second to last. A
    group asks for the next comparison that it needs, and for up to `limits.ahead` that it may need after that,
    estimated from the results of its comparisons so far. `outcome` is that of the previous call and is updated.
    """
    request_count, missed, spent = ZERO, ZERO, ZERO
    for group in groups:
        if spent > limits.work:
            break
        request_count, missed, spent = _resolve_group(
            group, members, facts, similarities, outcome, limits, room, requests, request_count, misses, missed, spent
        )
    return request_count, missed
