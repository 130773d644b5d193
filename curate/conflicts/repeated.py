"""Repetition without near-duplicates: answers with the same meaning, conversations that another one continues, phrases.

Pure functions over examples, for rules about a whole data set. None of these removes an example without review.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import xxhash

from curate.conflicts.question import Question, question_of
from curate.core.config import DedupConfig
from curate.core.example import Example, attachments
from curate.core.lazy import np
from curate.core.text import normalised, words
from curate.corpus.dedup_text import written_text
from curate.corpus.links import example_keys
from curate.dedup.cluster_resolution import all_chosen
from curate.dedup.fact_guard import facts_agree, sides_of
from curate.language.tokens import content_words
from curate.parallel.worker_pool import WorkerPool, cores
from curate.similarity.shingles import ShingleSets, Shingling, salted, text_buffer
from curate.similarity.similarity_index import grouped, jaccard
from curate.similarity.word_hashes import shingled

MIN_AGREEMENT: Final = 0.8
"""Minimum share of content words in common for two answers to mean the same."""
PHRASE_WORDS: Final = 4
"""Number of words of a phrase that answers begin or end with."""
MIN_SHARE: Final = 0.3
MIN_ANSWERS: Final = 10
"""Minimum number of answers for a share to be reported."""


class Repetition(NamedTuple):
    """An example, an earlier one, and how much the two have in common, 0 to 1."""

    example: Example
    other: Example
    similarity: float


def same_answers(examples: Sequence[Example]) -> Iterator[Repetition]:
    """Examples that answer the same question as an earlier one, in the same context, with the same meaning in other
    words.

    The answers share their content words, in any order, and agree in every fact. Near-duplicates are not reported.
    """
    by_context: dict[str, list[Question]] = defaultdict(list)
    for example in {example.id: example for example in reversed(examples)}.values():
        if question := question_of(example):
            by_context[question.context].append(question)
    several = [
        (group, question)
        for group, questions in enumerate(by_context.values())
        if len(questions) > 1
        for question in reversed(questions)
    ]
    if not several:
        return
    sets = _hashed_sets(
        [
            (group, content_words(answer) or frozenset(words(normalised(answer))))
            for group, answer in ((group, question.example.messages[question.turn].text) for group, question in several)
        ]
    )
    answers = [question.example for _, question in several]
    texts = text_buffer([written_text(example, "conversation") for example in answers])
    near = salted(shingled(texts, Shingling()), (attachments(example.value) for example in answers))
    sides = [sides_of(example, "response") for example in answers]
    groups = grouped(sets, MIN_AGREEMENT, WorkerPool(cores(), processes=False)).members
    for left, right, similarity in all_chosen(
        sets, groups, MIN_AGREEMENT, lambda left, right: facts_agree(sides[left], sides[right])
    ).gone:
        if jaccard(near, left, right) < DedupConfig().threshold:
            yield Repetition(answers[left], answers[right], similarity)


def _hashed_sets(owned: Sequence[tuple[int, frozenset[str]]]) -> ShingleSets:
    """Sets of words as sets of hashes; the hashes of different groups are disjoint."""
    hashed = [
        np.unique(
            np.array(
                [xxhash.xxh32_intdigest(word.encode("utf-8", "surrogatepass"), seed=group) for word in set_words],
                dtype=np.uint32,
            )
        )
        for group, set_words in owned
    ]
    return ShingleSets(np.concatenate(hashed), np.cumsum([0, *map(len, hashed)], dtype=np.int64))


def prefix_duplicates(examples: Sequence[Example]) -> Iterator[Repetition]:
    """Conversations that are an exact prefix of another one, each with the longest such conversation, the first of
    equally long ones.
    """
    keys = [example_keys(example) for example in examples]
    longest: dict[int, Example] = {}
    for example, key in sorted(zip(examples, keys, strict=True), key=lambda pair: -len(pair[0].messages)):
        for prefix_hash in key.prefix_hashes:
            longest.setdefault(prefix_hash, example)
    for example, key in zip(examples, keys, strict=True):
        if other := longest.get(key.conversation_hash):
            yield Repetition(example, other, len(example.messages) / len(other.messages))


class Phrase(NamedTuple):
    """Words that many answers begin, or end, with."""

    words: str
    begins: bool
    first: Example
    """The first example whose answer does."""
    share: float
    """Of all different answers of more than twice as many words."""


def repeated_phrases(examples: Sequence[Example]) -> list[Phrase]:
    """Case-folded phrases that more than `MIN_SHARE` of the distinct answers begin or end with, most common first."""
    answers: dict[str, Example] = {}
    for example in examples:
        if example.answer is not None:
            answers.setdefault(normalised(example.answer.text), example)
    split = [
        (text_words, example) for text, example in answers.items() if len(text_words := words(text)) > 2 * PHRASE_WORDS
    ]
    phrases = []
    ends: tuple[tuple[bool, Callable[[list[str]], str]], ...] = (
        (True, lambda text_words: " ".join(text_words[:PHRASE_WORDS])),
        (False, lambda text_words: " ".join(text_words[-PHRASE_WORDS:])),
    )
    for begins, end in ends:
        counts = Counter(end(text_words) for text_words, _ in split)
        for phrase, count in counts.items():
            if len(split) >= MIN_ANSWERS and count > MIN_SHARE * len(split):
                first = next(example for text_words, example in split if end(text_words) == phrase)
                phrases.append(Phrase(phrase, begins, first, count / len(split)))
    return sorted(phrases, key=lambda phrase: -phrase.share)
