"""The compiled part of grouping: buckets of sets that agree in a band, and the similar pairs of their members. Import
it inside functions, as `kernels`.

Similar sets are joined into groups by a forest (union-find). A pair that is joined already is not compared, so that the
work on a bucket of near-equal sets is linear in its size. A bucket of many dissimilar sets, as templates produce it, is
subdivided by prefix filtering (Chaudhuri, Ganti, Kaushik 2006): two sets of similarity t share one of the n - ceil(t *
n) + 1 shingles of a set of n that are rarest in the bucket. If the first shingle that two sets share is at positions i
and j, rarest first, they share only shingles from these positions on (the positional filter of PPJoin: Xiao, Wang, Lin,
Yu 2008). None of these filters loses a pair.
"""

from typing import Any

import numpy as np

from curate.similarity.kernels import similarity
from curate.similarity.numba_utils import U64, ZERO, compiled, copied, grown_rows, mixed, sort_with

LARGE_BUCKET = 64
"""Number of members from which a bucket is subdivided."""
SMALL_BUCKET = 8
"""Number of members up to which all pairs of a bucket are compared, even if they have been joined since."""
MAX_COUNT_SLOTS = 1 << 22
MAX_MATRIX_MEMBERS = 1024
"""Number of members of a large bucket up to which a matrix records the compared pairs: most pairs share more than one
of their rarest shingles.
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
def _append_pair(pairs: Any, left: int, right: int, score: float) -> Any:
    """Append a pair. Returns the pairs, in a larger array if they do not fit."""
    row = np.int64(pairs[0, 0])
    pairs = grown_rows(pairs, row, row + 1)
    pairs[row, 0], pairs[row, 1], pairs[row, 2] = left, right, score
    pairs[0, 0] = row + 1
    return pairs


@compiled
def _join_pair(
    i: int, j: int, members: Any, forest: Any, hashes: Any, offsets: Any, bounds: Any, compared: Any, pairs: Any
) -> Any:
    """Join two members of a bucket if they are similar, and append them to `pairs` if they are similar or nearly so.
    Returns the pairs.
    """
    a, b = root(forest, i), root(forest, j)
    if a == b:
        return pairs
    left, right = min(members[i], members[j]), max(members[i], members[j])
    pair = (U64(left) << U64(32)) | U64(right)
    slot = mixed(pair) & U64(len(compared) - 1)
    if compared[slot] == pair:
        return pairs
    score = similarity(hashes, offsets, left, right, bounds[0])
    if score >= bounds[1]:
        forest[max(a, b)] = min(a, b)
    else:
        compared[slot] = pair
    return _append_pair(pairs, left, right, score) if score >= bounds[0] else pairs


@compiled
def _rarest(members: Any, total: int, hashes: Any, offsets: Any, threshold: float, forest: Any) -> Any:
    """The rarest shingles of each member, so many that two similar sets must share one of them.
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
    no_owners, spare_owners = np.empty(longest, dtype=np.int64), np.empty(longest, dtype=np.int64)
    for i in range(len(members)):
        shingles = hashes[offsets[members[i]] : offsets[members[i] + 1]]
        prefix: Any = len(shingles) - np.int64(np.ceil(threshold * len(shingles) - 1e-6)) + 1
        for k in range(len(shingles)):
            rarest[k], no_owners[k] = (U64(often[shingles[k] & mask]) << U64(32)) | U64(shingles[k]), 0
        sort_with(rarest, no_owners, len(shingles), more_rarest, spare_owners)
        for k in range(min(prefix, len(shingles))):
            keys[count] = (rarest[k] << U64(32)) | U64(root(forest, i))
            owners[count] = (k << MEMBER_BITS) | i
            count += 1
    return keys, owners, count


@compiled
def join_dense_bucket(
    members: Any, forest: Any, hashes: Any, offsets: Any, bounds: Any, compared: Any, pairs: Any
) -> Any:
    """Join all similar pairs of a large bucket.

    Near misses, of which templates have a quadratic number, are not appended; `compared` is not shared with small
    buckets, which append them.
    """
    if bounds[0] < bounds[1]:
        slots = 1024
        while slots < min(64 * len(members), 1 << 20):
            slots *= 2
        bounds, compared = np.full(2, bounds[1]), np.zeros(slots, dtype=np.uint64)
    for i in range(1, len(members)):
        for hub in range(min(i, HUBS)):
            pairs = _join_pair(hub, i, members, forest, hashes, offsets, bounds, compared, pairs)
    one_group, total = True, np.int64(0)  # for the literal 0, numba would compile another version
    for i in range(len(members)):
        one_group = one_group and root(forest, i) == root(forest, ZERO)
        total += offsets[members[i] + 1] - offsets[members[i]]
    if one_group:
        return pairs
    keys, owners, count = _rarest(members, total, hashes, offsets, bounds[1], forest)
    sort_with(keys, owners, count, np.empty(count, dtype=np.uint64), np.empty(count, dtype=np.int64))
    visited = np.zeros(len(members) ** 2 if len(members) <= MAX_MATRIX_MEMBERS else 1, dtype=np.bool_)
    begin = 0
    while begin < count:
        end = begin
        shingle = keys[begin] >> U64(32)
        while end < count and keys[end] >> U64(32) == shingle:
            end += 1
        pairs = _join_sharing(
            keys[begin:end], owners[begin:end], members, forest, hashes, offsets, bounds, compared, visited, pairs
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
    forest: Any,
    hashes: Any,
    offsets: Any,
    bounds: Any,
    compared: Any,
    visited: Any,
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
        for step in range(len(owners) - later if leading else count - first):
            j = later + step if leading else leads[first + step]
            other_size, other_left = _remaining(owners[j], members, offsets)
            if min(left, other_left) < share * (size + other_size) - 1e-6:
                continue
            left_member, right_member = owners[i] & MEMBER_MASK, owners[j] & MEMBER_MASK
            slot = (min(left_member, right_member) * len(members) + max(left_member, right_member)) % len(visited)
            if len(visited) > 1 and visited[slot]:
                continue
            visited[slot] = True
            pairs = _join_pair(left_member, right_member, members, forest, hashes, offsets, bounds, compared, pairs)
    return pairs


@compiled
def _forest_of(members: Any, parent: Any) -> Any:
    """The forest of the members of a bucket, joined as in the forest of all sets."""
    count = len(members)
    trees, numbers, forest = (
        np.empty(count, dtype=np.uint64),
        np.empty(count, dtype=np.int64),
        np.empty(count, dtype=np.int64),
    )
    for i in range(count):
        trees[i], numbers[i], forest[i] = U64(_root_readonly(parent, members[i])), i, i
    sort_with(trees, numbers, count, np.empty(count, dtype=np.uint64), np.empty(count, dtype=np.int64))
    for k in range(1, count):  # members of one tree are contiguous and ascending
        if trees[k] == trees[k - 1]:
            forest[numbers[k]] = forest[numbers[k - 1]]
    return forest


@compiled
def verified_pairs(members: Any, ends: Any, hashes: Any, offsets: Any, bounds: Any, parent: Any, compared: Any) -> Any:
    """Pairs of sets that agree in one band and are similar or nearly so: rows of left, right and similarity.

    They suffice to join all similar sets, and include all nearly similar pairs of buckets of at most `LARGE_BUCKET`
    sets. members, ends: the result of `buckets`; bounds: similarity from which a pair is returned, and from which it is
    joined; parent: the forest (int64); compared: a hash table of pairs that were compared and not joined (uint64, its
    length a power of two), in which later pairs replace earlier ones.

    May run at the same time as `join_pairs` of another band. Pairs that are already joined or compared are left out,
    which affects only the run time.
    """
    pairs, begin = np.empty((1024, 3), dtype=np.float64), 0
    pairs[0, 0] = 1
    for end in ends:
        bucket = members[begin:end]
        if len(bucket) > SMALL_BUCKET:
            forest = _forest_of(bucket, parent)
            if len(bucket) > LARGE_BUCKET:
                pairs = join_dense_bucket(bucket, forest, hashes, offsets, bounds, compared, pairs)
            else:
                for i in range(1, len(bucket)):
                    for j in range(i):
                        pairs = _join_pair(j, i, bucket, forest, hashes, offsets, bounds, compared, pairs)
            begin = end
            continue
        for i in range(begin + 1, end):
            for j in range(begin, i):
                left, right = members[j], members[i]
                pair = (U64(left) << U64(32)) | U64(right)
                slot = mixed(pair) & U64(len(compared) - 1)
                if compared[slot] == pair or _root_readonly(parent, left) == _root_readonly(parent, right):
                    continue
                compared[slot] = pair
                score = similarity(hashes, offsets, left, right, bounds[0])
                if score >= bounds[0]:
                    pairs = _append_pair(pairs, left, right, score)
        begin = end
    return pairs[1 : np.int64(pairs[0, 0])].copy()


@compiled
def join_pairs(pairs: Any, threshold: float, parent: Any, misses: Any) -> Any:
    """Join the pairs (see `verified_pairs`) that are similar; append the others to `misses`.

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
    total = count = begin = ZERO
    while begin < len(packed):
        end = begin + 1
        while end < len(packed) and packed[end] >> shift == packed[begin] >> shift:
            end += 1
        if end > begin + 1:
            if total + end - begin > len(members):
                more = np.empty(2 * (total + end - begin), dtype=np.int64)
                copied(more, ZERO, members, total)
                members = more
            if count == len(ends):
                more = np.empty(2 * count, dtype=np.int64)
                copied(more, ZERO, ends, count)
                ends = more
            for position in range(begin, end):
                members[total] = np.int64(packed[position] & mask)
                total += 1
            ends[count] = total
            count += 1
        begin = end
    return members[:total].copy(), ends[:count].copy()


@compiled
def roots(parent: Any) -> Any:
    """For each set the representative of its group: the first one in it."""
    out = np.empty(len(parent), dtype=np.int64)
    for node in range(len(parent)):
        out[node] = root(parent, node)
    return out


@compiled
def unite(parent: Any, left: Any, right: Any, joined: Any) -> None:
    """Join left[i] with right[i] in the forest `parent` (int64), in order; joined[i] tells whether the two were
    separate before.
    """
    for i in range(len(left)):
        a, b = root(parent, left[i]), root(parent, right[i])
        if a != b:
            parent[max(a, b)] = min(a, b)
            joined[i] = True


@compiled
def unite_up_to(parent: Any, starts: Any, members: Any, largest: int, joined: Any, united: Any) -> None:
    """Join the members of each of some sets (number i from starts[i] to starts[i + 1]) in the forest `parent` (int64),
    in order, unless the tree would have more than `largest` nodes; united[i] tells whether all are in one tree,
    joined[position] whether a member was in another tree than those before it.
    """
    sizes, last_set = np.zeros(len(parent), dtype=np.int64), np.full(len(parent), -1, dtype=np.int64)
    for node in range(len(parent)):
        sizes[root(parent, node)] += 1
    for i in range(len(starts) - 1):
        total = trees = 0
        for position in range(starts[i], starts[i + 1]):
            tree = root(parent, members[position])
            if last_set[tree] != i:
                last_set[tree] = i
                total, trees = total + sizes[tree], trees + 1
        united[i] = trees < 2 or total <= largest
        for position in range(starts[i] + 1, starts[i + 1] if united[i] else 0):
            a, b = root(parent, members[starts[i]]), root(parent, members[position])
            if a != b:
                parent[max(a, b)] = min(a, b)
                sizes[min(a, b)] = total
                joined[position] = True
