"""Groups of similar sets: candidate pairs are verified by their Jaccard similarity and joined into groups.
Candidates agree in a band of their signatures. A signature of n values is cut into bands of r of them; two sets agree
in one value with a probability that is their similarity s, so that they agree in one of b bands with
1 - (1 - s ** r) ** b (Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, 3.4).
"""

import sys
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

from curate.core.errors import requiring
from curate.core.lazy import Floats, Hashes, Numbers, Words, lazy_once, np
from curate.parallel.worker_pool import WorkerPool
from curate.similarity.buckets import SetJoin, packed_bands, roots, share_small_bucket
from curate.similarity.shingles import ShingleSets
from curate.storage.disk_arrays import empty, random_access

PERMUTATIONS: Final = 128
SEED: Final = 1
"""The seed of the permutations: the default of datasketch."""


@lazy_once
def _minhash() -> Any:
    """The class `datasketch.MinHash`, without the rest of its package, which loads scipy for half a second. Raises
    `MissingExtra`.
    """
    with requiring("comparing examples", "dedup", "datasketch"):
        if "datasketch" in sys.modules:
            return import_module("datasketch").MinHash
        if (spec := find_spec("datasketch")) is None:
            raise ModuleNotFoundError("No module named 'datasketch'", name="datasketch")
        sys.modules["datasketch"] = module_from_spec(spec)  # not executed: only where its modules are
        try:
            return import_module("datasketch.minhash").MinHash
        finally:  # an import elsewhere in the process loads the whole package
            for name in [name for name in sys.modules if name.partition(".")[0] == "datasketch"]:
                del sys.modules[name]


@cache
def permutations(count: int) -> tuple[Words, Words]:
    """Factors and summands of the `count` permutations h -> a * h + b modulo 2 ** 32 of `datasketch.MinHash`."""
    minhash_of = _minhash()
    factors, summands = minhash_of(num_perm=count, seed=SEED, scheme="affine32").permutations
    return factors, summands


def signatures(sets: ShingleSets, count: int = PERMUTATIONS, used: int | None = None) -> Words:
    """MinHash signatures (Broder 1997), those of `datasketch.MinHash` with scheme affine32, bit for bit.

    One row of values a set, the first `used` of `count` permutations; sets without shingles get the largest value,
    as in datasketch.
    """
    from curate.similarity import kernels

    factors, summands = permutations(count)
    signed = np.empty((len(sets), used or count), dtype=np.uint32)
    if kernels.signatures.is_interpreted:
        minhash_of = _minhash()
        for number in range(len(sets)):
            minhash = minhash_of(num_perm=count, hashfunc=int, permutations=(factors, summands), scheme="affine32")
            minhash.update_batch(sets[number])
            signed[number] = minhash.hashvalues[:used]
        return signed
    best = np.empty(signed.shape[1], dtype=np.uint32)
    kernels.signatures(sets.hashes, sets.offsets, factors[:used].copy(), summands[:used].copy(), best, signed)
    return signed


MIN_RECALL: Final = 0.995
"""Minimum probability with which a pair at the threshold becomes a candidate."""
MAX_PERMUTATIONS: Final = 1024
"""Maximum number of values of a signature: enough for `MIN_RECALL` at any similarity from 0.006 on."""
CHUNK_SETS: Final = 1 << 14


class Bands(NamedTuple):
    """How signatures are cut."""

    number: int
    rows: int
    """Number of values in each band."""
    permutations: int
    """Number of values of the signatures that are cut; some may be left over."""

    def probability(self, similarity: float) -> float:
        """Probability that two sets with this similarity become candidates."""
        return float(1 - (1 - similarity**self.rows) ** self.number)


@cache
def bands_for(threshold: float, permutations: int = PERMUTATIONS, recall: float = MIN_RECALL) -> Bands:
    """The longest bands (with the fewest false candidates) for which a pair at `threshold` becomes a candidate with
    probability `recall`.

    If `permutations` values are too few, their number is doubled, up to `MAX_PERMUTATIONS`.
    """
    for rows in range(permutations, 0, -1):
        for count in range(1, permutations // rows + 1):
            if (bands := Bands(count, rows, permutations)).probability(threshold) >= recall:
                return bands
    return (
        Bands(permutations, 1, permutations)
        if 2 * permutations > MAX_PERMUTATIONS
        else bands_for(threshold, 2 * permutations, recall)
    )


def band_keys(bands: Bands, sets: ShingleSets) -> Hashes:
    """A 64-bit key for each band (first axis) and set (second axis): equal keys mean equal values in the band."""
    from curate.similarity import kernels

    signed = signatures(sets, bands.permutations, bands.number * bands.rows)
    keys = np.empty((bands.number, len(sets)), dtype=np.uint64)
    kernels.band_keys(signed, bands.number, bands.rows, keys)
    return keys


def all_band_keys(sets: ShingleSets, bands: Bands, workers: WorkerPool, folder: Path | None) -> Hashes:
    """The `band_keys` of many sets; with a folder, they are in a file there."""
    keys, end = empty((bands.number, len(sets)), "<u8", folder), 0
    parts = (sets.part(start, start + CHUNK_SETS) for start in range(0, len(sets), CHUNK_SETS))
    for part in workers.each_compiled(partial(band_keys, bands), parts):
        keys[:, end : end + part.shape[1]] = part
        end += part.shape[1]
    return keys


MIN_REPORTED: Final = 0.5
"""Similarity from which pairs below the threshold are reported: for a histogram around it."""
MAX_COMPARED: Final = 20
"""Number of most similar kept examples that an example is compared with: if the facts of all of them differ from
its own, it is kept.
"""


class SimilarityGroups(NamedTuple):
    """Sets in groups: any two candidates that are similar are in one group."""

    members: list[Numbers]
    """The groups with more than one set, in order of their first member; the numbers of the sets in each, ascending."""
    misses: list[float]
    """Similarities of candidates of different groups, from `MIN_REPORTED` to below the threshold, ascending. Those that
    agree only in bands that more than `buckets.LARGE_BUCKET` sets agree in are left out: templates have a quadratic
    number of them.
    """
    missed: Numbers
    """The two candidates of each of `misses`, a row each."""
    bands: Bands


class EarlierGroups(NamedTuple):
    """The groups of an earlier run by the numbers that sets have now."""

    labels: Numbers
    """For each set a number that is equal for sets of one group if only these are grouped; -1 for new sets."""
    misses: Floats
    """Rows of left, right and similarity of the near misses among the others."""


def grouped(
    sets: ShingleSets,
    threshold: float,
    workers: WorkerPool,
    keys: Hashes | None = None,
    *,
    misses: bool = True,
    folder: Path | None = None,
    before: EarlierGroups | None = None,
) -> SimilarityGroups:
    """Gather the sets whose similarity is at least `threshold`. Sets without shingles are in no group.

    The order of the sets changes only numbers. `keys`: the `band_keys` of all, if known. `misses`: whether
    `SimilarityGroups.misses` are wanted. With a folder, keys are in a file there. `before`: groups of some of the sets;
    only the others are compared then, with all.
    """
    bands = bands_for(threshold)
    nodes = np.flatnonzero(np.diff(sets.offsets)).astype(np.int64)
    keys = all_band_keys(sets, bands, workers, folder) if keys is None else keys
    bounds = np.array([min(MIN_REPORTED, threshold) if misses else threshold, threshold])
    roots, pairs = _joined_groups(sets, nodes, keys, bounds, workers.count, before)
    order = np.argsort(roots, kind="stable")
    starts = np.flatnonzero(np.diff(roots[order], prepend=-1))
    ends = np.append(starts[1:], len(order))
    big = np.flatnonzero(ends - starts > 1)
    members = [order[start:end] for start, end in zip(starts[big].tolist(), ends[big].tolist(), strict=True)]
    left, right = pairs[:, :2].T.astype(np.int64)
    separate = np.flatnonzero(roots[left] != roots[right])
    once = separate[np.unique(left[separate] << 32 | right[separate], return_index=True)[1]]
    once = once[np.argsort(pairs[once, 2], kind="stable")]
    return SimilarityGroups(members, pairs[once, 2].tolist(), pairs[once, :2].astype(np.int64), bands)


def _joined_groups(
    sets: ShingleSets, nodes: Numbers, keys: Hashes, bounds: Floats, workers: int, before: EarlierGroups | None
) -> tuple[Numbers, Floats]:
    """For each set the first one of its group; and rows of left, right and similarity of near misses.

    nodes: the sets that have shingles; bounds: the similarity from which near misses are noted, and the threshold;
    before: see `grouped`.
    """
    forest, new, bits = SetJoin(sets, bounds, workers), None, max(1, len(sets).bit_length())
    if before is not None:
        grouped_before = np.flatnonzero(before.labels >= 0)
        firsts, groups = np.unique(before.labels[grouped_before], return_index=True, return_inverse=True)[1:]
        forest.parent[grouped_before] = grouped_before[firsts][groups.reshape(-1)]
        new = nodes[before.labels[nodes] < 0]
        misses = before.misses
        if len(new) and len(misses):  # with the new sets, buckets may be too large
            misses = misses[share_small_bucket(keys, nodes, bits, *misses[:, :2].T.astype(np.int64))]
        forest.misses.append(misses)
    with random_access(sets.hashes):
        for band in packed_bands(keys, nodes, bits, workers, new) if new is None or len(new) else ():
            forest.join_band(band)
    return roots(forest.parent), np.concatenate(forest.misses)


def jaccard(sets: ShingleSets, left: int, right: int) -> float:
    """The similarity of two sets: shared hashes divided by all hashes; 0 if one is empty."""
    shared = len(np.intersect1d(sets[left], sets[right], assume_unique=True))
    return shared / max(1, len(sets[left]) + len(sets[right]) - shared)
