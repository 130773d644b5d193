"""The probability that two questions are the same: a logistic model over the cosine of their embeddings, their words
and their differences.

The coefficients are fitted on labelled pairs of questions, which are not part of this project:

    python -m tests.bench.same_question FOLDER --coefficients
"""

import math
from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Final, NamedTuple

from rapidfuzz.distance import Indel, Levenshtein

from curate.conflicts.word_parts import likeness
from curate.conflicts.wording import (
    QuestionWording,
    are_different_exercises,
    asks_opposite_ends,
    have_different_aspects,
    have_different_names,
    have_different_numbers,
    have_different_quotations,
    have_different_values,
    is_opposite,
    rarity,
)
from curate.core.lazy import Matrix
from curate.core.log_odds import log_odds, logistic
from curate.language.function_words import in_other_language
from curate.language.names import NOUNS_CAPITALIZED
from curate.language.tokens import stem

FITTED_FEATURES: Final = ("cosine", "overlap", "replaced", "other aspect")
WITHOUT_NLI: Final[tuple[tuple[float, ...], float]] = ((15.5, -3.68, -1.0, -0.842), -9.0)
"""Coefficients of `FITTED_FEATURES`, and the intercept, which is .38 below the fitted one: a smaller share of pairs is
the same in a file than among the labelled pairs.
"""
WITH_NLI: Final[tuple[tuple[float, ...], float]] = ((14.4, -3.9, -1.0, -0.856, 0.281), -7.55)
"""The same where an NLI model read both questions; the last one is for the log odds of its entailment."""
LIMITED_COEFFICIENTS: Final = {"other phrase": -7.0, "other value": -6.0, "added words": -1.6}
UNLIMITED_COEFFICIENTS: Final = {"other thing": -6.0, "other numbers": -1.5}
HAND_SET_COEFFICIENTS: Final = {**LIMITED_COEFFICIENTS, **UNLIMITED_COEFFICIENTS}
"""Coefficients set by hand: the labelled pairs have too few similar questions that differ for one of these reasons.
`FITTED_FEATURES` were fitted before "added words" was added.
"""
MIN_LIMITED_SCORE: Final = -0.9
"""The log-odds (a probability of .29) below which `LIMITED_COEFFICIENTS` do not lower a pair: many of the labelled
pairs with these features are the same. The area under the curve on Quora is .875 with this limit, .854 without.
"""
FEATURES: Final = (*FITTED_FEATURES, *HAND_SET_COEFFICIENTS)
MIN_COSINE: Final = 0.5
"""Minimum cosine of a compared pair; below it, nearly no pair has a `probability` of a third or more."""
SAME_SENTENCE_SHARE: Final = 0.75
"""Minimum share of words, in order, in common for two questions to be one sentence with substitutions."""
SUBSTITUTION_SHARE: Final = 0.5
"""The minimum share for which a substituted phrase or an opposite makes two different questions, unless both phrases
mean the same.
"""
SYNONYM_COSINE: Final = 0.8
"""Minimum cosine of the embeddings of two phrases with the same meaning."""
SPELLING_SHARE: Final = 0.8
"""Minimum share of letters, in order, in common for two phrases to be spelling variants."""
DISTANCE_SCALE: Final = 6
"""Factor of the cosine distance: a substituted word counts in full from a distance of 1 divided by this."""
NEAR_COSINES, UNLIKE_COSINES = (0.87, 0.96), (0.72, 0.94)
"""Cosines of two questions with different sentences, and with one sentence: from the first, a substituted phrase does
not count; up to the second, it counts in full.
"""
ASKING: Final = frozenset(("many", "much", "which", "whose"))
"""Words directly before the thing that a question asks for."""
MANY_NUMBERS_FACTOR: Final = 3.0
"""Factor for questions of two or more numbers that each have a number of their own, whatever their length."""
SHORT_WORDS: Final = 14
"""Maximum number of words of both questions for which differences count in full; beyond it, in inverse proportion."""
LONG_WORDS: Final = 40
"""Number of words from which two questions with nearly the same text are different."""
OTHER_NAMES_WEIGHT: Final = 0.25
"""Weight of different names in different sentences: one thing may have two names."""


class WordsCompared(NamedTuple):
    """The comparison of the words of two questions, without embeddings."""

    left: QuestionWording
    right: QuestionWording
    overlap: float
    """From 0 to 1, in whatever order; rare words weigh more."""
    frame: float
    """Share of the words, in order, that they have in common."""
    short: float
    """Weight of the differences, by the number of words."""
    aspect: float
    value: float
    numbers: float
    added: float
    thing: float
    """The last five: `other aspect`, `other value`, `other numbers`, `added words` and `other thing` of `FEATURES`."""
    likeness: float | None = None
    """That of `word_parts`, which stands for the other `FITTED_FEATURES`; None in English."""


def compare_words(left: QuestionWording, right: QuestionWording) -> WordsCompared:
    """The part of `features` that needs no embedding."""
    total = left.rarity + right.rarity or 1.0
    lone_rarities = (
        rarity(side.content[word])
        for side, other in ((left, right), (right, left))
        for word in side.content.keys() - other.content.keys()
    )
    frame = Indel.normalized_similarity(left.order, right.order)
    short = min(1.0, SHORT_WORDS / max(1, len(left.order) + len(right.order)))
    return WordsCompared(
        left,
        right,
        1 - math.fsum(lone_rarities) / total,
        frame,
        short,
        float(have_different_aspects(left, right)),
        short * _other_value(left, right, frame),
        max(short * have_different_numbers(left, right), MANY_NUMBERS_FACTOR * are_different_exercises(left, right)),
        float(_adds_words(left, right, frame)),
        max(
            short * (asks_opposite_ends(left, right) or have_different_quotations(left, right)),
            float(_is_variation(left, right, frame)),
        ),
        likeness(left.order, right.order) if in_other_language(left.language, right.language) else None,
    )


def features(
    words: WordsCompared, cosine: float, vectors: Mapping[str, Matrix] | None, in_topic: bool = False
) -> tuple[float, ...]:
    """The features of a pair of questions, in the order of `FEATURES`.

    `vectors` has embeddings of `words_apart`; with None, no word counts as substituted, which gives the highest
    probability. A different phrase counts in full directly after one of `ASKING`, and if the questions are in a topic
    of many questions (`in_topic`), whose embeddings are similar because of the topic. There, what two different
    sentences ask for counts, too. In another language than English, the likeness of the words stands for the cosine.
    """
    replaced = phrase = 0.0
    if vectors is not None:
        if words.frame >= SAME_SENTENCE_SHARE:
            replaced = min(1.0, DISTANCE_SCALE * (1 - cosine)) * min(1.0, 2 * _farthest(words, vectors))
        different_phrases = [
            is_asked
            for left_phrase, right_phrase, is_asked in _phrases_apart(words.left, words.right)
            if (in_topic or not is_asked or words.frame >= SUBSTITUTION_SHARE)
            and _cosine(left_phrase, right_phrase, vectors) < SYNONYM_COSINE
            and not _is_spelling(left_phrase, right_phrase)
        ]
        if different_phrases:
            near, unlike = (cosines[words.frame >= SAME_SENTENCE_SHARE] for cosines in (NEAR_COSINES, UNLIKE_COSINES))
            share = min(1.0, max(0.0, (near - cosine) / (near - unlike)))
            phrase = words.short * (1.0 if in_topic or any(different_phrases) else share)
    fitted = (cosine, words.overlap, replaced, words.aspect)
    return (
        *(fitted if words.likeness is None else (words.likeness, 0.0, 0.0, 0.0)),
        *(phrase, words.value, words.added),
        *(words.thing, words.numbers),
    )


def _farthest(words: WordsCompared, vectors: Mapping[str, Matrix]) -> float:
    """The largest distance of a word that only one question has from the words of the other; the smaller one of both
    sides.
    """
    sides = ((words.left, words.right), (words.right, words.left))
    return min(
        max(
            (_distance(side.content[word], other, vectors) for word in side.content.keys() - other.content.keys()),
            default=0.0,
        )
        for side, other in sides
    )


def _is_variation(left: QuestionWording, right: QuestionWording, frame: float) -> bool:
    """Whether two long questions are one text with different content words, or in a different order.

    This is true of none of 115 pairs of equal questions with 30 words or more, labelled by doctors.
    """
    if min(len(left.order), len(right.order)) < LONG_WORDS or frame < SAME_SENTENCE_SHARE:
        return False
    left_stems, right_stems = (
        [stemmed for stemmed in map(stem, side.order) if stemmed in side.content] for side in (left, right)
    )
    return left_stems != right_stems


def _adds_words(left: QuestionWording, right: QuestionWording, frame: float) -> bool:
    """Whether one of two questions is the other one with additional content words, which usually restrict it: "Do they
    hunt foxes?", "Did they hunt foxes until 2005?".
    """
    more = left.content.keys() - right.content.keys(), right.content.keys() - left.content.keys()
    return frame >= SAME_SENTENCE_SHARE and bool(more[0]) != bool(more[1])


def _other_value(left: QuestionWording, right: QuestionWording, frame: float) -> float:
    """Weight of a different value, name or opposite in two questions."""
    if (frame >= SAME_SENTENCE_SHARE and have_different_values(left, right)) or (
        frame >= SUBSTITUTION_SHARE and is_opposite(left, right)
    ):
        return 1.0
    # nouns look like names there, and two wordings of a question seldom have the same ones
    if NOUNS_CAPITALIZED in (left.language, right.language):
        return 0.0
    return OTHER_NAMES_WEIGHT * have_different_names(left, right)


def _is_spelling(left: str, right: str) -> bool:
    """Whether two phrases are inflected forms or spelling variants of each other."""
    return (
        sorted(map(stem, left.split())) == sorted(map(stem, right.split()))
        or Indel.normalized_similarity(left, right) >= SPELLING_SHARE
    )


def _distance(word: str, other: QuestionWording, vectors: Mapping[str, Matrix]) -> float:
    """Cosine distance to the nearest word of the other side, from 0 to 1."""
    if word not in vectors:
        return 1.0
    return 1 - max(
        (float(vectors[word] @ vectors[candidate]) for candidate in other.content.values() if candidate in vectors),
        default=0.0,
    )


def _phrases_apart(left: QuestionWording, right: QuestionWording) -> Iterator[tuple[str, str, bool]]:
    """The substituted phrases of two questions with nearly the same sentence, and of others what each one asks for."""
    if Indel.normalized_similarity(left.order, right.order) >= SUBSTITUTION_SHARE:
        yield from _substitutions(left, right)
        return
    left_phrase, right_phrase = map(_asked_thing, (left, right))
    if left_phrase and right_phrase:
        yield left_phrase, right_phrase, True


def _asked_thing(side: QuestionWording) -> str:
    """The content words directly after the first of `ASKING`; empty without them."""
    start = next((index for index, word in enumerate(side.order, start=1) if word in ASKING), len(side.order))
    return " ".join(takewhile(set(side.content.values()).__contains__, side.order[start:]))


def _substitutions(left: QuestionWording, right: QuestionWording) -> Iterator[tuple[str, str, bool]]:
    """The substituted phrases of two questions with nearly the same sentence, as content words, and whether both
    questions ask for them.
    """
    shared = [opcode for opcode in Levenshtein.opcodes(left.order, right.order) if opcode.tag == "equal"]
    ends = [(opcode.src_end, opcode.dest_end) for opcode in shared]
    starts = [(opcode.src_start, opcode.dest_start) for opcode in shared]
    for (left_start, right_start), (left_end, right_end) in zip(
        [(0, 0), *ends], [*starts, (len(left.order), len(right.order))], strict=True
    ):
        left_phrase = " ".join(word for word in left.order[left_start:left_end] if word in left.content.values())
        right_phrase = " ".join(word for word in right.order[right_start:right_end] if word in right.content.values())
        if left_phrase and right_phrase:
            yield (
                left_phrase,
                right_phrase,
                left_start > 0
                and right_start > 0
                and left.order[left_start - 1] in ASKING
                and right.order[right_start - 1] in ASKING,
            )


def _cosine(left: str, right: str, vectors: Mapping[str, Matrix]) -> float:
    """The cosine similarity of two phrases by their vectors, which have length 1; 0 if one of them has no vector."""
    return float(vectors[left] @ vectors[right]) if left in vectors and right in vectors else 0.0


def probability(
    features: tuple[float, ...],
    entailment: float | None = None,
    duplicate: float | None = None,
    *,
    limited: bool = True,
) -> float:
    """The probability that two questions are the same, from their features and from models that read both.

    `MIN_LIMITED_SCORE` applies only if `limited`; candidates and the comparison with answers are not limited.

    `entailment` is an NLI model's probability that one question entails the other, the lower one of both directions.
    `duplicate` is the probability of a cross-encoder for duplicate questions, whose weight equals that of all other
    features; the coefficients for differences lower it too.
    """
    score = _alike(features, entailment)
    if duplicate is not None:
        score = (score + log_odds(duplicate)) / 2
    lowered, unlimited = _log_odds_parts(features)
    least = min(score, MIN_LIMITED_SCORE) if limited else -math.inf
    return logistic(max(score + lowered, least) + unlimited)


def difference_score(features: tuple[float, ...]) -> float:
    """The part of the log-odds for the differences of two questions, without `MIN_LIMITED_SCORE`."""
    return sum(_log_odds_parts(features))


def _alike(features: tuple[float, ...], entailment: float | None) -> float:
    """The log-odds by `FITTED_FEATURES`, and by an NLI model if it read both."""
    weights, intercept = WITHOUT_NLI if entailment is None else WITH_NLI
    read = () if entailment is None else (log_odds(entailment),)
    return intercept + _weighted_sum(weights, (*features[: len(FITTED_FEATURES)], *read))


def _log_odds_parts(features: tuple[float, ...]) -> tuple[float, float]:
    """The parts of the log-odds by `LIMITED_COEFFICIENTS` and by `UNLIMITED_COEFFICIENTS`."""
    last = len(FITTED_FEATURES) + len(LIMITED_COEFFICIENTS)
    return (
        _weighted_sum(tuple(LIMITED_COEFFICIENTS.values()), features[len(FITTED_FEATURES) : last]),
        _weighted_sum(tuple(UNLIMITED_COEFFICIENTS.values()), features[last:]),
    )


def _weighted_sum(weights: tuple[float, ...], values: tuple[float, ...]) -> float:
    return sum(weight * value for weight, value in zip(weights, values, strict=True))


def words_apart(left: QuestionWording, right: QuestionWording) -> set[str]:
    """The words and phrases whose vectors `features` needs: those of two questions with nearly the same sentence in
    which each side has words that the other does not have.
    """
    phrases = {
        phrase for left_phrase, right_phrase, _ in _phrases_apart(left, right) for phrase in (left_phrase, right_phrase)
    }
    if left.content.keys() <= right.content.keys() or right.content.keys() <= left.content.keys():
        return phrases
    if Indel.normalized_similarity(left.order, right.order) < SAME_SENTENCE_SHARE:
        return phrases
    return {*phrases, *left.content.values(), *right.content.values()}
