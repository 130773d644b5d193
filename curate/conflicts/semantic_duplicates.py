"""Semantic duplicates: the same question in other words with an answer of the same meaning (D004). They are reported
and never removed automatically.

The questions are compared by the same probability as for contradictions, which also uses long answers. The answers have
similar embeddings, or brief ones the same verdict, number or name, and no rule finds a contradiction between them.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

from curate.conflicts.answer_swap import AnsweredPair, with_answers
from curate.conflicts.answered_question import length_share
from curate.conflicts.candidate_pairs import MAX_REQUEST_CHARS, MIN_LONG_SAME_QUESTION
from curate.conflicts.contradiction_rules import first_contradiction
from curate.conflicts.paraphrase_filter import answers_agree
from curate.conflicts.question import Question, question_of
from curate.conflicts.reworded import RewordedPair, nearest, reworded
from curate.conflicts.same_question import difference_score, probability
from curate.conflicts.unread_questions import character_probability, character_vectors, is_unspaced
from curate.conflicts.word_parts import MIN_COSINE
from curate.core.events import Advance
from curate.core.example import Example
from curate.core.lazy import np
from curate.core.text import plural
from curate.language.names import names
from curate.language.negation import has_opposite, negation_count
from curate.language.quantities import quantities, unmatched
from curate.language.tokens import plain_words, quoted_texts
from curate.models.embeddings import embed
from curate.models.model_loading import in_unknown_script

MIN_SAME_QUESTION: Final = 0.5
"""Probability from which two questions are the same."""
MIN_NOMINATED: Final = 0.1
"""Probability by the questions alone from which a pair with brief answers is compared; the answers may raise it."""
MIN_BRIEF_COSINE, MIN_LONG_COSINE = 0.9, 0.5
"""Minimum cosine similarity of two short and of two long answers with the same meaning; the wording of long answers
differs more.
"""
MIN_UNDISPUTED_COSINE: Final = 0.65
"""The same of two short answers without a difference of `_are_undisputed`, and of their questions; and of all short
ones whose questions are the same by the answers alone. At .55, 26 of 34 more pairs of real examples were wrong.
"""
MIN_AGREEING_COSINE: Final = 0.3
"""The same of two answers that are not long and agree by rules: both say yes or no, or the number or name asked for."""
MIN_SAME_WITH_NUMBERS: Final = 0.7
"""Probability, by questions and answers, from which two questions whose short answers give the same numbers are the
same, whatever the cosines are.
"""

MIN_CHARACTER_COSINE: Final = 0.25
"""Minimum cosine similarity, by pairs of adjacent characters, of two long answers with the same meaning: 9 of 10
agreeing pairs of `tests/bench/natural_answers` that `unread_questions` is fitted on reach it.
"""
MIN_OPEN_COSINE: Final = 0.7
"""Minimum cosine similarity of requests and of answers if the requests have many valid answers: "write a poem about
nature", "write a poem of four stanzas".
"""

Numbered = tuple[int, Question]
"""A question and the number of its example."""


class SimilarPair(NamedTuple):
    """Two examples by their numbers, and the smaller one of the cosine similarities of their requests and of their
    answers.
    """

    left: int
    right: int
    similarity: float


def semantic_duplicates(
    examples: Iterable[tuple[int, Example]],
    model: str,
    cache: Path | None,
    notes: list[str],
    progress: Advance | None = None,
) -> list[SimilarPair]:
    """For each example, by its number, the most similar earlier example with the same question and answer; most similar
    pairs first.

    Texts are embedded by the sentence-transformers model `model`, and the vectors are stored in `cache`. Requests of
    more than `MAX_REQUEST_CHARS` characters are not compared. Requests in a script that is unknown to the model are
    compared by their characters if the script has no spaces and both answers are long. Their counts are added to
    `notes`. The time is quadratic in the number of examples. Raises `ModelError` if the model is not available,
    `MissingExtra` without sentence-transformers.
    """
    every = [(number, question) for number, example in examples if (question := question_of(example))]
    short_requests = [pair for pair in every if len(pair[1].request) <= MAX_REQUEST_CHARS]
    unread = in_unknown_script([question.request for _, question in short_requests], model)
    unspaced = [
        unknown and is_unspaced(numbered[1].request) for unknown, numbered in zip(unread, short_requests, strict=True)
    ]
    for count, which in (
        (
            len(every) - len(short_requests),
            f"of more than {MAX_REQUEST_CHARS:,} characters not compared for paraphrases",
        ),
        (sum(unread) - sum(unspaced), f"in a script that {model} does not know not compared for paraphrases"),
        (
            sum(unspaced),
            f"in a script that {model} does not know compared for paraphrases by their characters, if both answers "
            "are long",
        ),
    ):
        if count:
            notes.append(f"{plural(count, 'request')} {which}")
    compared = _by_setting(pair for pair, skipped in zip(short_requests, unread, strict=True) if not skipped)
    by_characters = _by_setting(
        pair for pair, is_unspaced_request in zip(short_requests, unspaced, strict=True) if is_unspaced_request
    )
    best: dict[int, SimilarPair] = {}
    for like in (*_by_model(compared, model, cache, progress), *_by_characters(by_characters)):
        if like.right not in best or like.similarity > best[like.right].similarity:
            best[like.right] = like
    return sorted(best.values(), key=lambda like: (-like.similarity, like.left, like.right))


def _by_setting(pairs: Iterable[Numbered]) -> list[Numbered]:
    return sorted(pairs, key=lambda pair: (pair[1].setting, pair[0]))


def _by_model(
    compared: Sequence[Numbered], model: str, cache: Path | None, progress: Advance | None
) -> Iterator[SimilarPair]:
    """Pairs that ask and answer the same, by the embeddings."""
    if len(compared) < 2:
        return
    questions = [question for _, question in compared]
    pairs = _nominated(questions, model, cache, progress)
    both = [(questions[pair.left], questions[pair.right]) for pair in pairs]
    by_questions = [probability(pair.features, limited=False) for pair in pairs]
    same = with_answers(
        by_questions,
        [pair.cosine for pair in pairs],
        [_answered_pair(pair, *sides) for pair, sides in zip(pairs, both, strict=True)],
        (model, ""),
        cache,
        brief=True,
    )
    answers = sorted({question.answer for pair in both for question in pair})
    vectors = dict(zip(answers, embed(answers, model, cache, progress), strict=True)) if answers else {}
    for pair, (left, right), alone, chance in zip(pairs, both, by_questions, same, strict=True):
        near = min(1.0, float(vectors[left.answer] @ vectors[right.answer]))
        share = length_share((left.answer, right.answer))
        similarity = round(min(pair.cosine, near), 4)
        is_near = similarity >= MIN_UNDISPUTED_COSINE
        if chance < MIN_SAME_QUESTION:
            continue
        if share == 1 or pair.in_topic or chance < MIN_SAME_WITH_NUMBERS or not _give_same_numbers(left, right):
            if near < _min_cosine(left, right, share, is_near):
                continue
            if share < 1 and alone < MIN_SAME_QUESTION and not is_near:
                continue
        if similarity < MIN_OPEN_COSINE and (left.is_open or right.is_open):
            continue
        if share < 1 and quoted_texts(left.answer) != quoted_texts(right.answer):  # a short answer may be only a quote
            continue
        if first_contradiction(right.request, left.answer, right.answer) is None:
            yield SimilarPair(compared[pair.left][0], compared[pair.right][0], similarity)


def _min_cosine(left: Question, right: Question, share: float, is_near: bool) -> float:
    """The minimum cosine similarity of two answers with the same meaning; `share`: their `length_share`; `is_near`: the
    cosine of the questions and that of the answers are `MIN_UNDISPUTED_COSINE` or more.
    """
    if share < 1 and any(answers_agree(side.request, left.answer, right.answer) for side in (left, right)):
        return MIN_AGREEING_COSINE
    least = MIN_UNDISPUTED_COSINE if share < 1 and is_near and _are_undisputed(left, right) else MIN_BRIEF_COSINE
    return (1 - share) * least + share * MIN_LONG_COSINE


def _are_undisputed(left: Question, right: Question) -> bool:
    """Whether two answers have no opposite words, are negated alike, and do not each have a number or a name that is
    not in the other one nor in its own question.
    """
    answers = left.answer, right.answer
    if negation_count(answers[0]) % 2 != negation_count(answers[1]) % 2:
        return False
    if has_opposite(plain_words(answers[0]), plain_words(answers[1])):
        return False
    if any(unmatched(*map(quantities, answers))):
        return False
    left_names, right_names = map(set, map(names, answers))
    return not (left_names - right_names - set(names(left.request))) or not (
        right_names - left_names - set(names(right.request))
    )


def _give_same_numbers(left: Question, right: Question) -> bool:
    """Whether two answers give the same numbers, not only rounded ones, one of which is in neither question, without a
    difference of `_are_undisputed`.
    """
    given = [[quantity._replace(step=0.0) for quantity in quantities(side.answer)] for side in (left, right)]
    in_questions = [*quantities(left.request), *quantities(right.request)]
    return bool(unmatched(given[0], in_questions)[0]) and not any(unmatched(*given)) and _are_undisputed(left, right)


def _by_characters(compared: Sequence[Numbered]) -> Iterator[SimilarPair]:
    """Pairs of long answers that ask and answer the same, by pairs of adjacent characters."""
    for _, block in groupby(compared, key=lambda pair: pair[1].setting):
        questions = list(block)
        for i, j, cosine in nearest(character_vectors([question.request for _, question in questions]), MIN_COSINE):
            (left_number, left), (right_number, right) = questions[i], questions[j]
            answers = left.answer, right.answer
            if left.is_open or right.is_open or length_share(answers) < 1:
                continue
            near = float(np.prod(character_vectors(answers), axis=0).sum())
            if (
                near >= MIN_CHARACTER_COSINE
                and character_probability((left.request, right.request), answers) >= MIN_SAME_QUESTION
                and first_contradiction(right.request, *answers) is None
            ):
                yield SimilarPair(left_number, right_number, round(min(cosine, near), 4))


def _nominated(
    questions: list[Question], model: str, cache: Path | None, progress: Advance | None
) -> list[RewordedPair]:
    """Pairs of questions of one setting, in order, that may be the same."""
    requests = [question.request for question in questions]
    vectors = embed(requests, model, cache, progress)
    blocks, end = [], 0
    for _, block in groupby(questions, key=lambda question: question.setting):
        begin, end = end, end + sum(1 for _ in block)
        blocks.append(range(begin, end))
    needed = [
        MIN_LONG_SAME_QUESTION if length_share((question.answer, question.answer)) else MIN_NOMINATED
        for question in questions
    ]
    return reworded(requests, vectors, partial(embed, model=model, cache=cache, kind="words"), needed, blocks)


def _answered_pair(pair: RewordedPair, left: Question, right: Question) -> AnsweredPair:
    both = (left.request, right.request), (left.answer, right.answer)
    return AnsweredPair(*both, (), difference_score(pair.features), pair.in_topic, pair.same)
