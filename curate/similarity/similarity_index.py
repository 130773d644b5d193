"""Which sets are similar: candidates are verified by their true Jaccard similarity and gathered into groups."""

from pathlib import Path
from typing import Final, NamedTuple

from curate.core.arrays import Floats, Hashes, Numbers
from curate.core.disk_arrays import random_access
from curate.core.lazy import np
from curate.core.worker_pool import parallel_map
from curate.similarity.bands import Bands, band_keys, bands_for
from curate.similarity.shingles import Sets, parts_of

FLOOR: Final = 0.5
"""Similarity from which pairs below the threshold are reported: for a histogram around it."""
TOLD: Final = 20
"""Number of most similar kept examples that an example is compared with: if the facts of all of them differ from
its own, it is kept.
"""
SEEN: Final = 1 << 20
"""Number of compared pairs that are remembered; 8 bytes each."""


class Groups(NamedTuple):
    """Sets in groups: any two candidates that are similar are in one group."""

    members: list[Numbers]
    """The groups with more than one set, in order of their first member; the numbers of the sets in each, ascending."""
    misses: list[float]
    """Similarities of candidates of different groups, from `FLOOR` to below the threshold, ascending. Those that agree
    only in bands that more than `join.CROWD` sets agree in are left out: templates have a quadratic number of them.
    """
    bands: Bands


def grouped(
    sets: Sets,
    threshold: float,
    workers: int,
    keys: Hashes | None = None,
    *,
    misses: bool = True,
    folder: Path | None = None,
) -> Groups:
    """Gather the sets whose similarity is at least `threshold`. Sets without shingles are in no group.

    The order of the sets changes only numbers. `keys`: the `band_keys` of all, if known. `misses`: whether
    `Groups.misses` are wanted. With a folder, keys are in a file there.
    """
    bands = bands_for(threshold)
    nodes = np.flatnonzero(np.diff(sets.offsets)).astype(np.int64)
    keys = band_keys(sets, bands, workers, folder) if keys is None else keys
    bounds = np.array([min(FLOOR, threshold) if misses else threshold, threshold])
    roots, pairs = _joined(sets, nodes, keys, bounds, workers)
    order = np.argsort(roots, kind="stable")
    starts = np.flatnonzero(np.diff(roots[order], prepend=-1))
    ends = np.append(starts[1:], len(order))
    big = np.flatnonzero(ends - starts > 1)
    members = [order[start:end] for start, end in zip(starts[big].tolist(), ends[big].tolist(), strict=True)]
    left, right = pairs[:, :2].T.astype(np.int64)
    apart = np.flatnonzero(roots[left] != roots[right])
    once = apart[np.unique(left[apart] << 32 | right[apart], return_index=True)[1]]
    return Groups(members, np.sort(pairs[once, 2]).tolist(), bands)


def _joined(sets: Sets, nodes: Numbers, keys: Hashes, bounds: Floats, workers: int) -> tuple[Numbers, Floats]:
    """For each set the first one of its group; and rows of left, right and similarity of near misses.

    nodes: the sets that have shingles; bounds: the similarity from which near misses are noted, and the threshold.
    """
    from curate.similarity import join

    parent, seen = np.arange(len(sets)), np.zeros(SEEN, dtype=np.uint64)
    misses = np.zeros((1024, 3), dtype=np.float64)
    misses[0, 0] = 1
    bits = max(1, len(sets).bit_length())
    numbers, above = nodes.astype(np.uint64), np.uint64((1 << 64) - (1 << bits))

    def alike(band: Hashes) -> Floats:
        packed = (band if len(nodes) == len(sets) else band[nodes]) & above
        packed |= numbers
        # sorted as they are: to sort numbers by keys takes ten times as long
        packed.sort()
        members, ends = join.buckets(packed, bits)
        # by their first members: sets that are in a file are read in order, and near-duplicates often stand together
        ends = np.append(0, ends)
        at, ends = parts_of(ends, members[ends[:-1]].argsort(kind="stable"))
        pairs: Floats = join.verified(members[at], ends[1:], sets.hashes, sets.offsets, bounds, parent, seen)
        return pairs

    with random_access(sets.hashes):
        for pairs in parallel_map(alike, keys, workers):
            misses = join.join_pairs(pairs, bounds[1], parent, misses)
    return join.roots(parent), misses[1 : int(misses[0, 0])]


def jaccard(sets: Sets, left: int, right: int) -> float:
    """The similarity of two sets: shared hashes divided by all hashes; 0 if one is empty."""
    from curate.similarity import kernels

    return max(0.0, float(kernels.similarity(sets.hashes, sets.offsets, left, right, 0.0)))
