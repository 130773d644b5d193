"""What the wording of a question says about which question it is: its words of meaning, and what makes another question
however near it is.

Words that decide are numbers, names, negations, opposites, what is asked for (a price, a cause, a place) and qualifiers
(used, other, next).
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
from curate.language.lexicon import ENGLISH_NEGATIONS, FILLER_WORDS, NUMERALS, VALUE_WORDS
from curate.language.names import names
from curate.language.negation import has_opposite
from curate.language.tokens import plain_words, quoted_texts, stem, stems

MAX_RARITY: Final = 2.5
RANK_OFFSET: Final = 2_000
"""Rank up to which common words tell about equally little."""
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
"""Of each word that says what is asked for, the number of what it asks for."""
_POLES: Final = """open/close begin/end start/end begin/finish start/finish first/last largest/smallest biggest/smallest
maximum/minimum highest/lowest
most/least oldest/youngest oldest/newest longest/shortest earliest/latest arrive/depart arrival/departure enter/leave
boil/freez melt/freez celsius/fahrenheit
buy/sell indoor/outdoor male/female men/women upload/download login/logout senior/junior advantage/disadvantage
pros/cons farthest/closest farthest/nearest furthest/closest furthest/nearest"""
OPPOSITE_STEMS: Final = [tuple(map(stem, pair.split("/"))) for pair in _POLES.split()]
"""Pairs of stems of which one in the other's place makes another question."""
POLE_STEMS: Final = frozenset(stemmed for pair in OPPOSITE_STEMS for stemmed in pair)

MIN_ROOT_LETTERS: Final = 4
"""Letters that make two names forms of one: Africa and African."""
VALUES: Final = stems(VALUE_WORDS)
FIRST_PERSON: Final = frozenset(("i", "my", "im", "am"))


@dataclass(frozen=True, slots=True)
class Wording:
    """What is compared of one question."""

    order: tuple[str, ...]
    """All words in order, normalised."""
    content: dict[str, str]
    """The words of meaning by their stems."""
    numbers: frozenset[str]
    names: tuple[str, ...]
    aspects: frozenset[int]
    denies: bool
    quoted: Set[str]
    """The stems of the words of meaning in quotation marks."""
    rarity: float
    """Of all words of meaning together."""


def wording(request: str) -> Wording:
    """The wording of a request."""
    every = list(map(sys.intern, plain_words(request)))  # many questions are kept
    content = {stem(word): word for word in every if word not in FILLER_WORDS} or {stem(word): word for word in every}
    numbers = {*NUMBER.findall(request), *(str(NUMERALS[word]) for word in every if word in NUMERALS and word != "one")}
    return Wording(
        tuple(every),
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
    """Of the most common words of English how much they tell: those that are whole words of the vocabulary of
    bert-base-uncased (Devlin et al. 2019, Apache-2.0).
    """
    listed = files("curate.conflicts").joinpath("common_words.txt").read_text(encoding="ascii")
    return {word: math.log1p(rank / RANK_OFFSET) for rank, word in enumerate(listed.splitlines())}


def rarity(word: str) -> float:
    """How much a word tells: from 0 for the most common one of English to 2.5 for what is not among the 5,000 most
    common ones.
    """
    return _rarities().get(word, MAX_RARITY)


def other_value(left: Wording, right: Wording) -> bool:
    """Whether two questions give another number, name or value, or deny or not: in the same sentence it makes another
    question.
    """
    mine, others = (set(map(stem, words)) for words in _words_apart(left, right))
    shared_names = [
        [name for name in one.names if name in other.names] for one, other in ((left, right), (right, left))
    ]
    return (
        all((left.numbers - right.numbers, right.numbers - left.numbers))
        or other_names(left, right)
        or (shared_names[0] != shared_names[1] and sorted(shared_names[0]) == sorted(shared_names[1]))
        or all(map(VALUES.intersection, (mine - others, others - mine)))
        or left.denies != right.denies
    )


def _words_apart(left: Wording, right: Wording) -> tuple[set[str], set[str]]:
    """The words of each of two questions that the other has not."""
    return set(left.order) - set(right.order), set(right.order) - set(left.order)


def other_numbers(left: Wording, right: Wording) -> bool:
    """Whether both questions give numbers, and not the same ones: another question in whatever sentence."""
    return bool(left.numbers) and bool(right.numbers) and left.numbers != right.numbers


def many_other_numbers(left: Wording, right: Wording) -> bool:
    """Whether two questions are different exercises: both give two numbers or more, and each has some that the other
    has not; or both ask how many or how much, one gives more than two, and the other gives others. Who tells of
    themselves gives numbers beside the point: their age, or how long it lasts.
    """
    if not all(map(FIRST_PERSON.isdisjoint, (left.order, right.order))):
        return False
    mine, others = left.numbers, right.numbers
    if min(len(mine), len(others)) > 1:
        return not (mine <= others or others <= mine)
    counted = left.aspects & right.aspects & {ASPECTS["many"], ASPECTS["much"]}
    return bool(counted and mine and others) and max(len(mine), len(others)) > 2 and mine.isdisjoint(others)


def other_aspect(left: Wording, right: Wording) -> bool:
    """Whether two questions ask for something else of what they are about: a price and a place."""
    return bool(left.aspects) and bool(right.aspects) and left.aspects.isdisjoint(right.aspects)


def asks_opposite_ends(left: Wording, right: Wording) -> bool:
    """Whether two questions ask for the two ends of one thing: closest and farthest; in whatever sentence."""
    mine, others = left.content.keys() - right.content.keys(), right.content.keys() - left.content.keys()
    if POLE_STEMS.isdisjoint(mine) or POLE_STEMS.isdisjoint(others):  # nearly always
        return False
    return any((one in mine and other in others) or (one in others and other in mine) for one, other in OPPOSITE_STEMS)


def is_opposite(left: Wording, right: Wording) -> bool:
    """Whether a word of one question is the opposite of one of the other: happy and unhappy."""
    return has_opposite(*_words_apart(left, right))


def other_names(left: Wording, right: Wording) -> bool:
    """Whether each question has a name that the other does not have."""
    return all(
        not {name[:MIN_ROOT_LETTERS] for name in one.names} <= {word[:MIN_ROOT_LETTERS] for word in other.order}
        for one, other in ((left, right), (right, left))
    )


def other_quotation(left: Wording, right: Wording) -> bool:
    """Whether each question quotes words of which the other has none."""
    return all(one.quoted and one.quoted.isdisjoint(other.content) for one, other in ((left, right), (right, left)))
