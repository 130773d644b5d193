"""Growing columns that other threads may read, and strings by number."""

from collections.abc import Sequence

from curate.core.lazy import Array, np


class Names:
    """Strings and their numbers."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, name: str) -> int:
        """The number of a name; a new name gets the next number."""
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self.all)
            self.all.append(name)
        return number


class ArrayColumn:
    """Numbers of one type, one per entry."""

    def __init__(self, kind: str) -> None:
        """`kind`: a numpy type, such as `uint8`."""
        self._values: Array = np.zeros(1024, kind)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def extend(self, values: Sequence[int | float] | Array) -> None:
        """Append values."""
        need = self._count + len(values)
        if need > len(self._values):
            grown = np.zeros(max(need, 2 * len(self._values)), self._values.dtype)
            grown[: self._count] = self._values[: self._count]
            self._values = grown
        self._values[self._count : need] = values
        self._count = need  # last: a concurrent reader sees only complete values

    @property
    def values(self) -> Array:
        """All values so far, as a view."""
        return self._values[: self._count]
