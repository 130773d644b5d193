"""Whether two questions are the same, by their answers: the answer to one of two equal questions also answers the
other.

The embedding of each answer is then as close to the other question as to its own. This separates reworded from similar
questions with an AUC of .83; the questions alone reach .69 (pairs of a held-out file, from a probability of .1). The
embeddings of the questions with their answers are also close to each other, which raises the AUC for questions of one
file from .85 to .96. "Water freezes at 32 °F" and "The boiling point of water is 212 °F" contradict each other only if
both questions are the same: with the same number in both, the second text does not follow from the first. An NLI model
reads both. Measured by `python -m tests.bench.conflict_planted FOLDER --embeddings MODEL --nli MODEL`.
"""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from statistics import fmean
from typing import Final, NamedTuple

from curate.conflicts.answered_question import QuestionsOnly, length_share, long_answer_score, texts
from curate.conflicts.candidate_pairs import MIN_COUNTED_CONFIDENCE
from curate.conflicts.evidence import Evidence
from curate.conflicts.nli import entailments
from curate.core.events import Advance
from curate.core.lazy import Matrix
from curate.core.log_odds import log_odds, logistic
from curate.core.text import TextPair
from curate.language.refusals import OPENING_CHARS, refuses
from curate.language.sentences import sentences
from curate.language.tokens import content_words
from curate.models.embeddings import embed

FACT_RULES: Final = frozenset(("numbers", "dates"))
"""Rules whose evidence is a number or a date in a sentence."""
MIN_FACTOR: Final = 0.5
"""Factor if neither swapped text follows."""
FULL_FACTOR_ENTAILMENT: Final = 0.15
"""Probability of entailment from which the factor is 1."""
MIN_TELLING_WORDS, FEW_WORDS_WEIGHT = 2, -1.5
"""Minimum number of content words of an answer that fits one question better than another ("Yes" or a label fits many),
and the value that is added to the log-odds if an answer has fewer.
"""
MAX_ANSWER_CHARS: Final = 300
"""Number of characters of an answer that are read, from at most two sentences."""
SAME_WEIGHT, SUITS_WEIGHT, COSINE_WEIGHT, ANSWERED_WEIGHT, SWAPPED_WEIGHT, INTERCEPT = 1.2, 7.0, -12.2, 6.9, 1.7, 5.15
"""Weights of the log-odds by the questions alone, of how much better each answer fits the other question than its own,
of the cosine of the questions, of the cosine of the questions with their answers, and of the logarithm of the factor
for swapped texts.

They come from a logistic regression over pairs of short answers: reworded and similar questions of eleven files of
tests/bench, and 2,000 pairs of 12,600 real examples with a twentieth of the weight. A fifth of the difference to the
weights before `ANSWERED_WEIGHT` was kept and the intercept raised, so that fewer real examples and more contradictions
are flagged.
"""

WITHOUT_NLI: Final = (0.58, 5.29, -10.54, 5.72, 4.63)
"""The first four of these weights and the intercept without an NLI model, fitted by itself on nine of these files and
664 pairs of 6,000 real examples with a weight of .6, with which as many real examples as by the questions alone have
questions that are probably the same.
"""


class AnsweredPair(NamedTuple):
    """Two questions, their answers, and the evidence that the answers clash."""

    questions: TextPair
    answers: TextPair
    evidence: tuple[Evidence, ...]
    difference_score: float = 0.0
    """As in `answered_question.QuestionsOnly`, like `in_topic`."""
    in_topic: bool = False
    limited: float | None = None
    """The `limited` probability by the questions alone (see `same_question`), used where answers do not count."""


def with_answers(
    same: Sequence[float],
    cosines: Sequence[float],
    pairs: Sequence[AnsweredPair],
    models: TextPair,
    cache: Path | None = None,
    progress: Advance | None = None,
    *,
    brief: bool = False,
) -> list[float]:
    """The probability that the questions of each pair are the same, from the probability by the questions alone (not
    `limited`), the cosine of their embeddings, and their answers.

    `models`: the embedding model and the NLI model, empty for none. Without an NLI model, short answers count only if
    `brief`: for contradictions among 5,000 real examples they lowered recall and precision.
    Raises as `embed` and `entailments` do.
    """
    alone = list(map(log_odds, same))
    if models[1] or brief:
        scores = _with_brief_answers(same, cosines, pairs, models, cache, progress)
    else:
        scores = [
            score if item.limited is None else log_odds(item.limited) for score, item in zip(alone, pairs, strict=True)
        ]
    # a refusal fits any question
    refused = [any(evidence.source == "refusal" for evidence in item.evidence) for item in pairs]
    shares = [
        0.0 if is_refusal else length_share(item.answers) for is_refusal, item in zip(refused, pairs, strict=True)
    ]
    long = [index for index, share in enumerate(shares) if share > 0]
    compared_texts = (texts(pairs[index].questions, pairs[index].answers) for index in long)
    vectors = _vectors(chain.from_iterable(compared_texts), models[0], cache)
    for index in long:
        item = pairs[index]
        without_answers = QuestionsOnly(alone[index], item.difference_score, item.in_topic, scores[index])
        score = long_answer_score(without_answers, item.questions, item.answers, vectors)
        scores[index] = (1 - shares[index]) * scores[index] + shares[index] * score
    return [logistic(score) for score in scores]


def _with_brief_answers(
    same: Sequence[float],
    cosines: Sequence[float],
    pairs: Sequence[AnsweredPair],
    models: TextPair,
    cache: Path | None,
    progress: Advance | None,
) -> list[float]:
    """The log-odds that the questions of each pair are the same, of pairs of brief answers.

    Without an NLI model, the answers to questions in a topic of many questions only lower them.
    """
    weights = SAME_WEIGHT, SUITS_WEIGHT, COSINE_WEIGHT, ANSWERED_WEIGHT, INTERCEPT
    by_same, by_suits, by_cosine, by_answered, intercept = weights if models[1] else WITHOUT_NLI
    scores = [
        by_same * log_odds(chance) + by_suits * suits + by_cosine * cosine + by_answered * answered + intercept
        for chance, cosine, (suits, answered) in zip(same, cosines, _with_answers(pairs, models[0], cache), strict=True)
    ]
    if not models[1]:
        return [
            min(score, log_odds(chance if item.limited is None else item.limited)) if item.in_topic else score
            for score, chance, item in zip(scores, same, pairs, strict=True)
        ]
    for index, item in enumerate(pairs):
        if min(len(content_words(answer)) for answer in item.answers) < MIN_TELLING_WORDS:
            scores[index] += FEW_WORDS_WEIGHT
    # Only pairs that can still be reported: swapped texts never raise the probability.
    shown = [index for index, score in enumerate(scores) if logistic(score) >= MIN_COUNTED_CONFIDENCE]
    swapped = [_swapped(pairs[index]) for index in shown]
    follows = iter(
        entailments([pair for swapped_texts, _ in swapped for pair in swapped_texts], models[1], cache, progress)
    )
    for index, (swapped_texts, combine) in zip(shown, swapped, strict=True):
        factor = MIN_FACTOR + (1 - MIN_FACTOR) * combine(next(follows) for _ in swapped_texts) / FULL_FACTOR_ENTAILMENT
        scores[index] += SWAPPED_WEIGHT * math.log(min(1.0, factor))
    return scores


def _with_answers(answered_pairs: Sequence[AnsweredPair], model: str, cache: Path | None) -> list[tuple[float, float]]:
    """How much better the answers of each pair fit the other question than their own (a difference of cosines, rarely
    above 0), and the cosine of the questions with their answers.
    """
    pairs = [(*item.questions, *map(_first_sentences, item.answers)) for item in answered_pairs]
    texts = [(*pair, f"{pair[0]} {pair[2]}", f"{pair[1]} {pair[3]}") for pair in pairs]
    vectors = _vectors((text for six in texts for text in six), model, cache)
    pair_vectors = ([vectors[text] for text in six] for six in texts)
    return [
        (float((left_question - right_question) @ (right_answer - left_answer)) / 2, float(left_both @ right_both))
        for left_question, right_question, left_answer, right_answer, left_both, right_both in pair_vectors
    ]


def _vectors(texts: Iterable[str], model: str, cache: Path | None) -> dict[str, Matrix]:
    """The embeddings of texts, by text."""
    distinct = sorted(set(texts))
    return dict(zip(distinct, embed(distinct, model, cache), strict=True)) if distinct else {}


def _first_sentences(answer: str) -> str:
    return " ".join(sentences(answer)[:2])[:MAX_ANSWER_CHARS]


def _swapped(pair: AnsweredPair) -> tuple[list[TextPair], Callable[[Iterable[float]], float]]:
    """Pairs of texts of which the first entails the second if both questions are the same, and the function that
    combines the probabilities of entailment.
    """
    (left, right), (left_answer, right_answer) = pair.questions, pair.answers
    fact = next((item for item in pair.evidence if item.source in FACT_RULES), None)
    if fact is None:
        openings = [_first_sentences(left_answer), _first_sentences(right_answer)]
        # A refusal fits any question.
        usable = [text for text in openings if not refuses(text[:OPENING_CHARS])] or openings
        return [(f"{left} {text}", f"{right} {text}") for text in usable], fmean
    fact_patterns = [re.compile(rf"(?<!\w){re.escape(words)}(?!\w)") for words in (fact.left, fact.right)]
    left_sentence, right_sentence = (
        next((sentence for sentence in sentences(text) if words.search(sentence)), text)
        for text, words in zip((left_answer, right_answer), fact_patterns, strict=True)
    )
    return [
        (f"{left} {left_sentence}", f"{right} {fact_patterns[1].sub(lambda _: fact.left, right_sentence, count=1)}"),
        (f"{left} {fact_patterns[0].sub(lambda _: fact.right, left_sentence, count=1)}", f"{right} {right_sentence}"),
    ], max
