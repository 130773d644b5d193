"""How often something happens, as the time between two occurrences: "twice a year", "alle drei Monate", "hebdomadaire",
"每周一次".
"""

import re
from functools import cache, lru_cache
from typing import Final

from curate.language.lexicon import UNITS
from curate.language.quantities import Quantity
from curate.language.quantity_translation import HAN_DIGITS, HAN_SCALES, han_value, spelled
from curate.language.quantity_words import UNITS_IN

SECONDS_PER_DAY: Final = 86_400
DAYS_PER_MONTH: Final = 30.4
KIND: Final = "frequency"
MAX_DIFFERENCE: Final = 0.1
"""Maximum relative difference between two equal frequencies: four weeks and a month."""
_EVERY: Final = (
    r"every|each|once an?|alle|aller|jede[nrsm]?|einmal (?:pro|im|in der|am)|tous les|toutes les|chaque|une fois (?:par|tou[st]e?s? les)"  # noqa: E501
    r"|cada|tod[oa]s (?:los|las|os|as)|una vez (?:al|a la|por|cada)|uma vez (?:por|ao|à|a cada)|a cada|ogni|tutt[ie] (?:i|le|gli)"  # noqa: E501
    r"|una volta (?:al|alla|all['’]|ogni)"
)
_PER: Final = (
    r"a|an|per|each|every|in (?:the|a|one)|pro|im|in der|am|par|dans l['’]|al|a la|por|ao|à|em um|all['’]|alla|all"
)
_TIMES: Final = {
    "once": 1, "twice": 2, "thrice": 3, "einmal": 1, "zweimal": 2, "dreimal": 3, "viermal": 4, "one": 1, "eine": 1, "einen": 1,  # noqa: E501
    "una": 1, "un": 1, "une": 1, "uma": 1,
}  # fmt: skip
_ADVERBS: Final[dict[str, float]] = {
    word: days
    for words, days in (
        ("hourly stündlich", 1 / 24),
        ("daily täglich tägliche quotidien quotidienne quotidiennement diario diaria diariamente diário diária"
         " quotidiano quotidiana quotidianamente giornaliero giornaliera", 1),
        ("weekly wöchentlich wöchentliche hebdomadaire hebdomadaires semanal semanalmente settimanale", 7),
        ("fortnightly biweekly", 14),
        ("monthly monatlich monatliche mensuel mensuelle mensuellement mensual mensualmente mensal mensalmente mensile"
         " mensilmente", DAYS_PER_MONTH),
        ("quarterly vierteljährlich trimestriel trimestrielle trimestral trimestralmente trimestrale", 3 * DAYS_PER_MONTH),  # noqa: E501
        ("halbjährlich semestriel semestrielle semestral semestrale", 6 * DAYS_PER_MONTH),
        ("yearly annual annually jährlich jährliche annuel annuelle annuellement anual anualmente annuale annualmente",
         12 * DAYS_PER_MONTH),
    )
    for word in words.split()
}  # fmt: skip
_HAN_UNITS: Final = {
    "小时": 1 / 24, "時間": 1 / 24, "天": 1, "日": 1, "周": 7, "星期": 7, "週間": 7, "週": 7, "个月": DAYS_PER_MONTH,
    "か月": DAYS_PER_MONTH, "ヶ月": DAYS_PER_MONTH, "月": DAYS_PER_MONTH, "年": 12 * DAYS_PER_MONTH,
}  # fmt: skip
_HAN_UNIT: Final = "|".join(sorted(_HAN_UNITS, key=len, reverse=True))
_HAN_NUMBER: Final = r"[\d一二三四五六七八九十两半]+"
_HAN_VERB: Final = r"[^\W\d一二三四五六七八九十两半每毎]{0,8}?"
"""What happens, between the time and how many times it does: "每天最多取消三次"."""
HAN: Final = re.compile(
    rf"(?:每隔?|毎)(?P<count>{_HAN_NUMBER})?个?(?P<unit>{_HAN_UNIT})(?:{_HAN_VERB}(?P<times>{_HAN_NUMBER})[次回])?"
    rf"|(?<!第)(?P<count2>{_HAN_NUMBER})个?(?P<unit2>{_HAN_UNIT})(?:ごと|おき|{_HAN_VERB}(?P<times2>{_HAN_NUMBER})[次回])"
    rf"|(?P<unit3>{_HAN_UNIT})に(?P<times3>{_HAN_NUMBER})回"
)


@lru_cache(16_384)
def frequencies_in(text: str, language: str) -> tuple[Quantity, ...]:
    """The frequencies in a text of a language of `curate.language.quantity_words`, in order; their value is the
    number of days from one occurrence to the next.
    """
    if language in ("zh", "ja"):
        return tuple(_frequency_of_han(match) for match in HAN.finditer(text))
    in_english = spelled(text, language)
    frequencies: dict[int, Quantity] = {}
    for pattern in _patterns(language):
        for match in pattern.finditer(in_english.text):
            groups = match.groupdict()
            times = groups.get("times")
            if "adverb" in groups:
                days = _ADVERBS[groups["adverb"].lower()]
            else:
                days = float(groups.get("count") or 1) * _days(language)[groups["unit"].lower()]
            days /= _TIMES.get(times.lower(), 0) or float(times) if times else 1
            start, end = in_english.starts[match.start()], in_english.ends[match.end() - 1]
            if not any(other.start < end and start < other.end for other in frequencies.values()):
                frequencies[start] = Quantity(KIND, (days,), text[start:end].strip(), start, end, 0, 1)
    return tuple(frequencies[start] for start in sorted(frequencies))


def agree(left: Quantity, right: Quantity) -> bool:
    """Whether two frequencies ("twice a week", "every three days"), in days, differ by `MAX_DIFFERENCE` at most."""
    (left_days,), (right_days,) = left.value, right.value
    assert left_days is not None
    assert right_days is not None
    return abs(left_days - right_days) <= MAX_DIFFERENCE * max(left_days, right_days)


@cache
def _days(language: str) -> dict[str, float]:
    """The days of each unit of time by its name, in English and in the language."""
    english = {
        name: factor * (DAYS_PER_MONTH if kind == "months" else 1 / SECONDS_PER_DAY)
        for name, (kind, factor) in UNITS.items()
        if kind in ("time", "months") and len(name) > 2
    }
    others = {name: english[unit] for name, unit in UNITS_IN.get(language, {}).items() if unit in english}
    return english | others


@cache
def _patterns(language: str) -> tuple[re.Pattern[str], ...]:
    unit = "|".join(map(re.escape, sorted(_days(language), key=len, reverse=True)))
    times = "|".join(_TIMES)
    return tuple(
        re.compile(pattern, re.IGNORECASE)
        for pattern in (
            rf"\b(?<!\d[.,])(?P<times>[1-9]\d*|{times})(?: ?(?:x|times|mal|fois|veces|vezes|volte))?(?:\s[^\W\d]+){{0,2}}?\s(?:{_PER})\s?(?P<unit>{unit})\b",  # noqa: E501
            rf"\b(?:{_EVERY})\s?(?:(?P<count>\d+(?:\.\d+)?)\s)?(?P<unit>{unit})\b",
            rf"\b(?:(?P<times>[1-9]\d{{0,2}}|{times})(?: ?(?:x|times|mal|fois|veces|vezes|volte))?\s)?(?P<adverb>{'|'.join(_ADVERBS)})\b",  # noqa: E501
        )
    )


def _frequency_of_han(match: re.Match[str]) -> Quantity:
    groups = {name.rstrip("23"): value for name, value in match.groupdict().items() if value}
    days = _number(groups.get("count", "1")) * _HAN_UNITS[groups["unit"]] / _number(groups.get("times", "1"))
    return Quantity(KIND, (days,), match.group(), match.start(), match.end(), 0, 1)


def _number(written: str) -> float:
    """The value of digits or of Han numerals, of which 半 adds a half; 1 for both mixed and for zero."""
    if written.isdigit():
        return float(written) or 1.0
    numeral = written.removesuffix("半")
    if not set(numeral) <= HAN_DIGITS.keys() | HAN_SCALES.keys():
        return 1.0
    return (han_value(numeral) + (0.5 if numeral != written else 0)) or 1.0
