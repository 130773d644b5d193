"""Quantities in Russian, Polish, Turkish and Korean, whose units have endings, in the English spelling that
`curate.language.quantities` reads: "6 тысяч рублей" is "6000 rubles", "사흘" is "3 days".
"""

import re
from collections.abc import Callable
from functools import cache, partial
from typing import Any, Final

from curate.core.lazy import lazy_pattern
from curate.language.lexicon import DAYS
from curate.language.lexicon import MONTHS as ENGLISH_MONTHS

CYRILLIC: Final = lazy_pattern(r"[а-яё]", re.IGNORECASE)
HANGUL: Final = lazy_pattern(r"[가-힣]")
POLISH_LETTER: Final = lazy_pattern(r"[ąęłńśźżó]", re.IGNORECASE)
TURKISH_LETTER: Final = lazy_pattern(r"[ğışçöü]")
POLISH_WORD: Final = lazy_pattern(
    r"\b(?:w|z|się|jest|nie|że|oraz|lub|dla|jak|od|przez|są|też|już|czy|ile|jaka|jaki|przy|który|która|które|zł)\b",
    re.IGNORECASE,
)
TURKISH_WORD: Final = lazy_pattern(
    r"\b(?:bir|için|mı|mü|kaç|kadar|gün|daha|gibi|sonra|değil|olan|dakika|\w+(?:[ıiuü]yor|[ae]bilir))\b"
)
"""Words by which texts with letters of Polish or Turkish are told from those with a Polish or Turkish name."""
UNITS: Final[dict[str, dict[str, str]]] = {
    "ru": {
        "seconds": r"секунд[аыу]?",
        "minutes": r"минут[аыу]?|мин",
        "hours": r"час(?:а|ов)?",
        "working days": r"рабоч(?:их|ий) (?:дня|дней|день)",
        "days": r"дня|дней|день|сутки|суток|календарных дней",
        "weeks": r"недел[яиью]|недель",
        "months": r"месяц(?:а|ев)?",
        "years": r"года?|лет",
        "rubles": r"рубл(?:ей|я|ь)|руб|₽",
        "mg": r"мг|миллиграмм\w{0,2}",
        "kg": r"кг|килограмм\w{0,2}|кило",
        "grams": r"грамм\w{0,2}|г",
        "ml": r"мл|миллилитр\w{0,2}",
        "liters": r"литр\w{0,2}|л",
        "cm": r"см|сантиметр\w{0,2}",
        "km": r"км|километр\w{0,2}",
        "meters": r"метр\w{0,2}|м",
        "percent": r"процент\w{0,2}",
        "celsius": r"градус\w{0,2}",
    },
    "pl": {
        "seconds": r"sekund[aęy]?",
        "minutes": r"minut[aęy]?",
        "hours": r"godzin[aęy]?",
        "working days": r"dni robocz\w{0,3}",
        "days": r"dni|dniach|dzień",
        "weeks": r"tydzień|tygodni\w{0,3}",
        "months": r"miesiąc\w{0,3}|miesięc\w{0,3}",
        "years": r"lata?|latach|rok(?:u)?",
        "zlotys": r"złot(?:ych|e|y)|zł|pln",
        "kg": r"kilo(?:gram\w{0,3})?",
        "grams": r"gram(?:ów|y)?",
        "liters": r"litr(?:ów|y|a)?",
        "cm": r"centymetr\w{0,3}",
        "km": r"kilometr\w{0,3}",
        "meters": r"metr(?:ów|y|a)?",
        "percent": r"procent\w{0,2}",
        "celsius": r"stopni\w{0,3}",
    },
    "tr": {
        "seconds": r"saniye\w{0,4}",
        "minutes": r"dakika\w{0,4}",
        "hours": r"saat(?:te|ten|tir|lik)?",
        "working days": r"iş gün\w{0,4}",
        "days": r"gün(?:de|den|dür|lük)?",
        "weeks": r"hafta\w{0,4}",
        "months": r"ay(?:da|dan|dır|lık)?",
        "years": r"yıl(?:da|dan|dır|lık)?",
        "liras": r"lira\w{0,4}|tl|₺",
        "kg": r"kilo(?:gram)?\w{0,3}",
        "grams": r"gram\w{0,3}",
        "liters": r"litre\w{0,4}",
        "km": r"kilometre\w{0,4}",
        "meters": r"metre\w{0,4}",
        "celsius": r"derece\w{0,4}",
    },
    "ko": {
        "seconds": r"초",
        "minutes": r"분(?=[ ,.]|간|이|정|내|쯤|걸|$)",
        "hours": r"시간",
        "working days": r"영업일",
        "days": r"일(?=[ ,.]|간|이|에|입|정|내|쯤|걸|까|안|$)",
        "weeks": r"주(?=[ ,.]|간|일|이|정|내|쯤|걸|$)",
        "months": r"개월|달(?!러)",
        "years": r"년(?=[ ,.]|간|이|입|정|동|$)",
        "krw": r"원",
        "kg": r"킬로그램|킬로(?!미터)",
        "grams": r"그램",
        "liters": r"리터",
        "km": r"킬로미터",
        "cm": r"센티미터|센티",
        "meters": r"미터",
        "percent": r"퍼센트|프로",
    },
}
"""The forms of units by the English unit."""
NUMERALS: Final[dict[str, dict[str, int]]] = {
    language: {word: value for value, listed in words.items() for word in listed.split()}
    for language, words in {
        "ru": {
            1: "один одного одна одну", 2: "два две двух", 3: "три трёх трех", 4: "четыре четырёх четырех",
            5: "пять пяти", 6: "шесть шести", 7: "семь семи", 8: "восемь восьми", 9: "девять девяти",
            10: "десять десяти", 12: "двенадцать двенадцати", 14: "четырнадцать", 15: "пятнадцать пятнадцати",
            20: "двадцать двадцати", 30: "тридцать тридцати", 40: "сорок", 50: "пятьдесят", 60: "шестьдесят",
            100: "сто", 200: "двести", 300: "триста", 500: "пятьсот",
        },
        "pl": {
            1: "jeden jedną jednego", 2: "dwa dwie dwóch", 3: "trzy trzech", 4: "cztery czterech", 5: "pięć pięciu",
            6: "sześć sześciu", 7: "siedem siedmiu", 8: "osiem ośmiu", 9: "dziewięć dziewięciu",
            10: "dziesięć dziesięciu", 12: "dwanaście", 14: "czternaście czternastu", 15: "piętnaście",
            20: "dwadzieścia", 30: "trzydzieści trzydziestu", 40: "czterdzieści", 50: "pięćdziesiąt",
            60: "sześćdziesiąt", 100: "sto",
        },
        "tr": {
            1: "bir", 2: "iki", 3: "üç", 4: "dört", 5: "beş", 6: "altı", 7: "yedi", 8: "sekiz", 9: "dokuz", 10: "on",
            20: "yirmi", 30: "otuz", 40: "kırk", 50: "elli", 60: "altmış", 90: "doksan", 100: "yüz",
        },
        "ko": {
            1: "한", 2: "두", 3: "세", 4: "네", 5: "다섯", 6: "여섯", 7: "일곱", 8: "여덟", 9: "아홉", 10: "열",
        },
    }.items()
}  # fmt: skip
"""Numerals before a unit."""
THOUSAND: Final = {"ru": r"тысяч[аиу]?|тыс\.?", "pl": r"tysi(?:ące|ęcy|ąc)|tys\.?", "tr": "bin", "ko": "천"}
WEEKDAYS: Final[dict[str, tuple[str, ...]]] = {
    "ru": (
        r"понедельник\w{0,3}", r"вторник\w{0,3}", r"сред(?:а|ы|у|ам)", r"четверг\w{0,3}", r"пятниц\w{1,2}",
        r"суббот\w{0,3}", r"воскресень\w{1,3}",
    ),
    "pl": (
        r"poniedział\w{1,4}", r"wtor(?:ek|k)\w{0,3}", r"środ[aęy]|środach|śród", r"czwart(?:ek|k)\w{0,3}",
        r"piąt(?:ek|k)\w{0,3}", r"sobot\w{1,3}|sobót", r"niedziel\w{0,3}",
    ),
    "tr": (
        r"pazartesi\w{0,3}", r"salı(?:ları)?", r"çarşamba\w{0,3}", r"perşembe\w{0,3}", r"cuma(?:ları)?",
        r"cumartesi\w{0,3}", r"pazar(?:ları|(?= gün))",
    ),
    "ko": ("월요일", "화요일", "수요일", "목요일", "금요일", "토요일", "일요일"),
}  # fmt: skip
MONTHS: Final[dict[str, list[str]]] = {
    language: names.split()
    for language, names in {
        "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
        "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
        "tr": "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık",
    }.items()
}
"""Months after the number of a day."""
KOREAN_DAYS: Final = {"하루": 1, "이틀": 2, "사흘": 3, "나흘": 4, "닷새": 5, "열흘": 10, "보름": 15, "일주일": 7}
KOREAN_DAY_WORD: Final = lazy_pattern("|".join(KOREAN_DAYS))
KOREAN_TEN_THOUSANDS: Final = lazy_pattern(r"(?<![\d.])(\d{1,6})만(?:\s?(\d)천)?")
KOREAN_CLOCK: Final = lazy_pattern(
    r"(?:(?P<am>오전|아침|새벽)|(?P<pm>오후|저녁|밤))?\s?(?<!\d)(?P<hour>\d{1,2})시(?!간)"
    r"(?:\s?(?:(?P<minute>\d{1,2})분|(?P<half>반)))?"
)
KOREAN_DATE: Final = lazy_pattern(r"(?<!\d)(\d{1,2})월\s?(\d{1,2})일")
SEPARATED: Final = lazy_pattern(
    r"(?<![\w.,])\d{1,3}(?:[. ]\d{3}){1,4}(?:,\d{1,4})?(?![\d.])|(?<![\w.,])\d{1,9},\d{1,9}(?![\d,])"
)
"""Thousands after a dot or a space, and decimals after a comma; Korean is written as English."""
NUMBER: Final = r"(?<![\d.,])\d{1,9}(?:[.,]\d{1,3}){0,3}"
Spelling = Callable[[re.Match[str]], str | None]


def inflected_language(text: str) -> str:
    """`ru`, `pl`, `tr` or `ko` for a text in this language; empty for others."""
    if text.isascii():
        return ""
    if HANGUL.search(text):
        return "ko"
    if CYRILLIC.search(text):
        return "ru"
    if POLISH_LETTER.search(text) and POLISH_WORD.search(text):
        return "pl"
    return "tr" if TURKISH_LETTER.search(text) and TURKISH_WORD.search(text) else ""


@cache
def spellings(language: str) -> list[tuple[re.Pattern[str], Spelling]]:
    """Patterns of quantities of a language, in order, and what spells a match in English; None leaves it."""
    units = "|".join(f"(?P<u{index}>{forms})" for index, forms in enumerate(UNITS[language].values()))
    numerals = "|".join(sorted(NUMERALS[language], key=len, reverse=True))
    days = "|".join(f"(?P<d{index}>{day})" for index, day in enumerate(WEEKDAYS[language]))
    start, end = ("", "") if language == "ko" else (r"\b", r"(?!\w)")
    number = rf"(?:(?P<digits>{NUMBER})|{start}(?P<word>{numerals}))(?:\s?(?P<thousand>{THOUSAND[language]}))?"
    amount = rf"{number}[\s-]?(?:{units}){end}"
    listed: list[tuple[Any, Spelling]] = [
        (re.compile(amount, re.IGNORECASE), partial(_amount, language)),
        (re.compile(f"{start}(?:{days}){end}", re.IGNORECASE), _weekday),
    ]
    if language == "ko":
        return [
            (KOREAN_DAY_WORD, lambda match: f"{KOREAN_DAYS[match.group()]} days "),
            (KOREAN_TEN_THOUSANDS, lambda match: str(10_000 * int(match[1]) + 1_000 * int(match[2] or 0))),
            (KOREAN_DATE, _korean_date),
            (KOREAN_CLOCK, _clock),
            *listed,
        ]
    months = "|".join(MONTHS[language])
    date = re.compile(rf"\b(?P<day>\d{{1,2}})\.? (?P<month>{months})\b", re.IGNORECASE)
    return [(SEPARATED, english_number), (date, partial(_date, language)), *listed]


def english_number(match: re.Match[str]) -> str:
    """A number with an English decimal point and no other separators: "1.200,50" is "1200.50"."""
    return match.group().replace(".", "").replace(" ", "").replace(",", ".")


def _amount(language: str, match: re.Match[str]) -> str | None:
    """An amount with its English unit; None for a numeral without one."""
    unit = list(UNITS[language])[int((match.lastgroup or "u0")[1:])]
    number = match["digits"] or str(NUMERALS[language][match["word"].lower()])
    if match["thousand"]:
        number = f"{1_000 * float(number.replace(',', '.')):g}" if number.count(",") + number.count(".") < 2 else number
    return f" {number} {unit} "


def _weekday(match: re.Match[str]) -> str:
    return f" {DAYS[int((match.lastgroup or 'd0')[1:])]} "


def _date(language: str, match: re.Match[str]) -> str:
    return f"{match['day']} {ENGLISH_MONTHS[MONTHS[language].index(match['month'].lower())]}"


def _korean_date(match: re.Match[str]) -> str | None:
    month = int(match[1])
    return f"{match[2]} {ENGLISH_MONTHS[month - 1]} " if 0 < month <= len(ENGLISH_MONTHS) else None


def _clock(match: re.Match[str]) -> str | None:
    hour, minute = int(match["hour"]), int(match["minute"] or (30 if match["half"] else 0))
    if hour > 24 or minute > 59:
        return None
    return f" {hour + (12 if match['pm'] and hour < 12 else 0):02d}:{minute:02d} "
