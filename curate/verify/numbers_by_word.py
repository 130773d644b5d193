"""Telephone and national numbers, addresses and names that a word beside them names, in languages of several scripts.

The texts have ASCII digits. The words are those that mean nothing else, so that a number behind one is private.
"""

import ipaddress
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Final

from curate.core.name_servers import NAME_SERVERS

GAP: Final = r"[^0-9\n.!?;।؟+]{0,16}"
BORDER: Final = r"(?![A-Za-z0-9_-])"
PHONE: Final = re.compile(
    "(?:جوال|هاتف|موبايل|واتساب|موبایل|تلفن|मोबाइल|मेरा नंबर|মোবাইল|ফোন|โทร|เบอร์|"
    "(?i:điện thoại|liên hệ|телефон|telefonum|telefon numaram)|電話|携帯|전화|휴대폰|手机|电话)"
    rf"{GAP}(?P<value>(?:\+|0)[0-9](?:[ ()./-]{{0,2}}[0-9]){{8,12}}){BORDER}"
)
MOBILES: Final = tuple(
    re.compile(rf"(?:{words}){GAP}(?P<value>{form}){BORDER}")
    for words, form in (
        ("मोबाइल|मेरा नंबर", "[6-9][0-9]{9}"),
        ("شماره (?:من|ام|تماس)", "09[0-9]{9}"),
        ("手机号?|手機", "1[3-9][0-9]{9}"),
        ("(?i:мой номер|по номеру|телефон)", "8[ (-]{0,2}9[0-9]{2}[ )-]{0,2}[0-9]{3}(?:[ -]?[0-9]{2}){2}"),
        ("(?i:mój numer|telefon)", "[5-8][0-9]{2} [0-9]{3} [0-9]{3}"),
    )
)
"""Mobile numbers of a country without a zero before them, behind a word of its language."""
HOST_ADDRESS: Final = re.compile(
    r"(?i:(?<![a-z])(?:from|ip|ip[ -]address|client|remote|rhost|peer)[ :=]{1,3})"
    r"(?P<value>(?:[0-9]{1,3}\.){3}[0-9]{1,3})(?![\w-]|\.[0-9])"
)
STREETS: Final = re.compile(
    r"(?:住所は?[:： ]{0,2})(?P<japanese>[\u4e00-\u9fff]{2,4}[都道府県]"
    r"[\u3040-\u30ff\u4e00-\u9fff]{2,12}[0-9]+(?:-[0-9]+){1,3})|"
    r"(?:주소[는:]? ?)(?P<korean>[가-힣]{2,8}[시도] (?:[가-힣]{1,8}[시군구] ){1,2}[가-힣0-9]{2,10}[로길] [0-9]+)|"
    r"(?<!\w)(?P<russian>ул\. [А-ЯЁ][а-яё]+, д\. ?[0-9]+(?:, кв\. ?[0-9]+)?)(?!\w)|"
    r"(?<!\w)(?P<polish>ul\. [A-ZŁŚŻŹĆ][a-ząćęłńóśźż]+ [0-9]+(?:/[0-9]+)?)(?!\w)"
)
"""Addresses behind a word, and those with a short word for a street and a number."""
NATIONAL: Final = tuple(
    (re.compile(rf"(?:{words}){GAP}(?P<value>{form}){BORDER}"), module)
    for words, form, module in (
        ("الهوية|القومي", r"[0-9]{10}|[0-9]{14}", ""),
        ("کد ?ملی|شماره ملی", "[0-9]{10}", ""),
        ("आधार", "[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}", ""),
        ("পরিচ..?পত্র|এনআইডি", "[0-9]{17}|[0-9]{13}|[0-9]{10}", ""),
        ("บัตรประชาชน|ประจำตัวประชาชน", "[0-9](?:-?[0-9]{4})(?:-?[0-9]{5})(?:-?[0-9]{2})-?[0-9]", ""),
        ("(?i:cccd|cmnd|căn cước)", "[0-9]{12}|[0-9]{9}", ""),
        ("マイナンバー|個人番号", "[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}", ""),
        ("주민등록|주민번호", "[0-9]{6}-?[0-9]{7}", ""),
        ("身份证|身份證", "[1-9][0-9]{16}[0-9Xx]", ""),
        ("(?i:kimlik|tckn)", "[0-9]{11}", "tr.tckimlik"),
        ("(?i:инн)", "[0-9]{12}|[0-9]{10}", "ru.inn"),
    )
)
"""Words, forms and the modules of python-stdnum that check them."""
FORMATTED: Final = tuple(
    (re.compile(rf"(?<![A-Za-z0-9_.-])(?:{form}){BORDER}"), module)
    for form, module in (
        (r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", "br.cpf"),
        (r"[0-9]{2}\.[0-9]{3}\.[0-9]{3}/[0-9]{4}-[0-9]{2}", "br.cnpj"),
        ("[0-9]{6}-[0-9]{7}", "kr.rrn"),
        ("[2-9][0-9]{3}[ -][0-9]{4}[ -][0-9]{4}", "in_.aadhaar"),
        ("[1-8]-[0-9]{4}-[0-9]{5}-[0-9]{2}-[0-9]", "th.pin"),
        ("[A-Z]{3}[ABCFGHJLPT][A-Z][0-9]{4}[A-Z]", "in_.pan"),
        ("[A-Z]{6}[0-9]{2}[A-EHLMPR-T][0-9]{2}[A-Z][0-9]{3}[A-Z]", "it.codicefiscale"),
        ("[0-9]{11}", "pl.pesel"),
        ("[0-9]{3}-[0-9]{3}-[0-9]{3} [0-9]{2}", "ru.snils"),
    )
)
"""Forms of national numbers with check digits, which need no word."""
CAPITALIZED: Final = "[A-ZÇĞİÖŞÜ][a-zçğıöşü]{1,15}"
ADDRESSED: Final = re.compile(
    rf"(?<![\w'’-])(?P<turkish>{CAPITALIZED} {CAPITALIZED})(?= (?:Hanım|Bey)(?!\w))|"
    r"(?<![\w'’-])(?P<latin>[A-Z][a-z]{2,14})(?=-(?:san|sama|ssi)(?![\w-]))|"
    r"(?<![가-힣])(?P<korean>[김이박최정][가-힣][가-힣](?<![자사장인객생수모배팀]))"
    r"(?= ?(?:님|씨)(?:께|이|은|의| |,|$))|"
    r"(?<![\u4e00-\u9fff])(?P<chinese>[王李张刘陈杨赵][\u4e00-\u9fff]{2})(?=先生|女士)"
)
"""Names of several words or signs beside a form of address."""
ADDRESSED_BEHIND: Final = re.compile(
    r"(?<!\w)(?:(?:السيدة?|الأستاذة?|الدكتورة?) (?P<arabic>(?:أحمد|محمد|محمود|علي|حسن|حسين|خالد|عمر|يوسف|سامي|"
    r"فاطمة|مريم|سارة|ليلى|هدى|منى) [\u0620-\u064a]{3,})|"
    r"(?:آقای|خانم) (?P<persian>(?:رضا|علی|محمد|حسین|مریم|زهرا|سارا|امیر|مهدی|فاطمه) [\u0620-\u06d3]{3,})|"
    r"জনাব (?P<bengali>[\u0980-\u09e3]{2,} (?:হাসান|হোসেন|আহমেদ|রহমান|ইসলাম|খান|চৌধুরী))|"
    r"(?i:anh|chị|ông|bà) (?P<vietnamese>(?:Nguyễn|Trần|Lê|Phạm)(?: [A-ZĐÀ-Ỹ][a-zđà-ỹ]+){2})|"
    r"(?:[Гг]осподин|[Гг]оспожа) (?P<russian>(?!Президент|Министр|Премьер|Посол|Директор|Судья|Бог)"
    r"[А-ЯЁ][а-яё]+(?:ов|ова|ев|ева|ин|ина|ский|ская)))(?!\w)"
)
"""Names behind a form of address, with a frequent first or last name or the ending of one."""
NO_NAME: Final = re.compile(
    r"(?:Sayın|Sevgili|Değerli|Doktor|Avukat|Öğretmen|Müdür|Dün|Bugün|Yarın|Sonra|Ve|Ama|Bu|Bir) |"
    r"(?:Santa|Sun|Mr|Oni)$|"
    r"(?:이모부|[가-힣]선[배생]|.?(?:회원|고객|교수|대표))$"
)


def numbers_by_word(text: str) -> Iterator[tuple[str, str]]:
    """The kind and the text of each telephone and national number that a word or its form and check digits name."""
    for match in PHONE.finditer(text):
        yield "phone", match["value"]
    for pattern in MOBILES:
        for match in pattern.finditer(text):
            yield "phone", match["value"]
    for match in HOST_ADDRESS.finditer(text):
        if _is_of_host(match["value"]):
            yield "ip_address", match["value"]
    for match in STREETS.finditer(text) if not text.isascii() or "ul. " in text else ():
        yield "street_address", match[match.lastgroup or 0]
    for pattern, module in (*NATIONAL, *FORMATTED):
        for match in pattern.finditer(text):
            number = match["value"] if "value" in pattern.groupindex else match.group()
            if not module or _is_valid(module, number):
                yield "national_id", number


def addressed_names(text: str) -> Iterator[tuple[str, str]]:
    """The kind and the text of each name beside a form of address."""
    for match in ADDRESSED.finditer(text):
        if not NO_NAME.match(match.group()):
            yield "person", match.group()
    for match in ADDRESSED_BEHIND.finditer(text) if not text.isascii() else ():
        yield "person", match[match.lastgroup or 0]


def _is_of_host(text: str) -> bool:
    """Whether it is a public IP address of a host, not of a network or a public name server."""
    try:
        is_public = ipaddress.ip_address(text).is_global
    except ValueError:
        return False
    return is_public and not text.endswith(".0") and text not in NAME_SERVERS


def _is_valid(module: str, number: str) -> bool:
    """Whether the check digits are right."""
    if module == "ru.snils":  # python-stdnum has no such module
        digits = re.sub("[^0-9]", "", number)
        total = sum(int(digit) * weight for digit, weight in zip(digits, range(9, 0, -1), strict=False))
        return total % 101 % 100 == int(digits[9:])
    return bool(import_module(f"stdnum.{module}").is_valid(number))
