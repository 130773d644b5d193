"""The compiled part of grouping: buckets of sets that agree in a band, and which of their members are alike. Import it
inside functions, as `kernels`.

Sets that are alike are joined into groups by a forest (union-find). A pair that is joined already need not be looked
at, which makes the work on a bucket of near-equal sets linear in its size. A bucket of many sets that are not alike, as
templates make it, is cut up by prefix filtering (Chaudhuri, Ganti, Kaushik 2006): two sets of similarity t share one of
the n - ceil(t * n) + 1 shingles that are rarest in the bucket, for any set of n. Of two that first share a shingle at
the places i and j of theirs, rarest first, no more than the shingles from there on are shared (the positional filter of
PPJoin: Xiao, Wang, Lin, Yu 2008). No pair is lost by any of these.
"""

from typing import Any

import numpy as np

from curate.similarity.kernels import similarity
from curate.similarity.numba_utils import U64, ZERO, compiled, copied, grown_rows, mixed, sort_with

LARGE_BUCKET = 64
"""Number of members from which a bucket is subdivided."""
SMALL_BUCKET = 8
"""Number of members up to which all pairs of a bucket are compared, even if joined meanwhile."""
MAX_COUNT_SLOTS = 1 << 22
MAX_MATRIX_MEMBERS = 1024
"""Number of members of a large bucket up to which compared pairs are noted in a matrix: most pairs share more than
one of their rarest shingles.
"""
MEMBER_BITS = 32
"""Bits for the number of a member, beside the position of a shingle in it."""
MEMBER_MASK = (1 << MEMBER_BITS) - 1
HUBS = 16
"""Number of members of a large bucket that each member is compared with first."""


@compiled
def root(parent: Any, node: int) -> int:
    """The set that represents the group of `node`."""
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@compiled
def _root_readonly(parent: Any, node: int) -> int:
    """As `root`, for a forest that another thread modifies at the same time: nothing is written."""
    while parent[node] != node:
        node = parent[node]
    return node


@compiled
def _append_pair(pairs: Any, left: int, right: int, found: float) -> Any:
    """Append a pair. Returns the pairs, in a larger array if they do not fit."""
    at = np.int64(pairs[0, 0])
    pairs = grown_rows(pairs, at, at + 1)
    pairs[at, 0], pairs[at, 1], pairs[at, 2] = left, right, found
    pairs[0, 0] = at + 1
    return pairs


@compiled
def _join_pair(
    i: int, j: int, members: Any, own: Any, hashes: Any, offsets: Any, bounds: Any, seen: Any, pairs: Any
) -> Any:
    """Join two members of a bucket if they are similar, and note them if they are similar or nearly so. Returns the
    pairs.
    """
    a, b = root(own, i), root(own, j)
    if a == b:
        return pairs
    left, right = min(members[i], members[j]), max(members[i], members[j])
    pair = (U64(left) << U64(32)) | U64(right)
    slot = mixed(pair) & U64(len(seen) - 1)
    if seen[slot] == pair:
        return pairs
    found = similarity(hashes, offsets, left, right, bounds[0])
    if found >= bounds[1]:
        own[max(a, b)] = min(a, b)
    else:
        seen[slot] = pair
    return _append_pair(pairs, left, right, found) if found >= bounds[0] else pairs


@compiled
def _rarest(members: Any, total: int, hashes: Any, offsets: Any, threshold: float, own: Any) -> Any:
    """The shingles of each member that are rarest among all, as many as two sets that are alike must share one of.

    Returns a key for each, the shingle and then the group of the member; the member, and above `MEMBER_BITS` bits the
    place of the shingle in it; and how many there are. `total`: shingles of all members.
    """
    slots = 1024
    while slots < min(4 * total, MAX_COUNT_SLOTS):
        slots *= 2
    mask, often = (
        np.uint32(slots - 1),
        np.zeros(slots, dtype=np.uint32),
    )  # a shared count only makes a shingle look more frequent
    for member in members:
        for shingle in hashes[offsets[member] : offsets[member + 1]]:
            often[shingle & mask] += np.uint32(1)
    keys, owners, count, longest = np.empty(total, dtype=np.uint64), np.empty(total, dtype=np.int64), 0, 0
    for member in members:
        longest = max(longest, offsets[member + 1] - offsets[member])
    rarest, more_rarest = np.empty(longest, dtype=np.uint64), np.empty(longest, dtype=np.uint64)
    nobody, more_nobody = np.empty(longest, dtype=np.int64), np.empty(longest, dtype=np.int64)
    for i in range(len(members)):
        held = hashes[offsets[members[i]] : offsets[members[i] + 1]]
        prefix: Any = len(held) - np.int64(np.ceil(threshold * len(held) - 1e-6)) + 1
        for k in range(len(held)):
            rarest[k], nobody[k] = (U64(often[held[k] & mask]) << U64(32)) | U64(held[k]), 0
        sort_with(rarest, nobody, len(held), more_rarest, more_nobody)
        for k in range(min(prefix, len(held))):
            keys[count] = (rarest[k] << U64(32)) | U64(root(own, i))
            owners[count] = (k << MEMBER_BITS) | i
            count += 1
    return keys, owners, count


@compiled
def _join_dense_bucket(members: Any, own: Any, hashes: Any, offsets: Any, bounds: Any, seen: Any, pairs: Any) -> Any:
    """Join all similar pairs of a large bucket.

    Near misses, of which templates have a quadratic number, are not noted; `seen` is not shared with small buckets,
    which note them.
    """
    if bounds[0] < bounds[1]:
        slots = 1024
        while slots < min(64 * len(members), 1 << 20):
            slots *= 2
        bounds, seen = np.full(2, bounds[1]), np.zeros(slots, dtype=np.uint64)
    for i in range(1, len(members)):
        for hub in range(min(i, HUBS)):
            pairs = _join_pair(hub, i, members, own, hashes, offsets, bounds, seen, pairs)
    whole, total = True, np.int64(0)  # a 0 would be compiled for 0 alone, too
    for i in range(len(members)):
        whole = whole and root(own, i) == root(own, ZERO)
        total += offsets[members[i] + 1] - offsets[members[i]]
    if whole:
        return pairs
    keys, owners, count = _rarest(members, total, hashes, offsets, bounds[1], own)
    sort_with(keys, owners, count, np.empty(count, dtype=np.uint64), np.empty(count, dtype=np.int64))
    looked = np.zeros(len(members) ** 2 if len(members) <= MAX_MATRIX_MEMBERS else 1, dtype=np.bool_)
    begin = 0
    while begin < count:
        end = begin
        shingle = keys[begin] >> U64(32)
        while end < count and keys[end] >> U64(32) == shingle:
            end += 1
        pairs = _join_sharing(
            keys[begin:end], owners[begin:end], members, own, hashes, offsets, bounds, seen, looked, pairs
        )
        begin = end
    return pairs


@compiled
def _remaining(owner: int, members: Any, offsets: Any) -> Any:
    """The size of a member (see `_rarest`), and how many of its shingles are left from a position on."""
    member = members[owner & MEMBER_MASK]
    size = offsets[member + 1] - offsets[member]
    return size, size - (owner >> MEMBER_BITS)


@compiled
def _join_sharing(
    keys: Any,
    owners: Any,
    members: Any,
    own: Any,
    hashes: Any,
    offsets: Any,
    bounds: Any,
    seen: Any,
    looked: Any,
    pairs: Any,
) -> Any:
    """Compare the pairs of members that share a shingle and may be similar, and join similar ones; pairs within a group
    are skipped.

    keys, owners: the result of `_rarest`, group by group. Of a pair, the smaller one has enough shingles left to be
    similar to one of its own size.
    """
    count, leads, share = 0, np.empty(len(owners), dtype=np.int64), bounds[0] / (1 + bounds[0])
    for i in range(len(owners)):
        size, left = _remaining(owners[i], members, offsets)
        if left >= 2 * share * size - 1e-6:
            leads[count] = i
            count += 1
    later = first = 0
    for i in range(len(owners)):
        while later < len(owners) and keys[later] <= keys[i]:
            later += 1
        while first < count and leads[first] < later:
            first += 1
        size, left = _remaining(owners[i], members, offsets)
        leading = left >= 2 * share * size - 1e-6
        for nth in range(len(owners) - later if leading else count - first):
            j = later + nth if leading else leads[first + nth]
            other_size, other_left = _remaining(owners[j], members, offsets)
            if min(left, other_left) < share * (size + other_size) - 1e-6:
                continue
            one, other = owners[i] & MEMBER_MASK, owners[j] & MEMBER_MASK
            at = (min(one, other) * len(members) + max(one, other)) % len(looked)
            if len(looked) > 1 and looked[at]:
                continue
            looked[at] = True
            pairs = _join_pair(one, other, members, own, hashes, offsets, bounds, seen, pairs)
    return pairs


@compiled
def _forest_of(members: Any, parent: Any) -> Any:
    """The forest of the members of a bucket: joined where the forest of all sets is."""
    count = len(members)
    trees, numbers, own = (
        np.empty(count, dtype=np.uint64),
        np.empty(count, dtype=np.int64),
        np.empty(count, dtype=np.int64),
    )
    for i in range(count):
        trees[i], numbers[i], own[i] = U64(_root_readonly(parent, members[i])), i, i
    sort_with(trees, numbers, count, np.empty(count, dtype=np.uint64), np.empty(count, dtype=np.int64))
    for k in range(1, count):  # of one tree, they lie side by side and ascend
        if trees[k] == trees[k - 1]:
            own[numbers[k]] = own[numbers[k - 1]]
    return own


@compiled
def verified_pairs(members: Any, ends: Any, hashes: Any, offsets: Any, bounds: Any, parent: Any, seen: Any) -> Any:
    """Pairs of sets that agree in one band and are alike or nearly so: rows of left, right and similarity.

    Enough of them to join all that are alike, and all nearly alike ones of buckets of `LARGE_BUCKET` sets at most.
    members, ends: as `buckets` gives them; bounds: similarity from which a pair is noted, and from which it is joined;
    parent: the forest (int64); seen: pairs that were looked at and not joined, as far as there is room (uint64, a power
    of two many).

    May run beside `join_pairs` of another band. Pairs that are joined already, or were looked at, are left out as far
    as that is known by now, which changes the time that all takes and nothing else.
    """
    pairs, begin = np.empty((1024, 3), dtype=np.float64), 0
    pairs[0, 0] = 1
    for end in ends:
        bucket = members[begin:end]
        if len(bucket) > SMALL_BUCKET:
            own = _forest_of(bucket, parent)
            if len(bucket) > LARGE_BUCKET:
                pairs = _join_dense_bucket(bucket, own, hashes, offsets, bounds, seen, pairs)
            else:
                for i in range(1, len(bucket)):
                    for j in range(i):
                        pairs = _join_pair(j, i, bucket, own, hashes, offsets, bounds, seen, pairs)
            begin = end
            continue
        for i in range(begin + 1, end):
            for j in range(begin, i):
                left, right = members[j], members[i]
                pair = (U64(left) << U64(32)) | U64(right)
                slot = mixed(pair) & U64(len(seen) - 1)
                if seen[slot] == pair or _root_readonly(parent, left) == _root_readonly(parent, right):
                    continue
                seen[slot] = pair
                found = similarity(hashes, offsets, left, right, bounds[0])
                if found >= bounds[0]:
                    pairs = _append_pair(pairs, left, right, found)
        begin = end
    return pairs[1 : np.int64(pairs[0, 0])].copy()


@compiled
def join_pairs(pairs: Any, threshold: float, parent: Any, misses: Any) -> Any:
    """Join the pairs (see `verified_pairs`) that are similar; note the others.

    parent: the forest (int64); misses: rows of left, right, similarity, where misses[0, 0] is the next free row.
    Returns them, in a larger array if they do not fit.
    """
    for row in range(len(pairs)):
        left, right = np.int64(pairs[row, 0]), np.int64(pairs[row, 1])
        a, b = root(parent, left), root(parent, right)
        if a != b:
            if pairs[row, 2] >= threshold:
                parent[max(a, b)] = min(a, b)
            else:
                misses = _append_pair(misses, left, right, pairs[row, 2])
    return misses


@compiled
def buckets(packed: Any, bits: int) -> Any:
    """Sets that agree in a band, bucket by bucket and ascending in each, and the end of each bucket.

    packed: sorted numbers (uint64), one per set, with the set's number in their lowest `bits`; the bits above are equal
    for sets that agree.
    """
    members, ends = np.empty(1024, dtype=np.int64), np.empty(1024, dtype=np.int64)
    shift, mask = U64(bits), (U64(1) << U64(bits)) - U64(1)
    made = count = begin = ZERO
    while begin < len(packed):
        end = begin + 1
        while end < len(packed) and packed[end] >> shift == packed[begin] >> shift:
            end += 1
        if end > begin + 1:
            if made + end - begin > len(members):
                more = np.empty(2 * (made + end - begin), dtype=np.int64)
                copied(more, ZERO, members, made)
                members = more
            if count == len(ends):
                more = np.empty(2 * count, dtype=np.int64)
                copied(more, ZERO, ends, count)
                ends = more
            for at in range(begin, end):
                members[made] = np.int64(packed[at] & mask)
                made += 1
            ends[count] = made
            count += 1
        begin = end
    return members[:made].copy(), ends[:count].copy()


@compiled
def roots(parent: Any) -> Any:
    """For each set the representative of its group: the first one in it."""
    out = np.empty(len(parent), dtype=np.int64)
    for node in range(len(parent)):
        out[node] = root(parent, node)
    return out


@compiled
def unite(parent: Any, left: Any, right: Any, made: Any) -> None:
    """Join left[i] with right[i] in the forest `parent` (int64), in order; made[i] tells whether the two were
    separate before.
    """
    for i in range(len(left)):
        a, b = root(parent, left[i]), root(parent, right[i])
        if a != b:
            parent[max(a, b)] = min(a, b)
            made[i] = True


@compiled
def unite_up_to(parent: Any, starts: Any, members: Any, largest: int, made: Any, united: Any) -> None:
    """Join the members of each of some sets (number i from starts[i] to starts[i + 1]) in the forest `parent` (int64),
    in order, unless the tree would have more than `largest` nodes; united[i] tells whether all are in one tree,
    made[at] whether a member was in another tree than those before it.
    """
    sizes, seen = np.zeros(len(parent), dtype=np.int64), np.full(len(parent), -1, dtype=np.int64)
    for node in range(len(parent)):
        sizes[root(parent, node)] += 1
    for i in range(len(starts) - 1):
        total = trees = 0
        for at in range(starts[i], starts[i + 1]):
            tree = root(parent, members[at])
            if seen[tree] != i:
                seen[tree] = i
                total, trees = total + sizes[tree], trees + 1
        united[i] = trees < 2 or total <= largest
        for at in range(starts[i] + 1, starts[i + 1] if united[i] else 0):
            a, b = root(parent, members[starts[i]]), root(parent, members[at])
            if a != b:
                parent[max(a, b)] = min(a, b)
                sizes[min(a, b)] = total
                made[at] = True
