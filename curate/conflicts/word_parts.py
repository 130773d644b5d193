"""Whether two questions in another language than English are the same, by parts of their words.

The embeddings of an English model are alike for any two questions in another language, most for those with the same
function words. Parts of words are alike where words are inflected or part of a compound ("mitnehmen",
"Fahrradmitnahme").
"""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from zlib import crc32

from curate.core.lazy import Matrix, np
from curate.language.function_words import OTHER_LANGUAGES

PART_LETTERS: Final = 4
WEIGHT, OFFSET = 0.34, 0.479
"""Coefficients of `common_share` for a value on the scale of the cosine of two English questions: log-odds of
5.27 * share - 1.58 by `WITHOUT_NLI` of `same_question`. They are fitted, with the coefficients set by hand held, on the
lines with odd numbers of `question_triples_german`, `italian`, `portuguese`, `dutch` and `polish` of `tests/bench`
(half the weight to the near questions, twice to the most similar ones of other lines).
"""
DIMENSIONS: Final = 512
MIN_COSINE: Final = 0.15
"""Minimum cosine of the vectors of two compared questions; the lowest one of equal questions among those that
`unread_questions` is fitted on is .185.
"""


@lru_cache(32_768)
def word_parts(words: tuple[str, ...]) -> frozenset[str]:
    """The parts of `PART_LETTERS` letters, without accents, of the normalised words of a question that are no function
    words; shorter words whole.
    """
    parts: set[str] = set()
    for word in words:
        if word in OTHER_LANGUAGES:
            continue
        plain = "".join(char for char in unicodedata.normalize("NFKD", word) if not unicodedata.combining(char))
        parts.update(plain[start : start + PART_LETTERS] for start in range(max(1, len(plain) - PART_LETTERS + 1)))
    return frozenset(parts)


def likeness(left: tuple[str, ...], right: tuple[str, ...]) -> float:
    """How alike two questions are, given by their words, on the scale of the cosine of two English ones."""
    return OFFSET + WEIGHT * common_share(word_parts(left), word_parts(right))


def common_share(left: frozenset[str], right: frozenset[str]) -> float:
    """The share of parts that two questions have in common, from 0 to 1 (Dice)."""
    return 2 * len(left & right) / (len(left) + len(right) or 1)


def unit_vectors(texts: Sequence[frozenset[str]]) -> Matrix:
    """Unit vectors of texts, each given by its parts."""
    rows = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
    for row, parts in zip(rows, texts, strict=True):
        row[[crc32(part.encode()) % DIMENSIONS for part in parts]] = 1
    unit: Matrix = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1)
    return unit
