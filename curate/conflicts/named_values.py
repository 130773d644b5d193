"""Answers of several sentences, worded independently, that give different persons, places or things for the one that a
question asks for.

Each answer has names that are in neither the question nor the other answer, and both share no name except those of the
question.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from curate.conflicts.requested_amounts import are_of_one_topic
from curate.conflicts.requested_kinds import asked_kinds, asked_part
from curate.conflicts.wording import MAX_RARITY, rarity
from curate.language.lexicon import DAYS, FILLER_WORDS, MONTHS
from curate.language.names import NOUNS_CAPITALIZED, starts_sentence
from curate.language.precise_requests import MAX_BRIEF_WORDS, asks_yes_or_no
from curate.language.quantities import quantities_in
from curate.language.quantity_translation import EMPHASIS, language_of
from curate.language.verdict_words import MANNER_QUESTION, NAME_QUESTION, PERSON_QUESTION

NAMES_PRECISION: Final = 0.8
_CAPITALIZED: Final = r"[A-ZÀ-ÖØ-Þ][\w'’&.-]*\w"
SEQUENCE: Final = re.compile(
    rf"(?<![\w'’])(?:{_CAPITALIZED})(?:(?: (?:of the|of|de la|de l['’]|de|del|du|des|da|do|dos|di|della|von|van|and|y|&) | )(?:{_CAPITALIZED}))*"  # noqa: E501
)
"""Capitalized words, with prepositions between them."""
WORD: Final = re.compile(r"[^\W_]+")
ROOT_LETTERS: Final = 5
"""Number of equal first letters of two forms of one name."""
MIN_SHORT_LETTERS: Final = 3
"""Minimum number of letters of a name that may abbreviate another one."""
MAX_NAMES: Final = 3
"""Maximum number of names that only one answer has, for it to name one thing."""
_NO_NAMES: Final = """sie ihr ihre ihnen ihrem ihren ihrer dr mr mrs ms prof sr sra mme christmas easter
english german french spanish italian portuguese chinese japanese"""
NO_NAMES: Final = frozenset((*MONTHS, *DAYS, *_NO_NAMES.split()))
UNREAD: Final = frozenset(("zh", "ja"))
"""Languages without capitals."""
PERSON_WORDS: Final = (2, 3)
Name = tuple[str, ...]
Names = tuple[Name, ...]


class AnswerNames(NamedTuple):
    """The names of both answers."""

    left: str
    right: str


def other_named_values(question: str, left: str, right: str) -> AnswerNames | None:
    """The first differing names of two answers to a question for a person, a place or a thing; None if there are none.

    At least one answer must have more than `MAX_BRIEF_WORDS` words.
    """
    if not are_of_one_topic(left, right, more_than=MAX_BRIEF_WORDS):
        return None
    part, language = asked_part(question), language_of(f"{left}\n{right}")
    is_person = PERSON_QUESTION.search(part) is not None
    if MANNER_QUESTION.search(part) or asked_kinds(part) or language in UNREAD:
        return None
    asks_name = is_person or NAME_QUESTION.search(part) is not None
    if not asks_name and (language == NOUNS_CAPITALIZED or asks_yes_or_no(part)):
        return None
    question_roots = _word_beginnings(question)
    sides = [_without(names_in(text, language), question_roots) for text in (left, right)]
    roots = [_word_beginnings(text) for text in (left, right)]
    own_names = [
        [
            name
            for name in names
            if roots[1 - index].isdisjoint(_name_roots(name)) and not _is_abbreviated(name, roots[1 - index])
        ]
        for index, names in enumerate(sides)
    ]
    if not asks_name:
        return None if _share_numbers(question, left, right, language) else _only_names(sides, own_names)
    if is_person and language != NOUNS_CAPITALIZED and (persons := _other_persons(sides, own_names)):
        return persons
    if not all(own_names) or max(len(set(names)) for names in own_names) > MAX_NAMES:
        return None
    full_names = [[name for name in names if len(name) > 1] for names in own_names]
    shared = [
        name for names, side_names in zip(sides, own_names, strict=True) for name in names if name not in side_names
    ]
    if shared and not (
        all(full_names) and all(len(set(names)) == 1 for names in own_names) and all(len(name) == 1 for name in shared)
    ):
        return None
    return AnswerNames(
        *(" ".join((names or side_names)[0]) for names, side_names in zip(full_names, own_names, strict=True))
    )


def _share_numbers(question: str, left: str, right: str, language: str) -> bool:
    """Whether both answers have two numbers without a unit that the question does not have: "15 wins and 2 losses"."""
    asked, *sides = (
        {amount.value[0] for amount in quantities_in(text, language) if amount.kind == "number"}
        for text in (question, left, right)
    )
    return len(sides[0] & sides[1] - asked) > 1


def _only_names(sides: Sequence[Sequence[Name]], own_names: Sequence[Sequence[Name]]) -> AnswerNames | None:
    """The names of two answers that have one each, besides those of the question, if they differ; else None."""
    if all(len(set(names)) == 1 for names in sides) and all(own_names):
        return AnswerNames(*(" ".join(names[0]) for names in own_names))
    return None


def _other_persons(sides: Sequence[Sequence[Name]], own_names: Sequence[Sequence[Name]]) -> AnswerNames | None:
    """The only name of two or three words of each answer, if they differ; else None. Names of one word are those of
    things beside the point.
    """
    full = [{name for name in names if len(name) in PERSON_WORDS} for names in sides]
    own = [names & set(side) for names, side in zip(full, own_names, strict=True)]
    if not all(len(names) == len(mine) == 1 for names, mine in zip(full, own, strict=True)):
        return None
    return AnswerNames(*(" ".join(next(iter(mine))) for mine in own))


@lru_cache(16_384)
def names_in(text: str, language: str) -> Names:
    """The names in a text, as words. At the start of a sentence, a name counts only if it has several words or is the
    whole sentence.
    """
    text = EMPHASIS.sub("", text)
    return tuple(name for match in SEQUENCE.finditer(text) if (name := _name(text, match, language)))


def _name(text: str, match: re.Match[str], language: str) -> tuple[str, ...]:
    """The words of a match that are parts of a name; empty if it is not a name."""
    words = [word for word in re.findall(r"[\w'’.-]+", match.group()) if word[0].isupper()]
    if starts_sentence(text, match.start()):
        if len(words) == 1:
            whole_sentence = (
                text[match.end() : match.end() + 1] in (".", "!") and rarity(words[0].casefold()) >= MAX_RARITY
            )
            if not whole_sentence:
                return ()
        elif _stem(words[0]) in FILLER_WORDS or language == NOUNS_CAPITALIZED or _is_ordinary(words):
            words = words[1:]
    names = [
        word for word in words if not word.isupper() and _stem(word) not in NO_NAMES and _stem(word) not in FILLER_WORDS
    ]
    # German nouns are capitalized, too.
    return () if language == NOUNS_CAPITALIZED and len(names) < 2 else tuple(names)


def _is_ordinary(words: Sequence[str]) -> bool:
    """Whether the first of three or more words is a common word, capitalized because it starts a sentence."""
    return len(words) > 2 and rarity(words[0].casefold()) < MAX_RARITY


def _stem(word: str) -> str:
    """A word without the part after an apostrophe and without a final dot: "I'm", "Dr."."""
    return re.split("['’]", word)[0].casefold().rstrip(".")


def _without(names: Names, question_roots: frozenset[str]) -> list[tuple[str, ...]]:
    """The names without the words of the question."""
    remaining = (tuple(word for word in name if question_roots.isdisjoint(_word_beginnings(word))) for name in names)
    return [name for name in remaining if name]


def _is_abbreviated(name: Sequence[str], other_roots: frozenset[str]) -> bool:
    """Whether a name of one short word is the beginning of a word of the other answer: "Lab", "Labrador"."""
    word = _stem(name[0])
    is_short = len(name) == 1 and MIN_SHORT_LETTERS <= len(word) < ROOT_LETTERS
    return is_short and any(root.startswith(word) for root in other_roots)


def _name_roots(name: Sequence[str]) -> frozenset[str]:
    return _word_beginnings(" ".join(map(_stem, name)))


@lru_cache(16_384)
def _word_beginnings(text: str) -> frozenset[str]:
    return frozenset(word[:ROOT_LETTERS] for word in WORD.findall(text.casefold()))
