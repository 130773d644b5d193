"""Bands of signatures: which pairs of sets become candidates, and how likely a pair at the threshold does.

A signature of n values is cut into bands of r of them; two sets agree in one value with a probability that is their
similarity s, so that they agree in one of b bands with 1 - (1 - s ** r) ** b (Leskovec, Rajaraman, Ullman: Mining of
Massive Datasets, 3.4).
"""

from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from curate.core.arrays import Hashes, Words
from curate.core.disk_arrays import empty
from curate.core.lazy import np
from curate.core.worker_pool import parallel_map
from curate.similarity.shingles import Sets

PERMUTATIONS: Final = 128
SEED: Final = 1
"""The seed of datasketch, so that permutations are equal to its own."""


@cache
def permutations(count: int) -> tuple[Words, Words]:
    """Factors and summands of `count` permutations h -> a * h + b modulo 2 ** 32; odd factors make them
    permutations.
    """
    generator = np.random.RandomState(SEED)
    factors = generator.randint(0, 1 << 31, count, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return factors, generator.randint(0, 1 << 32, count, dtype=np.uint32)


def signatures(sets: Sets, count: int = PERMUTATIONS, used: int | None = None) -> Words:
    """MinHash signatures (Broder 1997), those of `datasketch.MinHash` with scheme affine32, bit for bit.

    One row of values a set, the first `used` of `count` permutations; sets without shingles get the largest value,
    as in datasketch.
    """
    from curate.similarity import kernels

    factors, summands = permutations(count)
    signed = np.empty((len(sets), used or count), dtype=np.uint32)
    kernels.signatures(sets.hashes, sets.offsets, factors[:used].copy(), summands[:used].copy(), signed)
    return signed


RECALL: Final = 0.995
"""Minimum probability with which a pair at the threshold becomes a candidate."""
MOST: Final = 1024
"""Maximum number of values of a signature: enough for RECALL at any similarity from 0.006 on."""
CHUNK: Final = 1 << 14
"""Number of sets that are signed at a time."""


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


def bands_for(threshold: float, permutations: int = PERMUTATIONS, recall: float = RECALL) -> Bands:
    """The longest bands (with the fewest false candidates) for which a pair at `threshold` becomes a candidate with
    probability `recall`.

    If `permutations` values are too few, their number is doubled, up to `MOST`.
    """
    for rows in range(permutations, 0, -1):
        for count in range(1, permutations // rows + 1):
            if (bands := Bands(count, rows, permutations)).probability(threshold) >= recall:
                return bands
    return (
        Bands(permutations, 1, permutations)
        if 2 * permutations > MOST
        else bands_for(threshold, 2 * permutations, recall)
    )


def band_keys(sets: Sets, bands: Bands, workers: int, folder: Path | None = None) -> Hashes:
    """A 64-bit key for each band (first axis) and set (second axis): equal keys mean equal values in the band. With a
    folder, they are in a file there.
    """
    from curate.similarity import kernels

    keys = empty((bands.number, len(sets)), "<u8", folder)

    def sign(start: int) -> None:
        part = sets.part(start, start + CHUNK)
        signed = signatures(part, bands.permutations, bands.number * bands.rows)
        keys[:, start : start + CHUNK] = kernels.band_keys(signed, bands.number, bands.rows)

    for _ in parallel_map(sign, range(0, len(sets), CHUNK), workers):
        pass
    return keys
