"""Yes and no in a text, the number of negations, and opposites."""

import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from itertools import combinations, permutations
from typing import Final

from curate.core.lazy import lazy_pattern
from curate.language.lexicon import CONTRASTS, ENGLISH_NEGATIONS, NEGATING_WORDS, OPPOSITES
from curate.language.tokens import plain_words

YES_WORDS: Final = "yes|yeah|yep|yup|true|correct|absolutely|definitely|that(?: i|['’])s (?:correct|right)|indeed"
NO_WORDS: Final = "no|nope|false|incorrect|that is incorrect|that's incorrect|not true|not (?:really|necessarily)|never"
OTHER_YES_WORDS: Final = (
    "jawohl|ja|sí|sì|si|oui|sim|tak|można|oczywiście|да|можно|разрешено|конечно|так|evet|serbest|tabii|igen|ano|ναι|네"
    "|가능합니다"
)
OTHER_NO_WORDS: Final = (
    "nein|nee|nej|nei|no|non|não|nao|nie(?: wolno| można)?|нет|нельзя|запрещено|ні|hayır|yasak|nem|ne|όχι"
    "|아니요|아니오|아뇨"
)
"""In German, Dutch, Swedish, Danish, Norwegian, Spanish, Italian, French, Portuguese, Polish, Russian, Ukrainian,
Turkish, Hungarian, Czech, Greek and Korean.
"""
YES_OR_NO_HINT: Final = (
    rf"(?i)\A[^0-9A-Za-z_]*(?:{YES_WORDS}|{NO_WORDS}|{OTHER_YES_WORDS}|{OTHER_NO_WORDS}|(?s:.{{0,20}})\z)"
)
"""The start of each text that one of the four patterns below matches, in Rust's syntax; an expression may go on behind
a cut start. All letters and numbers before it would take a millisecond to compile.
"""
YES: Final = lazy_pattern(
    rf"^\W*(?:{YES_WORDS})\b"
    r"(?!\s+(?:answers?|statements?|option|sentence|spelling|version|form)\b)",
    re.IGNORECASE,
)
NO: Final = lazy_pattern(
    rf"^\W*(?:{NO_WORDS})\b"
    r"(?!\s+(?:problem|worries|doubt|one|matter))",
    re.IGNORECASE,
)
OTHER_YES, OTHER_NO = (
    lazy_pattern(rf"^\W*(?:{said})(?=\s*(?:[,.;:!–—]|$))", re.IGNORECASE) for said in (OTHER_YES_WORDS, OTHER_NO_WORDS)
)
"""A yes or no in another language than English, with a mark or nothing behind it."""
LEADING_YES_OR_NO: Final = lazy_pattern(r"^\W*(?:yes|yeah|yep|no|nope)\s*[,.;:!–—-]+\s*(?=\S)", re.IGNORECASE)
"""A yes or no before a sentence, which answers the question: "No, we are closed"."""
NEGATIVE_PREFIXES: Final = ("un", "in", "im", "il", "ir", "dis", "non")
"""Prefixes that turn a word into its opposite."""
OPPOSITE_PREFIXES: Final = (
    ("pre", "post"), ("en", "de"), ("ex", "im"), ("over", "under"), ("hyper", "hypo"), ("macro", "micro"),
    ("inter", "intra"), ("on", "off"), ("in", "out"), ("for", "back"),
)  # fmt: skip
"""Prefixes of opposites: encoder and decoder, pre-war and post-war."""
OPPOSITE_SUFFIXES: Final = ("ful", "less")
"""Endings of opposites: careful and careless."""
NO_OPPOSITES: Final = frozenset(
    """income outcome incomes outcomes express expresses expressed expressing expression expressions expressive
    impress impresses impressed impressing impression impressions impressive expose exposes exposed exposing impose
    imposes imposed imposing explore implore overtake overtakes overtaking overtook undertake undertakes undertaking
    undertook entail entails entailed detail details detailed inline inlined outline outlined""".split()  # noqa: SIM905
)
"""Words with one of these prefixes whose meaning it does not turn."""
MIN_LETTERS: Final = 4


def _both_ways(pairs: Iterable[Collection[str]]) -> dict[str, set[str]]:
    opposites_of: dict[str, set[str]] = {}
    for first, second in pairs:
        opposites_of.setdefault(first, set()).add(second)
        opposites_of.setdefault(second, set()).add(first)
    return opposites_of


_OPPOSITES_OF: Final = _both_ways(
    (*OPPOSITES, *(pair for words in CONTRASTS for pair in combinations(sorted(words), 2)))
)


def without_yes_or_no(answer: str) -> str:
    """An answer without the yes or no before its first sentence."""
    return LEADING_YES_OR_NO.sub("", answer)


@lru_cache(32_768)  # each sentence is compared with several others
def negation_count(text: str, *, outright: bool = False) -> int:
    """Number of negations in a text, such as "it isn't" and "nobody"; unless only `outright` ones count, also "it
    is impossible".
    """
    return sum(word in ENGLISH_NEGATIONS or (not outright and word in NEGATING_WORDS) for word in plain_words(text))


@lru_cache(16_384)
def opposites(word: str) -> frozenset[str]:
    """The opposites of a word: those listed, the word with or without un-, in-, im-, il-, ir-, dis- or non-, and the
    word with the other one of two opposite prefixes or suffixes.
    """
    listed = set(_OPPOSITES_OF.get(word, ()))
    for prefix in NEGATIVE_PREFIXES:
        if len(word) >= MIN_LETTERS:
            listed |= {f"{prefix}{word}", f"{prefix}-{word}"}
        rest = word.removeprefix(prefix).removeprefix("-")
        if word.startswith(prefix) and len(rest) >= MIN_LETTERS:
            listed.add(rest)
    for pair in OPPOSITE_PREFIXES:
        for prefix, other in permutations(pair):
            rest = word.removeprefix(prefix)
            if rest != word and len(rest) >= MIN_LETTERS and word not in NO_OPPOSITES:
                listed.add(other + rest)
    for suffix, other in permutations(OPPOSITE_SUFFIXES):
        rest = word.removesuffix(suffix)
        if rest != word and len(rest) >= MIN_LETTERS:
            listed.add(rest + other)
    return frozenset(listed)


def has_opposite(left_words: Iterable[str], right_words: Collection[str]) -> bool:
    """Whether a word of one side is the opposite of one of the other."""
    return any(not opposites(word).isdisjoint(right_words) for word in left_words)


def are_opposites(left: str, right: str) -> bool:
    """Whether two words are opposites."""
    return right in opposites(left)
