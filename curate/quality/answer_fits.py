"""The probability that an answer belongs to its request, by embeddings and words compared with other requests."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from curate.core.lazy import Flags, Floats, Matrix, Numbers, np
from curate.core.log_odds import logistic_column
from curate.language.lexicon import STOPWORDS
from curate.language.tokens import stem

NEIGHBOURS: Final = 10
"""Number of nearest requests, and of requests nearest to the answer, that a request is compared with."""
ROWS_PER_BLOCK: Final = 1_024
SAMPLED_COLUMNS: Final = 2_048
MAX_SAMPLED_REQUESTS: Final = 2_000
"""Evenly spaced; they give the distribution of the cosine of an answer with any request."""
SAME_COSINE: Final = 0.9
CLEAR_WORDS: Final = 4
"""Number of content words of an answer below which its topic is unclear and the doubt is halved."""
ELSEWHERE_COSINE: Final = 0.5
"""Cosine similarity from which an answer belongs to another request, if it exceeds that to its own by `COSINE_MARGIN`.
Otherwise the doubt is halved: many requests ("Tell a joke.") determine little of their answers.
"""
COSINE_MARGIN: Final = 0.15
MIN_SAME_ANSWERS: Final = 2
"""Number of nearest requests with the same answer from which it is their usual answer and the doubt is halved."""
REWORDED_COSINE: Final = 0.75
"""Cosine similarity from which two answers to the same request count as the same in other words."""
MAX_CHARS: Final = 2_000
Words = dict[str, float]
"""Stems of a text with their weights."""
WEIGHTS: Final = (-1.646, -0.479, -0.147, -6.126, -4.187, 6.168, -7.001, -7.394)


class NearestRows(NamedTuple):
    """The `NEIGHBOURS` nearest other rows of each row, or all if there are fewer, the nearest first."""

    rows: Numbers
    cosines: Floats


def nearest(vectors: Matrix) -> NearestRows:
    """The nearest other rows of each row of unit vectors, by cosine similarity."""
    size, near = len(vectors), max(0, min(NEIGHBOURS, len(vectors) - 1))
    rows, cosines = np.zeros((size, near), dtype=np.int64), np.zeros((size, near))
    for start in range(0, size, ROWS_PER_BLOCK) if near else ():
        block = vectors[start : start + ROWS_PER_BLOCK] @ vectors.T
        block[np.arange(len(block)), np.arange(len(block)) + start] = -2
        columns = _largest(block, near)
        rows[start : start + ROWS_PER_BLOCK] = columns
        cosines[start : start + ROWS_PER_BLOCK] = np.take_along_axis(block, columns, axis=1)
    return NearestRows(rows, cosines)


def _largest(values: Matrix, count: int) -> Numbers:
    """The columns of the `count` largest values of each row, from the largest on; of equal values, the first columns.

    A sample of the columns shows which values can be among them, which takes less than half the time of a partition of
    whole rows. Where many can, such as those of equal requests, whole rows are sorted.
    """
    sample = values[:, :: max(1, values.shape[1] // max(SAMPLED_COLUMNS, 2 * count))]
    least = np.partition(sample, -count, axis=1)[:, -count]
    likely = np.flatnonzero(values >= least[:, None])
    if len(likely) > values.size // 32:
        return np.asarray(np.argsort(-values, axis=1, kind="stable")[:, :count])
    rows, columns = np.divmod(likely, values.shape[1])
    order = np.lexsort((columns, -values[rows, columns], rows))
    firsts = np.searchsorted(rows, np.arange(len(values)))  # the row of each place stays the same
    return np.asarray(columns[order][firsts[:, None] + np.arange(count)])


def fits(
    requests: Sequence[str], answers: Sequence[str], request_vectors: Matrix, answer_vectors: Matrix, near: NearestRows
) -> Floats:
    """The probability that each answer belongs to its request. `request_vectors` and `answer_vectors`: unit vectors of
    both; `near`: `nearest(request_vectors)`.
    """
    if len(requests) <= NEIGHBOURS:
        return np.ones(len(requests))
    weighted = weighted_words([*requests, *answers])
    words_asked, words_said = weighted[: len(requests)], weighted[len(requests) :]
    doubts = features(words_asked, words_said, request_vectors, answer_vectors, near) @ np.array(WEIGHTS)
    doubt = logistic_column(doubts)
    unsure = np.array([len(words) < CLEAR_WORDS for words in words_said]) | ~_belongs_elsewhere(
        request_vectors, answer_vectors
    )
    sure = np.flatnonzero(~unsure)  # few
    unsure[sure] = _is_usual(sure, near, answer_vectors)
    return np.asarray(1 - np.where(unsure, doubt / 2, doubt))


def _belongs_elsewhere(request_vectors: Matrix, answer_vectors: Matrix) -> Flags:
    """Whether the answer is clearly nearer to another request, which has another answer."""
    belongs = np.zeros(len(request_vectors), dtype=np.bool_)
    own_cosines = (request_vectors * answer_vectors).sum(axis=1)
    for start in range(0, len(request_vectors), ROWS_PER_BLOCK):
        cosines = answer_vectors[start : start + ROWS_PER_BLOCK] @ request_vectors.T
        rows = np.flatnonzero(_is_clearly_nearer(cosines, own_cosines[start : start + ROWS_PER_BLOCK]))
        cosines = cosines[rows]
        rows += start
        cosines[
            (request_vectors[rows] @ request_vectors.T >= SAME_COSINE)
            | (answer_vectors[rows] @ answer_vectors.T >= SAME_COSINE)
        ] = -2
        belongs[rows] = _is_clearly_nearer(cosines, own_cosines[rows])
    return belongs


def _is_clearly_nearer(cosines: Matrix, own_cosines: Floats) -> Flags:
    """Whether each answer (row) is much more similar to some other request (column) than to its own, and similar enough
    to say so.
    """
    best = cosines.max(axis=1)
    return np.asarray((best >= ELSEWHERE_COSINE) & (best - own_cosines >= COSINE_MARGIN))


def _is_usual(rows: Numbers, near: NearestRows, answer_vectors: Matrix) -> Flags:
    """Whether some of the nearest requests of each row have the same answer, such as "Who are you?" and "What is your
    name?", or are the same request and have a reworded answer.
    """
    usual = np.zeros(len(rows), dtype=np.bool_)
    for start in range(0, len(rows), ROWS_PER_BLOCK):
        block = rows[start : start + ROWS_PER_BLOCK]
        cosines = np.einsum("id,ijd->ij", answer_vectors[block], answer_vectors[near.rows[block]], optimize=True)
        same = cosines >= np.where(near.cosines[block] >= SAME_COSINE, REWORDED_COSINE, SAME_COSINE)
        usual[start : start + ROWS_PER_BLOCK] = same.sum(axis=1) >= MIN_SAME_ANSWERS
    return usual


def _nearest_others(request_vectors: Matrix, near: NearestRows) -> Numbers:
    """The nearest requests of each request without equal ones, whose answers fit as well."""
    other_rows = near.rows.copy()
    same = np.flatnonzero((near.cosines >= SAME_COSINE).any(axis=1))
    for start in range(0, len(same), ROWS_PER_BLOCK):
        rows = same[start : start + ROWS_PER_BLOCK]
        cosines = request_vectors[rows] @ request_vectors.T
        cosines[np.arange(len(rows)), rows] = -2
        cosines[cosines >= SAME_COSINE] = -2
        other_rows[rows] = _largest(cosines, other_rows.shape[1])
    return other_rows


def features(
    words_asked: Sequence[Words],
    words_said: Sequence[Words],
    request_vectors: Matrix,
    answer_vectors: Matrix,
    near: NearestRows,
) -> Floats:
    """One row for each pair, see `WEIGHTS`; the words are those of requests and answers."""
    size, nearest_others = len(words_asked), _nearest_others(request_vectors, near)
    sample = np.linspace(0, size - 1, min(size, MAX_SAMPLED_REQUESTS)).astype(np.int64)
    rows = np.empty((size, 8))
    for start in range(0, size, ROWS_PER_BLOCK):
        block = slice(start, min(size, start + ROWS_PER_BLOCK))
        own_cosines = (request_vectors[block] * answer_vectors[block]).sum(axis=1)
        positions = np.arange(block.start, block.stop)
        answer_sample, request_sample = (
            answer_vectors[block] @ request_vectors[sample].T,
            request_vectors[block] @ answer_vectors[sample].T,
        )
        z_answer = (own_cosines - answer_sample.mean(axis=1)) / (answer_sample.std(axis=1) + 1e-3)
        z_request = (own_cosines - request_sample.mean(axis=1)) / (request_sample.std(axis=1) + 1e-3)
        neighbours = nearest_others[block]
        neighbour_cosines = np.einsum("id,ijd->ij", answer_vectors[block], request_vectors[neighbours], optimize=True)
        rivals = np.einsum("id,ijd->ij", request_vectors[block], answer_vectors[neighbours], optimize=True)
        for row, position in enumerate(positions.tolist()):
            own_share = _dot_product(words_asked[position], words_said[position])
            neighbour_share = max(
                _dot_product(words_asked[neighbour], words_said[position]) for neighbour in neighbours[row].tolist()
            )
            rival_share = max(
                _dot_product(words_asked[position], words_said[neighbour]) for neighbour in neighbours[row].tolist()
            )
            rows[position] = (
                1.0,
                z_answer[row],
                z_request[row],
                own_cosines[row] - neighbour_cosines[row].max(),
                own_cosines[row] - rivals[row].max(),
                own_share,
                own_share - neighbour_share,
                own_share - rival_share,
            )
    return rows


def weighted_words(texts: Sequence[str]) -> list[Words]:
    """The stems of each text, with weights whose squares add up to 1; rare words have larger weights."""
    from math import log

    stems = [sorted(_words(text)) for text in texts]  # sums of floats depend on the order
    spread = Counter(word for stems_of_text in stems for word in stems_of_text)
    rarity = {word: log(1 + len(texts) / count) for word, count in spread.items()}
    weighted = []
    for stems_of_text in stems:
        norm = sum([rarity[word] ** 2 for word in stems_of_text]) ** 0.5 or 1.0
        weighted.append({word: rarity[word] / norm for word in stems_of_text})
    return weighted


def _words(text: str) -> set[str]:
    """The stems of the words of a text, without stop words."""
    words = set(re.findall(r"\w+", text[:MAX_CHARS].casefold()))
    return {word if word.isdigit() else stem(word) for word in words} - STOPWORDS


def _dot_product(left: Words, right: Words) -> float:
    """The similarity of two texts by their words, from 0 to 1."""
    if len(left) > len(right):
        left, right = right, left
    return sum([weight * right[word] for word, weight in left.items() if word in right])
