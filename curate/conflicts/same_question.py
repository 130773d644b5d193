"""Whether two questions ask the same, as a probability: a logistic model over the cosine of their embeddings, their
words and what sets them apart.

The coefficients are fitted on labelled pairs of questions, which are not part of this project:

    python -m tests.bench.same_question FOLDER --coefficients
"""

import math
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from rapidfuzz.distance import Indel, Levenshtein

from curate.conflicts.wording import (
    Wording,
    asks_opposite_ends,
    is_opposite,
    many_other_numbers,
    other_aspect,
    other_names,
    other_numbers,
    other_quotation,
    other_value,
    rarity,
)
from curate.core.lazy import Matrix
from curate.language.tokens import stem

FITTED_FEATURES: Final = ("cosine", "overlap", "replaced", "other aspect")
WITHOUT_NLI: Final[tuple[tuple[float, ...], float]] = ((15.5, -3.68, -1.0, -0.842), -9.0)
"""Coefficients of `FITTED_FEATURES`, and the intercept, which is .38 below the fitted one: of pairs in a file fewer ask
the same than of labelled pairs.
"""
WITH_NLI: Final[tuple[tuple[float, ...], float]] = ((14.4, -3.9, -1.0, -0.856, 0.281), -7.55)
"""The same where an NLI model read both questions; the last one is for the log odds of its entailment."""
LIMITED_COEFFICIENTS: Final = {"other phrase": -7.0, "other value": -6.0, "added words": -1.6}
UNLIMITED_COEFFICIENTS: Final = {"other thing": -6.0, "other numbers": -1.5}
HAND_SET_COEFFICIENTS: Final = {**LIMITED_COEFFICIENTS, **UNLIMITED_COEFFICIENTS}
"""Coefficients set by hand: labelled pairs hardly have questions that are near and not the same for one of these
reasons. `FITTED_FEATURES` were fitted before the "added words" were added.
"""
MIN_LIMITED_SCORE: Final = -0.9
"""The log-odds (a probability of .29) below which `LIMITED_COEFFICIENTS` do not lower a pair: of the labelled pairs
that they count for, many ask the same. The area under the curve on Quora is .875 with this limit, .854 without.
"""
FEATURES: Final = (*FITTED_FEATURES, *HAND_SET_COEFFICIENTS)
MIN_COSINE: Final = 0.5
"""Below which hardly a pair has a `probability` of a third or more, whatever the words are."""
SAME_SENTENCE_SHARE: Final = 0.75
"""Share of the words, in order, that two questions have in common from which they are one sentence with something else
in it.
"""
SUBSTITUTION_SHARE: Final = 0.5
"""The same share from which a phrase or an opposite in another one's place makes two questions, unless they mean the
same.
"""
SYNONYM_COSINE: Final = 0.8
"""Cosine of the embeddings of two phrases from which they mean the same."""
SPELLING_SHARE: Final = 0.8
"""Share of letters, in order, from which two phrases are spellings of one."""
DISTANCE_SCALE: Final = 6
"""Over 1, the cosine distance from which a word in another's place counts in full."""
NEAR_COSINES, UNLIKE_COSINES = (0.87, 0.96), (0.72, 0.94)
"""Cosines of two questions in other sentences, and in one: from the first, a phrase in another one's place does not
count; up to the second, it counts in full.
"""
ASKING: Final = frozenset(("many", "much", "which", "whose"))
"""Words behind which stands what a question asks for."""
MANY_NUMBERS_FACTOR: Final = 3.0
"""How much more it counts that questions of two numbers or more each have some of their own, however long they are."""
SHORT_WORDS: Final = 14
"""Words of both questions together up to which what sets them apart counts in full; of more, in inverse proportion."""
LONG_WORDS: Final = 40
"""Words from which nobody asks the same in nearly the same text."""
OTHER_NAMES_WEIGHT: Final = 0.25
"""How much other names count in another sentence: one thing may have two."""
MIN_PROBABILITY: Final = 0.001
"""Of what a model says: none is surer than this, either way."""


class WordsCompared(NamedTuple):
    """What the words of two questions say, whatever their embeddings."""

    left: Wording
    right: Wording
    overlap: float
    """From 0 to 1, in whatever order; rare words weigh more."""
    frame: float
    """Share of the words, in order, that they have in common."""
    short: float
    """How much counts what sets them apart."""
    aspect: float
    value: float
    numbers: float
    added: float
    thing: float
    """The last five: `other aspect`, `other value`, `other numbers`, `added words` and `other thing` of `FEATURES`."""


def compare_words(left: Wording, right: Wording) -> WordsCompared:
    """The part of `features` that needs no embedding."""
    total = left.rarity + right.rarity or 1.0
    lone = (
        rarity(side.content[word])
        for side, other in ((left, right), (right, left))
        for word in side.content.keys() - other.content.keys()
    )
    frame = Indel.normalized_similarity(left.order, right.order)
    short = min(1.0, SHORT_WORDS / max(1, len(left.order) + len(right.order)))
    return WordsCompared(
        left,
        right,
        1 - math.fsum(lone) / total,
        frame,
        short,
        float(other_aspect(left, right)),
        short * _other_value(left, right, frame),
        max(short * other_numbers(left, right), MANY_NUMBERS_FACTOR * many_other_numbers(left, right)),
        float(_adds_words(left, right, frame)),
        max(
            short * (asks_opposite_ends(left, right) or other_quotation(left, right)),
            float(_is_variation(left, right, frame)),
        ),
    )


def features(
    words: WordsCompared, cosine: float, vectors: Mapping[str, Matrix] | None, in_topic: bool = False
) -> tuple[float, ...]:
    """What is known of a pair of questions, in the order of `FEATURES`.

    `vectors` has embeddings of `words_apart`; with None, no word counts as put in another's place, for which the
    probability is highest. Another phrase counts in full right behind one of `ASKING`, which asks for it, and if many
    questions of the file are about the same thing (`in_topic`): they are near each other for that.
    """
    replaced = phrase = 0.0
    if vectors is not None:
        if words.frame >= SAME_SENTENCE_SHARE:
            replaced = min(1.0, DISTANCE_SCALE * (1 - cosine)) * min(1.0, 2 * _farthest(words, vectors))
        others = [
            is_asked
            for one, two, is_asked in _substitutions(words.left, words.right)
            if _cosine(one, two, vectors) < SYNONYM_COSINE and not _is_spelling(one, two)
        ]
        if others:
            near, unlike = (each[words.frame >= SAME_SENTENCE_SHARE] for each in (NEAR_COSINES, UNLIKE_COSINES))
            share = min(1.0, max(0.0, (near - cosine) / (near - unlike)))
            phrase = words.short * (1.0 if in_topic or any(others) else share)
    return (
        *(cosine, words.overlap, replaced, words.aspect),
        *(phrase, words.value, words.added),
        *(words.thing, words.numbers),
    )


def _farthest(words: WordsCompared, vectors: Mapping[str, Matrix]) -> float:
    """How far the words that one question alone has are from those of the other, at most: that of the nearer side."""
    sides = ((words.left, words.right), (words.right, words.left))
    return min(
        max(
            (_distance(side.content[word], other, vectors) for word in side.content.keys() - other.content.keys()),
            default=0.0,
        )
        for side, other in sides
    )


def _is_variation(left: Wording, right: Wording, frame: float) -> bool:
    """Whether two long questions are one text with other words of meaning, or in another order: another case.

    Of 115 pairs of 30 words and more that ask the same, labelled by doctors, none is.
    """
    if min(len(left.order), len(right.order)) < LONG_WORDS or frame < SAME_SENTENCE_SHARE:
        return False
    mine, others = ([stemmed for stemmed in map(stem, side.order) if stemmed in side.content] for side in (left, right))
    return mine != others


def _adds_words(left: Wording, right: Wording, frame: float) -> bool:
    """Whether one of two questions is the other one with more words of meaning, which mostly restrict it: "Do they hunt
    foxes?", "Did they hunt foxes until 2005?".
    """
    more = left.content.keys() - right.content.keys(), right.content.keys() - left.content.keys()
    return frame >= SAME_SENTENCE_SHARE and bool(more[0]) != bool(more[1])


def _other_value(left: Wording, right: Wording, frame: float) -> float:
    """How much it says that two questions have another value, name or opposite."""
    if (frame >= SAME_SENTENCE_SHARE and other_value(left, right)) or (
        frame >= SUBSTITUTION_SHARE and is_opposite(left, right)
    ):
        return 1.0
    return OTHER_NAMES_WEIGHT * other_names(left, right)


def _is_spelling(one: str, two: str) -> bool:
    """Whether two phrases are one in other forms, or with a slip of the pen."""
    return (
        sorted(map(stem, one.split())) == sorted(map(stem, two.split()))
        or Indel.normalized_similarity(one, two) >= SPELLING_SHARE
    )


def _distance(word: str, other: Wording, vectors: Mapping[str, Matrix]) -> float:
    """How far the nearest word of the other side is, from 0 to 1."""
    if word not in vectors:
        return 1.0
    return 1 - max(
        (float(vectors[word] @ vectors[known]) for known in other.content.values() if known in vectors), default=0.0
    )


def _substitutions(left: Wording, right: Wording) -> Iterator[tuple[str, str, bool]]:
    """Phrases that stand in one another's place in two questions that are otherwise much the same sentence: only their
    words of meaning; and whether they are what both ask for.
    """
    if Indel.normalized_similarity(left.order, right.order) < SUBSTITUTION_SHARE:
        return
    shared = [one for one in Levenshtein.opcodes(left.order, right.order) if one.tag == "equal"]
    ends = [(one.src_end, one.dest_end) for one in shared]
    starts = [(one.src_start, one.dest_start) for one in shared]
    for (at, to), (end, until) in zip([(0, 0), *ends], [*starts, (len(left.order), len(right.order))], strict=True):
        one = " ".join(word for word in left.order[at:end] if word in left.content.values())
        two = " ".join(word for word in right.order[to:until] if word in right.content.values())
        if one and two:
            yield one, two, at > 0 and to > 0 and left.order[at - 1] in ASKING and right.order[to - 1] in ASKING


def _cosine(one: str, other: str, vectors: Mapping[str, Matrix]) -> float:
    return float(vectors[one] @ vectors[other]) if one in vectors and other in vectors else 0.0


def probability(
    features: tuple[float, ...],
    entailment: float | None = None,
    duplicate: float | None = None,
    *,
    limited: bool = True,
) -> float:
    """Of two questions asking the same, from their features, and from what models say that read both.

    Without `MIN_LIMITED_SCORE` if not `limited`: so pairs are chosen that are worth comparing, and so it takes part in
    what answers add.

    `entailment` is an NLI model's probability that one entails the other, the lower one of both directions. `duplicate`
    is that of a cross-encoder for duplicate questions, which counts as much as all else; what sets the questions apart
    is held against it, too.
    """
    score = _alike(features, entailment)
    if duplicate is not None:
        score = (score + log_odds(duplicate)) / 2
    lowered, unlimited = _apart(features)
    least = min(score, MIN_LIMITED_SCORE) if limited else -math.inf
    return _logistic(max(score + lowered, least) + unlimited)


def set_apart(features: tuple[float, ...]) -> float:
    """The part of the log-odds for what sets two questions apart, without `MIN_LIMITED_SCORE`."""
    return sum(_apart(features))


def _alike(features: tuple[float, ...], entailment: float | None) -> float:
    """The log-odds by `FITTED_FEATURES`, and by an NLI model if it read both."""
    weights, intercept = WITHOUT_NLI if entailment is None else WITH_NLI
    read = () if entailment is None else (log_odds(entailment),)
    return intercept + _weighed(weights, (*features[: len(FITTED_FEATURES)], *read))


def _apart(features: tuple[float, ...]) -> tuple[float, float]:
    """The parts of the log-odds by `LIMITED_COEFFICIENTS` and by `UNLIMITED_COEFFICIENTS`."""
    last = len(FITTED_FEATURES) + len(LIMITED_COEFFICIENTS)
    return (
        _weighed(tuple(LIMITED_COEFFICIENTS.values()), features[len(FITTED_FEATURES) : last]),
        _weighed(tuple(UNLIMITED_COEFFICIENTS.values()), features[last:]),
    )


def _logistic(score: float) -> float:
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, score))))


def _weighed(weights: tuple[float, ...], values: tuple[float, ...]) -> float:
    return sum(weight * value for weight, value in zip(weights, values, strict=True))


def log_odds(probability: float) -> float:
    """Of a probability, which is taken to be at least `MIN_PROBABILITY` and at most 1 less that."""
    bounded = min(1 - MIN_PROBABILITY, max(MIN_PROBABILITY, probability))
    return math.log(bounded / (1 - bounded))


def words_apart(left: Wording, right: Wording) -> set[str]:
    """The words and phrases whose vectors `features` needs, of two questions that are much the same sentence, where
    each side has words of its own.
    """
    phrases = {phrase for one, two, _ in _substitutions(left, right) for phrase in (one, two)}
    if left.content.keys() <= right.content.keys() or right.content.keys() <= left.content.keys():
        return phrases
    if Indel.normalized_similarity(left.order, right.order) < SAME_SENTENCE_SHARE:
        return phrases
    return {*phrases, *left.content.values(), *right.content.values()}
