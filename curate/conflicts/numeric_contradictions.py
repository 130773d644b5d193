"""Answers with numbers, dates or amounts that cannot both be correct, if they count the same thing in similar
sentences.
"""

import re
from collections.abc import Sequence
from typing import Final

from curate.core.text import normalised, words
from curate.language.lexicon import FILLER_WORDS, STOPWORDS
from curate.language.precise_requests import asks_for_amount, is_brief
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

AGE_QUESTION: Final = re.compile(
    r"\b(?:how old|age|(?:mindest)?alter|wie alt|edad|cuántos años|âge|quel âge|idade|quantos anos|età|quanti anni)\b"
    r"|几岁|多大(?:年龄|岁)|年龄|何歳|年齢",
    re.IGNORECASE,
)
"""Asks for a number of years, with or without the unit."""
HOW_MANY_QUESTION: Final = re.compile(r"\bhow many (?:\w+ )??(\w+)\b(?= )", re.IGNORECASE)
MAX_AMOUNT_WORDS: Final = 3
"""Number of words up to which an answer is only its amount."""
MAX_SENTENCE_WORDS: Final = 10
"""Maximum number of words of an answer of one sentence that contains little besides its amount."""

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
BOUND_CHARS: Final = 30
"""Number of characters between such words and their amount, at most."""
RANGE_WORDS: Final = frozenset(("to", "-", "–", "and", "or"))
"""Stands between the ends of a range."""
MONTH_SECONDS: Final = 30.4 * 86_400
INEXACT_TOLERANCE, TEMPERATURE_TOLERANCE = 0.05, 0.01
"""Share by which such an amount may differ from another one, and such a temperature."""

FigureClash = tuple[str, str, str]
"""The kind of a contradiction, `numbers` or `dates`, and the words of each side."""


def clashing_figures(question: str, left: str, right: str, pairs: Sequence[Aligned]) -> FigureClash | None:
    """The first two numbers that cannot both be right; None if there are none. Numbers of the question do not count."""
    if CALCULATION_REQUEST.search(question) and WORKED_CALCULATION.search(left) and WORKED_CALCULATION.search(right):
        return _different_results(left, right)
    counted = {stem(match.group(1).lower()) for match in HOW_MANY_QUESTION.finditer(question)}
    named = [counted & _stems_without(answer, ()) for answer in (left, right)] if counted else [counted]
    if all(named) and named[0].isdisjoint(named[1]):
        return None  # each answer counts the thing of its own "how many" question
    if not pairs:  # two single sentences are a pair
        return _contradictory_amounts(question, left, right)
    if len(sentences(left)) == len(sentences(right)) == 1 and (
        bare := _contradictory_bare_numbers(question, left, right)
    ):
        return bare
    if amounts := _contradictory_amounts(question, left, right):
        return amounts
    for pair in pairs:
        both = quantities(pair.left), quantities(pair.right)
        if all(both):
            left_amounts, right_amounts = (_not_given(clash, quantities(question)) for clash in both)
            if clash := _in_sentences(pair, left_amounts, right_amounts, (left, right)):
                return clash
    return None


def _contradictory_amounts(question: str, left: str, right: str) -> FigureClash | None:
    """The contradiction of two short answers to a question for an amount or a time that give one each, however they are
    worded; None without one.
    """
    if not (is_brief(left) and is_brief(right) and asks_for_amount(question)):
        return None
    question_words = content_words(question)
    stems = [_stems_without(text, quantities(text)) - STOPWORDS for text in (left, right)]
    allowed_stems = (question_words | answer_stems for answer_stems in stems[::-1])
    astray = max(
        len(text.split()) if answer_stems.isdisjoint(other) else 0
        for text, answer_stems, other in zip((left, right), stems, allowed_stems, strict=True)
    )
    single_sentences = len(sentences(left)) == len(sentences(right)) == 1
    if astray > (MAX_SENTENCE_WORDS if single_sentences else MAX_AMOUNT_WORDS):
        return None  # the answer has more than an amount and is about something else
    counted = frozenset(stem(match.group(1).lower()) for match in HOW_MANY_QUESTION.finditer(question))
    if counted and any(
        len(text.split()) > MAX_SENTENCE_WORDS and counted.isdisjoint(_stems_without(text, ()))
        for text in (left, right)
    ):
        return None  # it counts something else
    left_amounts, right_amounts = (
        _not_given(quantities(text, counted), quantities(question)) for text in (left, right)
    )
    ranges = _range(left_amounts, left), _range(right_amounts, right)
    if ranges[0] and ranges[1] and len(left_amounts) + len(right_amounts) > 2:  # "three to five days", "two weeks"
        comparable = _measured_values(left_amounts) == _measured_values(right_amounts) and not AT_LEAST.search(
            f"{left}\n{right}"
        )
        return (
            _number_ranges((left, left_amounts), (right, right_amounts))
            if comparable and _are_apart(ranges[0], ranges[1])
            else None
        )
    left_amounts, right_amounts = _of_one_kind(left_amounts, right_amounts)
    if len(left_amounts) != 1 or len(right_amounts) != 1 or left_amounts[0].same(right_amounts[0]):
        return None
    if (astray > MAX_AMOUNT_WORDS and TIME_KINDS & {left_amounts[0].kind, right_amounts[0].kind}) or may_both_hold(
        left_amounts[0], right_amounts[0], left, right
    ):
        return None
    if not _are_comparable(left_amounts[0], right_amounts[0]) and not (
        _as_many(left_amounts[0], right_amounts[0]) is False
        and (
            AGE_QUESTION.search(question)
            or (counted and question_words & content_words(f"{left_amounts[0].text} {right_amounts[0].text}"))
        )
    ):
        return None
    return _contradiction(left_amounts[0], right_amounts[0])


def _are_apart(left: tuple[float, float], right: tuple[float, float]) -> bool:
    """Whether two ranges are disjoint, with a tolerance."""
    (_, high), (least, _) = sorted((left, right))
    return least > high * (1 + INEXACT_TOLERANCE)


def _number_ranges(*sides: tuple[str, Sequence[Quantity]]) -> FigureClash:
    left_words, right_words = (text[amounts[0].start : amounts[-1].end] for text, amounts in sides)
    return "numbers", left_words, right_words


def _measured_values(amounts: Sequence[Quantity]) -> str:
    return "time" if amounts[-1].kind == "months" else amounts[-1].kind


def _range(amounts: Sequence[Quantity], text: str) -> tuple[float, float] | None:
    """The ends of a range, in seconds if it is a time; both are equal for a single quantity. None for others."""
    if not amounts or amounts[-1].kind in TIME_KINDS or len(amounts) > 2:
        return None
    if len(amounts) == 2 and (
        text[amounts[0].end : amounts[1].start].strip() not in RANGE_WORDS
        or amounts[0].kind not in ("number", amounts[1].kind)
    ):
        return None
    ends = [amount.value[0] or 0 for amount in amounts]
    if amounts[0].kind != amounts[-1].kind:
        ends[0] *= amounts[-1].unit
    scale = MONTH_SECONDS if amounts[-1].kind == "months" else 1
    return min(ends) * scale, max(ends) * scale


def are_about(left_amount: Quantity, right_amount: Quantity, left: str, right: str) -> bool:
    """Whether two amounts are nearly equal and one of them is given as inexact: "just under four weeks", "27 days"."""
    if TIME_KINDS & {left_amount.kind, right_amount.kind}:
        return False
    share = (
        TEMPERATURE_TOLERANCE
        if {left_amount.kind, right_amount.kind} & {"celsius", "fahrenheit"}
        else INEXACT_TOLERANCE
    )
    exact = not any(
        APPROXIMATION.search(text[: amount.start]) for text, amount in ((left, left_amount), (right, right_amount))
    )
    amounts = [amount.value[0] or 0 for amount in (left_amount, right_amount)]
    return not exact and abs(amounts[0] - amounts[1]) <= share * max(map(abs, amounts))


def may_both_hold(left_amount: Quantity, right_amount: Quantity, left: str, right: str) -> bool:
    """Whether two amounts of `left` and `right` are nearly equal, or the ends of a range."""
    return (
        are_about(left_amount, right_amount, left, right)
        or _is_range(left_amount, right_amount, left, right)
        or _is_range(right_amount, left_amount, right, left)
    )


def _is_range(left_amount: Quantity, right_amount: Quantity, left: str, right: str) -> bool:
    """Whether the left amount is a minimum and the right one a maximum that is not below it, so that both can hold."""
    if not (AT_LEAST.search(_around(left_amount, left)) and AT_MOST.search(_around(right_amount, right))):
        return False
    units = (
        [1.0, 1.0] if left_amount.kind == right_amount.kind else [left_amount.unit, right_amount.unit]
    )  # "18 years" and a bare 25
    least, most = (
        (amount.value[0] or 0) / unit for amount, unit in zip((left_amount, right_amount), units, strict=True)
    )
    return least <= most


def _around(amount: Quantity, text: str) -> str:
    """An amount with `BOUND_CHARS` on both sides: words of a bound elsewhere in a text are about something else."""
    return text[max(0, amount.start - BOUND_CHARS) : amount.end + BOUND_CHARS]


def _of_one_kind(left_amounts: list[Quantity], right_amounts: list[Quantity]) -> tuple[list[Quantity], list[Quantity]]:
    """The quantities of the only kind with units that both have: "48 minutes in four quarters" and "40 minutes"."""
    kinds = (
        {quantity.kind for quantity in side} - TIME_KINDS - {"number", "ordinal"}
        for side in (left_amounts, right_amounts)
    )
    shared = set.intersection(*kinds)
    if len(shared) != 1:
        return left_amounts, right_amounts
    return [quantity for quantity in left_amounts if quantity.kind in shared], [
        quantity for quantity in right_amounts if quantity.kind in shared
    ]


def _as_many(left: Quantity, right: Quantity) -> bool | None:
    """Whether "25 vacation days" and "28 days" are equal numbers, whatever they count; None if neither is a bare
    number.
    """
    if "number" not in (left.kind, right.kind) or TIME_KINDS & {left.kind, right.kind}:
        return None
    amounts = [(quantity.value[0] or 0) / quantity.unit for quantity in (left, right)]
    return abs(amounts[0] - amounts[1]) < 1e-9 * max(*amounts, 1)


def _not_given(quantities: Sequence[Quantity], question_quantities: Sequence[Quantity]) -> list[Quantity]:
    return [quantity for quantity in quantities if not any(quantity.same(given) for given in question_quantities)]


def _different_results(left: str, right: str) -> FigureClash | None:
    """The final numbers of two calculations if they differ, else None: steps may differ, results may not."""
    a, b = _final_amount(left), _final_amount(right)
    return None if a is None or b is None or a.same(b) or a.value[0] == b.value[0] else ("numbers", a.text, b.text)


def _final_amount(text: str) -> Quantity | None:
    """The amount that an answer ends with: the last one after words such as "the answer is", else the last in the text;
    None without amounts.
    """
    results = [quantity for match in RESULT.finditer(text) for quantity in quantities(match[1])[:1]]
    candidates = results or quantities(text)
    return candidates[-1] if candidates else None


def _contradictory_bare_numbers(question: str, left: str, right: str) -> FigureClash | None:
    """The contradiction of two answers that are little more than one number each; None without one."""
    a, b = quantities(left), quantities(right)
    if (
        len(a) != 1
        or len(b) != 1
        or a[0].same(b[0])
        or not _are_comparable(a[0], b[0])
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
    left_amounts: list[Quantity],
    right_amounts: list[Quantity],
    answers: tuple[str, str],
) -> FigureClash | None:
    left_unmatched, right_unmatched = unmatched(left_amounts, right_amounts)
    if not left_unmatched or not right_unmatched:
        return None
    strict, within = _context_overlap(pair, left_unmatched, right_unmatched)
    if not strict:
        if within < SAME_NUMBER_SHARE:
            return None
        # In a differently worded sentence, a number that is elsewhere in the other answer is not contradicted by it.
        left_unmatched = [
            quantity for quantity in left_unmatched if not any(map(quantity.same, quantities(answers[1])))
        ]
        right_unmatched = [
            quantity for quantity in right_unmatched if not any(map(quantity.same, quantities(answers[0])))
        ]
    for left_amount in left_unmatched:
        for right_amount in right_unmatched:
            if (
                _are_comparable(left_amount, right_amount)
                and not may_both_hold(left_amount, right_amount, pair.left, pair.right)
                and (
                    _counted_things(pair.left, left_amount) & _counted_things(pair.right, right_amount)
                    or (strict and len(left_unmatched) == len(right_unmatched))
                )
            ):
                return _contradiction(left_amount, right_amount)
    return None


def _are_comparable(left: Quantity, right: Quantity) -> bool:
    """Whether two amounts are of kinds whose values can contradict each other."""
    kinds = {left.kind, right.kind}
    return (
        len(kinds) == 1
        or (kinds <= {"time", "months"})
        or (kinds <= {"celsius", "fahrenheit", "number"})
        or kinds == {"number", "percent"}
    )


def _context_overlap(
    pair: Aligned, left_numbers: Sequence[Quantity], right_numbers: Sequence[Quantity]
) -> tuple[bool, float]:
    """Whether two sentences are the same without the contradictory numbers, and the share of the shorter one's content
    words in both.
    """
    left_stems, right_stems = (
        _stems_without(text, numbers) for text, numbers in ((pair.left, left_numbers), (pair.right, right_numbers))
    )
    content_mine, content_others = left_stems - STOPWORDS, right_stems - STOPWORDS
    return len(left_stems & right_stems) >= SAME_SENTENCE_SHARE * max(1, len(left_stems | right_stems)), len(
        content_mine & content_others
    ) / max(1, min(len(content_mine), len(content_others)))


def _stems_without(text: str, numbers: Sequence[Quantity]) -> frozenset[str]:
    for quantity in sorted(numbers, key=lambda quantity: -quantity.start):
        text = text[: quantity.start] + " " + text[quantity.end :]
    return frozenset(stem(word) for word in words(normalised(text)))


def _counted_things(text: str, quantity: Quantity) -> frozenset[str]:
    """Stems of what a quantity counts: for times, its kind; else the content words directly after and before it."""
    if quantity.kind in TIME_KINDS:
        return frozenset((quantity.kind,))
    behind = [
        stem(word) for word in words(normalised(text[quantity.end : quantity.end + 40])) if word not in FILLER_WORDS
    ][:1]
    before = [stem(word) for word in words(normalised(text[: quantity.start][-40:])) if word not in FILLER_WORDS][-1:]
    return frozenset((*behind, *before))


def _contradiction(left: Quantity, right: Quantity) -> FigureClash:
    return ("dates" if TIME_KINDS & {left.kind, right.kind} else "numbers", left.text, right.text)
