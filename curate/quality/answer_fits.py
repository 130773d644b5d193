"""Whether an answer belongs to its own request, by embeddings and words compared with other requests."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from curate.core.lazy import Flags, Floats, Matrix, Numbers, np
from curate.language.lexicon import STOPWORDS
from curate.language.tokens import stem

NEIGHBOURS: Final = 10
"""Number of nearest requests, and of requests nearest to the answer, that a request is compared with."""
ROWS_PER_BLOCK: Final = 1_024
SAMPLED_COLUMNS: Final = 2_048
MAX_SAMPLED_REQUESTS: Final = 2_000
"""Evenly spaced; they show how well any request fits an answer."""
SAME_COSINE: Final = 0.9
CLEAR_WORDS: Final = 4
"""Number of words of meaning of an answer below which its topic is unclear: the doubt is halved."""
ELSEWHERE_COSINE: Final = 0.5
"""Cosine similarity from which an answer belongs to another request, if it is nearer to that one by `COSINE_MARGIN`.
Otherwise the doubt is halved: many requests ("Tell a joke.") say little about their answers.
"""
COSINE_MARGIN: Final = 0.15
MIN_SAME_ANSWERS: Final = 2
"""Of the nearest requests those with the same answer from which it is their usual one, and the doubt is halved."""
REWORDED_COSINE: Final = 0.75
"""Cosine similarity from which two answers to the same request count as the same in other words."""
MAX_CHARS: Final = 2_000
Words = dict[str, float]
"""Stems of a text with their weights."""
WEIGHTS: Final = (-1.646, -0.479, -0.147, -6.126, -4.187, 6.168, -7.001, -7.394)


class Nearest(NamedTuple):
    """Of each row the `NEIGHBOURS` nearest others, or all if there are fewer, the nearest one first."""

    rows: Numbers
    cosines: Floats


def nearest(vectors: Matrix) -> Nearest:
    """The nearest others of each unit vector."""
    size, near = len(vectors), max(0, min(NEIGHBOURS, len(vectors) - 1))
    rows, cosines = np.zeros((size, near), dtype=np.int64), np.zeros((size, near))
    for start in range(0, size, ROWS_PER_BLOCK) if near else ():
        block = vectors[start : start + ROWS_PER_BLOCK] @ vectors.T
        block[np.arange(len(block)), np.arange(len(block)) + start] = -2
        found = _largest(block, near)
        rows[start : start + ROWS_PER_BLOCK] = found
        cosines[start : start + ROWS_PER_BLOCK] = np.take_along_axis(block, found, axis=1)
    return Nearest(rows, cosines)


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


def fits(requests: Sequence[str], answers: Sequence[str], asked: Matrix, answered: Matrix, near: Nearest) -> Floats:
    """The probability that each answer belongs to its request; `asked` and `answered` are unit vectors of both, `near`
    is `nearest(asked)`.
    """
    if len(requests) <= NEIGHBOURS:
        return np.ones(len(requests))
    weighted = weighted_words([*requests, *answers])
    words_asked, words_said = weighted[: len(requests)], weighted[len(requests) :]
    doubts = features(words_asked, words_said, asked, answered, near) @ np.array(WEIGHTS)
    doubt = 1 / (1 + np.exp(-np.clip(doubts, -30, 30)))
    unsure = np.array([len(words) < CLEAR_WORDS for words in words_said]) | ~_belongs_elsewhere(asked, answered)
    sure = np.flatnonzero(~unsure)  # few
    unsure[sure] = _is_usual(sure, near, answered)
    return np.asarray(1 - np.where(unsure, doubt / 2, doubt))


def _belongs_elsewhere(asked: Matrix, answered: Matrix) -> Flags:
    """Whether the answer is clearly nearer to another request, which has another answer."""
    found = np.zeros(len(asked), dtype=np.bool_)
    own = (asked * answered).sum(axis=1)
    for start in range(0, len(asked), ROWS_PER_BLOCK):
        likeness = answered[start : start + ROWS_PER_BLOCK] @ asked.T
        rows = np.flatnonzero(_is_clearly_nearer(likeness, own[start : start + ROWS_PER_BLOCK]))
        likeness = likeness[rows]
        rows += start
        likeness[(asked[rows] @ asked.T >= SAME_COSINE) | (answered[rows] @ answered.T >= SAME_COSINE)] = -2
        found[rows] = _is_clearly_nearer(likeness, own[rows])
    return found


def _is_clearly_nearer(likeness: Matrix, own: Floats) -> Flags:
    best = likeness.max(axis=1)
    return np.asarray((best >= ELSEWHERE_COSINE) & (best - own >= COSINE_MARGIN))


def _is_usual(rows: Numbers, near: Nearest, answered: Matrix) -> Flags:
    """Whether some of the requests nearest to each of these have the same answer, such as "Who are you?" and "What is
    your name?", or are the same and have it in other words.
    """
    found = np.zeros(len(rows), dtype=np.bool_)
    for start in range(0, len(rows), ROWS_PER_BLOCK):
        block = rows[start : start + ROWS_PER_BLOCK]
        likeness = np.einsum("id,ijd->ij", answered[block], answered[near.rows[block]], optimize=True)
        same = likeness >= np.where(near.cosines[block] >= SAME_COSINE, REWORDED_COSINE, SAME_COSINE)
        found[start : start + ROWS_PER_BLOCK] = same.sum(axis=1) >= MIN_SAME_ANSWERS
    return found


def _nearest_others(asked: Matrix, near: Nearest) -> Numbers:
    """The nearest requests of each that are not the same: the answer of the same request fits, and says nothing."""
    others = near.rows.copy()
    same = np.flatnonzero((near.cosines >= SAME_COSINE).any(axis=1))
    for start in range(0, len(same), ROWS_PER_BLOCK):
        rows = same[start : start + ROWS_PER_BLOCK]
        alike = asked[rows] @ asked.T
        alike[np.arange(len(rows)), rows] = -2
        alike[alike >= SAME_COSINE] = -2
        others[rows] = _largest(alike, others.shape[1])
    return others


def features(
    words_asked: Sequence[Words], words_said: Sequence[Words], asked: Matrix, answered: Matrix, near: Nearest
) -> Floats:
    """One row for each pair, see `WEIGHTS`; the words are those of requests and answers."""
    size, nearest_others = len(words_asked), _nearest_others(asked, near)
    sample = np.linspace(0, size - 1, min(size, MAX_SAMPLED_REQUESTS)).astype(np.int64)
    rows = np.empty((size, 8))
    for start in range(0, size, ROWS_PER_BLOCK):
        block = slice(start, min(size, start + ROWS_PER_BLOCK))
        own = (asked[block] * answered[block]).sum(axis=1)
        at = np.arange(block.start, block.stop)
        answer_sample, request_sample = answered[block] @ asked[sample].T, asked[block] @ answered[sample].T
        z_answer = (own - answer_sample.mean(axis=1)) / (answer_sample.std(axis=1) + 1e-3)
        z_request = (own - request_sample.mean(axis=1)) / (request_sample.std(axis=1) + 1e-3)
        beside = nearest_others[block]
        others = np.einsum("id,ijd->ij", answered[block], asked[beside], optimize=True)
        rivals = np.einsum("id,ijd->ij", asked[block], answered[beside], optimize=True)
        for row, position in enumerate(at.tolist()):
            mine = _shared(words_asked[position], words_said[position])
            other = max(_shared(words_asked[one], words_said[position]) for one in beside[row].tolist())
            rival = max(_shared(words_asked[position], words_said[one]) for one in beside[row].tolist())
            rows[position] = (
                1.0,
                z_answer[row],
                z_request[row],
                own[row] - others[row].max(),
                own[row] - rivals[row].max(),
                mine,
                mine - other,
                mine - rival,
            )
    return rows


def weighted_words(texts: Sequence[str]) -> list[Words]:
    """For each text its stems, with weights whose squares sum up to 1: rare words weigh more."""
    from math import log

    stems = [sorted(_words(text)) for text in texts]  # sums of floats depend on the order
    spread = Counter(word for each in stems for word in each)
    rarity = {word: log(1 + len(texts) / count) for word, count in spread.items()}
    found = []
    for each in stems:
        norm = sum([rarity[word] ** 2 for word in each]) ** 0.5 or 1.0
        found.append({word: rarity[word] / norm for word in each})
    return found


def _words(text: str) -> set[str]:
    found = set(re.findall(r"\w+", text[:MAX_CHARS].casefold()))
    return {word if word.isdigit() else stem(word) for word in found} - STOPWORDS


def _shared(left: Words, right: Words) -> float:
    if len(left) > len(right):
        left, right = right, left
    return sum([weight * right[word] for word, weight in left.items() if word in right])
