"""Whether two questions with long answers are the same, by their characters: for texts in Chinese, Japanese and other
scripts without spaces between words that are unknown to the embedding model.

Pairs of adjacent characters are used in place of words. The weights are fitted on the Chinese and Japanese questions of
the topics with even numbers, writers 1 and 2, of `tests/bench/natural_answers`.
"""

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from rapidfuzz.distance import Indel

from curate.conflicts.same_question import SAME_SENTENCE_SHARE
from curate.conflicts.word_parts import unit_vectors
from curate.core.characters import UNSPACED
from curate.core.lazy import Matrix
from curate.core.log_odds import logistic
from curate.core.text import TextPair, normalised, words

WEIGHTS, INTERCEPT = (19.2, 11.8), -1.25
"""Coefficients of the cosine of both questions with their answers, and of the share of the pairs of characters of only
one question that are in the other answer, minus the share in its own answer.
"""


def is_unspaced(text: str) -> bool:
    """Whether a text is in a script without spaces between words."""
    return re.search(UNSPACED, text) is not None


@lru_cache(32_768)  # each answer is compared with several others
def _adjacent(text: str) -> frozenset[str]:
    """The pairs of adjacent characters of a text."""
    return frozenset(map("".join, pairwise(words(normalised(text)))))


def character_vectors(texts: Sequence[str]) -> Matrix:
    """Unit vectors of the pairs of adjacent characters of texts."""
    return unit_vectors(list(map(_adjacent, texts)))


def features(questions: TextPair, answers: TextPair) -> tuple[float, float]:
    """The features of two questions and their answers, in the order of `WEIGHTS`."""
    left_question, right_question, left_answer, right_answer = map(_adjacent, (*questions, *answers))
    left, right = left_question | left_answer, right_question | right_answer
    common = len(left & right) / math.sqrt(len(left) * len(right) or 1)
    left_only, right_only = left_question - right_question, right_question - left_question
    crossed = (
        _pair_share(left_only, right_answer)
        - _pair_share(left_only, left_answer)
        + _pair_share(right_only, left_answer)
        - _pair_share(right_only, right_answer)
    )
    return common, crossed / 2


def _pair_share(pairs: frozenset[str], text: frozenset[str]) -> float:
    return len(pairs & text) / len(pairs) if pairs else 0.0


def character_probability(questions: TextPair, answers: TextPair) -> float:
    """The probability that two questions with long answers are the same; 0 if they are one sentence with a
    substitution, which only a model could compare.
    """
    if Indel.normalized_similarity(*(words(normalised(text)) for text in questions)) >= SAME_SENTENCE_SHARE:
        return 0.0
    score = sum(weight * value for weight, value in zip(WEIGHTS, features(questions, answers), strict=True)) + INTERCEPT
    return logistic(score)
