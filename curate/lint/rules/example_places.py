"""The places of examples, stored in few bytes each."""

from array import array
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Final

from curate.core.example import Place

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
