"""Whether two questions are the same, asked with their answers: if they are, each one's answer answers the other.

By their embeddings each answer then suits the other question as well as its own: that tells reworded questions from
near ones with an AUC of .83 where the questions alone reach .69 (pairs of a file that was left out, from a probability
of .1 on). The questions are also near each other with their answers: with that, reworded questions are told from others
of one file with an AUC of .96, before .85. And "Water freezes at 32 °F" and "The boiling point of water is 212 °F"
clash only if both questions ask the same: with one number in both, the second does not follow from the first. An NLI
model reads both. Measured by `python -m tests.bench.conflict_planted FOLDER --embeddings MODEL --nli MODEL`.
"""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from statistics import fmean
from typing import Final, NamedTuple

from curate.conflicts.answered_question import Alone, length_share, long_answer_score, texts
from curate.conflicts.candidate_pairs import MIN_COUNTED_CONFIDENCE
from curate.conflicts.evidence import Evidence
from curate.conflicts.nli import entailments
from curate.conflicts.same_question import log_odds
from curate.core.lazy import Matrix
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
"""Words of meaning from which an answer suits one question more than another ("Yes", or a label, suits many), and what
is added to the log-odds where one has fewer.
"""
MAX_ANSWER_CHARS: Final = 300
"""Number of characters of an answer that are read, from at most two sentences."""
SAME_WEIGHT, SUITS_WEIGHT, COSINE_WEIGHT, ANSWERED_WEIGHT, SWAPPED_WEIGHT, INTERCEPT = 1.2, 7.0, -12.2, 6.9, 1.7, 5.15
"""Weights of the log-odds of the probability by the questions alone, of how much better each answer suits the other
question than its own, of the cosine of the questions (which then counts for less), of that of the questions with their
answers, and of the logarithm of the factor for swapped texts.

A logistic regression over pairs of brief answers: reworded and near questions of eleven files of tests/bench, and 2,000
pairs of 12,600 real examples with a twentieth of the weight. A fifth of the difference to the weights before
`ANSWERED_WEIGHT` was kept, and the intercept raised, by what is flagged in all of these: fewer real examples, and more
clashes.
"""

Pair = tuple[str, str]


class Asked(NamedTuple):
    """Two questions, their answers, and the evidence that the answers clash."""

    questions: Pair
    answers: Pair
    evidence: tuple[Evidence, ...]
    set_apart: float = 0.0
    """See `answered_question.Alone`, as for the next."""
    in_topic: bool = False
    limited: float | None = None
    """The `limited` probability by the questions alone (see `same_question`), which holds where answers do not count.
    """


def with_answers(
    same: Sequence[float],
    cosines: Sequence[float],
    asked: Sequence[Asked],
    models: Pair,
    cache: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[float]:
    """The probability that the questions of each pair are the same, from that by the questions alone, not `limited`,
    the cosine of their embeddings, and their answers.

    `models`: that of the embeddings, and an NLI model, if there is one; without it brief answers do not count. Raises
    as `embed` and `entailments` do.
    """
    alone = list(map(log_odds, same))
    if models[1]:
        scores = _with_brief_answers(same, cosines, asked, models, cache, progress)
    else:
        scores = [
            score if item.limited is None else log_odds(item.limited) for score, item in zip(alone, asked, strict=True)
        ]
    # a refusal suits any question
    refused = [any(evidence.source == "refusal" for evidence in item.evidence) for item in asked]
    shares = [0.0 if no else length_share(item.answers) for no, item in zip(refused, asked, strict=True)]
    long = [at for at, share in enumerate(shares) if share > 0]
    each = (texts(asked[at].questions, asked[at].answers) for at in long)
    vectors = _vectors(chain.from_iterable(each), models[0], cache)
    for at in long:
        item = asked[at]
        known = Alone(alone[at], item.set_apart, item.in_topic, scores[at])
        score = long_answer_score(known, item.questions, item.answers, vectors)
        scores[at] = (1 - shares[at]) * scores[at] + shares[at] * score
    return [_logistic(score) for score in scores]


def _with_brief_answers(
    same: Sequence[float],
    cosines: Sequence[float],
    asked: Sequence[Asked],
    models: Pair,
    cache: Path | None,
    progress: Callable[[int], None] | None,
) -> list[float]:
    """The log-odds that the questions of each pair are the same, of pairs of brief answers."""
    scores = [
        SAME_WEIGHT * log_odds(chance)
        + SUITS_WEIGHT * suits
        + COSINE_WEIGHT * cosine
        + ANSWERED_WEIGHT * answered
        + INTERCEPT
        for chance, cosine, (suits, answered) in zip(same, cosines, _with_answers(asked, models[0], cache), strict=True)
    ]
    for at, item in enumerate(asked):
        if min(len(content_words(answer)) for answer in item.answers) < MIN_TELLING_WORDS:
            scores[at] += FEW_WORDS_WEIGHT
    # Only of those that can still be shown: what is swapped makes none more likely.
    shown = [at for at, score in enumerate(scores) if _logistic(score) >= MIN_COUNTED_CONFIDENCE]
    swapped = [_swapped(asked[at]) for at in shown]
    follows = iter(entailments([pair for pairs, _ in swapped for pair in pairs], models[1], cache, progress))
    for at, (pairs, summary) in zip(shown, swapped, strict=True):
        factor = MIN_FACTOR + (1 - MIN_FACTOR) * summary(next(follows) for _ in pairs) / FULL_FACTOR_ENTAILMENT
        scores[at] += SWAPPED_WEIGHT * math.log(min(1.0, factor))
    return scores


def _with_answers(asked: Sequence[Asked], model: str, cache: Path | None) -> list[tuple[float, float]]:
    """How much better the answers of each pair suit the other question than their own (a difference of cosines, hardly
    above 0), and the cosine of the questions with their answers.
    """
    pairs = [(*item.questions, *map(_beginning, item.answers)) for item in asked]
    each = [(*pair, f"{pair[0]} {pair[2]}", f"{pair[1]} {pair[3]}") for pair in pairs]
    vectors = _vectors((text for six in each for text in six), model, cache)
    found = ([vectors[text] for text in six] for six in each)
    return [
        (float((one - other) @ (its - own)) / 2, float(left @ right)) for one, other, own, its, left, right in found
    ]


def _vectors(each: Iterable[str], model: str, cache: Path | None) -> dict[str, Matrix]:
    """The embeddings of texts, by text."""
    different = sorted(set(each))
    return dict(zip(different, embed(different, model, cache), strict=True)) if different else {}


def _beginning(answer: str) -> str:
    return " ".join(sentences(answer)[:2])[:MAX_ANSWER_CHARS]


def _logistic(score: float) -> float:
    return 1 / (1 + math.exp(-score))


def _swapped(asked: Asked) -> tuple[list[Pair], Callable[[Iterable[float]], float]]:
    """Pairs of texts of which the first implies the second if both questions are the same, and how many must."""
    (left, right), (answer, other) = asked.questions, asked.answers
    fact = next((item for item in asked.evidence if item.source in FACT_RULES), None)
    if fact is None:
        both = [_beginning(answer), _beginning(other)]
        # A refusal suits any question and says nothing.
        said = [text for text in both if not refuses(text[:OPENING_CHARS])] or both
        return [(f"{left} {text}", f"{right} {text}") for text in said], fmean
    whole = [re.compile(rf"(?<!\w){re.escape(words)}(?!\w)") for words in (fact.left, fact.right)]
    mine, others = (
        next((sentence for sentence in sentences(text) if words.search(sentence)), text)
        for text, words in zip((answer, other), whole, strict=True)
    )
    return [
        (f"{left} {mine}", f"{right} {whole[1].sub(lambda _: fact.left, others, count=1)}"),
        (f"{left} {whole[0].sub(lambda _: fact.right, mine, count=1)}", f"{right} {others}"),
    ], max
