"""Whether two questions with long answers are the same, as log-odds: a logistic model over the probability by the
questions alone and four comparisons of both answers with both questions.

The fewer words an answer has, the less it tells about its question: of answers of up to `BRIEF_WORDS` the questions
alone decide. The weights are fitted on reworded and near questions with answers that several writers worded
independently (topics with even numbers, writers 1 and 2 of `tests/bench/natural_answers`), without the limit
`MAX_SHARED_WORDS`, which was set afterwards by wrong flags among other chats:

    python -m tests.bench.answered_questions tests/bench/natural_answers --coefficients
"""

from collections.abc import Mapping, Set
from typing import Final, NamedTuple

from rapidfuzz.distance import Indel

from curate.conflicts.requested_amounts import word_count
from curate.conflicts.same_question import SUBSTITUTION_SHARE
from curate.conflicts.wording import rarity
from curate.core.lazy import Matrix
from curate.language.tokens import content_words, plain_words

BRIEF_WORDS, LONG_WORDS = 10, 30
"""Words of the shorter answer up to which the answers do not count, and from which they count in full."""
MAX_ANSWER_CHARS: Final = 1_000
"""Number of characters of an answer that are read."""
MAX_SHARED_WORDS: Final = 0.265
"""Share of words in common from which more of them tell nothing more: two exercises with other numbers have nearly all.
"""
SAME_WEIGHT: Final = 0.3
"""Weight of the log-odds of the probability by the questions alone, set by hand: questions of the fitted pairs that are
near and not the same have less in common than those of most files.
"""
FEATURES: Final = ("cosine with answers", "suits", "words", "shared words")
WEIGHTS: Final = (9.5, 35.4, 8.8, 36.7)
"""Coefficients of `FEATURES`."""
INTERCEPT: Final = -11.1
TOPIC_COSINE: Final = 0.5
"""The highest cosine with answers that counts of questions about a thing that many others are about; the mean of the
fitted near questions.
"""

Pair = tuple[str, str]


class Alone(NamedTuple):
    """What two questions say without their answers."""

    score: float
    """The log-odds that they are the same."""
    set_apart: float
    """The part of it for what sets them apart (`HAND_SET_COEFFICIENTS` of `same_question`), which counts in full."""
    in_topic: bool
    """Whether many questions of the file are about the same thing."""
    bound: float
    """The log-odds that answers may only lower."""


def length_share(answers: Pair) -> float:
    """How much the answers count, from 0 to 1, by the number of words of the shorter one."""
    words = min(map(word_count, answers))
    return min(1.0, max(0.0, (words - BRIEF_WORDS) / (LONG_WORDS - BRIEF_WORDS)))


def texts(questions: Pair, answers: Pair) -> tuple[str, ...]:
    """The texts whose embeddings `features` compares: questions, answers, and questions with answers."""
    one, other = (answer[:MAX_ANSWER_CHARS] for answer in answers)
    return *questions, one, other, f"{questions[0]} {one}", f"{questions[1]} {other}"


def features(questions: Pair, answers: Pair, vectors: Mapping[str, Matrix]) -> tuple[float, float, float, float]:
    """What is known of two questions and their answers, in the order of `FEATURES`.

    These are the cosine of the questions with their answers; how much better each answer suits the other question than
    its own, as a difference of cosines that is hardly above 0; the share of a question's own words that are in the
    other answer, less the share in its own answer; and the share of the words of one question and answer that the
    others have: where the model does not know a language, all of its texts are near each other.
    """
    one, other, answer, its, left, right = (vectors[text] for text in texts(questions, answers))
    mine, others = map(content_words, questions)
    said, told = (content_words(answer[:MAX_ANSWER_CHARS]) for answer in answers)
    words = (
        _share(mine - others, told)
        - _share(mine - others, said)
        + _share(others - mine, said)
        - _share(others - mine, told)
    )
    both, those = mine | said, others | told
    shared = min(MAX_SHARED_WORDS, max(_share(both, those), _share(those, both)))  # of the side that says less
    return float(left @ right), float((one - other) @ (its - answer)) / 2, words / 2, shared


def _share(words: Set[str], text: Set[str]) -> float:
    """The share of some words that are in a text; rare words weigh more."""
    total = sum(map(rarity, words))
    return sum(rarity(word) for word in words if word in text) / total if total else 0.0


def long_answer_score(alone: Alone, questions: Pair, answers: Pair, vectors: Mapping[str, Matrix]) -> float:
    """The log-odds that two questions with long answers are the same.

    Answers only lower the probability of questions that are much the same sentence, which differ by what is in it, and
    of questions about a thing that many others of the file are about: their answers are near each other for that alone.
    """
    cosine, *crossed = features(questions, answers, vectors)
    found = (min(cosine, TOPIC_COSINE) if alone.in_topic else cosine, *crossed)
    score = SAME_WEIGHT * alone.score + (1 - SAME_WEIGHT) * alone.set_apart + INTERCEPT
    score += sum(weight * value for weight, value in zip(WEIGHTS, found, strict=True))
    if alone.in_topic or Indel.normalized_similarity(*map(plain_words, questions)) >= SUBSTITUTION_SHARE:
        return min(score, alone.bound)
    return score
