"""Whether two words are spellings of the same word: a typing error, or a plural.

Accepted errors rarely result in another word: two swapped adjacent letters ("recieve"), a letter doubled or not
("acommodate"). An inserted, deleted or replaced letter is not accepted: nitrite would equal nitrate, and morality
mortality.
"""

from typing import Final

from curate.language.lexicon import CONFUSED_WORDS

ACCENTS: Final = str.maketrans("àáâèéêëìíîïòóôùúûýÿç", "aaaeeeeiiiiooouuuyyc", "\u0300\u0301\u0302")
"""Letters without their accents; the last three are accents that follow their letter."""

UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
"""Letters that are written as two on a keyboard without them."""
MIN_LETTERS: Final = 5
"""Minimum number of letters of a misspelled word; most shorter ones are one error away from another word."""
GENITIVE_ENDINGS: Final = ("'s", "’s", "s")
INFLECTIONS: Final = frozenset(("", "e", "d", "ed", "s", "es", "ing", "y", "ies", "ied", "ly"))
MIN_SHARED_LETTERS: Final = 0.6
"""Share of the longer word's letters, at both ends, that two easily confused words have in common."""


def same_word(left: str, right: str) -> bool:
    """Whether two folded words, not names, are the same apart from a genitive, two swapped letters or a doubled one.
    The first letter must agree: typing errors rarely affect it.
    """
    if left[0] != right[0]:
        return False
    if _without_genitive(left) == _without_genitive(right):
        return True
    if (
        min(len(left), len(right)) < MIN_LETTERS
        or not (left.isalpha() and right.isalpha())
        or frozenset((left, right)) in CONFUSED_WORDS
    ):
        return False
    return _has_swapped_letters(left, right) or _has_doubled_letter(*sorted((left, right), key=len))


def lacks_accents(left: str, right: str, least: int) -> bool:
    """Whether two words of `least` letters differ only in accents, which one of them lacks: Asesíname and Asesiname.

    Letters with other marks (ä, ñ, å, й) are letters of their own, but ä, ö and ü may be written ae, oe and ue.
    """
    if left.isascii() == right.isascii() or min(len(left), len(right)) < least:
        return False
    return left.translate(ACCENTS) == right.translate(ACCENTS) or left.translate(UMLAUTS) == right.translate(UMLAUTS)


def spelling_key(word: str) -> str:
    """A key that is equal for all spellings of a word; empty for a word without other spellings."""
    return word[0] + "".join(sorted({*word[1:]} - {"s"})) if len(word) >= MIN_LETTERS - 1 and word.isalpha() else ""


def spellings(word: str) -> list[str]:
    """Candidates for other spellings of a word that has a `spelling_key`; `same_word` confirms them."""
    stem, places = _without_genitive(word), range(1, len(word))
    candidates = [stem, f"{stem}s"]
    candidates += [f"{word[:index]}{word[index + 1]}{word[index]}{word[index + 2 :]}" for index in places[:-1]]
    candidates += [word[:index] + word[index + 1 :] for index in places if word[index] == word[index - 1]]
    return candidates + [word[:index] + word[index - 1 :] for index in (*places, len(word))]


def easily_confused(left: str, right: str) -> bool:
    """Whether two different words are easily confused: nitrite and nitrate, import and export. Forms of one verb
    are not.
    """
    shorter, longer = (left, right) if len(left) <= len(right) else (right, left)
    if len(shorter) < 4 or not (left[0] == right[0] or left[-1] == right[-1]):  # most pairs
        return False
    start = next((index for index in range(len(shorter)) if left[index] != right[index]), len(shorter))
    if start >= 3 and INFLECTIONS.issuperset((left[start:], right[start:])):
        return False
    end = next(
        (index for index in range(len(shorter) - start) if left[-1 - index] != right[-1 - index]), len(shorter) - start
    )
    return start + end >= MIN_SHARED_LETTERS * len(longer)


def _has_swapped_letters(left: str, right: str) -> bool:
    if len(left) != len(right):
        return False
    differing = [index for index in range(len(left)) if left[index] != right[index]]
    return (
        len(differing) == 2
        and differing[1] == differing[0] + 1
        and left[differing[0]] == right[differing[1]]
        and left[differing[1]] == right[differing[0]]
    )


def _has_doubled_letter(shorter: str, longer: str) -> bool:
    """Whether the longer word has one letter twice that the shorter one has once."""
    if len(longer) != len(shorter) + 1:
        return False
    index = next((index for index in range(len(shorter)) if shorter[index] != longer[index]), len(shorter))
    return longer[index] == longer[index - 1] and longer[index + 1 :] == shorter[index:]


def _without_genitive(word: str) -> str:
    for ending in GENITIVE_ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word
