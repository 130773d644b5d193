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
    if found >= bounds[0]:
        at = np.int64(misses[0, 0])
        if at == len(misses):
            more = np.empty((2 * at, 3), dtype=np.float64)
            more[:at] = misses
            misses = more
        misses[at, 0], misses[at, 1], misses[at, 2] = left, right, found
        misses[0, 0] = at + 1
    return misses


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
    every = np.empty(total, dtype=np.uint32)
    total = 0
    for member in members:
        size = offsets[member + 1] - offsets[member]
        every[total : total + size] = hashes[offsets[member] : offsets[member + 1]]
        total += size
    every.sort()
    keys, owners, count = np.empty(total, dtype=np.uint64), np.empty(total, dtype=np.int64), 0
    for member in members:
        own = hashes[offsets[member] : offsets[member + 1]]
        often = np.searchsorted(every, own, side="right") - np.searchsorted(every, own, side="left")
        prefix: Any = len(own) - np.int64(np.ceil(bounds[1] * len(own) - 1e-6)) + 1
        rarest = np.argsort(often.astype(np.uint64) << U64(32) | own.astype(np.uint64))
        for k in range(min(prefix, len(own))):
            keys[count] = (U64(own[rarest[k]]) << U64(32)) | U64(root(parent, member))
            owners[count] = member
            count += 1
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
def join_band(keys: Any, order: Any, hashes: Any, offsets: Any, bounds: Any, parent: Any, seen: Any, misses: Any) -> Any:
    """Join the sets that agree in one band and are alike.

    keys: per set its key (uint64); order: what sorts them; bounds: similarity from which a pair is noted, and
    from which it is joined; parent: the forest (int64); seen: pairs that were looked at and not joined, as far as there is room (uint64, a
    power of two many); misses: rows of left, right, similarity, where misses[0, 0] is the next free row.
    """
    begin, count = 0, len(keys)
    while begin < count:
        end = begin + 1
        while end < count and keys[order[end]] == keys[order[begin]]:
            end += 1
        if end - begin > CROWD:
            members = order[begin:end].copy()
            members.sort()
            misses = _crowd(members, hashes, offsets, bounds, parent, seen, misses)
        else:
            for i in range(begin + 1, end):
                for j in range(begin, i):
                    misses = _look(order[j], order[i], hashes, offsets, bounds, parent, seen, misses)
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
