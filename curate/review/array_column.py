"""A column that grows, and that others may read meanwhile."""

from collections.abc import Sequence
from typing import Any

import numpy as np


class ArrayColumn:
    """Numbers of one kind, one an entry."""

    def __init__(self, kind: str) -> None:
        """`kind` is a type of numpy, as `uint8`."""
        self._values: np.ndarray[Any, Any] = np.zeros(1024, kind)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def extend(self, values: Sequence[int | float] | np.ndarray[Any, Any]) -> None:
        """Add values at the end."""
        need = self._count + len(values)
        if need > len(self._values):
            grown = np.zeros(max(need, 2 * len(self._values)), self._values.dtype)
            grown[: self._count] = self._values[: self._count]
            self._values = grown
        self._values[self._count : need] = values
        self._count = need  # last: who reads meanwhile sees what is there

    @property
    def values(self) -> np.ndarray[Any, Any]:
        """All values; a view, which does not grow."""
        return self._values[: self._count]
