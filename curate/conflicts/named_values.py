"""Answers of several sentences, worded independently, that name other persons, places or things to a question for one.

Each answer has names that neither the question nor the other answer has, and they share none beyond the question's.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from curate.conflicts.numeric_contradictions import MAX_BRIEF_WORDS
from curate.conflicts.requested_amounts import MAX_WORDS, asked_kinds, asked_part, word_count
from curate.conflicts.wording import MAX_RARITY, rarity
from curate.language.lexicon import DAYS, FILLER_WORDS, MONTHS
from curate.language.names import starts_sentence
from curate.language.quantity_translation import language_of
from curate.language.verdict_words import MANNER_QUESTION, NAME_QUESTION

NAMES_PRECISION: Final = 0.8
_CAPITALIZED: Final = r"[A-ZÀ-ÖØ-Þ][\w'’&.-]*\w"
SEQUENCE: Final = re.compile(
    rf"(?<![\w'’])(?:{_CAPITALIZED})(?:(?: (?:of the|of|de la|de l['’]|de|del|du|des|da|do|dos|di|della|von|van|and|y|&) | )(?:{_CAPITALIZED}))*"  # noqa: E501
)
"""Capitalized words, with prepositions between them."""
WORD: Final = re.compile(r"[^\W_]+")
ROOT_LETTERS: Final = 5
"""Letters by which two forms of a name are one."""
MAX_NAMES: Final = 3
"""Number of names of its own up to which an answer names one thing."""
_NO_NAMES: Final = """sie ihr ihre ihnen ihrem ihren ihrer dr mr mrs ms prof sr sra mme christmas easter
english german french spanish italian portuguese chinese japanese"""
NO_NAMES: Final = frozenset((*MONTHS, *DAYS, *_NO_NAMES.split()))
UNREAD: Final = frozenset(("zh", "ja"))
"""Languages without capitals."""
NOUNS_CAPITALIZED: Final = "de"
Names = tuple[tuple[str, ...], ...]


class Named(NamedTuple):
    """The names of both answers."""

    left: str
    right: str


def other_named_values(question: str, left: str, right: str) -> Named | None:
    """The first names of two answers to a question for a person, a place or a thing that name other ones.

    At least one answer must have more than `MAX_BRIEF_WORDS` words.
    """
    sizes = [word_count(text) for text in (left, right)]
    if max(sizes) <= MAX_BRIEF_WORDS or max(sizes) > MAX_WORDS:
        return None
    part, language = asked_part(question), language_of(f"{left}\n{right}")
    if not NAME_QUESTION.search(part) or MANNER_QUESTION.search(part) or asked_kinds(part) or language in UNREAD:
        return None
    asked = _roots(question)
    sides = [_without(names_in(text, language), asked) for text in (left, right)]
    roots = [_roots(text) for text in (left, right)]
    own = [[name for name in side if roots[1 - at].isdisjoint(_name_roots(name))] for at, side in enumerate(sides)]
    if not all(own) or max(len(set(side)) for side in own) > MAX_NAMES:
        return None
    whole = [[name for name in side if len(name) > 1] for side in own]
    shared = [name for side, mine in zip(sides, own, strict=True) for name in side if name not in mine]
    if shared and not (
        all(whole) and all(len(set(side)) == 1 for side in own) and all(len(name) == 1 for name in shared)
    ):
        return None
    return Named(*(" ".join((side or mine)[0]) for side, mine in zip(whole, own, strict=True)))


@lru_cache(16_384)
def names_in(text: str, language: str) -> Names:
    """The names in a text, as words; at the start of a sentence, only of several words, or the whole sentence."""
    return tuple(name for match in SEQUENCE.finditer(text) if (name := _name(text, match, language)))


def _name(text: str, match: re.Match[str], language: str) -> tuple[str, ...]:
    words = [word for word in re.findall(r"[\w'’.-]+", match.group()) if word[0].isupper()]
    if starts_sentence(text, match.start()):
        if len(words) == 1:
            whole = text[match.end() : match.end() + 1] in (".", "!") and rarity(words[0].casefold()) >= MAX_RARITY
            if not whole:
                return ()
        elif _stem(words[0]) in FILLER_WORDS or language == NOUNS_CAPITALIZED or _is_ordinary(words):
            words = words[1:]
    names = [
        word for word in words if not word.isupper() and _stem(word) not in NO_NAMES and _stem(word) not in FILLER_WORDS
    ]
    # German nouns are capitalized, too.
    return () if language == NOUNS_CAPITALIZED and len(names) < 2 else tuple(names)


def _is_ordinary(words: Sequence[str]) -> bool:
    """Whether the first of three words or more is an ordinary one, which is capitalized as the first of a sentence."""
    return len(words) > 2 and rarity(words[0].casefold()) < MAX_RARITY


def _stem(word: str) -> str:
    """A word without what an apostrophe or a dot adds: "I'm", "Dr."."""
    return re.split("['’]", word)[0].casefold().rstrip(".")


def _without(names: Names, asked: frozenset[str]) -> list[tuple[str, ...]]:
    """The names without the words of the question."""
    left = (tuple(word for word in name if asked.isdisjoint(_roots(word))) for name in names)
    return [name for name in left if name]


def _name_roots(name: Sequence[str]) -> frozenset[str]:
    return _roots(" ".join(map(_stem, name)))


@lru_cache(16_384)
def _roots(text: str) -> frozenset[str]:
    return frozenset(word[:ROOT_LETTERS] for word in WORD.findall(text.casefold()))
