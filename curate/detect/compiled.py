"""How the loops of `curate.detect` are compiled, and how they mix bits. Import it inside functions: numba takes a while."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

U64 = np.uint64


def compiled(function: Callable[..., Any]) -> Any:
    """`function` compiled at its first call; kept on disk where there is a place that can be written, made anew in each process elsewhere."""
    try:
        return njit(nogil=True, cache=True, error_model="numpy")(function)
    except RuntimeError:  # numba found no folder for it
        return njit(nogil=True, error_model="numpy")(function)


@compiled
def mixed(value: Any) -> Any:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014): each bit depends on every bit of `value`."""
    value = (value ^ (value >> U64(30))) * U64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> U64(27))) * U64(0x94D049BB133111EB)
    return value ^ (value >> U64(31))
