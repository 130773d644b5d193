"""Pairs of answers to compare: answers to the same question in the same setting and, with less confidence, under
different system prompts.

Equal questions need no model. Other questions are compared if they ask the same with a probability of at least .3
(`curate.conflicts.same_question`).
"""

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from itertools import accumulate, chain, combinations, pairwise, product
from pathlib import Path
from typing import Final, NamedTuple

from curate.conflicts.answer_polarity import polarity
from curate.conflicts.answered_question import BRIEF_WORDS, length_share
from curate.conflicts.question import Question, agree_after_shared_lines, have_different_expressions, same_request
from curate.conflicts.requested_amounts import word_count
from curate.conflicts.reworded import Embed, RewordedPair, nearest, reworded
from curate.conflicts.unread_questions import character_probability, character_vectors, is_unspaced
from curate.conflicts.word_parts import MIN_COSINE
from curate.core.config import ConflictsConfig
from curate.core.events import Advance
from curate.core.example import content_id
from curate.core.lazy import Matrix
from curate.core.text import excerpt, normalised, plural
from curate.corpus.strata import is_label
from curate.language.function_words import in_other_language, question_language
from curate.language.lexicon import NEUTRAL_PROMPT_WORDS
from curate.language.names import names
from curate.language.precise_requests import MAX_BRIEF_WORDS, asks_yes_or_no
from curate.language.refusals import OPENING_CHARS, refuses
from curate.language.sentences import is_code, sentences
from curate.language.tokens import content_words, plain_words, stems
from curate.models.embeddings import embed
from curate.models.model_loading import in_unknown_script

PERSONA: Final = re.compile(
    r"^\W*(?:you(?: are|'re| will be)|act as|imagine you are|pretend to be|this is|i am|(?:please |always |try to |you (?:should|must|will) )*"  # noqa: E501
    r"(?:be|answer|reply|respond|help|assist|write|speak|explain|think|provide|give|use|keep)\b)",
    re.IGNORECASE,
)
LIMITING_WORDS: Final = re.compile(
    r"\d|\b(?:only|never|not|don't|unless|except|if|when|format|json|xml|classif\w+|label|translate|in (?:french|german|spanish|chinese|japanese|english)"  # noqa: E501
    r"|customer|company|store|shop|policy|according|based on|following|below|version|current|today|tools?|functions?|fiction\w*"  # noqa: E501
    r"|for|at|of|from|lie|wrong|opposite)\b",
    re.IGNORECASE,
)
"""Words of an instruction that may change the answer."""
MAX_PERSONA_CHARS: Final = 300
ABOUT_ITSELF: Final = re.compile(r"\b(?:you|your|yourself)\b", re.IGNORECASE)
"""A question about the assistant, which depends on its persona."""


@lru_cache(1_024)
def changes_nothing(system: str) -> bool:
    """Whether a system prompt has no influence on facts: "You are a helpful assistant", "You are an experienced
    cook. Be concise".
    """
    if content_words(system) <= stems(NEUTRAL_PROMPT_WORDS):
        return True
    if len(system) > MAX_PERSONA_CHARS or LIMITING_WORDS.search(system):
        return False
    return all(PERSONA.match(sentence) and not names(sentence.removeprefix("You")) for sentence in sentences(system))


def same_setting(requests: tuple[str, str], systems: tuple[str, str]) -> bool:
    """Whether two different system prompts leave the meaning of two requests unchanged."""
    return all(map(changes_nothing, systems)) and not any(ABOUT_ITSELF.search(request) for request in requests)


MIN_OPEN_ANSWERS: Final = 50
"""Number of different answers from which a question counts as open-ended and its answers are not compared."""
MAX_REQUEST_CHARS: Final = 1_000
"""Maximum number of characters of a request for the embedding model; longer ones are compared only if equal."""
MIN_COUNTED_CONFIDENCE: Final = 0.3
"""Confidence from which a conflict is counted."""
MIN_SAME_QUESTION: Final = 0.2
"""Probability of the same question from which a pair is compared if models may raise it."""
MIN_LENGTH_SHARE: Final = 0.5
"""Least `length_share` of answers with which questions are compared by their characters: from 32 characters or 20 words
on."""
MIN_LONG_SAME_QUESTION: Final = 0.05
"""The same of two questions with answers of more than `BRIEF_WORDS`, which may raise it."""
MIN_ANSWERED_COSINE, MIN_ANSWERED_PROBABILITY = 0.45, 0.3
"""Cosine of two questions with their answers, and probability of the same question by it, from which a pair is compared
if models may raise it.
"""
STRICT_SAME_QUESTION: Final = 0.9
"""Probability of the same question for two requests that differ in no word that could set them apart."""
MAX_REFUSED_QUESTIONS: Final = 10_000
"""Number of refused questions up to which comparing a question's words with each is cheaper than embedding it;
above it, all questions are embedded.
"""
ANSWERS_PER_QUESTION: Final = 5
"""Number of answers of each of two similar questions that are compared with those of the other."""


class Nominee(NamedTuple):
    """Two answers to the same question, and the cosine similarity of the questions (1.0 if equal)."""

    left: Question
    right: Question
    similarity: float
    same: float = 1.0
    """Probability that the questions are the same."""
    features: tuple[float, ...] = ()
    """The inputs of that probability, if models that read both questions may change it."""
    in_topic: bool = False
    """Whether one of them is among many questions about one thing."""

    @property
    def systems_differ(self) -> bool:
        """Whether the system prompts of the two differ in meaning, which may explain why the answers differ."""
        left, right = self.left, self.right
        return left.setting != right.setting and not same_setting(
            (left.request, right.request), (left.system, right.system)
        )


Block = list[dict[str, Question]]
Groups = dict[str, dict[str, Question]]
"""Questions by context, then by answer, both as keys."""


def group_questions(questions: Sequence[Question]) -> Groups:
    """The questions grouped by question, then by answer; of equal answers the first represents all."""
    groups: Groups = defaultdict(dict)
    for question in questions:
        groups[question.context].setdefault(content_id(normalised(question.answer)), question)
    return groups


def equal_questions(groups: Groups, notes: list[str]) -> Iterator[Nominee]:
    """Pairs of different answers to equal questions.

    A note about questions with too many answers to compare is added to `notes`.
    """
    crowded = [group for group in groups.values() if len(group) > MIN_OPEN_ANSWERS]
    if crowded:
        example_request = excerpt(next(iter(crowded[0].values())).request, 50)
        notes.append(
            f"{plural(len(crowded), 'question')} with more than {MIN_OPEN_ANSWERS} different answers not compared: "
            f"open-ended by use, e.g. {example_request!r}"
        )
    for group in groups.values():
        if len(group) <= MIN_OPEN_ANSWERS:
            yield from (Nominee(left, right, 1.0) for left, right in combinations(group.values(), 2))


def reworded_pairs(
    groups: Groups,
    config: ConflictsConfig,
    cache: Path | None,
    notes: list[str],
    progress: Advance | None = None,
) -> Iterator[Nominee]:
    """Pairs of different answers to questions that are probably the same in other words; system prompts may differ.

    Notes about questions that are too long, or in a script that the model does not know, are added to `notes`.
    """
    blocks: dict[str, Block] = defaultdict(list)
    for group in _that_may_clash(groups):
        blocks[next(iter(group.values())).before].append(group)
    if long := sum(len(_request_of_group(group)) > MAX_REQUEST_CHARS for group in groups.values()):
        notes.append(
            f"{plural(long, 'question')} of more than {MAX_REQUEST_CHARS:,} characters compared with equal ones only"
        )
    compared, unread = _by_script([block for block in blocks.values() if len(block) > 1], config.embeddings, notes)
    yield from _by_characters(unread)
    every = [group for block in compared for group in block]
    questions = [next(iter(group.values())) for group in every]
    requests = [question.request for question in questions]
    ends = [0, *accumulate(len(block) for block in compared)]
    vectors = embed(requests, config.embeddings, cache, progress)
    within = [range(*block) for block in pairwise(ends)]
    least = MIN_SAME_QUESTION if config.nli or config.same_question else MIN_COUNTED_CONFIDENCE
    longest = [max(group.values(), key=lambda answer: (len(answer.answer.split()), answer.answer)) for group in every]
    needed = [least if word_count(answer.answer) <= BRIEF_WORDS else MIN_LONG_SAME_QUESTION for answer in longest]
    # Words apart from questions: both are not needed in memory at a time.
    by_word = partial(embed, model=config.embeddings, cache=cache, kind="words")
    pairs = {pair[:2]: pair for pair in reworded(requests, vectors, by_word, needed, within)}
    if config.nli:
        by_answer = partial(embed, model=config.embeddings, cache=cache, progress=progress, kind="answered")
        pairs = {pair[:2]: pair for pair in _by_answers(longest, vectors, within, by_word, by_answer)} | pairs
    for i, j, cosine, features, same, in_topic in (pairs[key] for key in sorted(pairs)):
        both = requests[i], requests[j]
        if (
            max(cosine, features[0]) < config.similarity
            or not agree_after_shared_lines(*both)
            or have_different_expressions(*both)
        ):
            continue
        pair = Nominee(questions[i], questions[j], min(round(cosine, 4), 0.9999), round(same, 4), features, in_topic)
        if questions[i].content == questions[j].content and same_request(questions[i], questions[j]):
            pair = pair._replace(same=max(pair.same, STRICT_SAME_QUESTION), features=())
        yield from _pairs_across(every[i], every[j], pair)


def _by_answers(
    questions: Sequence[Question], vectors: Matrix, blocks: Sequence[range], by_word: Embed, by_answer: Embed
) -> Iterator[RewordedPair]:
    """Pairs of questions whose embeddings, together with the longest answer, are similar if both answers are short: a
    question may only describe a situation, and its answer shows what is asked.
    """
    short_answers = [
        index for index, question in enumerate(questions) if len(question.answer.split()) <= MAX_BRIEF_WORDS
    ]
    within = [
        range(bisect_left(short_answers, block.start), bisect_left(short_answers, block.stop)) for block in blocks
    ]
    requests = [questions[index].request for index in short_answers]
    answered = by_answer([f"{questions[index].request} {questions[index].answer}" for index in short_answers])
    needed = [MIN_ANSWERED_PROBABILITY] * len(short_answers)
    for pair in reworded(requests, answered, by_word, needed, within, MIN_ANSWERED_COSINE):
        left, right = short_answers[pair.left], short_answers[pair.right]
        cosine = float(vectors[left] @ vectors[right])
        others = in_other_language(*(question_language(plain_words(requests[row])) for row in (pair.left, pair.right)))
        yield RewordedPair(left, right, cosine, pair.features if others else (cosine, *pair.features[1:]), pair.same)


def _that_may_clash(groups: Groups) -> Iterator[dict[str, Question]]:
    """The questions to embed.

    Left out are questions that are too long or have too many answers, and those whose answers no rule or model can
    judge, unless half of their words are those of a refused question.
    """
    near = [
        group
        for group in groups.values()
        if len(group) <= MIN_OPEN_ANSWERS and len(_request_of_group(group)) <= MAX_REQUEST_CHARS
    ]
    refused = {
        content_words(_request_of_group(group))
        for group in near
        if any(_is_refusal(question) for question in group.values())
    }
    sizes = list(map(len, refused))
    with_word: dict[str, list[int]] = defaultdict(list)
    for index, words in enumerate(refused):
        for word in words:
            with_word[word].append(index)
    for group in near:
        if len(refused) > MAX_REFUSED_QUESTIONS or any(
            _is_judgeable(question) or _is_refusal(question) for question in group.values()
        ):
            yield group
            continue
        request_words = content_words(_request_of_group(group))
        shared = Counter(chain.from_iterable(with_word[word] for word in request_words if word in with_word))
        if any(2 * count >= min(len(request_words), sizes[index]) for index, count in shared.items()):
            yield group


def _request_of_group(group: dict[str, Question]) -> str:
    return next(iter(group.values())).request


def _is_refusal(question: Question) -> bool:
    return refuses(question.answer[:OPENING_CHARS])


def _is_judgeable(question: Question) -> bool:
    """Whether a rule or a model can judge its answer beyond refusals: the request has few possible answers, and the
    answer is in words.
    """
    if question.is_open:
        return is_label(question.answer)
    return not is_code(question.prose) or (
        asks_yes_or_no(question.request) and polarity(question.request, question.answer)[0] != 0
    )


def _by_script(blocks: Sequence[Block], model: str, notes: list[str]) -> tuple[list[Block], list[Block]]:
    """The blocks without questions in a script that is unknown to the model, and the blocks of those, which are
    compared by their characters. Adds their counts to `notes`.
    """
    requests = [_request_of_group(group) for block in blocks for group in block]
    unread = in_unknown_script(requests, model)
    unspaced = [unknown and is_unspaced(request) for unknown, request in zip(unread, requests, strict=True)]
    for count, how in (
        (sum(unspaced), "compared by their characters, if both answers have 32 or more"),
        (sum(unread) - sum(unspaced), "compared by parts of their words, if both answers have 20 or more"),
    ):
        if count:
            notes.append(f"{plural(count, 'question')} in a script that {model} does not know {how}")
    selections = []
    for flags in ([not unknown for unknown in unread], unread):
        keep = iter(flags)
        remaining = [[group for group in block if next(keep)] for block in blocks]
        selections.append([block for block in remaining if len(block) > 1])
    return selections[0], selections[1]


def _by_characters(blocks: Sequence[Block]) -> Iterator[Nominee]:
    """Pairs of answers of several words to questions that are probably the same by the characters of both."""
    for block in blocks:
        questions = [next(iter(group.values())) for group in block]
        requests = [question.request for question in questions]
        for i, j, cosine in nearest(character_vectors(requests), MIN_COSINE):
            both = requests[i], requests[j]
            if not agree_after_shared_lines(*both) or have_different_expressions(*both):
                continue
            pair = Nominee(questions[i], questions[j], min(round(cosine, 4), 0.9999))
            for nominee in _pairs_across(block[i], block[j], pair):
                answers = nominee.left.answer, nominee.right.answer
                if length_share(answers) >= MIN_LENGTH_SHARE and (same := character_probability(both, answers)) >= (
                    MIN_COUNTED_CONFIDENCE
                ):
                    yield nominee._replace(same=round(same, 4))


def _pairs_across(
    left_answers: dict[str, Question], right_answers: dict[str, Question], pair: Nominee
) -> Iterator[Nominee]:
    """`pair` with each two different answers to two similar questions, if rules or models can compare them.

    `left_answers`, `right_answers`: the answers to each question by key; the first `ANSWERS_PER_QUESTION` are taken.
    """
    for (left_key, left_question), (right_key, right_question) in product(
        list(left_answers.items())[:ANSWERS_PER_QUESTION], list(right_answers.items())[:ANSWERS_PER_QUESTION]
    ):
        if left_key != right_key and (
            (_is_judgeable(left_question) and _is_judgeable(right_question))
            or _is_refusal(left_question) != _is_refusal(right_question)
        ):
            yield pair._replace(left=left_question, right=right_question)


def across_system_prompts(groups: Groups, notes: list[str]) -> Iterator[Nominee]:
    """Pairs of different answers to equal requests with different system prompts, unless a pair with the same system
    prompt has these answers.

    A note about questions with too many answers to compare is added to `notes`.
    """
    requests: dict[str, list[dict[str, Question]]] = defaultdict(list)
    for group in groups.values():
        requests[next(iter(group.values())).asks].append(group)
    crowded = 0
    for groups_of_request in requests.values():
        if len(groups_of_request) < 2:
            continue
        first: dict[str, Question] = {}
        for group in groups_of_request:
            for answer, question in group.items():
                first.setdefault(answer, question)
        if len(first) > MIN_OPEN_ANSWERS:
            crowded += 1
            continue
        for (a, left), (b, right) in combinations(first.items(), 2):
            if not any(a in group and b in group for group in groups_of_request):
                yield Nominee(left, right, 1.0)
    if crowded:
        notes.append(
            f"{plural(crowded, 'question')} with more than {MIN_OPEN_ANSWERS} different answers behind different "
            "system prompts not compared across these"
        )
