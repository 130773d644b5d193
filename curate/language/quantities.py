"""Numbers in a text with their units, converted to one unit per kind: "two hours" is "120 minutes", "1.2 million" is
"1,200,000", "5 March" is "March 5".

Only English is read. A number with an unknown unit is a bare number, which may be equal to a number of any kind.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from typing import Final, NamedTuple

from curate.core.lazy import lazy_pattern
from curate.language.lexicon import DAYS, FREQUENCY_WORDS, MONTHS, NUMERALS, ORDINALS, SCALES, UNITS
from curate.language.quantity_translation import spelled
from curate.language.tokens import stem

_DIGITS: Final = (
    r"(?<![\w.])[-−+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\w,]*\d)|(?<![\w.,)\]])[-−+]?\d+(?:\.\d+)?|\d+(?:\.\d+)?"
)
NUMBER: Final = lazy_pattern(r"(?<![\w.,)\]])[-−+]?\d+(?:[.,]\d+)*|\d+(?:[.,]\d+)*")
"""A number with its sign, separators and decimals. A sign counts only if no word or bracket precedes it."""
THOUSANDS: Final = lazy_pattern(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_WORD: Final = "|".join(sorted(NUMERALS, key=len, reverse=True))
_SHORT_MONTH: Final = "|".join((*(month[:3] for month in MONTHS if month != "may"), "sept"))
_MONTH: Final = "|".join((*MONTHS, _SHORT_MONTH))
_CLEAR_MONTH: Final = "|".join(month for month in MONTHS if month not in ("may", "march"))
_SUFFIX: Final = r"(?:st|nd|rd|th)?"
DATE: Final = lazy_pattern(
    rf"""\b(?P<year1>\d{{4}})-(?P<month1>\d\d)-(?P<day1>\d\d)\b
       | \b(?P<day2>\d{{1,2}}){_SUFFIX}\s+(?:of\s+)?(?P<month2>{_MONTH})\b(?:[.,]?\s+(?P<year2>\d{{4}})\b)?
       | \b(?P<month3>{_MONTH})\b\.?\s+(?:the\s+)?(?P<day3>\d{{1,2}}){_SUFFIX}\b(?!:)(?:,?\s+(?P<year3>\d{{4}})\b)?
       | \b(?P<month4>{_CLEAR_MONTH})\b(?:,?\s+(?P<year4>\d{{4}})\b)?
       | \b(?P<month5>may|march|{_SHORT_MONTH})\b[.,]?\s+(?P<year5>\d{{4}})\b
       | \b(?:(?<=in\s)|(?<=(?:end|mid)\sof\s)|(?<=early\s)|(?<=late\s)|(?<=(?:mid|end)[\s-])|(?<=by\s)|(?<=from\s)
             |(?<=since\s)|(?<=until\s)|(?<=during\s)|(?<=before\s)|(?<=after\s)|(?<=through\s)|(?<=every\s)
            )(?P<month6>may|march)\b""",
    re.IGNORECASE | re.VERBOSE,
)
CLOCK: Final = lazy_pattern(
    r"(?<![\w:.])(?P<hour>\d{1,2})(?::(?P<minute>\d\d))?(?::\d\d)?\s*(?P<half>[ap]\.?m\b\.?)|(?<![\w:.])(?P<hour24>\d{1,2}):(?P<minute24>\d\d)(?![\d:])"
    r"|\b(?P<named>noon|midnight)\b",
    re.IGNORECASE,
)
WEEKDAY: Final = lazy_pattern(rf"\b(?:{'|'.join(DAYS)})s?\b", re.IGNORECASE)
ORDINAL: Final = lazy_pattern(
    rf"\b(?:{'|'.join(ORDINALS)})(?= (?:\w+ )?of (?:each|every|the) (?:week|month|quarter|year)\b)", re.IGNORECASE
)
TIMES: Final = lazy_pattern(
    rf"\b(?P<times>{'|'.join(FREQUENCY_WORDS)})(?= (?:an?|per|each|every) )"
    r"(?: \w+ (?P<period>day|week|month|quarter|year)\b)?",
    re.IGNORECASE,
)
"""Contexts with a period: "twice a year" is "every six months"."""
AMOUNT: Final = lazy_pattern(
    rf"""(?P<currency>[$€£¥₹])?\s?
    (?: (?P<digits>{_DIGITS})(?:(?P<ordinal>st|nd|rd|th)\b)?(?:\s?(?P<letter>k|bn)\b)?
      | \b(?P<words>(?:{_WORD})(?:[- ](?:{_WORD}))?)\b | \b(?P<lone>an?(?=\s+(?:dozen|hundred|thousand|million|billion)\b)) )
    (?P<scales>(?:\s(?:hundred|thousand|million|billion|trillion|dozen|pairs?)\b)*)
    (?:[\s-]?(?P<working>(?:business|working)\s)?(?:(?:full|whole|calendar|consecutive|more|extra)\s)?
       (?P<unit>%|°\s?[CF]\b|degrees\s(?:celsius|fahrenheit)|[a-z]{{1,12}}\b))?""",  # noqa: E501
    re.IGNORECASE | re.VERBOSE,
)
# Numbers of list items, and numbers in web addresses and versions, are not quantities.
NO_NUMBER: Final = lazy_pattern(
    r"(?m)^\s*(?:\(?\d{1,2}[.)]|[-*•#]+)\s+|https?://\S+|(?<![\d.])\d+(?:\.\d+){2,}\b|\bstep \d+\b", re.IGNORECASE
)
NUMBER_ALONE: Final = lazy_pattern(r"(?m)^\s*(?P<number>\d{1,2})\.(?=\s)")
IMPLIED_QUANTITY: Final = lazy_pattern(
    r"\b(?:(?<!of )(?:every|each) (?:single )?|(?<!times )(?P<half>half )?an? (?:single |full |whole )?)"
    r"(?P<unit>second|minute|hour|day|week|month|quarter|year)\b(?P<more> and a half\b)?|\ba (?P<single>single)\b",
    re.IGNORECASE,
)
"""One, half or one and a half of something, if a text has no other quantity: "half an hour", "every week", "a day and a
half", "a single device".
"""
DAYS_PER_WORKING_DAY: Final = 1.2
"""Calendar days per working day: five working days are between five days and a week."""
PRONOUNS: Final = frozenset(("one",))
ROUNDED_KINDS: Final = frozenset(("length", "mass", "volume", "data"))
MAX_CONVERSION_ERROR: Final = 0.025
"""Maximum relative difference between quantities in different units of these kinds: 1 GB is 1,000 MB, or 1,024."""
YEAR: Final = lazy_pattern(r"1\d{3}|20\d{2}")
BEFORE_YEAR: Final = lazy_pattern(
    r"\b(?:in|since|from|by|until|till|to|and|between|during|of|year|before|after|early|late|around|circa)\s+$",
    re.IGNORECASE,
)


BEFORE_AGE: Final = lazy_pattern(r"\bage[ds]?(?: of)? $", re.IGNORECASE)
AFTER_AGE: Final = lazy_pattern(r"\s?(?:or|and) (?:older|younger)\b", re.IGNORECASE)
"""Text before and after a number of years without a unit."""


class Quantity(NamedTuple):
    """A number with its kind, in the kind's base unit, and its spelling."""

    kind: str
    """`number`, `ordinal`, `date`, `clock`, `weekday`, a currency, or the quantity of a unit: `time`, `length`, ..."""
    value: tuple[float | None, ...]
    """One number; for a date, year, month and day, None for each that is not given."""
    text: str
    start: int
    end: int
    step: float
    """One unit of the last written digit, in the base unit: rounding may hide half of it. 0 for values that are
    never rounded.
    """
    unit: float
    """Number of base units in one written unit."""

    def same(self, other: "Quantity") -> bool:
        """Whether two quantities may be equal: dates in the parts that both give, numbers after rounding.

        A bare number may be the year or the day of a date, the hour of a clock time, the count of a unit, or the share
        that a percentage is; Celsius and Fahrenheit, days and months are converted. Different units of `ROUNDED_KINDS`
        may differ by `MAX_CONVERSION_ERROR`, and working days from calendar days by a fifth.
        """
        if self.kind == other.kind == "date":
            return all(a is None or b is None or a == b for a, b in zip(self.value, other.value, strict=True))
        own_value, other_value = self.value[0], other.value[0]
        if self.kind != other.kind:
            if {self.kind, other.kind} == {"date", "number"}:  # a year alone
                date, number = (self, other) if self.kind == "date" else (other, self)
                return number.value[0] in (date.value[0], date.value[2])
            if "date" in (self.kind, other.kind):
                return False
            if (converted := _equal_after_conversion(self, other)) is not None:
                return converted
            if not {self.kind, other.kind} & {"number", "ordinal"}:
                return False
            if own_value is not None and other_value is not None:
                if own_value / self.unit == other_value / other.unit:
                    return True  # 72 yards, and 72 of them
                percent, share = (own_value, other_value) if self.kind == "percent" else (other_value, own_value)
                if "percent" in (self.kind, other.kind) and abs(percent - 100 * share) <= 1e-9 * abs(percent):
                    return True  # 25% is 0.25
        assert own_value is not None
        assert other_value is not None
        most = max(abs(own_value), abs(other_value))
        if DAYS_PER_WORKING_DAY * UNITS["day"][1] in {self.unit, other.unit} and self.unit != other.unit:
            return abs(own_value - other_value) <= most / 5
        if (
            self.unit != other.unit
        ):  # miles and kilometres: converted numbers are rounded, those of hours and minutes seldom
            return abs(own_value - other_value) <= (MAX_CONVERSION_ERROR if self.kind in ROUNDED_KINDS else 1e-9) * most
        if self.step == other.step == 1:  # whole numbers are equal or are not, however long they are
            return own_value == other_value
        return (
            abs(own_value - other_value)
            <= (0.51 * max(self.step, other.step) if self.step != other.step else 0) + 1e-9 * most
        )


def _equal_after_conversion(left: Quantity, right: Quantity) -> bool | None:
    """Whether quantities of two kinds are equal, if both kinds measure the same thing; None if they do not."""
    kinds = {quantity.kind: quantity.value[0] or 0 for quantity in (left, right)}
    if kinds.keys() == {"celsius", "fahrenheit"}:
        return abs(kinds["celsius"] * 1.8 + 32 - kinds["fahrenheit"]) <= 1
    if kinds.keys() == {"time", "months"}:
        return 28 * kinds["months"] <= kinds["time"] / 86400 <= 31 * kinds["months"]
    if kinds.keys() == {"clock", "number"}:  # 6 pm is six in the evening
        hour = kinds["clock"] / 60
        return kinds["number"] in (hour, (hour - 1) % 12 + 1)
    return None


def numbers(text: str) -> list[str]:
    """The numbers in a text, in order, in one spelling: no thousands separators, no zeros after the decimals, no
    plus.
    """
    return [_plain_number(match.group()) for match in NUMBER.finditer(text)]


def _plain_number(number: str) -> str:
    number = number.replace("−", "-").lstrip("+")
    if THOUSANDS.fullmatch(number.lstrip("-")):
        number = number.replace(",", "")
    if number.count(".") == 1 and "," not in number:
        number = number.rstrip("0").rstrip(".")
    return number


@lru_cache(16_384)  # each answer is compared with several others
def quantities(text: str, counted: frozenset[str] = frozenset()) -> tuple[Quantity, ...]:
    """The quantities in an English text, in order.

    "One" counts as a number only before a unit or one of the `counted` stems: it is a pronoun too.
    """
    return _english_quantities(text, counted)


@lru_cache(16_384)
def quantities_in(text: str, language: str) -> tuple[Quantity, ...]:
    """The quantities in a text of a language of `curate.language.quantity_words`, in order, including those written in
    words.
    """
    in_english = spelled(text, language)
    in_text = []
    converted = NUMBER_ALONE.sub(partial(_without_full_stop, text, in_english.starts), in_english.text)
    for quantity in _english_quantities(converted, frozenset()):
        start, end = in_english.starts[quantity.start], in_english.ends[quantity.end - 1]
        in_text.append(quantity._replace(text=text[start:end].strip(), start=start, end=end))
    return tuple(in_text)


def _without_full_stop(text: str, starts: Sequence[int], match: re.Match[str]) -> str:
    """A number at the start of a line with a comma after it, if `text` has it in words: it numbers no item of a list
    ("Twelve. You may change it later").
    """
    return match.group() if text[starts[match.start("number")]].isdigit() else f"{match.group()[:-1]},"


def _english_quantities(text: str, counted: frozenset[str]) -> tuple[Quantity, ...]:
    """The quantities in an English text, in order; `counted` as in `quantities`."""
    text = NO_NUMBER.sub(lambda match: " " * len(match.group()), text)
    quantities_found = []
    lower = text.lower()
    for pattern, read, marks in _READERS:
        for match in pattern.finditer(text) if any(mark in lower for mark in marks) else ():
            quantity = read(match)
            if quantity:
                quantities_found.append(quantity)
                text = text[: match.start()] + " " * len(match.group()) + text[match.end() :]
    quantities_found.extend(_amounts(text, counted))
    if not quantities_found and (implied := IMPLIED_QUANTITY.search(text)):
        kind, factor = UNITS[implied["unit"].lower()] if implied["unit"] else ("number", 1.0)
        factor *= 0.5 if implied["half"] else 1.5 if implied["more"] else 1
        quantities_found.append(
            Quantity(kind, (factor,), implied.group(), implied.start(), implied.end(), factor, factor)
        )
    return tuple(sorted(quantities_found, key=lambda quantity: quantity.start))


def _date(match: re.Match[str]) -> Quantity | None:
    """A date, never None; its year and day are None where the text gives none."""
    parts = {name[:-1]: value for name, value in match.groupdict().items() if value is not None}
    month = parts["month"].lower()
    number = (
        float(month)
        if month.isdigit()
        else float(next(number for number, name in enumerate(MONTHS, start=1) if name[:3] == month[:3]))
    )
    value = (float(parts["year"]) if "year" in parts else None, number, float(parts["day"]) if "day" in parts else None)
    return Quantity("date", value, match.group(), match.start(), match.end(), 0, 1)


def _clock_time(match: re.Match[str]) -> Quantity | None:
    """A time of day in minutes; None if the match is no time."""
    if match["named"]:
        value = 720.0 if match["named"].lower() == "noon" else 0.0
        return Quantity("clock", (value,), match.group(), match.start(), match.end(), 0, 1)
    hour, minute = int(match["hour"] or match["hour24"]), int(match["minute"] or match["minute24"] or 0)
    if hour > 24 or minute > 59:
        return None
    if match["half"]:
        hour = hour % 12 + (12 if match["half"][0] in "pP" else 0)
    return Quantity("clock", (float(60 * hour + minute),), match.group(), match.start(), match.end(), 0, 1)


def _position_in_words(kind: str, words: Sequence[str], first: int, match: re.Match[str]) -> Quantity:
    """The number of a word by its position in a list, such as that of months; `first` is the number of the
    first word.
    """
    number = float(first + words.index(match.group().lower().removesuffix("s")))
    return Quantity(kind, (number,), match.group(), match.start(), match.end(), 0, 1)


def _times(match: re.Match[str]) -> Quantity:
    """A frequency such as `twice a day`: the days between two times; a plain number without a period."""
    times = FREQUENCY_WORDS.index(match["times"].lower()) + 1
    kind, factor = UNITS[match["period"].lower()] if match["period"] else ("number", 1.0)
    value = factor / times if match["period"] else float(times)
    return Quantity(kind, (value,), match.group(), match.start(), match.end(), 0, factor)


def _amounts(text: str, counted: frozenset[str]) -> Iterator[Quantity]:
    """The numbers of a text with their units; `counted`: the stems that make "one" a number."""
    for match in AMOUNT.finditer(text):
        digits, words = match["digits"], (match["words"] or "").lower()
        unit, kind, factor = (match["unit"] or "").lower(), "number", 1.0
        unit = unit.replace("degrees ", "").replace("° ", "°")
        end = match.end()
        if unit in UNITS and not (unit in ("s", "h", "g", "l", "m", "min") and words):
            kind, factor = UNITS[unit]
            factor *= DAYS_PER_WORKING_DAY if match["working"] and kind == "time" else 1
        else:
            end = match.end("scales")
        if match["currency"]:
            kind, factor = UNITS[match["currency"]]
        if match["ordinal"]:
            kind = "ordinal"
        scale = 1.0
        for name in (match["scales"] or "").lower().split():
            scale *= SCALES[name]
        scale *= SCALES[match["letter"].lower()] if match["letter"] else 1.0
        if words in PRONOUNS and kind == "number" and scale == 1.0 and stem(unit) not in counted:
            continue
        if digits:
            plain = digits.replace(",", "").replace("−", "-")
            amount, step = float(plain), 10.0 ** -len(plain.partition(".")[2])
        else:
            amount, step = (float(_number_words_value(words)) if words else 1.0), 1.0
        start = match.start() + (len(match.group()) - len(match.group().lstrip()))
        if kind == "number" and (BEFORE_AGE.search(text, max(0, start - 8), start) or AFTER_AGE.match(text, end)):
            kind, factor = UNITS["years"]
        if (
            kind == "number"
            and scale == 1.0
            and digits
            and YEAR.fullmatch(digits)
            and BEFORE_YEAR.search(text, max(0, start - 16), start)
        ):
            yield Quantity("date", (amount, None, None), digits, start, end, 0, 1)
            continue
        yield Quantity(
            kind,
            (amount * scale * factor,),
            text[start:end].rstrip(),
            start,
            start + len(text[start:end].rstrip()),
            step * scale * factor,
            factor,
        )


def _number_words_value(words: str) -> int:
    """The value of one or two number words: twenty-five is 25; "two three" counts as its first."""
    parts = re.split(r"[- ]", words)
    first = NUMERALS[parts[0]]
    if len(parts) == 2 and first >= 20 and 0 < NUMERALS[parts[1]] < 10:
        return first + NUMERALS[parts[1]]
    return first


_READERS: Final = (
    (DATE, _date, ("-", *(month[:3] for month in MONTHS))),
    (CLOCK, _clock_time, (":", "am", "a.m", "pm", "p.m", "noon", "midnight")),
    (WEEKDAY, partial(_position_in_words, "weekday", DAYS, 0), ("day",)),
    (ORDINAL, partial(_position_in_words, "ordinal", ORDINALS, 1), (" of ",)),
    (TIMES, _times, FREQUENCY_WORDS),
)
"""Patterns, the readers of their matches, and lower-case texts of which each match contains one: most texts contain
none.
"""


def unmatched(left: Sequence[Quantity], right: Sequence[Quantity]) -> tuple[list[Quantity], list[Quantity]]:
    """The quantities of each side that the other side does not have."""
    left_only = [quantity for quantity in left if not any(quantity.same(other) for other in right)]
    right_only = [quantity for quantity in right if not any(quantity.same(other) for other in left)]
    return left_only, right_only


def align_units(left: str, right: str) -> str:
    """`right` with each quantity in the spelling of the equal one in `left`: language models do not recognize that 120
    minutes are two hours.
    """
    left_quantities = quantities(left)
    parts, position = [], 0
    for quantity in quantities(right) if left_quantities else ():
        twin = next(
            (other for other in left_quantities if other.kind == quantity.kind != "date" and other.same(quantity)), None
        )
        if twin is not None and twin.text.casefold() != quantity.text.casefold():
            parts += [right[position : quantity.start], twin.text]
            position = quantity.end
    return "".join([*parts, right[position:]])
