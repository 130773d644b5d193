"""Strata: examples that have the same traits, of which each split shall have its share."""

from collections.abc import Sequence
from typing import Final

from curate.core.arrays import Numbers
from curate.core.lazy import np
from curate.corpus.corpus import Table

LENGTHS: Final = 4
"""Classes of length, of about as many examples each."""


def strata_of(table: Table, traits: Sequence[str]) -> Numbers | None:
    """Of each example the number of its stratum, whatever the order of the examples; None where no trait is wanted."""
    marks = table.marks
    if not traits or marks is None:
        return None
    others = iter(marks.traits.T)
    columns = [_length(marks.characters) if trait == "length" else next(others) for trait in traits]
    _, strata = np.unique(np.stack(columns, axis=1).astype(np.uint64), axis=0, return_inverse=True)
    return strata.reshape(-1).astype(np.int64)


def _length(characters: Numbers) -> Numbers:
    """The class of each length, 0 for the shortest."""
    bounds = np.quantile(characters, [nth / LENGTHS for nth in range(1, LENGTHS)], method="inverted_cdf")
    return np.searchsorted(bounds, characters, side="left").astype(np.int64)
