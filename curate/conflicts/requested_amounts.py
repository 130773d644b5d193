"""Answers of several sentences, worded independently, that give different amounts or times: of the kind that the
question asks for, or of a kind without a common value.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence, Set
from itertools import product
from typing import Final, NamedTuple

from curate.conflicts.numeric_contradictions import (
    AGE_QUESTION,
    TIME_KINDS,
    WORKED_CALCULATION,
    may_both_hold,
)
from curate.conflicts.requested_kinds import (
    CURRENCIES,
    FREQUENCY_QUESTION,
    asked_kinds,
    asked_part,
    group,
    may_ask_for_an_amount,
)
from curate.language import frequencies
from curate.language.lexicon import UNITS
from curate.language.precise_requests import MAX_BRIEF_WORDS
from curate.language.quantities import YEAR, Quantity, quantities_in, unmatched
from curate.language.quantity_translation import KANA, UNSPACED_LETTER, WORD, language_of
from curate.language.tokens import content_words, stem

WEEK_AND_DAY: Final = {UNITS["week"][1], UNITS["day"][1]}
HALF_DAY: Final = 720
"""Minutes of half a day: an answer may omit am or pm."""
ASKED_PRECISION, UNKNOWN_PRECISION, OTHER_PRECISION = 0.95, 0.9, 0.7
"""Precision of values of the requested kind, of any kind if the question requests no kind, and of another kind."""
FIRST_PRECISION: Final = 0.85
"""Precision of first values of the requested kind of answers that share another one."""
FIRST_KINDS: Final = frozenset(("time", "money", "percent", "mass", "volume", "temperature", "data", "clock", "date"))
DEGREES: Final = re.compile(r"\s*(?:degrees?|°)(?!\w)", re.IGNORECASE)
BEFORE_AGE: Final = re.compile(
    r"\b(?:turned|aged|age(?: of)?|from|over|under|above|below|than|least|are|is|be|upwards of|ab|mit|von|unter|über"
    r"|desde|cumplid[oa]s?|de los|a los|con|à partir de|dès|moins de|plus de|partir dos|completou|dai|ai|compiuto)(?: the)? $",  # noqa: E501
    re.IGNORECASE,
)
AFTER_AGE: Final = re.compile(
    r" (?:upwards|and (?:over|up|above|older)|or (?:over|older|above|under|younger)|geworden|o más|ou plus|in su)\b",
    re.IGNORECASE,
)
"""Words around an age without a unit."""
BEFORE_HOUR: Final = re.compile(
    r"\b(?:from|until|till|by|before|after|at|around|about|than|ab|bis|um|gegen|vor|nach|punkt)(?: (?:about|around|etwa|punkt))? $",  # noqa: E501
    re.IGNORECASE,
)
AFTER_HOUR: Final = re.compile(
    r"(?:[,;.:!?](?!\d)|$| (?:and|or|on|in the|sharp|at the|every|each|as|so|to|till|until|when|for|und|oder|im|in der|bis|geöffnet|beginnt)\b)"  # noqa: E501
)
"""Words around a time of day without a unit."""
PRICE: Final = re.compile(r"\d{1,4}[.,]\d\d")
AFTER_PRICE: Final = re.compile(r"[,，。;；!！]|$|一[个次天年张位节]")
MIN_BARE_PRICE: Final = 10
"""Lowest price without a unit in a script without spaces."""
MIN_WORDS: Final = 10
"""Number of words up to which an answer is little more than a value: the rules for short answers read it in full."""
MAX_WORDS: Final = 200
MAX_VALUES: Final = 6
"""Maximum number of words of a compared answer, and of its values of one kind: longer answers have several topics."""
MEASURED_KINDS: Final = frozenset(("money", "percent", "mass", "volume", "length", "temperature", "data"))
"""Kinds that are rarely incidental in a text."""
PORTION_KINDS: Final = ("mass", "volume")
"""Kinds of what a dose or an ingredient is given for: "per liter"."""
UNASKED_KINDS: Final = MEASURED_KINDS | {"date", "clock"}
"""Kinds of which two answers may have one value each to a question that does not name the kind."""
SLOT_KINDS: Final = UNASKED_KINDS - {"length"}
"""Kinds that may be the only one in which two answers differ. Answers mention many lengths."""
MAX_QUESTION_WORDS: Final = 60
"""Maximum number of words of both questions that request one thing."""
MAX_FREQUENCIES: Final = 3
"""Number of frequencies of an answer up to which one of them may be what is asked."""
MAX_UNASKED_VALUES: Final = 3
"""Maximum number of values of an answer to a question that requests no known kind."""
EMPHASIZED: Final = re.compile(r"\*\*(?=\S)(.{1,120}?)(?<=\S)\*\*")
"""Bold text, in which an answer may give what is asked for."""
TWO_THINGS: Final = re.compile(r"\b(?:and|und|y|et|e|и|i|oraz|ve)\b|[和与]|[와과] |및")
"""Stands between two things that a question asks for."""
RANGE_END: Final = re.compile(r"\s?(?:to|bis|a|à|and|und|y|et|e|or|oder|o|ou|[-–—~〜～至到])\s?", re.IGNORECASE)
"""Stands between the ends of a range."""
MAX_FACTOR: Final = 60
"""Highest factor by which a value may be a total of another one."""
PERSON_CLASSIFIER, COUNTED_PERSON = re.compile(r"[位名人]|个人"), "人"
"""Stands after a number of persons in Chinese, and the word for all forms of it."""
INCIDENTAL: Final = (1.0, 2.0)
"""Numbers that a text often has besides the one that is asked for: "two halves"."""


class Amounts(NamedTuple):
    """Amounts of two answers that cannot both be right."""

    kind: str
    """`numbers` or `dates`."""
    left: str
    right: str
    precision: float


def requested_amounts(question: str, left: str, right: str) -> Amounts | None:
    """The first amounts or times of two answers, at least one of them of more than `MIN_WORDS` words, that cannot
    both be right; those that the question asks for come first.

    The answers share no value of that kind. If they share a value of another kind that the question asks for, they
    agree. None if no contradiction is found.
    """
    if not are_of_one_topic(left, right):
        return None
    if WORKED_CALCULATION.search(left) or WORKED_CALCULATION.search(right):
        return None  # steps of a calculation differ
    part = asked_part(question)
    if len(part.split()) > MAX_QUESTION_WORDS:
        return None
    language = language_of(f"{left}\n{right}")
    if FREQUENCY_QUESTION.search(part) and (
        language not in ("zh", "ja") or all(frequencies.frequencies_in(text, language) for text in (left, right))
    ):
        return _other_frequencies(left, right)
    kinds_asked = asked_kinds(part)
    question_quantities = quantities_in(question, language)
    left_amounts, right_amounts = (
        [
            amount
            for amount in quantities_in(text, language)
            if not any(_is_equal(amount, other) for other in question_quantities)
        ]
        for text in (left, right)
    )
    left_amounts, right_amounts = _in_asked_units(part, kinds_asked, (left, left_amounts), (right, right_amounts))
    if not kinds_asked and not may_ask_for_an_amount(part):
        return _only_other_slot((left, left_amounts), (right, right_amounts), question_quantities)
    if "date" in kinds_asked and not any(group(amount) == "date" for amount in (*left_amounts, *right_amounts)):
        kinds_asked |= {"clock"}  # "when", answered by times of day
    if "date" in kinds_asked and (
        dates := _other_years(left_amounts, right_amounts) or _other_weekdays(left_amounts, right_amounts)
    ):
        return dates
    left_amounts, right_amounts = _dates_alone(left_amounts, right_amounts)
    shared = {
        group(left_amount)
        for left_amount in left_amounts
        for right_amount in right_amounts
        if _agree(left_amount, right_amount, left, right)
    }
    if kinds_asked & shared - {"number"}:
        both = (left, left_amounts), (right, right_amounts)
        return _other_first_value(kinds_asked & shared & FIRST_KINDS, *both, question_quantities) or (
            _other_of_two(kinds_asked, shared, *both, question_quantities) if TWO_THINGS.search(part) else None
        )
    kinds = {group(amount) for amount in left_amounts} & {group(amount) for amount in right_amounts} - {"ordinal"}
    if not kinds_asked and max(len(left_amounts), len(right_amounts)) > MAX_UNASKED_VALUES:
        return _only_other_slot((left, left_amounts), (right, right_amounts), question_quantities)
    is_brief_pair = max(map(word_count, (left, right))) <= MAX_BRIEF_WORDS and not UNSPACED_LETTER.search(left)
    for kind in sorted(kinds - shared, key=lambda kind: (kind not in kinds_asked, kind)):
        sides = [[amount for amount in side if group(amount) == kind] for side in (left_amounts, right_amounts)]
        single = len(sides[0]) == len(sides[1]) == 1
        is_possible = kind in UNASKED_KINDS or (kind == "time" and "date" in kinds_asked)  # "when": "in ten minutes"
        if (
            (kind in kinds_asked or (single and is_possible))
            and max(map(len, sides)) <= MAX_VALUES
            and not _is_elsewhere(sides[0], right_amounts)
            and not _is_elsewhere(sides[1], left_amounts)
            and (
                kind != "number"
                or (single and not shared and not is_brief_pair)
                or _count_the_same(sides[0], sides[1], left, right)
            )
            and not _is_multiple(sides[0], right_amounts, question_quantities)
            and not _is_multiple(sides[1], left_amounts, question_quantities)
        ):
            source = "dates" if sides[0][0].kind in TIME_KINDS else "numbers"
            unasked = OTHER_PRECISION if kinds_asked else UNKNOWN_PRECISION
            precision = ASKED_PRECISION if kind in kinds_asked else unasked
            return Amounts(source, sides[0][0].text, sides[1][0].text, precision)
    if "number" in kinds_asked and (
        counted := _counted_amounts(question, (left, left_amounts), (right, right_amounts))
        or _other_slot("number", (left, left_amounts), (right, right_amounts), question_quantities)
    ):
        return counted
    return _only_other_slot((left, left_amounts), (right, right_amounts), question_quantities)


def _other_first_value(
    kinds: Set[str],
    one_side: tuple[str, Sequence[Quantity]],
    other_side: tuple[str, Sequence[Quantity]],
    question_amounts: Sequence[Quantity],
) -> Amounts | None:
    """The first value of one of `kinds` of each answer, if neither is anywhere in the other answer, whatever other
    values both share: "two months, answered within three days", "six weeks, answered within three days". Else None.
    """
    (left, left_amounts), (right, right_amounts) = one_side, other_side
    for kind in sorted(kinds):
        sides = [[amount for amount in side if group(amount) == kind] for side in (left_amounts, right_amounts)]
        if max(map(len, sides)) > MAX_VALUES:
            continue
        firsts = sides[0][0], sides[1][0]
        is_apart = all(
            not any(_agree(first, other, text, other_text) for other in others) and not _is_elsewhere([first], others)
            for first, others, text, other_text in (
                (firsts[0], right_amounts, left, right),
                (firsts[1], left_amounts, right, left),
            )
        )
        if (
            is_apart
            and not _may_overlap(
                _range_ends(firsts[0], left_amounts, left), _range_ends(firsts[1], right_amounts, right)
            )
            and not _is_multiple([firsts[0]], right_amounts, question_amounts)
            and not _is_multiple([firsts[1]], left_amounts, question_amounts)
        ):
            source = "dates" if firsts[0].kind in TIME_KINDS else "numbers"
            return Amounts(source, firsts[0].text, firsts[1].text, FIRST_PRECISION)
    return None


def _other_of_two(
    kinds_asked: Set[str],
    shared: Set[str],
    one_side: tuple[str, Sequence[Quantity]],
    other_side: tuple[str, Sequence[Quantity]],
    question_amounts: Sequence[Quantity],
) -> Amounts | None:
    """The values of two answers to a question for two things that agree about the other one: "23 kg, and 8 kg in the
    cabin", "23 kg, and 12 kg in the cabin", or "40 minutes, 90 dollars", "40 minutes, 140 dollars". Else None.
    """
    for kind in sorted(kinds_asked & FIRST_KINDS):
        if kind not in shared:
            if other := _other_slot(kind, one_side, other_side, question_amounts):
                return other
            continue
        sides = [
            _main_values(text, [amount for amount in amounts if group(amount) == kind], totals=True)
            for text, amounts in (one_side, other_side)
        ]
        if [len(side) for side in sides] != [2, 2]:
            continue
        left_only, right_only = unmatched(*sides)
        if len(left_only) == len(right_only) == 1 and not (
            may_both_hold(left_only[0], right_only[0], one_side[0], other_side[0])
            or _is_elsewhere(left_only, other_side[1])
            or _is_elsewhere(right_only, one_side[1])
            or _is_multiple(left_only, other_side[1], question_amounts)
            or _is_multiple(right_only, one_side[1], question_amounts)
        ):
            source = "dates" if kind in TIME_KINDS else "numbers"
            return Amounts(source, left_only[0].text, right_only[0].text, FIRST_PRECISION)
    return None


def _only_other_slot(
    one_side: tuple[str, Sequence[Quantity]],
    other_side: tuple[str, Sequence[Quantity]],
    question_amounts: Sequence[Quantity],
) -> Amounts | None:
    """The values of two answers of the only kind in which they differ, whatever the question asks for: each has one
    main value of it, and they share one of each other kind that both have. None without such a kind.
    """
    kinds = {group(amount) for amount in one_side[1]} & {group(amount) for amount in other_side[1]} & SLOT_KINDS
    differing = [
        kind
        for kind in sorted(kinds)
        if not any(
            _agree(left_amount, right_amount, one_side[0], other_side[0])
            for left_amount, right_amount in product(one_side[1], other_side[1])
            if group(left_amount) == group(right_amount) == kind
        )
    ]
    return _other_slot(differing[0], one_side, other_side, question_amounts) if len(differing) == 1 else None


def _other_slot(
    kind: str,
    one_side: tuple[str, Sequence[Quantity]],
    other_side: tuple[str, Sequence[Quantity]],
    question_amounts: Sequence[Quantity],
) -> Amounts | None:
    """The main value of `kind` of each answer, if they have one and cannot both be right; else None."""
    (left, left_amounts), (right, right_amounts) = one_side, other_side
    sides = (
        _main_values(left, [amount for amount in left_amounts if group(amount) == kind]),
        _main_values(right, [amount for amount in right_amounts if group(amount) == kind]),
    )
    if any(len(side) != 1 for side in sides):
        return None
    (left_amount,), (right_amount,) = sides
    if any(
        amount.kind == "weekday" or (amount.kind == "date" and amount.value[1] is None)
        for amount in (left_amount, right_amount)
    ):
        return None  # weekdays and years are often beside the point
    if (
        _agree(left_amount, right_amount, left, right)
        or _may_overlap(_range_ends(left_amount, left_amounts, left), _range_ends(right_amount, right_amounts, right))
        or _is_elsewhere([left_amount], right_amounts)
        or _is_elsewhere([right_amount], left_amounts)
        or _is_multiple([left_amount], right_amounts, question_amounts)
        or _is_multiple([right_amount], left_amounts, question_amounts)
    ):
        return None
    source = "dates" if left_amount.kind in TIME_KINDS else "numbers"
    return Amounts(source, left_amount.text, right_amount.text, OTHER_PRECISION)


def _main_values(text: str, amounts: Sequence[Quantity], *, totals: bool = False) -> list[Quantity]:
    """The different values of one kind of a text, unless with `totals` without totals and rests of another one ("£20 a
    month, £240 a year", "78%, so 22 of 100 are wrong"), and without `INCIDENTAL` numbers; the one in bold, if there is
    one.
    """
    values: list[Quantity] = []
    for amount in amounts:
        if not any(map(amount.same, values)) and not (amount.kind == "number" and amount.value[0] in INCIDENTAL):
            values.append(amount)
    bold = [match.span(1) for match in EMPHASIZED.finditer(text)]
    emphasized = [value for value in values if any(start <= value.start < end for start, end in bold)]
    if len(emphasized) == 1:
        return emphasized
    return [value for value in values if totals or not any(_is_total(value, other) for other in values)]


def _is_total(value: Quantity, other: Quantity) -> bool:
    """Whether a value is a multiple of another one, or what it lacks to 100%."""
    total, part = value.value[0], other.value[0]
    if value is other or value.kind != other.kind or value.kind in TIME_KINDS or not total or not part:
        return False
    if value.kind == "percent":
        return math.isclose(total + part, 100) and value.start > other.start
    return 1 < total / part <= MAX_FACTOR and math.isclose(total / part, round(total / part))


def _range_ends(amount: Quantity, amounts: Sequence[Quantity], text: str) -> tuple[float, float] | None:
    """The ends of the range that an amount ends, in base units: "20-25 °C"; None for a date."""
    value = amount.value[0]
    if amount.kind == "date" or value is None:
        return None
    for other in amounts:
        if other.end <= amount.start and RANGE_END.fullmatch(text, other.end, amount.start) and other.value[0]:
            least = other.value[0] * amount.unit if other.kind == "number" else other.value[0]
            return min(least, value), max(least, value)
    return value, value


def _may_overlap(left: tuple[float, float] | None, right: tuple[float, float] | None) -> bool:
    """Whether two ranges have a value in common."""
    return left is not None and right is not None and left[0] <= right[1] and right[0] <= left[1]


def _other_frequencies(left: str, right: str) -> Amounts | None:
    """How often both answers say that something happens, if they disagree and one of them says so once; else None."""
    language = language_of(f"{left}\n{right}")
    sides = [frequencies.frequencies_in(text, language) for text in (left, right)]
    if not all(sides) or min(map(len, sides)) > 1 or max(map(len, sides)) > MAX_FREQUENCIES:
        return None
    if any(frequencies.agree(left_one, right_one) for left_one, right_one in product(*sides)):
        return None
    return Amounts("numbers", sides[0][0].text, sides[1][0].text, ASKED_PRECISION)


def _dates_alone(*sides: Sequence[Quantity]) -> tuple[list[Quantity], ...]:
    """The amounts of each side; without weekdays if all sides have a date with a day, which could be any weekday."""
    if all(any(amount.kind == "date" and amount.value[2] is not None for amount in side) for side in sides):
        return tuple([amount for amount in side if amount.kind != "weekday"] for side in sides)
    return tuple(map(list, sides))


def _as_year(amount: Quantity) -> Quantity:
    """A number of four digits to a question for a date: "put down 1642"."""
    is_year = amount.kind == "number" and YEAR.fullmatch(amount.text)
    return amount._replace(kind="date", value=(amount.value[0], None, None)) if is_year else amount


def _in_asked_units(
    question: str, kinds_asked: Set[str], *sides: tuple[str, Sequence[Quantity]]
) -> tuple[list[Quantity], ...]:
    """The amounts of each text, where numbers without a unit are of the kind that the question asks for."""
    scales = {amount.kind for _, amounts in sides for amount in amounts} & {"celsius", "fahrenheit"}
    currencies = {amount.kind for _, amounts in sides for amount in amounts} & CURRENCIES
    converted = []
    for text, amounts in sides:
        side = list(amounts)
        if AGE_QUESTION.search(question):
            side = [_as_age(amount, text) for amount in side]
        if "temperature" in kinds_asked:
            side = [_as_degrees(amount, text, min(scales, default="celsius")) for amount in side]
        if "date" in kinds_asked:
            side = [_as_year(amount) for amount in side]
        if "clock" in kinds_asked:
            side = [_as_hour(amount, text) for amount in side]
        if "money" in kinds_asked and len(currencies) <= 1:
            side = [_as_price(amount, text, min(currencies, default="")) for amount in side]
        converted.append(side)
    return tuple(converted)


def _as_age(amount: Quantity, text: str) -> Quantity:
    """The years of a number without a unit, where the text gives an age: "anyone who has turned twelve", "ab zwölf"."""
    is_age = amount.kind == "number" and (
        BEFORE_AGE.search(text[: amount.start]) or AFTER_AGE.match(text[amount.end :])
    )
    kind, years = UNITS["year"]
    if not is_age or amount.value[0] is None:
        return amount
    return amount._replace(kind=kind, value=(amount.value[0] * years,), unit=years, step=amount.step * years)


def _as_degrees(amount: Quantity, text: str, scale: str) -> Quantity:
    """The temperature of a number of degrees without a scale: on `scale`, which the other amounts have."""
    is_bare = amount.kind == "number" and DEGREES.match(text[amount.end :])
    return amount._replace(kind=scale) if is_bare else amount


def _as_hour(amount: Quantity, text: str) -> Quantity:
    """The time of day of a number without a unit, where the text gives a time: "online from nine", "ab neun"."""
    hour = amount.value[0]
    is_hour = (
        amount.kind == "number"
        and hour in range(1, 25)
        and BEFORE_HOUR.search(text[: amount.start])
        and AFTER_HOUR.match(text[amount.end :])
    )
    return amount._replace(kind="clock", value=(60.0 * (hour or 0) % 1440,), step=0, unit=1) if is_hour else amount


def _as_price(amount: Quantity, text: str, currency: str) -> Quantity:
    """The price of a number with two decimals and no unit, in the currency of the other amounts: "9.50 per person"; in
    scripts without spaces, of a number before a comma or at the end.
    """
    if amount.kind != "number":
        return amount
    if UNSPACED_LETTER.search(text) and AFTER_PRICE.match(text, amount.end):
        is_price = (amount.value[0] or 0) >= MIN_BARE_PRICE
        currency = currency or ("JPY" if KANA.search(text) else "CNY")
    else:
        is_price = bool(currency and PRICE.fullmatch(text[amount.start : amount.end]))
    return amount._replace(kind=currency) if is_price else amount


def _other_years(left_amounts: Sequence[Quantity], right_amounts: Sequence[Quantity]) -> Amounts | None:
    """The only year of each answer, if they differ; else None. Whatever month both name, the dates differ."""
    sides = [
        [amount for amount in side if amount.kind == "date" and amount.value[0] is not None]
        for side in (left_amounts, right_amounts)
    ]
    years = [{amount.value[0] for amount in side} for side in sides]
    if len(years[0]) == len(years[1]) == 1 and years[0] != years[1]:
        return Amounts("dates", sides[0][0].text, sides[1][0].text, ASKED_PRECISION)
    return None


def _other_weekdays(left_amounts: Sequence[Quantity], right_amounts: Sequence[Quantity]) -> Amounts | None:
    """The only weekday of each answer, if they differ and no answer names a day of a month: "the second Saturday of
    August", "the last Friday of August"; else None.
    """
    if any(amount.kind == "date" and amount.value[2] is not None for amount in (*left_amounts, *right_amounts)):
        return None
    sides = [[amount for amount in side if amount.kind == "weekday"] for side in (left_amounts, right_amounts)]
    days = [{amount.value[0] for amount in side} for side in sides]
    if len(days[0]) == len(days[1]) == 1 and days[0] != days[1]:
        return Amounts("dates", sides[0][0].text, sides[1][0].text, ASKED_PRECISION)
    return None


def _is_multiple(amounts: Sequence[Quantity], others: Sequence[Quantity], question_amounts: Sequence[Quantity]) -> bool:
    """Whether an amount of `others` is an amount of `amounts` multiplied by another amount of `others` or of the
    question: 9 dollars each, and 72 dollars for 8 people; 10 g per liter, and 50 g for 5 liters.
    """
    for amount, other in product(amounts, others):
        value, total = amount.value[0], other.value[0]
        if group(amount) != group(other) or not value or not total or total <= value:
            continue
        factors = {
            (factor.value[0] or 0) / factor.unit
            for factor in (*others, *question_amounts)
            if factor.kind in (("number",) if group(amount) == "money" else PORTION_KINDS) and factor is not other
        }
        if group(amount) in ("money", *PORTION_KINDS) and any(math.isclose(total / value, many) for many in factors):
            return True
    return False


def _counted_amounts(
    question: str, one_side: tuple[str, Sequence[Quantity]], other_side: tuple[str, Sequence[Quantity]]
) -> Amounts | None:
    """The only numbers of both answers before a word of the question, if they differ: "six tablets", "three tablets".
    Else None.
    """
    (left, left_amounts), (right, right_amounts) = one_side, other_side
    question_words = content_words(question)
    numbers = [
        [(_counted_word(text, amount), amount) for amount in side if amount.kind == "number"]
        for text, side in ((left, left_amounts), (right, right_amounts))
    ]
    words = [Counter(word for word, _ in side if word) for side in numbers]
    for word in sorted(word for word in words[0] if words[0][word] == words[1][word] == 1):
        left_amount, right_amount = (
            next(amount for counted_word, amount in side if counted_word == word) for side in numbers
        )
        if word not in question_words and not (UNSPACED_LETTER.match(word) and word in question):
            continue
        if not (
            _agree(left_amount, right_amount, left, right)
            or _is_elsewhere([left_amount], right_amounts)
            or _is_elsewhere([right_amount], left_amounts)
        ):
            return Amounts("numbers", left_amount.text, right_amount.text, ASKED_PRECISION)
    return _other_classified(question, *numbers)


def _other_classified(
    question: str, left: Sequence[tuple[str, Quantity]], right: Sequence[tuple[str, Quantity]]
) -> Amounts | None:
    """The first numbers of both answers before the character of which the question asks how many ("几门"), if the
    answers share none of them; a number of one is often incidental. `left` and `right`: numbers with the word after
    each.
    """
    for word in dict.fromkeys(word for word, _ in left if word):
        if not re.search(rf"(?:几|多少|何)(?:{'[位名人]|个人' if word == COUNTED_PERSON else word})", question):
            continue
        sides = [
            [amount for counted, amount in side if counted == word and amount.value[0] != INCIDENTAL[0]]
            for side in (left, right)
        ]
        if all(sides) and not any(
            _is_equal(amount, other)
            for side, others in ((sides[0], right), (sides[1], left))
            for amount, (_, other) in product(side, others)
        ):
            return Amounts("numbers", sides[0][0].text, sides[1][0].text, FIRST_PRECISION)
    return None


def _count_the_same(left_amounts: Sequence[Quantity], right_amounts: Sequence[Quantity], left: str, right: str) -> bool:
    """Whether a number of each side stands before the same word."""
    left_counted, right_counted = (
        {_counted_word(text, amount) for amount in side} - {""}
        for text, side in ((left, left_amounts), (right, right_amounts))
    )
    return not left_counted.isdisjoint(right_counted)


def _counted_word(text: str, amount: Quantity) -> str:
    following = text[amount.end :].lstrip()
    word = WORD.match(following)
    if word is None:
        return ""
    if PERSON_CLASSIFIER.match(following):
        return COUNTED_PERSON
    return word.group()[:1] if UNSPACED_LETTER.match(word.group()) else stem(word.group().lower())


def _is_elsewhere(amounts: Sequence[Quantity], others: Sequence[Quantity]) -> bool:
    """Whether a value of one kind is among values of any kind: "from nine", "9 am"."""
    return any(_is_equal(amount, other) for amount in amounts for other in others)


def _is_equal(amount: Quantity, other: Quantity) -> bool:
    """Whether two values may be equal; a number is no amount of a smaller unit: 60 are not one minute."""
    if {amount.kind, other.kind} & {"time", "months"} and "number" in (amount.kind, other.kind):
        return (amount.value[0] or 0) / amount.unit == (other.value[0] or 0) / other.unit
    return amount.same(other)


def _agree(left_amount: Quantity, right_amount: Quantity, left: str, right: str) -> bool:
    """Whether two values of one kind may both hold."""
    if group(left_amount) != group(right_amount):
        return False
    if left_amount.kind != right_amount.kind and "weekday" in (left_amount.kind, right_amount.kind):
        return True  # 5 May may be a Monday
    if {left_amount.unit, right_amount.unit} == WEEK_AND_DAY and _are_working_weeks(left_amount, right_amount):
        return True
    if left_amount.kind == "clock":
        return ((left_amount.value[0] or 0) - (right_amount.value[0] or 0)) % HALF_DAY == 0
    return left_amount.same(right_amount) or may_both_hold(left_amount, right_amount, left, right)


def _are_working_weeks(left_amount: Quantity, right_amount: Quantity) -> bool:
    """Whether a number of weeks and one of days are the same without the weekends."""
    weeks, days = sorted((left_amount, right_amount), key=lambda amount: -amount.unit)
    return bool(weeks.value[0] and days.value[0]) and (weeks.value[0] or 0) * 5 == (days.value[0] or 0) * 7


def are_of_one_topic(*answers: str, more_than: int = MIN_WORDS) -> bool:
    """Whether the longest of some answers has `more_than` so many and at most `MAX_WORDS` words. In scripts without
    spaces, shorter answers count, too: the rules for short answers do not read their units.
    """
    longest = max(map(word_count, answers))
    return longest <= MAX_WORDS and (longest > more_than or any(map(UNSPACED_LETTER.search, answers)))


def word_count(text: str) -> int:
    """The number of words of a text; in scripts without spaces, 5 for 8 characters."""
    return len(text.split()) + len(UNSPACED_LETTER.findall(text)) * 5 // 8
