"""Whether two questions with long answers are the same, by their characters: for texts in Chinese, Japanese and other
scripts without spaces between words that the embedding model does not know.

Pairs of adjacent characters stand for words. The weights are fitted on the Chinese and Japanese questions of the topics
with even numbers, writers 1 and 2, of `tests/bench/natural_answers`.
"""

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final
from zlib import crc32

from rapidfuzz.distance import Indel

from curate.conflicts.same_question import SAME_SENTENCE_SHARE
from curate.core.lazy import Matrix, np
from curate.core.text import UNSPACED, normalised, words

DIMENSIONS: Final = 512
MIN_COSINE: Final = 0.15
"""Cosine of the vectors of two questions from which they are compared; of the fitted pairs that ask the same, the
lowest is .185.
"""
WEIGHTS, INTERCEPT = (19.2, 11.8), -1.25
"""Coefficients of what both questions with their answers have in common, and of the share of a question's own pairs of
characters that are in the other answer, less the share in its own answer.
"""

Pair = tuple[str, str]


def is_unspaced(text: str) -> bool:
    """Whether a text is in a script without spaces between words."""
    return re.search(UNSPACED, text) is not None


@lru_cache(32_768)  # each answer is compared with several others
def _adjacent(text: str) -> frozenset[str]:
    """The pairs of adjacent characters of a text."""
    return frozenset(map("".join, pairwise(words(normalised(text)))))


def vectors(texts: Sequence[str]) -> Matrix:
    """Unit vectors of the pairs of adjacent characters of texts."""
    rows = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
    for row, text in zip(rows, texts, strict=True):
        row[[crc32(pair.encode()) % DIMENSIONS for pair in _adjacent(text)]] = 1
    unit: Matrix = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1)
    return unit


def features(questions: Pair, answers: Pair) -> tuple[float, float]:
    """What `WEIGHTS` weigh, of two questions and their answers."""
    mine, others, said, told = map(_adjacent, (*questions, *answers))
    left, right = mine | said, others | told
    common = len(left & right) / math.sqrt(len(left) * len(right) or 1)
    own, its = mine - others, others - mine
    crossed = _share(own, told) - _share(own, said) + _share(its, said) - _share(its, told)
    return common, crossed / 2


def _share(pairs: frozenset[str], text: frozenset[str]) -> float:
    return len(pairs & text) / len(pairs) if pairs else 0.0


def probability(questions: Pair, answers: Pair) -> float:
    """Of two questions with long answers being the same; 0 if they are one sentence with something else in it, which
    only a model could compare.
    """
    if Indel.normalized_similarity(*(words(normalised(text)) for text in questions)) >= SAME_SENTENCE_SHARE:
        return 0.0
    score = sum(weight * value for weight, value in zip(WEIGHTS, features(questions, answers), strict=True)) + INTERCEPT
    return 1 / (1 + math.exp(-score))
