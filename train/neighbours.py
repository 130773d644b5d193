"""Which training examples ask much the same: cosine of their questions' words, each weighted by how rare it is (tf-idf)."""

from collections import Counter
from collections.abc import Sequence
from math import log
from typing import Any, Final

import numpy as np

from curate.text import normalised, words

SIMILAR: Final = 0.35
"""Cosine from which on two questions are neighbours."""
MOST: Final = 5
"""Neighbours of an example that are looked at."""
AT_ONCE: Final = 256
COMMON: Final = 0.2
"""Share of the examples beyond which a word says nothing about a question, in a set that is not tiny."""
TINY: Final = 50

Near = list[tuple[int, float]]
"""Positions of neighbours with their similarity, the nearest first."""


def neighbours(asked: Sequence[str], of: Sequence[int]) -> list[Near]:
    """For each position in `of` its nearest neighbours among all that are `asked`."""
    from scipy.sparse import csr_array  # comes with datasketch

    matrix = _weighted(asked, csr_array)
    turned = matrix.T.tocsc()
    found: list[Near] = []
    for start in range(0, len(of), AT_ONCE):
        part = list(of[start : start + AT_ONCE])
        similar = (matrix[part] @ turned).tocsr()
        for at, own in enumerate(part):
            inside = slice(similar.indptr[at], similar.indptr[at + 1])
            positions, values = similar.indices[inside], similar.data[inside]
            near = [(int(p), float(v)) for p, v in zip(positions, values, strict=True) if p != own and v >= SIMILAR]
            found.append(sorted(near, key=lambda one: (-one[1], one[0]))[:MOST])
    return found


def _weighted(asked: Sequence[str], csr_array: Any) -> Any:
    counts = [Counter(words(normalised(text))) for text in asked]
    spread = Counter(word for one in counts for word in one)
    most = COMMON * len(asked) if len(asked) >= TINY else len(asked)
    numbers = {word: number for number, word in enumerate(word for word, times in spread.items() if times <= most)}
    rows, columns, values = [], [], []
    for row, one in enumerate(counts):
        weights = {numbers[word]: (1 + log(times)) * log(len(asked) / spread[word]) for word, times in one.items() if word in numbers}
        norm = sum(weight**2 for weight in weights.values()) ** 0.5
        if norm:
            rows += [row] * len(weights)
            columns += list(weights)
            values += [weight / norm for weight in weights.values()]
    return csr_array((np.array(values, dtype=np.float64), (rows, columns)), shape=(len(asked), max(1, len(numbers))))
