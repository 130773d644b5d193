"""The compiled part of grouping: buckets of sets that agree in a band, and which of their members are alike. Import it inside functions, as `kernels`.

Sets that are alike are joined into groups by a forest (union-find). A pair that is joined already need not be looked at, which makes the
work on a bucket of near-equal sets linear in its size. A bucket of many sets that are not alike, as templates make it, is cut up by prefix
filtering (Chaudhuri, Ganti, Kaushik 2006): two sets of similarity t share one of the n - ceil(t * n) + 1 shingles that are rarest in the
bucket, for any set of n. No pair is lost by either.
"""

from typing import Any

import numpy as np

from curate.detect.kernels import compiled, mixed, similarity

U64 = np.uint64
CROWD = 64
"""Members from which a bucket is cut up."""
SMALL = 8
"""Members up to which all pairs of a bucket are looked at, whoever is joined meanwhile."""
COUNTS = 1 << 22
"""Places, at the most, in which shingles of a crowd are counted."""
HUBS = 16
"""Members of a crowd that each of its members is compared with first."""


@compiled
def root(parent: Any, node: int) -> int:
    """The set that stands for the group of `node`."""
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@compiled
def _noted(misses: Any, left: int, right: int, found: float) -> Any:
    """Note a pair that is nearly alike. Returns the misses, in a bigger array when theirs was full."""
    at = np.int64(misses[0, 0])
    if at == len(misses):
        more = np.empty((2 * at, 3), dtype=np.float64)
        more[:at] = misses
        misses = more
    misses[at, 0], misses[at, 1], misses[at, 2] = left, right, found
    misses[0, 0] = at + 1
    return misses


@compiled
def _look(one: int, other: int, hashes: Any, offsets: Any, bounds: Any, parent: Any, seen: Any, misses: Any) -> Any:
    """Join two sets when they are alike; note a pair that is so nearly. Returns the misses, in a bigger array when theirs was full."""
    a, b = root(parent, one), root(parent, other)
    if a == b:
        return misses
    left, right = min(one, other), max(one, other)
    pair = (U64(left) << U64(32)) | U64(right)
    slot = mixed(pair) & U64(len(seen) - 1)
    if seen[slot] == pair:
        return misses
    found = similarity(hashes, offsets, left, right, bounds[0])
    if found >= bounds[1]:
        parent[max(a, b)] = min(a, b)
        return misses
    seen[slot] = pair
    return _noted(misses, left, right, found) if found >= bounds[0] else misses


@compiled
def _rarest(members: Any, total: int, hashes: Any, offsets: Any, threshold: float, parent: Any) -> Any:
    """The shingles of each member that are rarest among all, as many as two sets that are alike must share one of.

    Returns a key for each, the shingle and then the group of the member, the members, and how many there are. `total`: shingles of all members.
    """
    slots = 1024
    while slots < min(4 * total, COUNTS):
        slots *= 2
    mask, often = np.uint32(slots - 1), np.zeros(slots, dtype=np.uint32)  # a shared count only makes a shingle look more frequent
    for member in members:
        for shingle in hashes[offsets[member] : offsets[member + 1]]:
            often[shingle & mask] += np.uint32(1)
    keys, owners, count = np.empty(total, dtype=np.uint64), np.empty(total, dtype=np.int64), 0
    for member in members:
        own = hashes[offsets[member] : offsets[member + 1]]
        prefix: Any = len(own) - np.int64(np.ceil(threshold * len(own) - 1e-6)) + 1
        rarest = np.empty(len(own), dtype=np.uint64)
        for k in range(len(own)):
            rarest[k] = (U64(often[own[k] & mask]) << U64(32)) | U64(own[k])
        rarest.sort()
        for k in range(min(prefix, len(own))):
            keys[count] = (rarest[k] << U64(32)) | U64(root(parent, member))
            owners[count] = member
            count += 1
    return keys, owners, count


@compiled
def _crowd(members: Any, hashes: Any, offsets: Any, bounds: Any, parent: Any, seen: Any, misses: Any) -> Any:
    """Look at all pairs of a big bucket that may be alike."""
    for i in range(1, len(members)):
        for hub in range(min(i, HUBS)):
            misses = _look(members[hub], members[i], hashes, offsets, bounds, parent, seen, misses)
    stands = root(parent, members[0])
    whole, total = True, 0
    for member in members:
        whole = whole and root(parent, member) == stands
        total += offsets[member + 1] - offsets[member]
    if whole:
        return misses
    keys, owners, count = _rarest(members, total, hashes, offsets, bounds[1], parent)
    order = np.argsort(keys[:count])
    begin = 0
    while begin < count:
        end = begin
        shingle = keys[order[begin]] >> U64(32)
        while end < count and keys[order[end]] >> U64(32) == shingle:
            end += 1
        later = begin
        for i in range(begin, end):  # one shingle: its sets lie group by group, and pairs within a group are joined
            while later < end and keys[order[later]] <= keys[order[i]]:
                later += 1
            for j in range(later, end):
                misses = _look(owners[order[i]], owners[order[j]], hashes, offsets, bounds, parent, seen, misses)
        begin = end
    return misses


@compiled
def buckets(packed: Any, bits: int) -> Any:
    """Sets that agree in a band, bucket by bucket and ascending in each, and where each bucket ends.

    packed: sorted numbers (uint64), one a set, that have the set's number in their lowest `bits` and are equal above these where sets agree.
    """
    members, ends = np.empty(1024, dtype=np.int64), np.empty(1024, dtype=np.int64)
    shift, mask = U64(bits), (U64(1) << U64(bits)) - U64(1)
    made = count = begin = 0
    while begin < len(packed):
        end = begin + 1
        while end < len(packed) and packed[end] >> shift == packed[begin] >> shift:
            end += 1
        if end > begin + 1:
            if made + end - begin > len(members):
                more = np.empty(2 * (made + end - begin), dtype=np.int64)
                more[:made] = members[:made]
                members = more
            if count == len(ends):
                more = np.empty(2 * count, dtype=np.int64)
                more[:count] = ends
                ends = more
            for at in range(begin, end):
                members[made] = np.int64(packed[at] & mask)
                made += 1
            ends[count] = made
            count += 1
        begin = end
    return members[:made].copy(), ends[:count].copy()


@compiled
def _above(parent: Any, node: int) -> int:
    """`root`, for a forest that another thread joins trees of at the same time: nothing is written."""
    while parent[node] != node:
        node = parent[node]
    return node


@compiled
def verified(members: Any, ends: Any, hashes: Any, offsets: Any, bounds: Any, parent: Any, seen: Any) -> Any:
    """Pairs of small buckets that are alike or nearly so: rows of left, right and similarity, as in `join_buckets`.

    May run beside `join_buckets` of another band. Pairs that are joined already, or were looked at, are left out as far as that is known by now,
    which changes the time that all takes and nothing else.
    """
    pairs, count, begin = np.empty((1024, 3), dtype=np.float64), 0, 0
    for end in ends:
        if end - begin <= SMALL:
            for i in range(begin + 1, end):
                for j in range(begin, i):
                    left, right = members[j], members[i]
                    pair = (U64(left) << U64(32)) | U64(right)
                    slot = mixed(pair) & U64(len(seen) - 1)
                    if seen[slot] == pair or _above(parent, left) == _above(parent, right):
                        continue
                    seen[slot] = pair
                    found = similarity(hashes, offsets, left, right, bounds[0])
                    if found < bounds[0]:
                        continue
                    if count == len(pairs):
                        more = np.empty((2 * count, 3), dtype=np.float64)
                        more[:count] = pairs
                        pairs = more
                    pairs[count, 0], pairs[count, 1], pairs[count, 2] = left, right, found
                    count += 1
        begin = end
    return pairs[:count].copy()


@compiled
def join_buckets(members: Any, ends: Any, pairs: Any, hashes: Any, offsets: Any, bounds: Any, parent: Any, seen: Any, misses: Any) -> Any:
    """Join the sets that agree in one band and are alike: those of `pairs` (see `verified`), and those of the buckets that are not small.

    members, ends: as `buckets` gives them; bounds: similarity from which a pair is noted, and from which it is joined; parent: the forest
    (int64); seen: pairs that were looked at and not joined, as far as there is room (uint64, a power of two many); misses: rows of left,
    right, similarity, where misses[0, 0] is the next free row. Returns them, in a bigger array when theirs was full.
    """
    for row in range(len(pairs)):
        left, right = np.int64(pairs[row, 0]), np.int64(pairs[row, 1])
        a, b = root(parent, left), root(parent, right)
        if a != b:
            if pairs[row, 2] >= bounds[1]:
                parent[max(a, b)] = min(a, b)
            else:
                misses = _noted(misses, left, right, pairs[row, 2])
    begin = 0
    for end in ends:
        if end - begin > CROWD:
            misses = _crowd(members[begin:end], hashes, offsets, bounds, parent, seen, misses)
        elif end - begin > SMALL:
            for i in range(begin + 1, end):
                for j in range(begin, i):
                    misses = _look(members[j], members[i], hashes, offsets, bounds, parent, seen, misses)
        begin = end
    return misses


@compiled
def join_equal(keys: Any, order: Any, parent: Any) -> None:
    """Join the sets whose keys (uint64) are equal and not 0; `order` sorts them."""
    for i in range(1, len(keys)):
        if keys[order[i]] != 0 and keys[order[i]] == keys[order[i - 1]]:
            a, b = root(parent, order[i]), root(parent, order[i - 1])
            parent[max(a, b)] = min(a, b)


@compiled
def roots(parent: Any) -> Any:
    """Of each set the one that stands for its group: the first one in it."""
    out = np.empty(len(parent), dtype=np.int64)
    for node in range(len(parent)):
        out[node] = root(parent, node)
    return out
