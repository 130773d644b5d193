"""Whether two questions with long answers are the same, as log-odds: a logistic model over the probability by the
questions alone and four comparisons of both answers with both questions.

An answer of few words has little information about its question: for answers of up to `BRIEF_WORDS`, only the questions
are compared. The weights are fitted on reworded and near questions with answers that several writers worded
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
from curate.core.text import TextPair
from curate.language.precise_requests import asks_yes_or_no
from curate.language.quantity_translation import language_of
from curate.language.quantity_words import FUNCTION_WORDS
from curate.language.sentences import sentences
from curate.language.tokens import content_words, plain_words
from curate.language.verdict_words import NEED_QUESTION, QUESTION_WORD

BRIEF_WORDS, LONG_WORDS = 10, 30
"""Words of the shorter answer up to which the answers do not count, and from which they count in full."""
MAX_ANSWER_CHARS: Final = 1_000
"""Number of characters of an answer that are read."""
MAX_SHARED_WORDS: Final = 0.265
"""Upper bound of the counted share of common words: two exercises with different numbers have nearly all in common."""
SAME_WEIGHT: Final = 0.3
"""Weight of the log-odds of the probability by the questions alone, set by hand: similar but different questions of the
fitted pairs have less in common than those of most files.
"""
FEATURES: Final = ("cosine with answers", "suits", "words", "shared words")
WEIGHTS: Final = (9.5, 35.4, 8.8, 36.7)
"""Coefficients of `FEATURES`."""
INTERCEPT: Final = -11.1
TOPIC_COSINE: Final = 0.5
"""Upper bound of the cosine with answers for questions in a topic of many questions; the mean of the fitted similar
questions.
"""
OPENING_WORDS: Final = 2
"""Number of first words that two questions of one form have in common: "How long does a visa last?", "How long must a
passport be valid?". Independently worded questions that are the same seldom have."""
OPENING_COSINE, OPENING_WEIGHT = 0.8, 20.0
"""The cosine with answers from which such questions are more probably the same than not, and its weight."""


class QuestionsOnly(NamedTuple):
    """The comparison of two questions without their answers."""

    score: float
    """The log-odds that the questions are the same."""
    difference_score: float
    """The part of `score` for differences (`HAND_SET_COEFFICIENTS` of `same_question`), which counts in full."""
    in_topic: bool
    """Whether many questions of the file are about the same thing."""
    bound: float
    """Upper bound of the log-odds where answers may only lower them."""


def length_share(answers: TextPair) -> float:
    """Weight of the answers, from 0 to 1, by the number of words of the shorter one."""
    words = min(map(word_count, answers))
    return min(1.0, max(0.0, (words - BRIEF_WORDS) / (LONG_WORDS - BRIEF_WORDS)))


def texts(questions: TextPair, answers: TextPair) -> tuple[str, ...]:
    """The texts whose embeddings `features` compares: questions, answers, and questions with answers."""
    left_answer, right_answer = (answer[:MAX_ANSWER_CHARS] for answer in answers)
    return *questions, left_answer, right_answer, f"{questions[0]} {left_answer}", f"{questions[1]} {right_answer}"


def features(
    questions: TextPair, answers: TextPair, vectors: Mapping[str, Matrix]
) -> tuple[float, float, float, float]:
    """The features of two questions and their answers, in the order of `FEATURES`.

    These are the cosine of one question with its answer and the other question with its answer; how much better each
    answer fits the other question than its own, as a difference of cosines that is rarely above 0; the share of the
    words of only one question that are in the other answer, minus the share in its own answer; and the share of the
    words of one question and answer that are in the other question and answer. The last one is needed because all texts
    in a language that is unknown to the model have similar embeddings.
    """
    left_question, right_question, left_answer, right_answer, left_both, right_both = (
        vectors[text] for text in texts(questions, answers)
    )
    left_words, right_words = map(content_words, questions)
    left_answer_words, right_answer_words = (content_words(answer[:MAX_ANSWER_CHARS]) for answer in answers)
    crossed = (
        _weighted_share(left_words - right_words, right_answer_words)
        - _weighted_share(left_words - right_words, left_answer_words)
        + _weighted_share(right_words - left_words, left_answer_words)
        - _weighted_share(right_words - left_words, right_answer_words)
    )
    left_all, right_all = left_words | left_answer_words, right_words | right_answer_words
    shared_share = min(
        MAX_SHARED_WORDS, max(_weighted_share(left_all, right_all), _weighted_share(right_all, left_all))
    )  # of the shorter side
    return (
        float(left_both @ right_both),
        float((left_question - right_question) @ (right_answer - left_answer)) / 2,
        crossed / 2,
        shared_share,
    )


def _weighted_share(words: Set[str], text: Set[str]) -> float:
    """The share of `words` that are in a text; rare words have a larger weight."""
    total = sum(map(rarity, words))
    return sum(rarity(word) for word in words if word in text) / total if total else 0.0


def long_answer_score(
    alone: QuestionsOnly, questions: TextPair, answers: TextPair, vectors: Mapping[str, Matrix]
) -> float:
    """The log-odds that two questions with long answers are the same.

    Answers only lower the probability of questions with nearly the same sentence, which differ in single words, and of
    questions in a topic of many questions, whose answers have similar embeddings because of the topic. The texts of
    questions of one form must be nearer than others.
    """
    cosine, *crossed = features(questions, answers, vectors)
    values = (min(cosine, TOPIC_COSINE) if alone.in_topic else cosine, *crossed)
    score = SAME_WEIGHT * alone.score + (1 - SAME_WEIGHT) * alone.difference_score + INTERCEPT
    score += sum(weight * value for weight, value in zip(WEIGHTS, values, strict=True))
    if have_one_form(questions):
        score = min(score, OPENING_WEIGHT * (cosine - OPENING_COSINE))
    if alone.in_topic or Indel.normalized_similarity(*map(plain_words, questions)) >= SUBSTITUTION_SHARE:
        return min(score, alone.bound)
    return score


def have_one_form(questions: TextPair) -> bool:
    """Whether two questions of one sentence each begin with the same words that ask, and each has words of meaning that
    the other one does not have.
    """
    words = [plain_words(question) for question in questions]
    opening = words[0][:OPENING_WORDS]
    if len(opening) < OPENING_WORDS or opening != words[1][:OPENING_WORDS]:
        return False
    if any(len(sentences(question)) > 1 for question in questions):
        return False
    left_words, right_words = map(content_words, questions)
    if left_words <= right_words or right_words <= left_words:
        return False
    opening_text = " ".join(opening)
    return bool(
        QUESTION_WORD.search(opening_text)
        or NEED_QUESTION.search(opening_text)
        or all(map(asks_yes_or_no, questions))
        or opening[0] in FUNCTION_WORDS.get(language_of("\n".join(questions)), ())
    )
