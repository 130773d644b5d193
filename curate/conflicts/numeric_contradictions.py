"""Answers with numbers, dates or amounts that cannot both be right. They must count the same thing, in similar
sentences.
"""

import re
from collections.abc import Sequence
from typing import Final

from curate.core.text import normalised, words
from curate.language.lexicon import FILLER_WORDS, STOPWORDS
from curate.language.quantities import Quantity, quantities, unmatched
from curate.language.sentences import Aligned, sentences
from curate.language.tokens import content_words, stem

TIME_KINDS: Final = frozenset(("date", "clock", "weekday"))
SAME_SENTENCE_SHARE: Final = 0.8
"""Share of common content words from which two sentences are the same except for their numbers."""
SAME_NUMBER_SHARE: Final = 0.5
"""Share of the shorter sentence's content words from which both may state the same number."""
CALCULATION_REQUEST: Final = re.compile(
    r"\b(?:how (?:many|much|long|far|old)|calculate|compute|solve|evaluate|find"
    r"|what is the (?:sum|total|product|difference|value|result|area|volume|perimeter))\b|[\d)]\s*[-+*/×÷=^]\s*[\d(]",
    re.IGNORECASE,
)
WORKED_CALCULATION: Final = re.compile(r"\d\s*[-+*/×÷^]\s*\d[^\n]*=|=\s*[$€£]?\d|####|\\boxed")
RESULT: Final = re.compile(
    r"(?:####|\\boxed\{|answer(?: is|:)|(?:total|result|sum|therefore|thus|so)\b[^.\n=]*(?:=|\bis\b))\s*\**\s*([^\n]{1,60})",  # noqa: E501
    re.IGNORECASE,
)

AMOUNT_QUESTION: Final = re.compile(
    r"\bhow (?:long|much|many|far|old|tall|high|big|large|heavy|fast|often|wide|deep)\b|^\W*(?:when|(?:at )?what (?:time|date|year|day))\b"  # noqa: E501
    r"|\b(?:price|costs?|fee|rate|deposit|limit|max(?:imum)?|min(?:imum)?|size|length|height|weight|age|population|distance|speed|duration|period|deadline"
    r"|temperature|warranty|boiling point|freezing point|melting point)\b",
    re.IGNORECASE,
)
"""Asks for an amount, or for a time."""
AGE_QUESTION: Final = re.compile(r"\b(?:how old|age)\b", re.IGNORECASE)
"""Asks for a number of years, with or without the unit."""
HOW_MANY_QUESTION: Final = re.compile(r"\bhow many (?:\w+ )??(\w+)\b(?= )", re.IGNORECASE)
MAX_AMOUNT_WORDS: Final = 3
"""Number of words up to which an answer is only its amount."""
MAX_SENTENCE_WORDS: Final = 10
"""Number of words up to which an answer of one sentence is little more than its amount."""
MAX_BRIEF_WORDS: Final = 30
"""Number of words up to which an answer may be only the requested amount."""

APPROXIMATION: Final = re.compile(
    r"(?:\b(?:about|around|roughly|approximately|approx\.?|nearly|almost|circa"
    r"|(?:just|slightly|a (?:little|bit)) (?:under|over|above|below))|~)\s*$",
    re.IGNORECASE,
)
"""Stands before an amount that is not exact."""
AT_LEAST: Final = re.compile(r"\b(?:at least|minimum|no less than|or (?:older|over|more|above))\b", re.IGNORECASE)
AT_MOST: Final = re.compile(
    r"\b(?:at (?:the )?most|up to|maximum|no (?:older|more|longer) than|or (?:younger|under|less|below))\b",
    re.IGNORECASE,
)
RANGE_WORDS: Final = frozenset(("to", "-", "–", "and", "or"))
"""Stands between the ends of a range."""
MONTH_SECONDS: Final = 30.4 * 86_400
INEXACT_TOLERANCE, TEMPERATURE_TOLERANCE = 0.05, 0.01
"""Share by which such an amount may differ from another one, and such a temperature."""

Found = tuple[str, str, str]
"""The kind of a contradiction, `numbers` or `dates`, and the words of each side."""


def clashing_figures(question: str, left: str, right: str, pairs: Sequence[Aligned]) -> Found | None:
    """The first two numbers that cannot both be right; None if there are none. Numbers of the question do not count."""
    if CALCULATION_REQUEST.search(question) and WORKED_CALCULATION.search(left) and WORKED_CALCULATION.search(right):
        return _results(left, right)
    counted = {stem(match.group(1).lower()) for match in HOW_MANY_QUESTION.finditer(question)}
    named = [counted & _stems_without(answer, ()) for answer in (left, right)] if counted else [counted]
    if all(named) and named[0].isdisjoint(named[1]):
        return None  # "how many" of two things: each answer counts what its own question asks for
    if not pairs:  # two single sentences are a pair
        return _contradictory_amounts(question, left, right)
    if len(sentences(left)) == len(sentences(right)) == 1 and (
        bare := _contradictory_bare_numbers(question, left, right)
    ):
        return bare
    if asked := _contradictory_amounts(question, left, right):
        return asked
    for pair in pairs:
        both = quantities(pair.left), quantities(pair.right)
        if all(both):
            mine, others = (_not_given(found, quantities(question)) for found in both)
            if found := _in_sentences(pair, mine, others, (left, right)):
                return found
    return None


def _contradictory_amounts(question: str, left: str, right: str) -> Found | None:
    """Short answers to a question for an amount or a time that give one each, however they are worded."""
    if max(len(left.split()), len(right.split())) > MAX_BRIEF_WORDS or not AMOUNT_QUESTION.search(question):
        return None
    asked = content_words(question)
    stems = [_stems_without(text, quantities(text)) - STOPWORDS for text in (left, right)]
    about = (asked | some for some in stems[::-1])
    astray = max(
        len(text.split()) if some.isdisjoint(other) else 0
        for text, some, other in zip((left, right), stems, about, strict=True)
    )
    lone = len(sentences(left)) == len(sentences(right)) == 1
    if astray > (MAX_SENTENCE_WORDS if lone else MAX_AMOUNT_WORDS):
        return None  # more than its amount, and about something else
    counted = frozenset(stem(match.group(1).lower()) for match in HOW_MANY_QUESTION.finditer(question))
    if counted and any(
        len(text.split()) > MAX_SENTENCE_WORDS and counted.isdisjoint(_stems_without(text, ()))
        for text in (left, right)
    ):
        return None  # it counts something else
    mine, others = (_not_given(quantities(text, counted), quantities(question)) for text in (left, right))
    ranges = _range(mine, left), _range(others, right)
    if ranges[0] and ranges[1] and len(mine) + len(others) > 2:  # "three to five days", "two weeks"
        apart = _measured_values(mine) == _measured_values(others) and not AT_LEAST.search(f"{left}\n{right}")
        return _spans((left, mine), (right, others)) if apart and _are_apart(ranges[0], ranges[1]) else None
    mine, others = _of_one_kind(mine, others)
    if len(mine) != 1 or len(others) != 1 or mine[0].same(others[0]):
        return None
    if (astray > MAX_AMOUNT_WORDS and TIME_KINDS & {mine[0].kind, others[0].kind}) or may_both_hold(
        mine[0], others[0], left, right
    ):
        return None
    if not _comparable(mine[0], others[0]) and not (
        _as_many(mine[0], others[0]) is False
        and (AGE_QUESTION.search(question) or (counted and asked & content_words(f"{mine[0].text} {others[0].text}")))
    ):
        return None
    return _contradiction(mine[0], others[0])


def _are_apart(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether two ranges have no value in common, nor nearly so."""
    (_, high), (least, _) = sorted((one, other))
    return least > high * (1 + INEXACT_TOLERANCE)


def _spans(*sides: tuple[str, Sequence[Quantity]]) -> Found:
    one, other = (text[found[0].start : found[-1].end] for text, found in sides)
    return "numbers", one, other


def _measured_values(found: Sequence[Quantity]) -> str:
    return "time" if found[-1].kind == "months" else found[-1].kind


def _range(found: Sequence[Quantity], text: str) -> tuple[float, float] | None:
    """The ends of a range, in seconds if it is a time; of a lone quantity, both are its own."""
    if not found or found[-1].kind in TIME_KINDS or len(found) > 2:
        return None
    if len(found) == 2 and (
        text[found[0].end : found[1].start].strip() not in RANGE_WORDS or found[0].kind not in ("number", found[1].kind)
    ):
        return None
    amounts = [one.value[0] or 0 for one in found]
    if found[0].kind != found[-1].kind:
        amounts[0] *= found[-1].unit
    scale = MONTH_SECONDS if found[-1].kind == "months" else 1
    return min(amounts) * scale, max(amounts) * scale


def are_about(one: Quantity, other: Quantity, left: str, right: str) -> bool:
    """Whether two amounts are nearly equal and one of them is given as inexact: "just under four weeks", "27 days"."""
    if TIME_KINDS & {one.kind, other.kind}:
        return False
    share = TEMPERATURE_TOLERANCE if {one.kind, other.kind} & {"celsius", "fahrenheit"} else INEXACT_TOLERANCE
    exact = not any(APPROXIMATION.search(text[: found.start]) for text, found in ((left, one), (right, other)))
    amounts = [found.value[0] or 0 for found in (one, other)]
    return not exact and abs(amounts[0] - amounts[1]) <= share * max(map(abs, amounts))


def may_both_hold(one: Quantity, other: Quantity, left: str, right: str) -> bool:
    """Whether two amounts of `left` and `right` are nearly equal, or the ends of a range."""
    return (
        are_about(one, other, left, right) or _is_range(one, other, left, right) or _is_range(other, one, right, left)
    )


def _is_range(one: Quantity, other: Quantity, left: str, right: str) -> bool:
    """Whether one amount is a least and the other a greatest one, so that both hold for what is between."""
    if AT_LEAST.search(left) is None or AT_MOST.search(right) is None:
        return False
    units = [1.0, 1.0] if one.kind == other.kind else [one.unit, other.unit]  # "18 years" and a bare 25
    least, most = ((found.value[0] or 0) / unit for found, unit in zip((one, other), units, strict=True))
    return least <= most


def _of_one_kind(mine: list[Quantity], others: list[Quantity]) -> tuple[list[Quantity], list[Quantity]]:
    """The only two quantities with units of the same kind, beside others: "48 minutes in four quarters" and "40
    minutes".
    """
    kinds = ({found.kind for found in side} - TIME_KINDS - {"number", "ordinal"} for side in (mine, others))
    shared = set.intersection(*kinds)
    if len(shared) != 1:
        return mine, others
    return [one for one in mine if one.kind in shared], [other for other in others if other.kind in shared]


def _as_many(one: Quantity, other: Quantity) -> bool | None:
    """Whether "25 vacation days" and "28 days" are equal numbers, whatever they count; None if neither is a bare
    number.
    """
    if "number" not in (one.kind, other.kind) or TIME_KINDS & {one.kind, other.kind}:
        return None
    amounts = [(quantity.value[0] or 0) / quantity.unit for quantity in (one, other)]
    return abs(amounts[0] - amounts[1]) < 1e-9 * max(*amounts, 1)


def _not_given(found: Sequence[Quantity], given: Sequence[Quantity]) -> list[Quantity]:
    return [quantity for quantity in found if not any(quantity.same(other) for other in given)]


def _results(left: str, right: str) -> Found | None:
    """The final numbers of calculations: steps may differ, results may not."""
    a, b = _result(left), _result(right)
    return None if a is None or b is None or a.same(b) or a.value[0] == b.value[0] else ("numbers", a.text, b.text)


def _result(text: str) -> Quantity | None:
    results = [quantity for match in RESULT.finditer(text) for quantity in quantities(match[1])[:1]]
    found = results or quantities(text)
    return found[-1] if found else None


def _contradictory_bare_numbers(question: str, left: str, right: str) -> Found | None:
    """Two answers that are little more than one number each."""
    a, b = quantities(left), quantities(right)
    if (
        len(a) != 1
        or len(b) != 1
        or a[0].same(b[0])
        or not _comparable(a[0], b[0])
        or may_both_hold(a[0], b[0], left, right)
    ):
        return None
    for text, quantity in ((left, a[0]), (right, b[0])):
        around = words(normalised(text[: quantity.start] + " " + text[quantity.end :]))
        if len([word for word in around if word not in STOPWORDS and stem(word) not in content_words(question)]) > 1:
            return None
    return _contradiction(a[0], b[0])


def _in_sentences(
    pair: Aligned,
    mine: list[Quantity],
    others: list[Quantity],
    answers: tuple[str, str],
) -> Found | None:
    a, b = unmatched(mine, others)
    if not a or not b:
        return None
    strict, within = _context_overlap(pair, a, b)
    if not strict:
        if within < SAME_NUMBER_SHARE:
            return None
        # In a sentence that is worded otherwise, a number which the other answer has elsewhere is not denied by it.
        a = [quantity for quantity in a if not any(map(quantity.same, quantities(answers[1])))]
        b = [quantity for quantity in b if not any(map(quantity.same, quantities(answers[0])))]
    for one in a:
        for other in b:
            if (
                _comparable(one, other)
                and not may_both_hold(one, other, pair.left, pair.right)
                and (
                    _counted_things(pair.left, one) & _counted_things(pair.right, other)
                    or (strict and len(a) == len(b))
                )
            ):
                return _contradiction(one, other)
    return None


def _comparable(one: Quantity, other: Quantity) -> bool:
    kinds = {one.kind, other.kind}
    return (
        len(kinds) == 1
        or (kinds <= {"time", "months"})
        or (kinds <= {"celsius", "fahrenheit", "number"})
        or kinds == {"number", "percent"}
    )


def _context_overlap(pair: Aligned, a: Sequence[Quantity], b: Sequence[Quantity]) -> tuple[bool, float]:
    """Whether two sentences are the same without the contradictory numbers, and the share of the shorter one's content
    words in both.
    """
    mine, others = (_stems_without(text, found) for text, found in ((pair.left, a), (pair.right, b)))
    content_mine, content_others = mine - STOPWORDS, others - STOPWORDS
    return len(mine & others) >= SAME_SENTENCE_SHARE * max(1, len(mine | others)), len(
        content_mine & content_others
    ) / max(1, min(len(content_mine), len(content_others)))


def _stems_without(text: str, found: Sequence[Quantity]) -> frozenset[str]:
    for quantity in sorted(found, key=lambda quantity: -quantity.start):
        text = text[: quantity.start] + " " + text[quantity.end :]
    return frozenset(stem(word) for word in words(normalised(text)))


def _counted_things(text: str, quantity: Quantity) -> frozenset[str]:
    """What a quantity counts: its unit, the word after it, the words before it."""
    if quantity.kind in TIME_KINDS:
        return frozenset((quantity.kind,))
    behind = [
        stem(word) for word in words(normalised(text[quantity.end : quantity.end + 40])) if word not in FILLER_WORDS
    ][:1]
    before = [stem(word) for word in words(normalised(text[: quantity.start][-40:])) if word not in FILLER_WORDS][-1:]
    return frozenset((*behind, *before))


def _contradiction(one: Quantity, other: Quantity) -> Found:
    return ("dates" if TIME_KINDS & {one.kind, other.kind} else "numbers", one.text, other.text)
