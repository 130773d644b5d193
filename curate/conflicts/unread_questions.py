"""Whether two questions with long answers are the same, by their characters: for texts in scripts that are unknown to
the embedding model.

Pairs of adjacent characters are used in place of words in Chinese, Japanese, Korean and other scripts without spaces
between words, parts of words in scripts with them, such as Cyrillic. The weights are fitted on the questions of the
topics with even numbers, writers 1 and 2, of `tests/bench/natural_answers`: on the Chinese and Japanese ones, and on
those of other languages than English, with the topics with odd numbers of `structured_answers`, `varied_answers`,
`everyday_answers` and `later_answers`, whose near questions are nearer.
"""

import math
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

from rapidfuzz.distance import Indel

from curate.conflicts.same_question import SAME_SENTENCE_SHARE
from curate.conflicts.word_parts import PART_LETTERS, unit_vectors
from curate.core.characters import UNSPACED
from curate.core.lazy import Matrix
from curate.core.log_odds import logistic
from curate.core.text import TextPair, normalised, words
from curate.language.sentences import sentences

WEIGHTS, INTERCEPT = (19.2, 11.8), -1.25
"""Coefficients of the cosine of both questions with their answers, and of the share of the pairs of characters of only
one question that are in the other answer, minus the share in its own answer.
"""
PART_WEIGHTS, PART_INTERCEPT = (23.0, 10.2), -3.4
"""The same for parts of words."""
OPENING_WORDS, OPENING_COSINE = 2, 0.5
"""Number of first words, and the cosine of both questions with their answers from which questions that begin alike may
be the same.
"""
DIGITS: Final = re.compile(r"\d+")


def is_unspaced(text: str) -> bool:
    """Whether a text is in a script without spaces between words."""
    return re.search(UNSPACED, text) is not None


@lru_cache(32_768)  # each answer is compared with several others
def _compared_parts(text: str) -> frozenset[str]:
    """The pairs of adjacent characters of a text, or in a script with spaces the parts of its words without accents,
    those of shorter words, most of which are function words, left out.
    """
    listed = words(normalised(text))
    if is_unspaced(text):
        return frozenset(map("".join, pairwise(listed)))
    parts: set[str] = set()
    for word in listed:
        plain = "".join(char for char in unicodedata.normalize("NFKD", word) if not unicodedata.combining(char))
        if plain.isdecimal():
            parts.add(plain)
        parts.update(plain[start : start + PART_LETTERS] for start in range(len(plain) - PART_LETTERS + 1))
    return frozenset(parts)


def character_vectors(texts: Sequence[str]) -> Matrix:
    """Unit vectors of the pairs of adjacent characters, or of the parts of words, of texts."""
    return unit_vectors(list(map(_compared_parts, texts)))


def features(questions: TextPair, answers: TextPair) -> tuple[float, float]:
    """The features of two questions and their answers, in the order of `WEIGHTS`."""
    left_question, right_question, left_answer, right_answer = map(_compared_parts, (*questions, *answers))
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


def _begin_alike(questions: TextPair) -> bool:
    """Whether two questions of one sentence each begin with the same two words, and each goes on with parts that the
    other one does not have: "how long does a visa last", "how long must a passport be valid".
    """
    if any(len(sentences(question)) > 1 for question in questions):
        return False
    left_words, right_words = (words(normalised(question)) for question in questions)
    left, right = map(_compared_parts, questions)
    return left_words[:OPENING_WORDS] == right_words[:OPENING_WORDS] and not (left <= right or right <= left)


def character_probability(questions: TextPair, answers: TextPair) -> float:
    """The probability that two questions with long answers are the same; 0 if they are one sentence with a
    substitution, which only a model could compare, or in a script with spaces have different numbers or begin alike.
    """
    if Indel.normalized_similarity(*(words(normalised(text)) for text in questions)) >= SAME_SENTENCE_SHARE:
        return 0.0
    if any(map(is_unspaced, questions)):
        weights, intercept = WEIGHTS, INTERCEPT
    else:
        weights, intercept = PART_WEIGHTS, PART_INTERCEPT
        left_numbers, right_numbers = (set(DIGITS.findall(question)) for question in questions)
        if left_numbers and right_numbers and left_numbers != right_numbers:
            return 0.0
        if _begin_alike(questions) and features(questions, answers)[0] < OPENING_COSINE:
            return 0.0
    score = sum(weight * value for weight, value in zip(weights, features(questions, answers), strict=True)) + intercept
    return logistic(score)
