"""Convert the quantities of a text to the spelling that `curate.language.quantities` reads: "treinta y cinco días" to
"35 days", "18 Uhr 30" to "18:30", "百分之五" to "5 percent".
"""

import re
from collections.abc import Callable
from functools import cache, lru_cache, partial
from typing import Any, Final, NamedTuple

from curate.core.characters import UNSPACED
from curate.core.lazy import lazy_pattern
from curate.core.text import storable
from curate.language.inflected_quantities import english_number, inflected_language, spellings
from curate.language.quantity_words import (
    BEFORE_NOON,
    CLOCK_PREPOSITIONS,
    DAYS_IN,
    FUNCTION_WORDS,
    HALF_PAST,
    HOUR_WORDS,
    IDIOMS,
    MONTHS_IN,
    PAST_NOON,
    QUARTER_PAST,
    RELATIVE_CLOCKS,
    UNITS_IN,
    WORKING,
)

KANA: Final = lazy_pattern(r"[\u3041-\u30ff]")
UNSPACED_LETTER: Final = lazy_pattern(UNSPACED)
WORD: Final = lazy_pattern(r"[^\W\d_]+")
TOKEN: Final = lazy_pattern(r"[^\W\d_]+|\d+|\s+|[^\w\s]|_")
EMPHASIS: Final = lazy_pattern(r"\*{1,3}(?=\S)|(?<=\S)\*{1,3}")
"""Marks of bold and italic text, which may stand between a number and its unit."""
MAX_WORDS: Final = 400
"""Number of first words from which the language of a text is detected."""
HAN_DIGITS: Final = {char: digit for digit, char in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0, "兩": 2}
HAN_SCALES: Final = {"十": 10, "百": 100, "千": 1_000}
HAN_COUNTERS: Final = "天日周週年月时時分秒元块円个個次名人位度％%点點歳岁本回枚杯台錠つ片粒箱瓶摄袋包行週種斤両两章ヶヵかカ小页節号號折毫公厘米克升層层级件条張张席戸軒"  # noqa: E501
HAN_CLASSIFIERS: Final = (
    "门門节科堂课課项項部套台家间間盒袋支只隻双雙颗顆根辆輛份批组組道题題句篇遍趟桶勺碗届屆座户戶栋棟处處"
    "场場轮輪幅顶床匹头頭棵朵把封扇株串排列步款班站圈桌箱期"
)
"""More of them, before which one is rarely a number."""
HAN_SEPARATOR: Final = lazy_pattern(r"(?<=\d),(?=\d{3}(?!\d))")
"""A comma between thousands."""
HAN_SOME: Final = lazy_pattern(r"(?<![午上晨朝夜天日到在是至从於于十\W])一点(?![\d一二三四五零钟鐘半整过前后後])")
"""A little, not one o'clock."""
HAN_ABOUT: Final = lazy_pattern(
    r"(?<![第零一二三四五六七八九十百千万])(?:一两|两三|三四|三五|四五|五六|六七|七八|八九)[十百千万]?(?![零一二三四五六七八九十百千万])"
)
"""One or two, and other numbers that are not exact."""
HAN_RATE: Final = lazy_pattern(r"一(?=(?:年|个月|周|星期|天)[^\d，。,、；]{1,4}[一两二三四五六\d]次)")
"""Of a time in which something happens several times."""
HAN_GRADE: Final = lazy_pattern(r"[一二三四五六七八九\d]年级")
"""A school class, not a number of years."""
HAN_SPOKEN: Final = lazy_pattern(
    r"(?<![第\d零一二三四五六七八九十百千万])([一二三四五六七八九])([百千万])([一二三四五六七八九])(?=[^\w十百千万]|$|一[个次天年张位节])"
)
"""A number whose last unit is left out: 140 as "one hundred four", before a sign, the end or another number."""
HAN_COUNTLESS: Final = lazy_pattern(
    r"(?<![第\d零一二三四五六七八九十百千万两])(?:[一二三四五六七八九两]千零?(?:[一二三四五六七八九]百零?)?|[一二三四五六七八九两]百零?)"
    r"(?:[一二三四五六七八九]?十)?[一二三四五六七八九]?(?=[^\w\s]|$|一[个次天年张位节])"
    r"|[一二三四五六七八九十百两]{1,5}(?=\s?(?:[kmgt]b|kg|mg|ml|km|cm|mm)(?![a-z]))",
    re.IGNORECASE,
)
"""A number of hundreds without a unit, as a price, and one before a unit in Latin letters."""
HAN_BYTES: Final = lazy_pattern(r"(\d) ?[个個]([KMGT])B?(?![A-Za-z])", re.IGNORECASE)
HAN_AFTER_LATIN: Final = lazy_pattern(r"(\d ?(?:[kmgt]b|kg|mg|ml|km|cm|mm|g))(?=[\u3040-\u9fff])", re.IGNORECASE)
"""A unit in Latin letters without a space after it."""
HAN_NUMBER: Final = lazy_pattern(
    rf"(?<![第\w])[零一二三四五六七八九十百千万两兩〇]{{1,7}}(?=[{HAN_COUNTERS}])(?!分之)|(?<=[^第])[零一二三四五六七八九十百千万两兩〇]{{1,7}}(?=[{HAN_COUNTERS}])(?!分之)"
    rf"|(?<!第)[二三四五六七八九十百千万两兩][零一二三四五六七八九十百千万]{{0,6}}(?=[{HAN_CLASSIFIERS}])"
)
HAN_HALF: Final = lazy_pattern(
    r"(?<!\d)(\d+)(?:([个個])半(?=小时|钟头|月|星期)|(小时|天|年間?|周|時間|日|か月|ヶ月|カ月|週間)半)"
)
"""One and a half of something, and more."""
HAN_WEIGHT: Final = lazy_pattern(rf"(\d+(?:\.\d+)?|半)(斤|两(?![{HAN_COUNTERS}{HAN_CLASSIFIERS}]))(?![个位张])")
"""An amount in the Chinese pound of 500 grams, or in its tenth."""
HAN_TENTHS: Final = lazy_pattern(
    r"(?<![第\w])([一二两三四五六七八九\d])成(?![为立功本员長长交就分果品])|(?<=[^第\d])([一二两三四五六七八九\d])成(?![为立功本员長长交就分果品])"
)
"""A number of tenths, as a share."""
HAN_PERCENT: Final = lazy_pattern(r"百分之([零一二三四五六七八九十百两\d.]+)")
HAN_CLOCK: Final = lazy_pattern(
    r"(?P<half>上午|早上|凌晨|清晨|午前|朝|下午|晚上|傍晚|中午|午後|夜)?の?\s*(?P<hour>\d{1,2})\s*[点點時时](?!间|間)(?:钟|整)?(?:(?P<minute>\d{1,2})分|(?P<thirty>半)|(?P<quarters>[一三13])刻|(?P<bare>[0-5]\d)(?!\d|[个天年月元块次人名位周]|小时|％|%))?"
)
HAN_PAST_HOUR: Final = lazy_pattern(r"\d{1,2}[点點](?=多)")
"""Some time after an hour: "八点多"."""
HAN_LABEL: Final = lazy_pattern(r"\d{1,3}号(?=[键线楼门窗柜机厅房])")
"""The number of a key, a line or a room."""
HAN_DIGITAL_CLOCK: Final = lazy_pattern(r"(?<!\d)(?<!\d[:：])(\d{1,2})[:：](\d{2})(?![\d:：]\d|\d)")
"""A time of day as 8:20, which no space separates from the words around it."""
HAN_MINUTES: Final = lazy_pattern(
    r"(?<=[一二三四五六七八九十\d][点點])(?:零[一二三四五六七八九]|[二三四五]?十[一二三四五六七八九]?)(?![个天年月元块次人名位周]|小时)"
)
"""Minutes after the hour without their unit."""
HAN_PAST_NOON: Final = frozenset(("下午", "晚上", "傍晚", "午後", "夜"))
HAN_YEAR: Final = lazy_pattern(r"(?<!\d)((?:1[89]|20)\d\d)年(?!間|[间半])")
"""A year without a month."""
HAN_DAY: Final = lazy_pattern(
    rf"(?<=[一二三四五六七八九十\d]月)(?:[一二]?十[一二三四五六七八九]?|三十一?|[一二三四五六七八九]|初[一二三四五六七八九十])(?![零一二三四五六七八九十百千万{HAN_COUNTERS}{HAN_CLASSIFIERS}])"
)
"""The day of a month without its unit."""
HAN_DATE: Final = lazy_pattern(r"(?:(\d{4})年)?(\d{1,2})月(?:份)?(?:(\d{1,2})[日号號])?")
ENGLISH_MONTHS: Final = tuple(MONTHS_IN["de"].values())


ENGLISH_DAYS: Final = tuple(DAYS_IN["de"].values())
HAN_WEEKDAY: Final = lazy_pattern(
    r"(?:星期|(?<![一二两三四五六七八九十\d])周|礼拜|週)([一二三四五六日天])(?![年内节門门课次个遍趟])|([月火水木金土日])曜日?"
)


class Spelled(NamedTuple):
    """A text in another spelling."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    """For each character, start and end of the part of the original text that it is derived from."""

    def sub(self, pattern: re.Pattern[str], spell: Callable[[re.Match[str]], str | None]) -> "Spelled":
        """The text with each match replaced, unless by None."""
        changes = [
            (match.start(), match.end(), new)
            for match in pattern.finditer(self.text)
            if (new := spell(match)) is not None
        ]
        return self.replaced(changes)

    def replaced(self, changes: list[tuple[int, int, str]]) -> "Spelled":
        """The text with each part from start to end replaced, in order."""
        if not changes:
            return self
        parts: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        position = 0
        for start, end, new in changes:
            parts += [self.text[position:start], new]
            starts += [*self.starts[position:start], *[self.starts[start]] * len(new)]
            ends += [*self.ends[position:start], *[self.ends[end - 1]] * len(new)]
            position = end
        return Spelled(
            "".join([*parts, self.text[position:]]), (*starts, *self.starts[position:]), (*ends, *self.ends[position:])
        )


@lru_cache(16_384)
def language_of(text: str) -> str:
    """The language of a text as ISO 639-1 code, among those whose words are known; "en" if it is none of them, as
    Russian, Polish, Turkish and Korean, of which only the quantities are known.
    """
    if inflected_language(text):
        return "en"
    if UNSPACED_LETTER.search(text):
        return "ja" if KANA.search(text) else "zh"
    words = [match.group() for match in WORD.finditer(text.lower())][:MAX_WORDS]
    scores = {name: sum(word in listed for word in words) for name, listed in FUNCTION_WORDS.items()}
    best = max(scores, key=lambda name: (scores[name], name == "en"))
    return best if scores[best] > scores["en"] else "en"


@lru_cache(16_384)
def spelled(text: str, language: str) -> Spelled:
    """A text with its quantities as English ones with digits, and without asterisks that mark emphasis.

    `language`: a code that `language_of` gives; number words of an English text become digits, too.
    """
    plain = text.replace("\u00a0", " ").replace("\u202f", " ")
    translated = Spelled(plain, tuple(range(len(plain))), tuple(range(1, len(plain) + 1)))
    translated = translated.sub(EMPHASIS, partial(_always, ""))
    if language in ("zh", "ja"):
        translated = _han_numbers(translated)
    for pattern, new in _idioms(language):
        translated = translated.sub(pattern, partial(_expanded, new))
    if language in ("zh", "ja"):
        return _han_units(translated, language)
    if language == "en" and (inflected := inflected_language(plain)):
        for amounts, spell in spellings(inflected):
            translated = translated.sub(amounts, spell)
        return translated
    translated = _number_words(translated, language)
    translated = translated.sub(SHARE, lambda match: f"{match[1]}%")
    if language != "en":
        translated = translated.sub(SEPARATED, english_number)
    translated = _clocks(translated, language)
    return _with_english_names(translated, language) if language != "en" else translated.sub(ENGLISH_CENTS, _with_cents)


def _with_cents(match: re.Match[str]) -> str:
    return f"{match[1]}.{match[3]} {match[2]}"


def _always(new: str, _: re.Match[str]) -> str:
    return new


def _expanded(template: str, match: re.Match[str]) -> str:
    return match.expand(template)


@cache
def _idioms(language: str) -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(pattern, re.IGNORECASE), new) for pattern, new in IDIOMS[language]]


def han_value(numeral: str) -> int:
    """The number that Han numerals write; `numeral`: only keys of `HAN_DIGITS` and `HAN_SCALES`."""
    total = part = digit = 0
    for char in numeral:
        if char in HAN_DIGITS:
            digit = digit * 10 + HAN_DIGITS[char] if digit else HAN_DIGITS[char]
        elif char == "万":
            total, part, digit = (total + part + digit or 1) * 10_000, 0, 0
        else:
            part, digit = part + (digit or 1) * HAN_SCALES[char], 0
    return total + part + digit


def _han_numbers(translated: Spelled) -> Spelled:
    """The text with numbers in Han characters and full-width digits as ASCII digits."""
    translated = translated.sub(re.compile("[０-９]"), lambda match: str(int(match.group())))
    translated = translated.sub(HAN_SEPARATOR, partial(_always, ""))
    translated = translated.sub(HAN_SOME, partial(_always, "一些"))
    translated = translated.sub(
        HAN_PERCENT,
        lambda match: f"{match[1] if match[1][0].isdigit() else han_value(match[1])}%",
    )
    translated = translated.sub(HAN_ABOUT, partial(_always, "几"))
    translated = translated.sub(HAN_RATE, partial(_always, "每"))
    translated = translated.sub(HAN_TENTHS, lambda match: f"{10 * han_value(match[1] or match[2])}%")
    translated = translated.sub(HAN_DAY, lambda match: f"{han_value(match.group().removeprefix('初'))}日")
    translated = translated.sub(HAN_GRADE, partial(_always, "年级"))
    translated = translated.sub(HAN_MINUTES, lambda match: f"{han_value(match.group()):02d}")
    translated = translated.sub(HAN_SPOKEN, _spoken_number)
    translated = translated.sub(HAN_COUNTLESS, lambda match: f"{han_value(match.group())} ")
    translated = translated.sub(HAN_NUMBER, lambda match: str(han_value(match.group())))
    translated = translated.sub(HAN_BYTES, partial(_expanded, r"\1 \2B "))
    translated = translated.sub(HAN_AFTER_LATIN, partial(_expanded, r"\1 "))
    return translated.sub(HAN_HALF, lambda match: f"{match[1]}.5{match[2] or match[3]}")


def _han_units(translated: Spelled, language: str) -> Spelled:
    """The text with Chinese or Japanese dates, times, weekdays and units after digits as English ones."""
    translated = translated.sub(re.compile(r"(\d+(?:\.\d+)?)万"), lambda match: str(round(float(match[1]) * 10_000)))
    translated = translated.sub(HAN_DATE, _han_date)
    translated = translated.sub(HAN_YEAR, lambda match: f" in {match[1]} ")
    if language == "zh":
        translated = translated.sub(HAN_WEIGHT, _han_weight)
    for pattern in (HAN_PAST_HOUR, HAN_LABEL):
        translated = translated.sub(pattern, partial(_always, "某"))
    translated = translated.sub(HAN_CLOCK, _han_clock)
    translated = translated.sub(HAN_DIGITAL_CLOCK, lambda match: f" {match[1]}:{match[2]} ")
    translated = translated.sub(HAN_WEEKDAY, _han_weekday)
    units = UNITS_IN[language]
    names = "|".join(map(re.escape, sorted(units, key=len, reverse=True)))
    return translated.sub(re.compile(rf"(\d)\s*({names})(?!目)"), lambda match: f"{match[1]} {units[match[2]]} ")


def _spoken_number(match: re.Match[str]) -> str:
    first, scale, last = match.groups()
    unit = HAN_SCALES.get(scale, 10_000)
    return f"{HAN_DIGITS[first] * unit + HAN_DIGITS[last] * unit // 10} "


def _han_weight(match: re.Match[str]) -> str:
    amount = 0.5 if match[1] == "半" else float(match[1])
    return f" {amount * (500 if match[2] == '斤' else 50):g} grams "


def _han_weekday(match: re.Match[str]) -> str:
    chinese, japanese = match.groups()
    day = "一二三四五六日".index(chinese.replace("天", "日")) if chinese else "月火水木金土日".index(japanese)
    return f" {ENGLISH_DAYS[day]} "


def _han_date(match: re.Match[str]) -> str | None:
    year, month, day = match.groups()
    if not 1 <= int(month) <= 12 or (match.string[match.end() : match.end() + 1] == "間"):
        return None
    if day is None and year is None and match.string[: match.start()].endswith(("か", "ヶ", "个")):
        return None
    name = ENGLISH_MONTHS[int(month) - 1]
    return f" {day or ''} {name} {year or ''} " if day or year else f" {_month_without_day(name)} "


def _month_without_day(month: str) -> str:
    """The English name of a month without a day, which is a verb too in two cases."""
    return f"in {month}" if month in ("may", "march") else month


def _han_clock(match: re.Match[str]) -> str | None:
    quarters = 15 * int(han_value(match["quarters"]) if match["quarters"] in HAN_DIGITS else match["quarters"] or 0)
    hour, minute = int(match["hour"]), int(match["minute"] or match["bare"] or (30 if match["thirty"] else quarters))
    if hour > 24 or minute > 59:
        return None
    if match["half"] in HAN_PAST_NOON and hour < 12:
        hour += 12
    return f" {_hours_and_minutes(60 * hour + minute)} "


class _NumberToken:
    def __init__(self, text: str) -> None:
        self._text = text

    def text(self) -> str:
        return self._text

    def nt_separated(self, _: Any) -> bool:
        return False

    def not_a_number_part(self) -> bool:
        return not self._text.isalpha() and not self._text.isspace() and self._text != "-"


def _number_words(translated: Spelled, language: str) -> Spelled:
    from text_to_num import find_numbers  # only where answers are compared

    text = storable(translated.text)  # as long as before; the library takes no lone surrogates
    pieces = [(match.start(), match.group()) for match in TOKEN.finditer(text)]
    changes = []
    for number in find_numbers([_NumberToken(piece) for _, piece in pieces], language, threshold=0):
        start = pieces[number.start][0]
        last = pieces[number.end - 1]
        end = last[0] + len(last[1])
        written = translated.text[start:end]
        if any(char.isdigit() for char in written) or not number.value >= 0:
            continue
        rest = translated.text[end:]
        if number.is_ordinal or not number.text.isdigit():
            if not number.is_ordinal or not _before_month(language).match(rest):
                continue
            changes.append((start, end, str(int(number.value))))
        elif number.value > 1 or _before_unit(language).match(rest):
            changes.append((start, end, number.text))
    return translated.replaced(changes)


@cache
def _before_unit(language: str) -> re.Pattern[str]:
    units = UNITS_IN.get(language, {})
    names = "|".join(map(re.escape, units)) or "seconds?|minutes?|hours?|days?|weeks?|months?|years?"
    hours = "|uhr" if language == "de" else ""
    return re.compile(rf"\s(?:{names}{hours})\b", re.IGNORECASE)


@cache
def _before_month(language: str) -> re.Pattern[str]:
    months = "|".join(MONTHS_IN.get(language, dict.fromkeys(ENGLISH_MONTHS, "")))
    return re.compile(rf"\s(?:of |de |di )?(?:{months})\b", re.IGNORECASE)


CENTS: Final = lazy_pattern(
    r"\b(\d+) euros? (?:(?:e|et|y|con|und) )?(\d\d)\b(?! (?:\w+s\b|\w*cent)|\s?[%€°]| (?=[^\W\d]+ (?:di|de)\b))",
    re.IGNORECASE,
)
"""An amount whose cents have no unit: "sieben Euro neunundneunzig"."""
ENGLISH_CENTS: Final = lazy_pattern(
    r"\b(\d+) (euros?|dollars?|gbp) (?:and )?([1-9]\d)\b(?!\s?[%€°]|[:.,]\d|-\w| \w+s\b)", re.IGNORECASE
)
"""The same in English: "two euros twenty"."""
SHARE: Final = lazy_pattern(
    r"\b(\d{1,2}) (?:in|out of|von|de cada|em cada|su|sur) (?:every |each |a )?100\b", re.IGNORECASE
)
"""A percentage in words: "fifteen in every hundred"."""
SEPARATED: Final = lazy_pattern(r"(?<![\w.,])\d{1,3}(?:[. ]\d{3})+(?:,\d+)?(?![\d.])|(?<![\w.,])\d+,\d+(?![\d,])")


HOUR: Final = r"(?<![\w:.,])(?P<hour>[01]?\d|2[0-4])"


@cache
def _clock_patterns(language: str) -> list[re.Pattern[str]]:
    """Patterns of times of day: with minutes, with a word for half or quarter, with a part of the day, or with a word
    for the hour.
    """
    word = HOUR_WORDS[language]
    part = rf"(?:\s(?P<pm>{PAST_NOON})|\s(?P<am>{BEFORE_NOON}))"
    past = rf"\s(?:(?P<half>{HALF_PAST.get(language, '(?!)')})|(?P<quarter>{QUARTER_PAST.get(language, '(?!)')}))"
    hour_alone = rf"\s(?:{word})(?!\s?\d)" if language in ("en", "de") else r"\s?h(?=[\s.,;)]|$)(?!\s?\d)"
    patterns = [
        rf"{HOUR}\s?(?:{word})\s?(?P<minute>[0-5]\d)\b{part}?",
        rf"{HOUR}[:.](?P<minute>[0-5]\d)\s?(?:{word})\b{part}?",
        rf"{HOUR}[:.](?P<minute>[0-5]\d){part}",
        rf"{HOUR}(?:\s?(?:{word}))?{past}{part}?",
        rf"{HOUR}(?:\s?(?:{word}))?{part}",
        rf"{HOUR}{hour_alone}",
    ]
    if before := CLOCK_PREPOSITIONS.get(language):
        after = r"(?![\d%€$£]|[.,:]\d|\s?(?:%|[€$£]))"
        optional = "?" if language in ("es", "pt", "it") else ""
        patterns.append(rf"(?<!\w)(?P<before>{before}\s){HOUR}(?:\s?(?:{word})\b){optional}{after}")
    return [re.compile(pattern, re.IGNORECASE) for pattern in patterns]


@cache
def _relative_clocks(language: str) -> list[tuple[re.Pattern[str], int]]:
    return [
        (re.compile(rf"\b{words} (\d{{1,2}})\b", re.IGNORECASE), minutes)
        for words, minutes in RELATIVE_CLOCKS.get(language, ())
    ]


def _clocks(translated: Spelled, language: str) -> Spelled:
    """Times of day as "18:30"."""
    for pattern, minutes in _relative_clocks(language):
        translated = translated.sub(pattern, partial(_relative_clock, minutes))
    for pattern in _clock_patterns(language):
        translated = translated.sub(pattern, _clock)
    return translated


def _clock(match: re.Match[str]) -> str:
    groups = match.groupdict()
    hour = int(groups["hour"])
    minute = int(groups.get("minute") or (30 if groups.get("half") else 15 if groups.get("quarter") else 0))
    if groups.get("pm") and hour < 12:
        hour += 12
    return (groups.get("before") or "") + _hours_and_minutes(
        60 * (0 if groups.get("am") and hour == 12 else hour) + minute
    )


def _relative_clock(minutes: int, match: re.Match[str]) -> str:
    return _hours_and_minutes(60 * int(match[1]) + minutes)


def _hours_and_minutes(minutes: int) -> str:
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"


@cache
def _names_pattern(language: str) -> tuple[re.Pattern[str], ...]:
    months, days, units = (
        "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
        for names in (MONTHS_IN[language], DAYS_IN[language], UNITS_IN[language])
    )
    return (
        re.compile(
            rf"\b(\d{{1,2}})(?:\.|er|º|ª|°)?\s(?:de\s|di\s)?({months})\b(?:\s(?:de\s|del\s)?(\d{{4}})\b)?",
            re.IGNORECASE,
        ),
        re.compile(rf"\b({months})\b", re.IGNORECASE),
        re.compile(rf"\b({days})s?\b", re.IGNORECASE),
        re.compile(rf"(\d)\s?-?\s?({units})(?![\w])(?:\s(?P<working>{WORKING})\b)?", re.IGNORECASE),
        re.compile(r"(\d)\s?(€|£|\$)"),
        re.compile(r"R\$\s?(\d+(?:\.\d+)?)"),
    )


def _with_english_names(translated: Spelled, language: str) -> Spelled:
    """A text in which months, days, currencies and units have their English names."""
    date, month, day, unit, currency, reais = _names_pattern(language)
    months, days, units = MONTHS_IN[language], DAYS_IN[language], UNITS_IN[language]
    translated = translated.sub(
        date, lambda match: f"{match[1]} {months[match[2].lower()]}{' ' + match[3] if match[3] else ''}"
    )
    translated = translated.sub(month, lambda match: _month_without_day(months[match[1].lower()]))
    translated = translated.sub(day, lambda match: days[match[1].lower()])
    translated = translated.sub(reais, lambda match: f"{match[1]} reais")
    translated = translated.sub(CENTS, lambda match: f"{match[1]}.{match[2]} euros")
    translated = translated.sub(
        currency, lambda match: f"{match[1]} { {'€': 'euros', '£': 'gbp', '$': 'dollars'}[match[2]] }"
    )
    return translated.sub(
        unit, lambda match: f"{match[1]} {'working ' if match['working'] else ''}{units[match[2].lower()]}"
    )
