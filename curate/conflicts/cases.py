"""Whether two answers give their amounts for different cases: for adults and for children, with a card and without."""

# ruff: noqa: E501  (lines of patterns)

import re
from functools import lru_cache
from typing import Final

from curate.core.lazy import lazy_pattern
from curate.language.sentences import sentences

CASES: Final = tuple(
    (lazy_pattern(first, re.IGNORECASE), lazy_pattern(second, re.IGNORECASE))
    for first, second in (
        (
            r"\badults?\b|\berwachsene\w*|\badult[oae]s?\b|\badultes?\b|成人|大人",
            r"\bchild(?:ren)?\b|\bkids?\b|\bkinder\w*|\bniñ[oa]s?\b|\benfants?\b|\bcrianças?\b|\bbambini\b|儿童|孩子|子供|子ども",
        ),
        (
            r"\bweekdays?\b|\bunter der woche\b|\bwerktags\b|\bentre semana\b|\ben semaine\b|\bdias úteis\b|\bferiali\b|工作日|平日",
            r"\bweekends?\b|\b(?:satur|sun)days?\b|\bsonntags?\b|\bsamstags?\b|\bwochenend\w*|\bdomingos?\b|\bdimanches?\b|\bdomenica\b|周末|週末",
        ),
        (
            r"\bfull[- ]time\b|\bvollzeit\w*|\btiempo completo\b|\bjornada completa\b|\btemps plein\b|\btempo pieno\b|全职",
            r"\bpart[- ]time\b|\bteilzeit\w*|\btiempo parcial\b|\bmedia jornada\b|\bmi-temps\b|\btemps partiel\b|\bpart-time\b|兼职",
        ),
        (r"\bfree (?:plan|version|account|tier)\b", r"\b(?:paying|paid|premium|pro)\b"),
        (
            r"\b(?:inside|within|in) towns?\b|\bin built-up\b|\binnerorts\b|\ben ville\b",
            r"\boutside (?:of )?towns?\b|\baußerorts\b",
        ),
        (r"\bsoft\b|\bweiche[nrs]?\b", r"\bhard\b|\bharte[nrs]?\b"),
        (r"\bwithout (?:the|a|an)\b|\bohne\b|\bsin (?:la|el)\b|\bsans\b", r"\bincluding\b|\bincluded\b|\binklusive\b|\bincluid[oa]\b|\bcompris\w*"),
        (r"\bin winter\b|\bim winter\b|\ben invierno\b|\ben hiver\b|冬", r"\bin summer\b|\bim sommer\b|\ben verano\b|\ben été\b|夏"),
        (
            r"\b(?:small|kleine[nrs]?|pequeñ[oa]s?|petite?s?|piccol[oa])\b",
            r"\b(?:large|big|große[nrs]?|grandes?|grands?)\b",
        ),
    )
)  # fmt: skip
"""Two cases of one thing each; a word of the second one in an answer for the first does not count."""
HOLDER: Final = lazy_pattern(
    r"\bif you (?:hold|have|own) (?:an?|the|your) \w+(?: \w+)? (?:card|pass|ticket|membership)\b"
    r"|\bwith (?:an?|the|your) (?:\w+ )?(?:consent|card|pass|membership)\b|\bfor (?:card )?holders\b"
    r"|\bmit (?:der|einer|ihrer|deiner) \w*karte\b|\bavec (?:la|une|votre) carte\b|\bcon (?:la|una|su) tarjeta\b",
    re.IGNORECASE,
)
"""Limits what a sentence says to those who hold something."""


def are_of_other_cases(question: str, left: str, right: str, words: tuple[str, str]) -> bool:
    """Whether the sentences of two answers that have these words are about two cases that the question does not name."""
    sides = [_sentences_with(text, word) for text, word in zip((left, right), words, strict=True)]
    for first, second in CASES:
        kinds = [(bool(first.search(side)), bool(second.search(side))) for side in sides]
        if sorted(kinds) == [(False, True), (True, False)] and not (first.search(question) or second.search(question)):
            return True
    holders = [_holders(side, question) for side in sides]
    return holders[0] != holders[1] and not HOLDER.search(question)


def _holders(text: str, question: str) -> bool:
    """Whether a text is limited to those who hold something that the question does not name."""
    match = HOLDER.search(text)
    return match is not None and match.group().split()[-1].casefold() not in question.casefold()


@lru_cache(16_384)
def _sentences_with(text: str, word: str) -> str:
    """The sentences of a text that have a word; all of it if none has."""
    return "\n".join(sentence for sentence in sentences(text) if word in sentence) or text
