"""The wording of a question: its content words, and the words that make a similar question a different one.

These are numbers, names, negations, opposites, the requested aspect (a price, a cause, a place) and qualifiers (used,
other, next).
"""

import math
import re
import sys
from collections.abc import Set
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

from curate.core.text import normalised
from curate.language.function_words import question_language
from curate.language.lexicon import ENGLISH_NEGATIONS, FILLER_WORDS, NUMERALS, VALUE_WORDS
from curate.language.names import names
from curate.language.negation import has_opposite
from curate.language.tokens import plain_words, quoted_texts, stem, stems

MAX_RARITY: Final = 2.5
RANK_OFFSET: Final = 2_000
"""Rank up to which common words have nearly the same low weight."""
NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)*")
_ASPECTS: Final = """why cause causes caused causing reason reasons due lead leads
treat treated treating treatment treatments cure cures cured remedy remedies relief relieve heal heals medication
medications medicine rid fix repair stop
prevent prevents prevention preventing avoid avoiding
symptom symptoms sign signs indicate
risk risks danger dangerous dangers harmful safe safety harm complication complications
mean means meant meaning definition define
difference differences differ differs compare compared versus vs
cost costs price prices priced pricing fee fees charge charges pay expensive cheap much
long duration period warranty last lasts lasting
when date deadline hours hour
where location located address place places city country
who whom whose author writer wrote inventor invented painter painted founder founded director directed composer composed
many number count total
how way ways steps
best top good better recommended
benefit benefits advantage advantages pros
disadvantage disadvantages cons drawback drawbacks
learn study
type types kind kinds
diagnose diagnosed diagnosis detect test tests tested
common likely chance chances probability odds"""
ASPECTS: Final = {word: number for number, line in enumerate(_ASPECTS.splitlines()) for word in line.split()}
"""The number of the requested aspect by word."""
_POLES: Final = """open/close begin/end start/end begin/finish start/finish first/last largest/smallest biggest/smallest
maximum/minimum highest/lowest
most/least oldest/youngest oldest/newest longest/shortest earliest/latest arrive/depart arrival/departure enter/leave
boil/freez melt/freez celsius/fahrenheit
buy/sell indoor/outdoor male/female men/women upload/download login/logout senior/junior advantage/disadvantage
pros/cons farthest/closest farthest/nearest furthest/closest furthest/nearest"""
OPPOSITE_STEMS: Final = [tuple(map(stem, pair.split("/"))) for pair in _POLES.split()]
"""Pairs of stems that make two different questions if one replaces the other."""
POLE_STEMS: Final = frozenset(stemmed for pair in OPPOSITE_STEMS for stemmed in pair)

MIN_ROOT_LETTERS: Final = 4
"""Number of equal first letters of two forms of one name: Africa and African."""
VALUES: Final = stems(VALUE_WORDS)
FIRST_PERSON: Final = frozenset(("i", "my", "im", "am"))


@dataclass(frozen=True, slots=True)
class QuestionWording:
    """The compared parts of a question."""

    order: tuple[str, ...]
    """All words in order, normalised."""
    language: str
    """As `question_language` gives it."""
    content: dict[str, str]
    """The content words by their stems."""
    numbers: frozenset[str]
    names: tuple[str, ...]
    aspects: frozenset[int]
    denies: bool
    quoted: Set[str]
    """The stems of the content words in quotation marks."""
    rarity: float
    """The sum over all content words."""


def wording(request: str) -> QuestionWording:
    """The wording of a request."""
    every = list(map(sys.intern, plain_words(request)))  # many questions are kept
    content = {stem(word): word for word in every if word not in FILLER_WORDS} or {stem(word): word for word in every}
    numbers = {*NUMBER.findall(request), *(str(NUMERALS[word]) for word in every if word in NUMERALS and word != "one")}
    return QuestionWording(
        tuple(every),
        question_language(every),
        content,
        frozenset(numbers),
        tuple(normalised(name) for name in names(request)),
        frozenset(ASPECTS[word] for word in every if word in ASPECTS),
        not ENGLISH_NEGATIONS.isdisjoint(every),
        content.keys() & set(map(stem, plain_words(" ".join(quoted_texts(request))))),
        sum(map(rarity, content.values())),
    )


@lru_cache(1)
def _rarities() -> dict[str, float]:
    """The rarity of the most common words of English: the whole words of the vocabulary of bert-base-uncased (Devlin et
    al. 2019, Apache-2.0).
    """
    listed = files("curate.conflicts").joinpath("common_words.txt").read_text(encoding="ascii")
    return {word: math.log1p(rank / RANK_OFFSET) for rank, word in enumerate(listed.splitlines())}


def rarity(word: str) -> float:
    """The rarity of a word: from 0 for the most common word of English to 2.5 for words that are not among the 5,000
    most common ones.
    """
    return _rarities().get(word, MAX_RARITY)


def have_different_values(left: QuestionWording, right: QuestionWording) -> bool:
    """Whether two questions have different numbers, names, values or negation, which makes different questions if the
    sentence is the same.
    """
    left_stems, right_stems = (set(map(stem, words)) for words in _words_apart(left, right))
    shared_names = [
        [name for name in side.names if name in right_side.names] for side, right_side in ((left, right), (right, left))
    ]
    return (
        all((left.numbers - right.numbers, right.numbers - left.numbers))
        or have_different_names(left, right)
        or (shared_names[0] != shared_names[1] and sorted(shared_names[0]) == sorted(shared_names[1]))
        or all(map(VALUES.intersection, (left_stems - right_stems, right_stems - left_stems)))
        or left.denies != right.denies
    )


def _words_apart(left: QuestionWording, right: QuestionWording) -> tuple[set[str], set[str]]:
    """The words of each of two questions that the other one does not have."""
    return set(left.order) - set(right.order), set(right.order) - set(left.order)


def have_different_numbers(left: QuestionWording, right: QuestionWording) -> bool:
    """Whether both questions have numbers and the numbers differ, which makes different questions in any sentence."""
    return bool(left.numbers) and bool(right.numbers) and left.numbers != right.numbers


def are_different_exercises(left: QuestionWording, right: QuestionWording) -> bool:
    """Whether two questions are different exercises: both have two or more numbers, and each has one that the other
    does not have; or both ask how many or how much, one has more than two numbers, and they share none.

    False for questions in the first person, whose numbers are often incidental: an age, or a duration.
    """
    if not all(map(FIRST_PERSON.isdisjoint, (left.order, right.order))):
        return False
    left_numbers, right_numbers = left.numbers, right.numbers
    if min(len(left_numbers), len(right_numbers)) > 1:
        return not (left_numbers <= right_numbers or right_numbers <= left_numbers)
    counted = left.aspects & right.aspects & {ASPECTS["many"], ASPECTS["much"]}
    return (
        bool(counted and left_numbers and right_numbers)
        and max(len(left_numbers), len(right_numbers)) > 2
        and left_numbers.isdisjoint(right_numbers)
    )


def have_different_aspects(left: QuestionWording, right: QuestionWording) -> bool:
    """Whether two questions ask for different aspects: a price and a place."""
    return bool(left.aspects) and bool(right.aspects) and left.aspects.isdisjoint(right.aspects)


def asks_opposite_ends(left: QuestionWording, right: QuestionWording) -> bool:
    """Whether two questions ask for opposite ends of one scale: closest and farthest."""
    left_stems, right_stems = left.content.keys() - right.content.keys(), right.content.keys() - left.content.keys()
    if POLE_STEMS.isdisjoint(left_stems) or POLE_STEMS.isdisjoint(right_stems):  # the common case
        return False
    return any(
        (first_stem in left_stems and second_stem in right_stems)
        or (first_stem in right_stems and second_stem in left_stems)
        for first_stem, second_stem in OPPOSITE_STEMS
    )


def is_opposite(left: QuestionWording, right: QuestionWording) -> bool:
    """Whether a word of one question is the opposite of one of the other: happy and unhappy."""
    return has_opposite(*_words_apart(left, right))


def have_different_names(left: QuestionWording, right: QuestionWording) -> bool:
    """Whether each question has a name that is not among the words of the other, compared by their first letters."""
    return all(
        not {name[:MIN_ROOT_LETTERS] for name in wording.names}
        <= {word[:MIN_ROOT_LETTERS] for word in other_wording.order}
        for wording, other_wording in ((left, right), (right, left))
    )


def have_different_quotations(left: QuestionWording, right: QuestionWording) -> bool:
    """Whether each question quotes words that the other one does not contain."""
    return all(
        wording.quoted and wording.quoted.isdisjoint(other_wording.content)
        for wording, other_wording in ((left, right), (right, left))
    )
