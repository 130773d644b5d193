"""The places of examples in few bytes each, counts with the place of the first occurrence, groups of equal digests."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from curate.core.example import Place
from curate.core.lazy import np

LARGEST: Final = 2**32 - 1


@dataclass(slots=True)
class Places:
    """The places of examples: four bytes each, and each file name once."""

    lines: "array[int]" = field(default_factory=lambda: array("I"))
    """Line of each example, relative to its chunk."""
    starts: list[int] = field(default_factory=list)
    """Number of examples before each chunk."""
    parts: list[tuple[str, int]] = field(default_factory=list)
    """File of each chunk, and number of lines before it."""

    def add(self, place: Place) -> None:
        """Append the place of the next example."""
        if not self.parts or self.parts[-1] != (place.file, 0):
            self.parts.append((place.file, 0))
            self.starts.append(len(self.lines))
        self.lines.append(min(place.line, LARGEST))

    def add_lines(self, file: str, numbers: "list[int] | array[int]") -> None:
        """Append the places of the next examples, all of one file."""
        self.add(Place(file, numbers[0]))
        self.lines.extend(numbers[1:])

    def extend(self, other: "Places", before: int) -> None:
        """Append the places of following examples, with `before` lines of their file before them."""
        size = len(self.lines)
        self.starts += [size + start for start in other.starts]
        self.parts += [(file, before + lines) for file, lines in other.parts]
        self.lines.extend(other.lines)

    def __getitem__(self, at: int) -> Place:
        file, before = self.parts[bisect_right(self.starts, at) - 1]
        return Place(file, before + self.lines[at])

    def start_of(self, file: str) -> int:
        """The number of examples before a file."""
        return next(start for start, (name, _) in zip(self.starts, self.parts, strict=True) if name == file)

    @property
    def first(self) -> str:
        """The name of the first file, for findings about the data set."""
        return self.parts[0][0]

    def by_file(self) -> dict[str, range]:
        """The numbers of the examples in each file, in order."""
        ends = [*self.starts[1:], len(self.lines)]
        found: dict[str, range] = {}
        for (file, _), start, end in zip(self.parts, self.starts, ends, strict=True):
            found[file] = range(found[file].start if file in found else start, end)
        return found


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
