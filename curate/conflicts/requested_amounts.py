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
    TWO_THINGS,
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

    @classmethod
    def of(cls, left: Quantity, right: Quantity, precision: float) -> "Amounts":
        """Those of a value of each answer, both of one kind."""
        return cls("dates" if left.kind in TIME_KINDS else "numbers", left.text, right.text, precision)


class AnswerAmounts(NamedTuple):
    """An answer and the amounts in it."""

    text: str
    amounts: list[Quantity]

    def of_kind(self, kind: str) -> list[Quantity]:
        """The amounts of a kind."""
        return [amount for amount in self.amounts if group(amount) == kind]

    def kinds(self) -> set[str]:
        """The kinds of the amounts."""
        return set(map(group, self.amounts))


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
    question_amounts = quantities_in(question, language)
    first, second = (
        AnswerAmounts(
            text, [one for one in quantities_in(text, language) if not _is_elsewhere([one], question_amounts)]
        )
        for text in (left, right)
    )
    sides = _in_asked_units(part, kinds_asked, first, second)
    if not kinds_asked and not may_ask_for_an_amount(part):
        return _only_other_slot(*sides, question_amounts)
    if "date" in kinds_asked:
        if not any("date" in side.kinds() for side in sides):
            kinds_asked |= {"clock"}  # "when", answered by times of day
        if dates := _other_years(*sides) or _other_weekdays(*sides):
            return dates
    sides = _dates_alone(*sides)
    shared = _shared_kinds(*sides)
    if kinds_asked & shared - {"number"}:
        return _other_first_value(kinds_asked & shared & FIRST_KINDS, *sides, question_amounts) or (
            _other_of_two(kinds_asked, shared, *sides, question_amounts) if TWO_THINGS.search(part) else None
        )
    if kinds_asked or max(len(side.amounts) for side in sides) <= MAX_UNASKED_VALUES:
        if other := _other_value(kinds_asked, shared, *sides, question_amounts):
            return other
        if "number" in kinds_asked and (
            counted := _counted_amounts(question, *sides) or _other_slot("number", *sides, question_amounts)
        ):
            return counted
    return _only_other_slot(*sides, question_amounts)


def _shared_kinds(left: AnswerAmounts, right: AnswerAmounts) -> set[str]:
    """The kinds of which two answers have values that may both hold."""
    pairs = product(left.amounts, right.amounts)
    return {group(amount) for amount, other in pairs if _agree(amount, other, left.text, right.text)}


def _other_value(
    kinds_asked: Set[str],
    shared: Set[str],
    left: AnswerAmounts,
    right: AnswerAmounts,
    question_amounts: Sequence[Quantity],
) -> Amounts | None:
    """The first values of a kind of which the answers share none, those of the requested kinds first; else None."""
    kinds = (left.kinds() & right.kinds()) - {"ordinal"} - shared
    are_long = max(map(word_count, (left.text, right.text))) > MAX_BRIEF_WORDS or UNSPACED_LETTER.search(left.text)
    for kind in sorted(kinds, key=lambda kind: (kind not in kinds_asked, kind)):
        sides = left.of_kind(kind), right.of_kind(kind)
        single = len(sides[0]) == len(sides[1]) == 1
        is_possible = kind in UNASKED_KINDS or (kind == "time" and "date" in kinds_asked)  # "when": "in ten minutes"
        if (
            (kind in kinds_asked or (single and is_possible))
            and max(map(len, sides)) <= MAX_VALUES
            and (
                kind != "number"
                or (single and not shared and are_long)
                or _count_the_same(sides[0], sides[1], left.text, right.text)
            )
            and not _are_derived(*sides, left, right, question_amounts)
        ):
            unasked = OTHER_PRECISION if kinds_asked else UNKNOWN_PRECISION
            return Amounts.of(sides[0][0], sides[1][0], ASKED_PRECISION if kind in kinds_asked else unasked)
    return None


def _are_derived(
    left_values: Sequence[Quantity],
    right_values: Sequence[Quantity],
    left: AnswerAmounts,
    right: AnswerAmounts,
    question_amounts: Sequence[Quantity],
) -> bool:
    """Whether one of the values of an answer is anywhere in the other one, or is a multiple or a part of a value
    there.
    """
    return any(
        _is_elsewhere(values, others) or _is_multiple(values, others, question_amounts)
        for values, others in ((left_values, right.amounts), (right_values, left.amounts))
    )


def _other_first_value(
    kinds: Set[str], left: AnswerAmounts, right: AnswerAmounts, question_amounts: Sequence[Quantity]
) -> Amounts | None:
    """The first value of one of `kinds` of each answer, if neither is anywhere in the other answer, whatever other
    values both share: "two months, answered within three days", "six weeks, answered within three days". Else None.
    """
    for kind in sorted(kinds):
        sides = left.of_kind(kind), right.of_kind(kind)
        if max(map(len, sides)) > MAX_VALUES:
            continue
        first, other = sides[0][0], sides[1][0]
        if not (
            any(_agree(first, amount, left.text, right.text) for amount in right.amounts)
            or any(_agree(other, amount, right.text, left.text) for amount in left.amounts)
            or _may_overlap(_range_ends(first, left), _range_ends(other, right))
            or _are_derived([first], [other], left, right, question_amounts)
        ):
            return Amounts.of(first, other, FIRST_PRECISION)
    return None


def _other_of_two(
    kinds_asked: Set[str],
    shared: Set[str],
    left: AnswerAmounts,
    right: AnswerAmounts,
    question_amounts: Sequence[Quantity],
) -> Amounts | None:
    """The values of two answers to a question for two things that agree about the other one: "23 kg, and 8 kg in the
    cabin", "23 kg, and 12 kg in the cabin", or "40 minutes, 90 dollars", "40 minutes, 140 dollars". Else None.
    """
    for kind in sorted(kinds_asked & FIRST_KINDS):
        if kind not in shared:
            if other := _other_slot(kind, left, right, question_amounts):
                return other
            continue
        sides = [_main_values(side, kind, totals=True) for side in (left, right)]
        if [len(side) for side in sides] != [2, 2]:
            continue
        left_only, right_only = unmatched(*sides)
        if len(left_only) == len(right_only) == 1 and not (
            may_both_hold(left_only[0], right_only[0], left.text, right.text)
            or _are_derived(left_only, right_only, left, right, question_amounts)
        ):
            return Amounts.of(left_only[0], right_only[0], FIRST_PRECISION)
    return None


def _only_other_slot(left: AnswerAmounts, right: AnswerAmounts, question_amounts: Sequence[Quantity]) -> Amounts | None:
    """The values of two answers of the only kind in which they differ, whatever the question asks for: each has one
    main value of it, and they share one of each other kind that both have. None without such a kind.
    """
    differing = (left.kinds() & right.kinds() & SLOT_KINDS) - _shared_kinds(left, right)
    return _other_slot(differing.pop(), left, right, question_amounts) if len(differing) == 1 else None


def _other_slot(
    kind: str, left: AnswerAmounts, right: AnswerAmounts, question_amounts: Sequence[Quantity]
) -> Amounts | None:
    """The main value of `kind` of each answer, if they have one and cannot both be right; else None."""
    sides = _main_values(left, kind), _main_values(right, kind)
    if any(len(side) != 1 for side in sides):
        return None
    (left_amount,), (right_amount,) = sides
    if any(
        amount.kind == "weekday" or (amount.kind == "date" and amount.value[1] is None)
        for amount in (left_amount, right_amount)
    ):
        return None  # weekdays and years are often beside the point
    if (
        _agree(left_amount, right_amount, left.text, right.text)
        or _may_overlap(_range_ends(left_amount, left), _range_ends(right_amount, right))
        or _are_derived([left_amount], [right_amount], left, right, question_amounts)
    ):
        return None
    return Amounts.of(left_amount, right_amount, OTHER_PRECISION)


def _main_values(side: AnswerAmounts, kind: str, *, totals: bool = False) -> list[Quantity]:
    """The different values of a kind of a text, unless with `totals` without totals and rests of another one ("£20 a
    month, £240 a year", "78%, so 22 of 100 are wrong"), and without `INCIDENTAL` numbers; the one in bold, if there is
    one.
    """
    values: list[Quantity] = []
    for amount in side.of_kind(kind):
        if not any(map(amount.same, values)) and not (amount.kind == "number" and amount.value[0] in INCIDENTAL):
            values.append(amount)
    bold = [match.span(1) for match in EMPHASIZED.finditer(side.text)]
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


def _range_ends(amount: Quantity, side: AnswerAmounts) -> tuple[float, float] | None:
    """The ends of the range that an amount ends, in base units: "20-25 °C"; None for a date."""
    value = amount.value[0]
    if amount.kind == "date" or value is None:
        return None
    for other in side.amounts:
        if other.end <= amount.start and RANGE_END.fullmatch(side.text, other.end, amount.start) and other.value[0]:
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


def _has_day(side: AnswerAmounts) -> bool:
    """Whether an answer has a date with a day of a month."""
    return any(amount.kind == "date" and amount.value[2] is not None for amount in side.amounts)


def _dates_alone(left: AnswerAmounts, right: AnswerAmounts) -> tuple[AnswerAmounts, AnswerAmounts]:
    """Both sides; without weekdays if both have a date with a day, which could be any weekday."""
    if not (_has_day(left) and _has_day(right)):
        return left, right
    first, second = (
        side._replace(amounts=[amount for amount in side.amounts if amount.kind != "weekday"]) for side in (left, right)
    )
    return first, second


def _as_year(amount: Quantity) -> Quantity:
    """A number of four digits to a question for a date: "put down 1642"."""
    is_year = amount.kind == "number" and YEAR.fullmatch(amount.text)
    return amount._replace(kind="date", value=(amount.value[0], None, None)) if is_year else amount


def _in_asked_units(
    question: str, kinds_asked: Set[str], left: AnswerAmounts, right: AnswerAmounts
) -> tuple[AnswerAmounts, AnswerAmounts]:
    """Both sides, where numbers without a unit are of the kind that the question asks for."""
    kinds = {amount.kind for amount in (*left.amounts, *right.amounts)}
    scale, currencies = min(kinds & {"celsius", "fahrenheit"}, default="celsius"), kinds & CURRENCIES

    def converted(side: AnswerAmounts) -> AnswerAmounts:
        text, amounts = side
        if AGE_QUESTION.search(question):
            amounts = [_as_age(amount, text) for amount in amounts]
        if "temperature" in kinds_asked:
            amounts = [_as_degrees(amount, text, scale) for amount in amounts]
        if "date" in kinds_asked:
            amounts = [_as_year(amount) for amount in amounts]
        if "clock" in kinds_asked:
            amounts = [_as_hour(amount, text) for amount in amounts]
        if "money" in kinds_asked and len(currencies) <= 1:
            amounts = [_as_price(amount, text, min(currencies, default="")) for amount in amounts]
        return AnswerAmounts(text, amounts)

    return converted(left), converted(right)


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


def _other_years(left: AnswerAmounts, right: AnswerAmounts) -> Amounts | None:
    """The only year of each answer, if they differ; else None. Whatever month both name, the dates differ."""
    sides = [
        [amount for amount in side.amounts if amount.kind == "date" and amount.value[0] is not None]
        for side in (left, right)
    ]
    years = [{amount.value[0] for amount in side} for side in sides]
    if len(years[0]) == len(years[1]) == 1 and years[0] != years[1]:
        return Amounts.of(sides[0][0], sides[1][0], ASKED_PRECISION)
    return None


def _other_weekdays(left: AnswerAmounts, right: AnswerAmounts) -> Amounts | None:
    """The only weekday of each answer, if they differ and no answer names a day of a month: "the second Saturday of
    August", "the last Friday of August"; else None.
    """
    if _has_day(left) or _has_day(right):
        return None
    sides = [[amount for amount in side.amounts if amount.kind == "weekday"] for side in (left, right)]
    days = [{amount.value[0] for amount in side} for side in sides]
    if len(days[0]) == len(days[1]) == 1 and days[0] != days[1]:
        return Amounts.of(sides[0][0], sides[1][0], ASKED_PRECISION)
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


def _counted_amounts(question: str, left: AnswerAmounts, right: AnswerAmounts) -> Amounts | None:
    """The only numbers of both answers before a word of the question, if they differ: "six tablets", "three tablets".
    Else None.
    """
    question_words = content_words(question)
    numbers = [
        [(_counted_word(side.text, amount), amount) for amount in side.amounts if amount.kind == "number"]
        for side in (left, right)
    ]
    words = [Counter(word for word, _ in side if word) for side in numbers]
    for word in sorted(word for word in words[0] if words[0][word] == words[1][word] == 1):
        left_amount, right_amount = (
            next(amount for counted_word, amount in side if counted_word == word) for side in numbers
        )
        if word not in question_words and not (UNSPACED_LETTER.match(word) and word in question):
            continue
        if not (
            _agree(left_amount, right_amount, left.text, right.text)
            or _is_elsewhere([left_amount], right.amounts)
            or _is_elsewhere([right_amount], left.amounts)
        ):
            return Amounts.of(left_amount, right_amount, ASKED_PRECISION)
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
