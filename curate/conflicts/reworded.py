"""Pairs of questions that may be the same in other words, each with its probability. Candidates are found by
embeddings, in other languages than English by parts of words, too, and filtered by `same_question`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from functools import cache
from itertools import pairwise
from typing import Any, Final, NamedTuple

from curate.conflicts.same_question import (
    MIN_COSINE,
    WordsCompared,
    compare_words,
    features,
    probability,
    words_apart,
)
from curate.conflicts.word_parts import MIN_COSINE as MIN_PART_COSINE
from curate.conflicts.word_parts import unit_vectors, word_parts
from curate.conflicts.wording import QuestionWording, wording
from curate.core.lazy import Matrix, np
from curate.core.text import normalised
from curate.language.function_words import ENGLISH, in_other_language, question_language
from curate.language.tokens import plain_words

Embed = Callable[[Sequence[str]], "Matrix"]
"""Unit vectors of texts."""
MIN_TOPIC_SIZE: Final = 30
"""Minimum number of questions of a topic whose mean vector is subtracted."""
MIN_SUBJECT_SIZE: Final = 10
"""Minimum number of questions that name one subject for them to be a topic."""
SAME_TOPIC_COSINE: Final = 0.6
"""Minimum cosine of the embeddings of two questions of one topic."""
MAX_SAMPLED: Final = 4_000
"""Maximum number of questions, sampled at even distances, that are searched for a topic."""
EPSILON: Final = 1e-6
NEAREST_TRIES: Final = 10
"""Number of nearest questions that a question is compared with, in each direction."""
ROWS_PER_BLOCK: Final = 256
MAX_EXHAUSTIVE: Final = 8_000
"""Maximum number of questions that are compared with all others; beyond it, only with those of the nearest cells."""
CELL_SIZE, PROBED_CELLS = 400, 8
"""Average number of questions of a cell, and number of cells that are searched for a question."""


class RewordedPair(NamedTuple):
    """Two questions by position, the cosine of their embeddings, and the probability that they ask the same."""

    left: int
    right: int
    cosine: float
    features: tuple[float, ...]
    """Those of `same_question`; their cosine is that within the topic, where there is one, and in other languages than
    English the likeness of the words."""
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
) -> list[RewordedPair]:
    """The pairs of `requests` whose probability of being the same, not `limited`, reaches the minimum of both, in order
    of position.

    `min_probabilities` has the minimum probability for each request. Only pairs of one block, if there are blocks, with
    at least the cosine `cosine` are compared. `embed` is called once.
    """

    def suffices(left: int, right: int, values: tuple[float, ...]) -> bool:
        return probability(values, limited=False) >= max(min_probabilities[left], min_probabilities[right])

    worded = cache(lambda index: wording(requests[index]))
    compared: dict[tuple[int, int], WordsCompared] = {}
    near: list[tuple[int, int, float, float, bool]] = []
    for block in blocks or [range(len(requests))]:
        pairs: list[tuple[int, int, float]] = []
        by_parts: list[tuple[int, int, float]] = []
        for left, right, row_cosine in _candidates(requests, vectors, block, cosine):
            if requests[left] == requests[right] or _instruction_input(requests[left]) != _instruction_input(
                requests[right]
            ):
                continue
            words = compare_words(worded(left), worded(right))
            if suffices(left, right, features(words, row_cosine, None)):
                compared[left, right] = words
                (pairs if words.likeness is None else by_parts).append((left, right, row_cosine))
        named = _with_common_subject({row: worded(row) for pair in pairs for row in pair[:2]})
        near += ((*pair, pair[2], False) for pair in by_parts)
        near += (
            pair
            for pair in _within_topics(vectors, block, pairs, named)
            if suffices(*pair[:2], features(compared[pair[:2]], pair[3], None))
        )
    differing_words = {word for left, right, *_ in near for word in words_apart(worded(left), worded(right))}
    phrase_vectors: Mapping[str, Any] = (
        dict(zip(sorted(differing_words), embed(sorted(differing_words)), strict=True)) if differing_words else {}
    )
    every = ((pair, features(compared[pair[:2]], pair[3], phrase_vectors, pair[4])) for pair in near)
    return [
        RewordedPair(*pair[:3], final, probability(final), pair[4])
        for pair, final in every
        if suffices(*pair[:2], final)
    ]


def _candidates(
    requests: Sequence[str], vectors: Matrix, block: range, cosine: float
) -> Iterator[tuple[int, int, float]]:
    """Pairs of a block with their cosine: the nearest ones by the embeddings, and in other languages than English by
    parts of words.
    """
    rows = vectors[block.start : block.stop]
    pairs = {(left, right): near for left, right, near in nearest(rows, cosine)}
    words = {row: tuple(plain_words(requests[block.start + row])) for row in range(len(rows))}
    languages = {row: question_language(listed) for row, listed in words.items()}
    if any(language not in ("", ENGLISH) for language in languages.values()):
        others = [row for row in words if languages[row] != ENGLISH]
        vectors_of_parts = unit_vectors([word_parts(words[row]) for row in others])
        for left_row, right_row, _ in nearest(vectors_of_parts, MIN_PART_COSINE):
            left, right = others[left_row], others[right_row]
            if in_other_language(languages[left], languages[right]):
                pairs[left, right] = min(1.0, float(rows[left] @ rows[right]))
    for left, right in sorted(pairs):
        yield block.start + left, block.start + right, pairs[left, right]


def _with_common_subject(questions: Mapping[int, QuestionWording]) -> set[int]:
    """The questions that name, by two words, what at least `MIN_SUBJECT_SIZE` of them name."""
    by_name: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, question in questions.items():
        for name in set(pairwise(question.order)):
            if set(name) <= set(question.names):
                by_name[name].append(index)
    return {index for named in by_name.values() if len(named) >= MIN_SUBJECT_SIZE for index in named}


def _within_topics(
    vectors: Matrix, block: range, pairs: Sequence[tuple[int, int, float]], named: Set[int]
) -> Iterator[tuple[int, int, float, float, bool]]:
    """The pairs of a block with their cosine, their cosine without the mean vector of their topic if that is lower, and
    whether one of them has a topic or is in `named`.

    All questions of a large topic have similar embeddings because of the topic.
    """
    rows = np.array(sorted({row for left, right, _ in pairs for row in (left, right)}), dtype=np.int64)
    sample = vectors[np.linspace(block.start, block.stop - 1, min(len(block), MAX_SAMPLED)).astype(np.int64)]
    common: dict[int, Any] = {}
    for start in range(0, len(rows), ROWS_PER_BLOCK):
        near = vectors[rows[start : start + ROWS_PER_BLOCK]] @ sample.T >= SAME_TOPIC_COSINE
        count = near.sum(axis=1)
        means = near.astype(np.float32) @ sample / np.maximum(count, 1)[:, None]
        common.update(
            (int(rows[start + index]), means[index]) for index in np.flatnonzero(count >= MIN_TOPIC_SIZE).tolist()
        )
    for left, right, cosine in pairs:
        if left not in common or right not in common:
            in_topic = any(row in common or row in named for row in (left, right))
            yield left, right, cosine, cosine, in_topic
            continue
        shared = (common[left] + common[right]) / 2
        left_vector, right_vector = vectors[left] - shared, vectors[right] - shared
        length = float(np.linalg.norm(left_vector) * np.linalg.norm(right_vector))
        yield (
            left,
            right,
            cosine,
            min(cosine, float(left_vector @ right_vector) / length) if length > EPSILON else cosine,
            True,
        )


def _instruction_input(request: str) -> str:
    """The input of an instruction, below a blank line: requests with different inputs are different questions.

    Empty below a salutation, and if the lower part is a question, which is the request itself.
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
    for rows, others in _row_blocks(vectors):  # a row is compared with several cells
        block = vectors[rows] @ vectors[others].T
        block[rows[:, None] == others[None, :]] = -1
        count_kept = min(NEAREST_TRIES, len(others))
        best = np.argpartition(-block, count_kept - 1, axis=1)[:, :count_kept]
        every = np.hstack([cosines[rows], np.take_along_axis(block, best, axis=1)])
        candidates = np.hstack([near[rows], others[best].astype(np.int32)])
        order = np.lexsort((candidates, -every))[:, :NEAREST_TRIES]
        cosines[rows] = np.take_along_axis(every, order, axis=1)
        near[rows] = np.take_along_axis(candidates, order, axis=1)
    row, column = np.nonzero(cosines >= min_cosine)
    neighbour = near[row, column].astype(np.int64)
    pairs, first = np.unique(np.minimum(row, neighbour) * count + np.maximum(row, neighbour), return_index=True)
    pair_cosines = cosines[row, column][first]
    for start in range(0, len(pairs), MAX_EXHAUSTIVE):
        left, right = np.divmod(pairs[start : start + MAX_EXHAUSTIVE], count)
        yield from zip(
            left.tolist(),
            right.tolist(),
            np.minimum(pair_cosines[start : start + MAX_EXHAUSTIVE], 1).tolist(),
            strict=True,
        )


def _row_blocks(vectors: Matrix) -> Iterator[tuple[Any, Any]]:
    """Rows, and the rows that they are compared with: all rows of a small matrix, those of the nearest cells of a large
    one.
    """
    count = len(vectors)
    if count <= MAX_EXHAUSTIVE:
        for start in range(0, count, ROWS_PER_BLOCK):
            yield np.arange(start, min(start + ROWS_PER_BLOCK, count)), np.arange(count)
        return
    # The centres of the cells are rows at even distances: a deterministic inverted file index without training.
    centres = vectors[np.linspace(0, count - 1, max(PROBED_CELLS, count // CELL_SIZE)).astype(np.int64)]
    near = np.empty((count, PROBED_CELLS), dtype=np.int64)
    home = np.empty(count, dtype=np.int64)
    for start in range(0, count, ROWS_PER_BLOCK * 8):
        cosines = vectors[start : start + ROWS_PER_BLOCK * 8] @ centres.T
        near[start : start + ROWS_PER_BLOCK * 8] = np.argpartition(-cosines, PROBED_CELLS - 1, axis=1)[:, :PROBED_CELLS]
        home[start : start + ROWS_PER_BLOCK * 8] = cosines.argmax(axis=1)
    by_cell, members = _by_value(near.ravel(), len(centres)), _by_value(home, len(centres))
    for queries, others in zip(by_cell, members, strict=True):
        for start in range(0, len(queries) if len(others) else 0, ROWS_PER_BLOCK * 8):
            yield queries[start : start + ROWS_PER_BLOCK * 8] // PROBED_CELLS, others


def _by_value(values: Any, count: int) -> list[Any]:
    """The positions of each of the integers below `count` in `values`."""
    order = np.argsort(values, kind="stable")
    return np.split(order, np.searchsorted(values[order], np.arange(1, count)))
