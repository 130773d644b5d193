"""Select examples that cover the others: facility location over vectors, weighted by quality, with floors.

The result depends only on the set of examples, not on their order or files: examples are processed in the order of
their ids, which are hashes of their content.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from heapq import heapify, heappop, heappush
from itertools import pairwise
from typing import Final

from curate.core.lazy import Floats, Matrix, Numbers, np
from curate.core.text import normalised

MAX_COVERED_EXAMPLES: Final = 2_000
"""Maximum number of examples whose coverage is counted, evenly spaced in the order of their ids."""
RANDOM_CHOICES: Final = 3
MIN_MEASURED: Final = 200
"""Number of examples that the selection was not made by from which these alone measure its coverage."""
MAX_SIMILARITIES: Final = 1 << 26
"""Maximum number of similarities in memory at a time: 256 MB."""
QUALITY_WEIGHT: Final = 1e-3
"""Weight of quality alone, when nothing is left to cover."""
DIMENSIONS: Final = 384
MAX_CHARS: Final = 4_000


class Chooser:
    """Greedy selection: the next example has the largest product of quality and additional coverage."""

    def __init__(self, vectors: Matrix, quality: Floats) -> None:
        size, sample = len(vectors), _sample(len(vectors))
        self.alike = vectors @ vectors[sample].T
        np.clip(self.alike, 0, 1, out=self.alike)  # in place: up to 256 MB
        self.quality = quality
        self.covered = np.zeros(len(sample), dtype=np.float32)
        self.chosen: list[int] = []
        self._taken = np.zeros(size, dtype=np.bool_)

    def take(self, example: int) -> None:
        """Choose an example, given by its row."""
        if not self._taken[example]:
            self._taken[example] = True
            self.chosen.append(example)
            self.covered = np.maximum(self.covered, self.alike[example])

    def count(self, among: Collection[int]) -> int:
        """The number of chosen rows in `among`."""
        return sum(bool(self._taken[example]) for example in among)

    def worth(self, example: int) -> float:
        """The gain of adding an example to the chosen ones."""
        gain = np.maximum(self.alike[example] - self.covered, 0).mean() if len(self.covered) else 0.0
        return round(float(self.quality[example] * (gain + QUALITY_WEIGHT)), 9)

    def choose(self, among: Collection[int], fits: Callable[[int], bool], enough: Callable[[], bool]) -> None:
        """Choose rows of `among`, best first and equal ones by their number, until `enough()`. `fits(row)` is called
        before a row is chosen; if it returns False, the row is left out.
        """
        heap = [(-self.worth(example), example) for example in among if not self._taken[example]]
        heapify(heap)  # the gain of an example never grows, so that few gains must be computed again
        while heap and not enough():
            _, example = heappop(heap)
            worth = -self.worth(example)
            if heap and (worth, example) > heap[0]:
                heappush(heap, (worth, example))
            elif fits(example):
                self.take(example)


def choose(
    vectors: Matrix,
    quality: Floats,
    sizes: Sequence[int],
    budget: int,
    floors: Sequence[Mapping[str, Sequence[int]]] = (),
    least: Sequence[int] = (),
) -> list[int]:
    """The rows to select, in the order in which they were chosen.

    `sizes`: the cost of each row in the `budget`. `floors`: for each field the rows of each value, of which at least
    the number in `least` is selected first.
    """
    chooser, spent = Chooser(vectors, quality), 0

    def fits(example: int) -> bool:
        nonlocal spent
        if spent + sizes[example] > budget:
            return False
        spent += sizes[example]
        return True

    def is_full() -> bool:
        return spent >= budget

    for groups, number in zip(floors, least, strict=True):
        for name in sorted(groups):
            members = set(groups[name])
            goal = len(chooser.chosen) + min(number, len(members)) - chooser.count(members)
            reached = partial(_has_enough, chooser, goal)
            chooser.choose(members, fits, reached)
    chooser.choose(range(len(sizes)), fits, is_full)
    return chooser.chosen


def _has_enough(chooser: Chooser, count: int) -> bool:
    """Whether at least `count` rows are chosen."""
    return len(chooser.chosen) >= count


def hashed_vectors(texts: Sequence[str]) -> Matrix:
    """Unit vectors of texts by their hashed words and pairs of words: a substitute for embeddings without a model."""
    import xxhash

    vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
    for row, text in enumerate(texts):
        words = normalised(text[:MAX_CHARS]).split()
        for feature in {*words, *map(" ".join, pairwise(words))}:
            value = xxhash.xxh3_64_intdigest(feature.encode("utf-8", "replace"))
            vectors[row, value % DIMENSIONS] += 1 if value >> 63 else -1
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norms, norms, 1))


def coverage(vectors: Matrix, chosen: Sequence[int], sizes: Sequence[int]) -> tuple[float, float]:
    """The mean cosine similarity of examples to the nearest chosen one, and that for random choices of the same size.

    `sizes`: the cost of each row; a random choice costs at most as much as the chosen rows. Of many rows, those
    are measured that the choice was not made by.
    """
    draw = np.random.default_rng(0)
    measured = np.setdiff1d(np.arange(len(vectors)), _sample(len(vectors))) if len(vectors) else np.zeros(0, np.int64)
    if len(measured) < MIN_MEASURED:
        measured = np.arange(len(vectors))
    measured = draw.permutation(measured)[:MAX_COVERED_EXAMPLES]
    costs, budget = np.array(sizes), sum(sizes[row] for row in chosen)

    def mean_similarity(rows: Numbers) -> float:
        return float((vectors[measured] @ vectors[rows].T).max(axis=1).mean()) if len(rows) else 0.0

    random = []
    for _ in range(RANDOM_CHOICES):
        order = draw.permutation(len(vectors))
        random.append(mean_similarity(order[: int(np.searchsorted(np.cumsum(costs[order]), budget, "right"))]))
    return mean_similarity(np.array(chosen, dtype=np.int64)), sum(random) / len(random)


def _sample(size: int) -> Numbers:
    """The rows of which the coverage is measured, evenly spaced; `size`: the number of all rows."""
    count = max(1, min(MAX_COVERED_EXAMPLES, size, MAX_SIMILARITIES // max(size, 1)))
    return np.linspace(0, size - 1, count).astype(np.int64) if size else np.empty(0, dtype=np.int64)


def nearest_chosen(vectors: Matrix, chosen: Sequence[int]) -> tuple[list[int], Floats]:
    """For each row the most similar chosen one, and the cosine of both."""
    nearest, cosine = np.zeros(len(vectors), dtype=np.int64), np.zeros(len(vectors))
    if not chosen:
        return [], cosine
    chosen_rows, rows = np.array(chosen), max(1, MAX_SIMILARITIES // 4 // len(chosen))
    chosen_vectors = vectors[chosen_rows].T
    for start in range(0, len(vectors), rows):
        block = vectors[start : start + rows] @ chosen_vectors
        best = block.argmax(axis=1)
        nearest[start : start + rows], cosine[start : start + rows] = (
            chosen_rows[best],
            block[np.arange(len(block)), best],
        )
    return nearest.tolist(), cosine
