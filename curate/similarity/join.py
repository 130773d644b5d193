"""The compiled part of grouping: the union of similar sets, and the similar pairs of a large bucket. Import it inside
functions, as `kernels`.
"""

from typing import Any

from curate.similarity.kernels import similarity
from curate.similarity.numba_utils import U64, compiled, mixed


@compiled
def root(parent: Any, node: int) -> int:
    """The set that represents the group of `node`."""
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@compiled
def join_sharing(
    keys: Any, owners: Any, sizes: Any, lefts: Any, parent: Any, hashes: Any, offsets: Any, threshold: float,
    compared: Any, leads: Any,
) -> None:  # fmt: skip
    """Join the sets that share one of their rarest shingles and are similar; pairs within a group are skipped.

    keys, ascending: a shingle and the group of a set that has it; owners: the set; sizes: its size; lefts: how many of
    its shingles are left from this one on; compared: a hash table of pairs that were compared and not joined (uint64,
    its length a power of two), in which later pairs replace earlier ones; leads: a buffer. Of a pair, the smaller set
    has enough shingles left to be similar to one of its own size.
    """
    begin, share = 0, threshold / (1 + threshold)
    while begin < len(keys):
        count, end = 0, begin
        while end < len(keys) and keys[end] >> U64(32) == keys[begin] >> U64(32):
            if lefts[end] >= 2 * share * sizes[end] - 1e-6:
                leads[count] = end
                count += 1
            end += 1
        later, first = begin, 0
        for i in range(begin, end):
            while later < end and keys[later] <= keys[i]:
                later += 1
            while first < count and leads[first] < later:
                first += 1
            leading = lefts[i] >= 2 * share * sizes[i] - 1e-6
            for step in range(end - later if leading else count - first):
                j = later + step if leading else leads[first + step]
                if min(lefts[i], lefts[j]) < share * (sizes[i] + sizes[j]) - 1e-6:
                    continue
                left, right = min(owners[i], owners[j]), max(owners[i], owners[j])
                a, b = root(parent, left), root(parent, right)
                pair = (U64(left) << U64(32)) | U64(right)
                slot = mixed(pair) & U64(len(compared) - 1)
                if a == b or compared[slot] == pair:
                    continue
                if similarity(hashes, offsets, left, right, threshold) >= threshold:
                    parent[max(a, b)] = min(a, b)
                else:
                    compared[slot] = pair
        begin = end


@compiled
def unite(parent: Any, left: Any, right: Any, joined: Any) -> None:
    """Join left[i] with right[i] in the forest `parent` (int64), in order; joined[i] is whether the two were
    separate before.
    """
    for i in range(len(left)):
        a, b = root(parent, left[i]), root(parent, right[i])
        if a != b:
            parent[max(a, b)] = min(a, b)
            joined[i] = True


@compiled
def unite_up_to(
    parent: Any, starts: Any, members: Any, largest: int, joined: Any, united: Any, sizes: Any, last_set: Any
) -> None:
    """Join the members of each of some sets (number i from starts[i] to starts[i + 1]) in the forest `parent` (int64),
    in order, unless the tree would have more than `largest` nodes; united[i] tells whether all are in one tree,
    joined[position] whether a member was in another tree than those before it. sizes: a buffer of zeros of the size of
    `parent`; last_set: one of -1.
    """
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
