"""Answers of several sentences that choose different ones of two things between which a question asks: "the train or
the coach", "before or after".
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from curate.conflicts.requested_amounts import are_of_one_topic
from curate.conflicts.requested_kinds import asked_part
from curate.core.lazy import lazy_pattern
from curate.language.lexicon import FILLER_WORDS, NEGATIONS
from curate.language.quantity_translation import language_of
from curate.language.sentences import sentences

PRECISION: Final = 0.85
OR_WORDS: Final = {
    "en": ("or",),
    "de": ("oder",),
    "es": ("o", "u"),
    "fr": ("ou",),
    "pt": ("ou",),
    "it": ("o", "oppure"),
}
ALTERNATIVES: Final = lazy_pattern(
    r"(?P<first>[^\W\d_]+),? (?P<or>or|oder|o|u|ou|oppure) (?:(?:in|to|on|at|with|by|from|for|im|zum|zur|mit|en|con|à|au|avec|em|com|no|na)\s)?"  # noqa: E501
    r"(?:(?:the|an?|my|your|his|her|their|der|die|das|den|dem|ein|eine[mnr]?|meine?n?|el|la|los|las|une?|le|les|ma|mon|os?|as?|il|lo|gli|uno?)\s|l['’])?"
    r"(?P<second>[^\W\d_]+)",
    re.IGNORECASE,
)
"""Two words, the second one with an article, a possessive or a preposition before it."""
NO_ALTERNATIVES: Final = frozenset(
    "yes no not nay ja nein nicht sí si oui non sim não sì less more so later earlier pas passé mehr weniger más menos plus moins".split()  # noqa: E501, SIM905
)
MIN_ROOT_LETTERS: Final = 4
MAX_ENDING: Final = 2
"""Letters of a word that its forms share at least, and letters at its end that may differ."""
OPENING_SENTENCES: Final = 2
"""Number of first sentences, one of which names the choice."""
WORD: Final = re.compile(r"[^\W\d_]+")
NO_CHOICE: Final = NEGATIONS | frozenset(
    "than als que di instead rather statt if whether ob unless both either neither beide ambos deux".split()  # noqa: SIM905
)
"""Words of a sentence that may name what is not chosen."""


class ChosenWords(NamedTuple):
    """The words by which two answers choose."""

    left: str
    right: str
    precision: float


def other_alternatives(question: str, left: str, right: str) -> ChosenWords | None:
    """The choices of two answers, at least one of them of more than `MIN_WORDS` words, between the two things
    that the question names, if they differ; else None.
    """
    if not are_of_one_topic(left, right):
        return None
    roots = _alternatives(asked_part(question), language_of(f"{left}\n{right}"))
    if roots is None:
        return None
    choices = [_chosen_root(text, roots) for text in (left, right)]
    if not all(root for root, _ in choices) or choices[0][0] == choices[1][0]:
        return None
    return ChosenWords(choices[0][1], choices[1][1], PRECISION)


@lru_cache(16_384)
def _alternatives(part: str, language: str) -> tuple[str, str] | None:
    """The beginnings of the only two words between which a question asks; None for another question."""
    or_words = OR_WORDS.get(language, ())
    matches = [match for match in ALTERNATIVES.finditer(part) if match["or"].casefold() in or_words]
    if len(matches) != 1:
        return None
    words = matches[0]["first"].casefold(), matches[0]["second"].casefold()
    if any(word in FILLER_WORDS or word in NO_ALTERNATIVES or len(word) < MIN_ROOT_LETTERS - 1 for word in words):
        return None
    first, second = (word[: max(MIN_ROOT_LETTERS, len(word) - MAX_ENDING)] for word in words)
    return None if first.startswith(second) or second.startswith(first) else (first, second)


def _chosen_root(answer: str, roots: tuple[str, str]) -> tuple[str, str]:
    """The root that an answer names first, and the word; both empty if it names none in its first sentences, or beside
    a negation or comparison.
    """
    for sentence in sentences(answer)[:OPENING_SENTENCES]:
        words = WORD.findall(sentence.casefold())
        named = [(index, root) for index, word in enumerate(words) for root in roots if word.startswith(root)]
        if not named:
            continue
        index, root = named[0]
        if not NO_CHOICE.isdisjoint(words[:index]) or sentence.rstrip().endswith("?"):
            return "", ""
        are_compared = not NO_CHOICE.isdisjoint(words[index : named[-1][0]])  # then the first one is chosen
        if len({name for _, name in named}) > 1 and not are_compared:
            return "", ""
        return root, words[index]
    return "", ""
