"""Which entries an example stands in: sorted columns, so that a million cost 12 bytes each and a look takes
microseconds.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

Keys = np.ndarray[Any, np.dtype[np.uint64]]
Rows = np.ndarray[Any, np.dtype[np.int32]]


def key(example: str) -> int:
    """The first 64 bits of an id. Two ids of a million agree in them once in forty million data sets."""
    return int(example[:16], 16)


class ExampleIndex:
    """Numbers of entries by the ids of the examples in them. It only grows."""

    def __init__(self) -> None:
        self._parts: list[tuple[Keys, Rows]] = []

    def add(self, keys: Sequence[int] | Keys, rows: Sequence[int] | Rows) -> None:
        """Take in pairs of a key and the number of an entry."""
        new = np.asarray(keys, np.uint64)
        if not len(new):
            return
        numbers = np.asarray(rows, np.int32)
        while self._parts and len(self._parts[-1][0]) <= 2 * len(new):  # few parts, each twice as long as the next
            old_keys, old_rows = self._parts.pop()
            new, numbers = np.concatenate([old_keys, new]), np.concatenate([old_rows, numbers])
        order = np.argsort(new, kind="stable")
        self._parts.append((new[order], numbers[order]))

    def rows(self, example: str) -> list[int]:
        """The entries that an example stands in."""
        wanted = np.uint64(key(example))
        found: list[int] = []
        for keys, rows in self._parts:
            start, end = np.searchsorted(keys, wanted, "left"), np.searchsorted(keys, wanted, "right")
            found.extend(rows[start:end].tolist())
        return found
