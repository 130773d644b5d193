"""Counts of what occurs in a data set, each with the place of the first occurrence, and groups of equal digests."""

from array import array
from collections.abc import Iterator, Sequence
from typing import Any, Final

from curate.core.example import Place
from curate.core.lazy import np

SMALL: Final = 10_000
"""Number of examples below which a dictionary is as fast as columns."""
Count = tuple[int, Place]
"""A count, and the place of the first occurrence."""


def first_counts(digests: Any, chosen: Any, numbers: Any) -> Iterator[tuple[int, int]]:
    """First line and count of each digest among the chosen lines, in line order."""
    at = np.flatnonzero(chosen)
    if len(at) and (digests[at] == digests[at[0]]).all():  # usually one system prompt for all
        yield int(numbers[at[0]]), len(at)
        return
    _, first, counts = np.unique(digests[at], return_index=True, return_counts=True)
    for nth in np.argsort(first).tolist():
        yield int(numbers[at[first[nth]]]), int(counts[nth])


def sorted_columns(order: list[int], columns: Sequence["array[int]"]) -> Iterator["array[int]"]:
    """Columns, each sorted by the numbers of `order`."""
    if len(order) < SMALL // 10:
        positions = sorted(range(len(order)), key=order.__getitem__)
        yield from (array(column.typecode, map(column.__getitem__, positions)) for column in columns)
        return
    at = np.argsort(np.asarray(order), kind="stable")
    yield from (
        array(column.typecode, np.frombuffer(column, dtype=column.typecode)[at].tobytes()) for column in columns
    )


def equal_groups(digests: "array[int]") -> Iterator[list[int]]:
    """The positions of each digest that occurs more than once; usually few."""
    if len(digests) < SMALL:
        by_digest: dict[int, list[int]] = {}
        for at, digest in enumerate(digests):
            by_digest.setdefault(digest, []).append(at)
        yield from (group for group in by_digest.values() if len(group) > 1)
        return
    values = np.frombuffer(digests, dtype=np.uint64)
    ordered = np.sort(values)
    repeated = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    del ordered
    likely = np.zeros(1 << 16, dtype=np.bool_)
    likely[repeated >> np.uint64(48)] = True
    positions = np.flatnonzero(likely[values >> np.uint64(48)])  # comparing 16 bits first avoids most of the search
    positions = positions[np.isin(values[positions], repeated)]
    order = np.argsort(values[positions], kind="stable")
    positions = positions[order]
    for group in np.split(positions, np.flatnonzero(np.diff(values[positions])) + 1) if len(positions) else ():
        yield group.tolist()


def add_to_count(known: Count | None, place: Place, count: int = 1) -> Count:
    """Add to a count; `place` is the first of the added. Within a file, lines may come in any order."""
    if known is None:
        return count, place
    total, first = known
    return total + count, place if place.file == first.file and place.line < first.line else first


def comes_before(place: Place, other: Place) -> bool:
    """Whether the place of a known example precedes that of the current one."""
    return place.file != other.file or place.line < other.line
