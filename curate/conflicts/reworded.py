"""Pairs of questions that may ask the same in other words, each with its probability. Embeddings propose them,
`same_question` decides.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from curate.conflicts.same_question import (
    MIN_COSINE,
    WordsCompared,
    compare_words,
    features,
    probability,
    words_apart,
)
from curate.conflicts.wording import wording
from curate.core.lazy import Matrix, np
from curate.core.text import normalised

Embed = Callable[[Sequence[str]], "Matrix"]
"""Unit vectors of texts."""
MIN_TOPIC_SIZE: Final = 30
"""Questions about one thing from which what they have in common is left out of account."""
SAME_TOPIC_COSINE: Final = 0.6
"""Cosine of the embeddings of two questions from which they are about the same thing."""
MAX_SAMPLED: Final = 4_000
"""Questions, at even distances, among which those about the same thing are looked for."""
EPSILON: Final = 1e-6
NEAREST_TRIES: Final = 10
"""Nearest questions that one question is held against, in each direction."""
ROWS_PER_BLOCK: Final = 256
MAX_EXHAUSTIVE: Final = 8_000
"""Questions up to which each is held against all; of more, against those of the nearest cells."""
CELL_SIZE, PROBED_CELLS = 400, 8
"""Questions of a cell, on average, and cells that one question is looked for in."""


class Pair(NamedTuple):
    """Two questions by position, the cosine of their embeddings, and the probability that they ask the same."""

    left: int
    right: int
    cosine: float
    features: tuple[float, ...]
    """Those of `same_question`; their cosine is that within the topic, where there is one."""
    same: float
    in_topic: bool = False
    """Whether one of them is among many questions about one thing."""


def reworded(
    requests: Sequence[str],
    vectors: Matrix,
    embed: Embed,
    min_probabilities: Sequence[float],
    blocks: Sequence[range] | None = None,
    cosine: float = MIN_COSINE,
) -> list[Pair]:
    """The pairs of `requests` that ask the same with at least the probability, not `limited`, that both need, in order
    of position.

    `min_probabilities` has the probability that each request needs. Only pairs of one block are compared, where there
    are blocks, and of those only pairs of at least `cosine`. `embed` is asked once.
    """

    def suffices(left: int, right: int, found: tuple[float, ...]) -> bool:
        return probability(found, limited=False) >= max(min_probabilities[left], min_probabilities[right])

    worded = cache(lambda at: wording(requests[at]))
    compared: dict[tuple[int, int], WordsCompared] = {}
    near: list[tuple[int, int, float, float, bool]] = []
    for block in blocks or [range(len(requests))]:
        pairs = []
        for one, other, alike in nearest(vectors[block.start : block.stop], cosine):
            left, right = block.start + one, block.start + other
            if requests[left] == requests[right] or _instruction_input(requests[left]) != _instruction_input(
                requests[right]
            ):
                continue
            words = compare_words(worded(left), worded(right))
            if suffices(left, right, features(words, alike, None)):
                compared[left, right] = words
                pairs.append((left, right, alike))
        near += (
            pair
            for pair in _within_topics(vectors, block, pairs)
            if suffices(*pair[:2], features(compared[pair[:2]], pair[3], None))
        )
    apart = {word for left, right, *_ in near for word in words_apart(worded(left), worded(right))}
    known: Mapping[str, Any] = dict(zip(sorted(apart), embed(sorted(apart)), strict=True)) if apart else {}
    every = ((pair, features(compared[pair[:2]], pair[3], known, pair[4])) for pair in near)
    return [Pair(*pair[:3], final, probability(final), pair[4]) for pair, final in every if suffices(*pair[:2], final)]


def _within_topics(
    vectors: Matrix, block: range, pairs: Sequence[tuple[int, int, float]]
) -> Iterator[tuple[int, int, float, float, bool]]:
    """The pairs of a block with their cosine, that without what the questions of their topic have in common, if it is
    less, and whether one of them has such a topic.

    Where a file has many questions about one thing, all are near each other for that alone.
    """
    rows = np.array(sorted({row for left, right, _ in pairs for row in (left, right)}), dtype=np.int64)
    sample = vectors[np.linspace(block.start, block.stop - 1, min(len(block), MAX_SAMPLED)).astype(np.int64)]
    common: dict[int, Any] = {}
    for start in range(0, len(rows), ROWS_PER_BLOCK):
        near = vectors[rows[start : start + ROWS_PER_BLOCK]] @ sample.T >= SAME_TOPIC_COSINE
        count = near.sum(axis=1)
        means = near.astype(np.float32) @ sample / np.maximum(count, 1)[:, None]
        common.update((int(rows[start + at]), means[at]) for at in np.flatnonzero(count >= MIN_TOPIC_SIZE).tolist())
    for left, right, cosine in pairs:
        if left not in common or right not in common:
            yield left, right, cosine, cosine, left in common or right in common
            continue
        shared = (common[left] + common[right]) / 2
        one, other = vectors[left] - shared, vectors[right] - shared
        length = float(np.linalg.norm(one) * np.linalg.norm(other))
        yield left, right, cosine, min(cosine, float(one @ other) / length) if length > EPSILON else cosine, True


def _instruction_input(request: str) -> str:
    """What an instruction is about, below a blank line: with another input it is another question, in whatever words.

    Not so below a salutation, and not where a question stands there: that is the request itself.
    """
    above, _, below = request.partition("\n\n")
    return "" if "?" in below or above.rstrip().endswith((",", "!")) else normalised(below)


def nearest(vectors: Matrix, min_cosine: float) -> Iterator[tuple[int, int, float]]:
    """Of each row the `NEAREST_TRIES` nearest others whose cosine is at least `min_cosine` (above 0), each pair once,
    smaller position first, in order.
    """
    count = len(vectors)
    cosines = np.zeros((count, NEAREST_TRIES), dtype=np.float32)
    near = np.zeros((count, NEAREST_TRIES), dtype=np.int32)
    for rows, others in _blocks(vectors):  # a row is held against several cells
        block = vectors[rows] @ vectors[others].T
        block[rows[:, None] == others[None, :]] = -1
        kept = min(NEAREST_TRIES, len(others))
        best = np.argpartition(-block, kept - 1, axis=1)[:, :kept]
        every = np.hstack([cosines[rows], np.take_along_axis(block, best, axis=1)])
        asked = np.hstack([near[rows], others[best].astype(np.int32)])
        order = np.lexsort((asked, -every))[:, :NEAREST_TRIES]
        cosines[rows] = np.take_along_axis(every, order, axis=1)
        near[rows] = np.take_along_axis(asked, order, axis=1)
    at, column = np.nonzero(cosines >= min_cosine)
    other = near[at, column].astype(np.int64)
    pairs, first = np.unique(np.minimum(at, other) * count + np.maximum(at, other), return_index=True)
    found = cosines[at, column][first]
    for start in range(0, len(pairs), MAX_EXHAUSTIVE):
        left, right = np.divmod(pairs[start : start + MAX_EXHAUSTIVE], count)
        yield from zip(
            left.tolist(),
            right.tolist(),
            np.minimum(found[start : start + MAX_EXHAUSTIVE], 1).tolist(),
            strict=True,
        )


def _blocks(vectors: Matrix) -> Iterator[tuple[Any, Any]]:
    """Rows, and the rows that they are held against: all of a small matrix, those of the nearest cells of a big one."""
    count = len(vectors)
    if count <= MAX_EXHAUSTIVE:
        for start in range(0, count, ROWS_PER_BLOCK):
            yield np.arange(start, min(start + ROWS_PER_BLOCK, count)), np.arange(count)
        return
    # Cells around rows taken at even distances: an inverted file index without training, the same for the same rows.
    centres = vectors[np.linspace(0, count - 1, max(PROBED_CELLS, count // CELL_SIZE)).astype(np.int64)]
    near = np.empty((count, PROBED_CELLS), dtype=np.int64)
    home = np.empty(count, dtype=np.int64)
    for start in range(0, count, ROWS_PER_BLOCK * 8):
        cosines = vectors[start : start + ROWS_PER_BLOCK * 8] @ centres.T
        near[start : start + ROWS_PER_BLOCK * 8] = np.argpartition(-cosines, PROBED_CELLS - 1, axis=1)[:, :PROBED_CELLS]
        home[start : start + ROWS_PER_BLOCK * 8] = cosines.argmax(axis=1)
    asking, members = _by_value(near.ravel(), len(centres)), _by_value(home, len(centres))
    for asks, others in zip(asking, members, strict=True):
        for start in range(0, len(asks) if len(others) else 0, ROWS_PER_BLOCK * 8):
            yield asks[start : start + ROWS_PER_BLOCK * 8] // PROBED_CELLS, others


def _by_value(values: Any, count: int) -> list[Any]:
    """The positions at which each of the first `count` whole numbers stands."""
    order = np.argsort(values, kind="stable")
    return np.split(order, np.searchsorted(values[order], np.arange(1, count)))
