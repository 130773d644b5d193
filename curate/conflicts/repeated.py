"""What comes again where no text is nearly the same: answers to one question, conversations that go on, phrases.

Pure functions over examples, for those who look at a data set as a whole. Nothing here is a reason to remove an example
unseen.
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
from curate.core.worker_pool import cores
from curate.corpus.dedup_text import written_text
from curate.corpus.keys import key_of
from curate.dedup.cluster_resolution import all_chosen
from curate.dedup.fact_guard import facts_agree, sides_of
from curate.language.tokens import content_words
from curate.similarity.shingles import Sets, Shingling, salted, shingled, texts_of
from curate.similarity.similarity_index import grouped, jaccard

MIN_AGREEMENT: Final = 0.8
"""Share of the words of meaning of two answers that both have, from which they say the same."""
PHRASE_WORDS: Final = 4
"""Words of a phrase that answers begin or end with."""
MIN_SHARE: Final = 0.3
MIN_ANSWERS: Final = 10
"""Answers below which a share means nothing."""


class Repetition(NamedTuple):
    """An example, an earlier one, and how much the two have in common, 0 to 1."""

    example: Example
    other: Example
    similarity: float


def same_answers(examples: Sequence[Example]) -> Iterator[Repetition]:
    """Examples that answer the same question as an earlier one, in the same context, in other words of the same
    meaning.

    The answers share their words of meaning, in whatever order, and agree in every fact. Of near-duplicates nothing is
    said.
    """
    asked: dict[str, list[Question]] = defaultdict(list)
    for example in {example.id: example for example in reversed(examples)}.values():
        if question := question_of(example):
            asked[question.context].append(question)
    several = [
        (group, question)
        for group, questions in enumerate(asked.values())
        if len(questions) > 1
        for question in reversed(questions)
    ]
    if not several:
        return
    sets = _hashed_sets(
        [
            (group, content_words(question.answer) or frozenset(words(normalised(question.answer))))
            for group, question in several
        ]
    )
    answers = [question.example for _, question in several]
    texts = texts_of([written_text(example, "conversation") for example in answers])
    near = salted(shingled(texts, Shingling()), (attachments(example.value) for example in answers))
    sides = [sides_of(example, "response") for example in answers]
    groups = grouped(sets, MIN_AGREEMENT, cores()).members
    for left, right, similarity in all_chosen(
        sets, groups, MIN_AGREEMENT, lambda left, right: facts_agree(sides[left], sides[right])
    ).gone:
        if jaccard(near, left, right) < DedupConfig().threshold:
            yield Repetition(answers[left], answers[right], similarity)


def _hashed_sets(owned: Sequence[tuple[int, frozenset[str]]]) -> Sets:
    """Sets of words as sets of hashes; those of different groups share none."""
    found = [
        np.unique(
            np.array(
                [xxhash.xxh32_intdigest(word.encode("utf-8", "surrogatepass"), seed=group) for word in some],
                dtype=np.uint32,
            )
        )
        for group, some in owned
    ]
    return Sets(np.concatenate(found), np.cumsum([0, *map(len, found)], dtype=np.int64))


def prefix_duplicates(examples: Sequence[Example]) -> Iterator[Repetition]:
    """Conversations that another one begins with, to the letter, each with the longest such one, the first of equally
    long ones.
    """
    keys = [key_of(example) for example in examples]
    longest: dict[int, Example] = {}
    for example, key in sorted(zip(examples, keys, strict=True), key=lambda pair: -len(pair[0].messages)):
        for begun in key.prefix_hashes:
            longest.setdefault(begun, example)
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
    """What more than `MIN_SHARE` of the different answers begin or end with, in case folded words; the commonest
    first.
    """
    answers: dict[str, Example] = {}
    for example in examples:
        if example.answer is not None:
            answers.setdefault(normalised(example.answer.text), example)
    split = [
        (text_words, example) for text, example in answers.items() if len(text_words := words(text)) > 2 * PHRASE_WORDS
    ]
    found = []
    ends: tuple[tuple[bool, Callable[[list[str]], str]], ...] = (
        (True, lambda text_words: " ".join(text_words[:PHRASE_WORDS])),
        (False, lambda text_words: " ".join(text_words[-PHRASE_WORDS:])),
    )
    for begins, end in ends:
        counts = Counter(end(text_words) for text_words, _ in split)
        for phrase, count in counts.items():
            if len(split) >= MIN_ANSWERS and count > MIN_SHARE * len(split):
                first = next(example for text_words, example in split if end(text_words) == phrase)
                found.append(Phrase(phrase, begins, first, count / len(split)))
    return sorted(found, key=lambda phrase: -phrase.share)
