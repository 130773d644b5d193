"""Telephone numbers: behind words that announce one, and by the forms that countries write them in."""

import re
from typing import Final

from curate.core.lazy import lazy_pattern
from curate.core.masking import PHONE
from curate.redact.form import END, LONG_NUMBER, SEPARATOR, ValueForm, anywhere, named, unspaced
from curate.redact.value_patterns import CALENDAR, FREE_GAP
from curate.redact.value_words import SPOKEN_PHONE_WORDS


def _is_phone(text: str) -> bool:
    """Whether it has the length of a telephone number and is no date."""
    digits = re.sub(r"\D", "", text)
    return 7 <= len(digits) <= 15 and len(set(digits)) > 2 and not CALENDAR.fullmatch(text)


def _is_national_phone(text: str) -> bool:
    """Whether it has as many digits as a number with an area code; fewer digits may be anything."""
    return 9 <= sum(map(str.isdigit, text)) <= 12 and _is_phone(text)


COUNTRY_CODE: Final = re.compile(r"1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|[2-9][0-9]{2}")
"""The country codes of ITU-T E.164."""
AMERICAN: Final = re.compile(r"1[ .-]\(?[2-9][0-9]{2}\)?[ .-][0-9]{3}[ .-][0-9]{4}")
"""A number of North America with its code; without spaces, it could be one of China."""


def prefix_digits(text: str) -> int:
    """How many digits of a telephone number stand before its national part: the code of its country, with `00` or a
    zero in brackets, or the zero before an area code.
    """
    digits = re.sub(r"\D", "", text)
    start = 2 if digits.startswith("00") and len(digits) > 10 else 0
    if start or text.lstrip(" (").startswith("+"):
        code = COUNTRY_CODE.match(digits, start)
        count = code.end() if code else start
        return count + ("(0)" in text and digits[count : count + 1] == "0")
    return 1 if digits.startswith("0") or AMERICAN.match(text) else 0


PHONE_NUMBERS: Final = (
    named(
        "phone",
        SPOKEN_PHONE_WORDS,
        rf"(?:\+|\(|0)?\d(?:{SEPARATOR}{{0,3}}\d){{8,14}}",
        _is_national_phone,
        gap=FREE_GAP,
    ),
    named(
        "phone",
        r"number|nummer|num[ée]ro|n[úu]mero|numer\w*|numara\w*",
        rf"(?:(?:\+|\(?0)\d(?:{SEPARATOR}{{0,3}}\d){{7,12}}|[6-9]\d{{1,2}}(?: \d{{2,3}}){{2,3}})",
        _is_national_phone,
        gap=FREE_GAP,
    ),
    ValueForm(
        "phone",
        lazy_pattern(
            rf"(?i)(?<![\w.+(/-])(?P<value>(?:\+|\(|0)?\d(?:{SEPARATOR}{{0,3}}\d){{8,14}})"
            r"(?= (?:zu |auch )?(?:erreichbar|erreichen|anrufen|zurück(?:rufen)?|an(?=[.!?])))"
        ),
        _is_national_phone,
        hint=LONG_NUMBER,
    ),
    named(
        "phone",
        r"(?:tele)?phone|tel|mobile|cell|call|contact|dial|whatsapp|fax|fon|telefon\w*|handy\w*|rufnummer|téléphone|"
        r"tél|portable|"
        r"tel[ée]fono|móvil|celular|telefone|cellulare|text me|reach me|tl[fn]|puh|puhelin|simi",
        rf"(?:\+|\(|0)?\d(?:{SEPARATOR}{{0,3}}\d){{6,14}}",
        _is_phone,
    ),
    ValueForm(
        "phone",  # of Spain and Portugal: in three groups behind an article; in the others that no amount has
        lazy_pattern(
            r"(?i)(?<!\w)(?:al|del|el|ao|no|pelo) (?P<value>[6-9]\d{2}(?P<sign>[ .-])\d{3}(?P=sign)\d{3})"
            r"(?![\w-]|[.,]\d)"
        ),
        _is_phone,
        hint=LONG_NUMBER,
    ),
    unspaced(
        "phone",
        "微信|电话|電話|手机|手機|携帯|联系方式|연락처|전화|휴대폰|핸드폰",
        rf"\+?\(?\d(?:{SEPARATOR}{{0,3}}\d){{7,13}}",
        _is_phone,
    ),
    anywhere(
        "phone",
        r"(?:07[1-9]\d{8}|01[016-9]-\d{3,4}-\d{4}|0[789]0-\d{4}-\d{4}|\((?:\+|00)\d{1,3}\) ?\d(?:[ .-]?\d){7,11}|"
        r"[6-9]\d{2}(?:(?: \d{2}){3}|(?:\.\d{2}){3}|(?:-\d{2}){3})|"
        r"[89]\d(?: \d{3} \d{2} \d{2}|\.\d{3}\.\d{2}\.\d{2}|-\d{3}-\d{2}-\d{2})|1[3-9]\d([ -])\d{4}\1\d{4})",
        _is_phone,
    ),
    ValueForm("phone", PHONE, _is_phone, hint=LONG_NUMBER),
    ValueForm(
        "phone",
        lazy_pattern(rf"(?<![\w.+(/-])(?:\+|00)[1-9]\d{{0,2}}(?:{SEPARATOR}{{0,3}}\d){{7,12}}{END}"),
        _is_phone,
        hint=LONG_NUMBER,
    ),
    anywhere(
        "phone",
        r"(?:0[1-9](?:[ .-]\d{2}){4}|\d{3}[ .]\d{3}[ .]\d{4}|1[-. ]\(?[2-9]\d{2}\)?[-. ]\d{3}[-. ]\d{4}|"
        r"\d{2}[ -]9\d{4}-\d{4})",
        _is_phone,
    ),
    ValueForm(
        "phone",
        lazy_pattern(
            r"(?i)(?<!\w)(?:(?:on|at|ring|text|call|dial|try|phone) (?=0[1-9]\d{8,9}(?![\w-]))|"
            r"\((?=[6-9]\d{2} \d{3} \d{3}\)))"
            r"(?P<value>\d[\d ]{8,10}(?<! ))"
        ),
        _is_phone,
        hint=LONG_NUMBER,
    ),
    ValueForm(
        "phone",
        lazy_pattern(r"(?<![\w.(-])(?:\(\d{2,5}\) ?|0\d{1,4}(?:[ /-]| [/-] ))\d{2,8}(?:[ -]\d{2,8}){0,4}(?![\w-])"),
        _is_national_phone,
        hint=LONG_NUMBER,
    ),
)
"""Forms in the order of precedence."""
