"""MinHash signatures of shingle sets (Broder 1997), those of `datasketch.MinHash` with scheme affine32, bit for bit."""

from functools import cache
from typing import Final

from curate.core.arrays import Words
from curate.core.lazy import np
from curate.similarity.shingles import Sets

PERMUTATIONS: Final = 128
SEED: Final = 1
"""That of datasketch, whose permutations are drawn here as they are there."""


@cache
def permutations(count: int) -> tuple[Words, Words]:
    """Factors and summands of `count` permutations h -> a * h + b modulo 2 ** 32; odd factors make them
    permutations.
    """
    generator = np.random.RandomState(SEED)
    factors = generator.randint(0, 1 << 31, count, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return factors, generator.randint(0, 1 << 32, count, dtype=np.uint32)


def signatures(sets: Sets, count: int = PERMUTATIONS, used: int | None = None) -> Words:
    """One row of values a set, the first `used` of `count` permutations; sets without shingles get the largest value,
    as in datasketch.
    """
    from curate.similarity import kernels

    factors, summands = permutations(count)
    signed = np.empty((len(sets), used or count), dtype=np.uint32)
    kernels.signatures(sets.hashes, sets.offsets, factors[:used].copy(), summands[:used].copy(), signed)
    return signed
