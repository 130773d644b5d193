"""Which parts of a text are private values: each with its position and kind.

A value with a checksum or a form of its own is found anywhere; a plain number only behind a word that says what it is.
More is found than `curate check` reports: there, mailboxes of offices, examples and private networks are skipped.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import import_module
from operator import itemgetter
from typing import Final

from curate.core.credentials import credentials_in
from curate.core.key_value_secrets import Secret
from curate.core.lazy import lazy_pattern
from curate.core.masking import CARD, EMAIL, IBAN, IP_ADDRESS, IP_ADDRESS_HINT, SSN
from curate.redact.account_values import ACCOUNT_VALUES, CODE_BEHIND_ADDRESS
from curate.redact.folding import folded
from curate.redact.form import (
    CODE_HINT,
    DIGIT,
    LONG_NUMBER,
    MAX_SHORT,
    NOT_ASCII,
    SPACED,
    HintParts,
    Hints,
    ValueForm,
    anywhere,
    named,
    stdnum,
    unspaced,
)
from curate.redact.ip_addresses import is_host_address
from curate.redact.national_numbers import NATIONAL_NUMBERS
from curate.redact.other_languages import NOT_LATIN, OTHER_LANGUAGES
from curate.redact.payment_values import PAYMENT_VALUES
from curate.redact.phone_numbers import PHONE_NUMBERS
from curate.redact.search_plan import SearchGroup, search_groups
from curate.redact.sign_in_patterns import (
    COLON_GAP,
    COPULA_GAP,
    LOGIN_HINT,
    SIGN_IN_HINT,
    SIGN_IN_VALUE,
    SIGN_IN_WORDS,
    SPOKEN_GAP,
    UNSPACED_SIGN_IN_VALUE,
    UNSPACED_SIGN_IN_WORDS,
)
from curate.redact.street_addresses import STREET_ADDRESSES, end_of_address
from curate.redact.user_patterns import (
    ANYBODY,
    EXAMPLE_HOST,
    FILE_MODE,
    FOLDER_HINT,
    FOLDER_OF_USER,
    FOLDER_USER,
    HOME_HINT,
    HOST,
    LOGIN,
    NO_SERVICE,
    OWNER_HINT,
    POSIX_HOME,
    PROMPT_END,
    REMOTE_COMMAND,
    SERVICE_USERS,
    USER_END,
    WINDOWS_HOME,
)
from curate.redact.value_patterns import (
    BRACKETED_AT,
    CODE,
    COORDINATE_LISTS,
    COORDINATE_WORDS,
    CUSTOMER_CODE,
    DATE,
    DOT,
    EXAMPLE,
    FRACTION,
    FREE_GAP,
    HANDLE,
    LICENSE,
    MIN_ZERO_DIGITS,
    PLAIN_GAP,
    PLATE,
    PLATE_DE,
    PLATE_JA,
    PLATE_ZH,
    PLATFORMS,
    SPOKEN_DOT,
    UNSPACED_DATE,
    VIN,
    ZERO_CARD,
    ZERO_HINT,
    ZERO_IBAN,
)
from curate.redact.value_words import (
    BIRTH_WORDS,
    BOOKING_CODE,
    BOOKING_WORDS,
    COMPOUND_NUMBER,
    CUSTOMER_WORDS,
    CUSTOMER_WORDS_CJK,
    LICENSE_WORDS,
    PASSPORT_WORDS,
    PLATE_WORDS,
)

CAPITALS: Final = re.compile("[A-Z]{6}")
CAPITALS_OR_DIGITS: Final = re.compile("[A-Z0-9]{6}")
BORN_BEHIND: Final = re.compile("生まれ|生れ|出生|出世|년생|출생")
PLATE_HINT: Final = re.compile(r"[A-ZÄÖÜА-Я][ -]*[0-9]|[0-9][ -]*[A-ZÄÖÜА-Я]")
"""A capital letter beside a digit, as in each plate."""
PASSPORT_HINT: Final = HintParts("pas|паспорт")
LICENSE_HINT: Final = HintParts(
    "driv|dl|licen|führer|permis|conducir|patente|motorista|cnh|carta|rijbewijs|jazdy|körkort|førerkort|kørekort|водит"
)
PLATE_WORDS_HINT: Final = HintParts(
    "plate|reg|kennz|nummern|nummerpl|immatricul|înmatric|plaque|matr|targ|placa|rej|tablic|gad|gaa|vehicle|licen|kentek|"
    "plaka|spz|rendsz|номер|регистр|kontroll|autonum|polisi|rekisteri"
)
PLATE_DE_HINT: Final = Hints(
    HintParts("kennzeichen|auto|wagen|fahrzeug|halter|fahrer|geparkt|abgeschleppt|pkw|lkw|motorrad"),
    re.compile("[A-ZÄÖÜ][- ][A-Z]{1,2} [0-9]"),
)
YEAR: Final = re.compile(r"(?:19|20)[0-9]{2}|[0-9][-/.] ?[0-9]{1,2}[-/.]")


def _is_card(text: str) -> bool:
    """Whether the check digit is that of a payment card. Numbers for tests (4111 1111 1111 1111) count, since `verify`
    searches for them.
    """
    return stdnum("luhn")(re.sub(r"\D", "", text))


def _is_iban(text: str) -> bool:
    """Whether the check digits are right."""
    number = re.sub(r"\W", "", text).upper()
    if number.startswith(OTHER_IBANS):
        return bool(import_module("stdnum.iso7064.mod_97_10").is_valid(number[4:] + number[:4]))
    return bool(import_module("stdnum.iban").is_valid(number, check_country=False))


def _with_zeros(text: str) -> str:
    """A number with zeros for the letter O, as people and scanners write it; empty if it has none or few digits."""
    number = text[:2] + re.sub("[Oo]", "0", text[2:])
    return number if number != text and sum(map(str.isdigit, text)) > MIN_ZERO_DIGITS else ""


def _is_plate(text: str) -> bool:
    """Whether it has as many letters and digits as a plate."""
    return 5 <= sum(map(str.isalnum, text)) <= 10


def _is_mac(text: str) -> bool:
    """Whether it is the address of a single device, not of all or none."""
    return len(set(text.casefold()) - set(":-.")) > 1


def _is_secret(text: str) -> bool:
    """Whether it mixes kinds of characters as no word does."""
    kinds = sum(bool(re.search(kind, text)) for kind in ("[a-z]", "[A-Z]", "[0-9]", r"[^\w\s]|_"))
    return kinds > 2 or (kinds == 2 and re.search(r"[0-9]{2}", text) is not None)


def _is_strange_secret(text: str) -> bool:
    """Whether it is a secret with a sign that product names such as Windows11 and Django4.2 do not have."""
    return _is_secret(text) and re.search(r"[0-9]", text) is not None and re.search(r"[^\w\s./-]|_", text) is not None


def _is_secret_with_digit(text: str) -> bool:
    """Whether it is a secret with a digit, unlike words with capitals and dashes such as Case-Sensitive."""
    return _is_secret(text) and DIGIT.search(text) is not None


def _is_of_person(text: str) -> bool:
    """Whether an address is not an example such as user@example.com."""
    return not EXAMPLE.fullmatch(text)


def _is_vin(text: str) -> bool:
    """Whether the check digit (ISO 3779, 49 CFR 565) is correct, or the number is a European one without it."""
    letters = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", (*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True))
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    numbers = (int(char) if char.isdigit() else letters.get(char, 0) for char in text)
    total = sum(weight * number for weight, number in zip(weights, numbers, strict=True))
    is_european = text[-6:].isdigit() and sum(map(str.isalpha, text[:11])) > 4  # without a check digit
    return "0123456789X"[total % 11] == text[8] or is_european


OTHER_IBANS: Final = tuple("AO BF BJ CF CG CI CM CV DZ GA GQ GW HN IR KM MA MG ML MZ NE SN TD TG".split())  # noqa: SIM905
"""Countries with account numbers of the form of an IBAN that are not in its register."""
NO_VERSION: Final = (
    r"(?i:(?<!version )(?<!version: )(?<!versions )(?<!release )(?<!build )(?<!firmware )(?<!driver )"
    r"(?<!version = [\"'])(?<!version=[\"'])(?<!version\": \")(?<!version==)(?<!==))"
)
"""What four numbers with dots are no address behind."""
BESIDE: Final = re.compile(r"(?<=<!)\[\\w|(?<=\(\?!)\[\\w")
"""What `CARD` and `IP_ADDRESS` have no letter of: words of scripts without spaces may stand there."""
FORMS: Final = (
    ValueForm("email", EMAIL, _is_of_person, mark="@"),
    ValueForm(
        "email",  # in other letters than Latin ones, also in the domain
        lazy_pattern(r"(?<![\w.+/@-])\w[\w.+-]{0,63}@(?:\w[\w-]{0,62}\.)+[^\W\d_]{2,24}(?![\w@])"),
        lambda text: not text.isascii() and not EMAIL.search(text),
        mark="@",
    ),
    ValueForm(
        "email",  # with an at sign in brackets, as it is written against robots
        lazy_pattern(
            rf"(?i)(?<![\w.@-])(?P<value>[\w+-]{{1,40}}(?:{DOT}[\w+-]{{1,40}}){{0,3}} ?[\[({{](?:at|ät|arroba|"
            rf"arobase)[\])}}]"
            rf" ?[\w-]{{2,40}}(?:{DOT}[\w-]{{2,40}}){{1,3}})(?![\w@])"
        ),
        hint=BRACKETED_AT,
    ),
    ValueForm(
        "email",  # as it is spoken
        lazy_pattern(
            rf"(?i)(?<![\w.@-])(?P<value>(?:[\w+-]{{1,40}}(?:(?:{SPOKEN_DOT}|[.])[\w+-]{{1,40}}){{1,3}}|"
            rf"[a-z_-]+[0-9]\w*)"
            rf" (?:at|ät|arroba|arobase) (?!(?:the|an?|my|your|our|this|that|any)\b)[\w-]{{2,40}}"
            rf"(?:{SPOKEN_DOT}[\w-]{{2,40}}){{0,2}}{SPOKEN_DOT}(?:com|org|net|edu|gov|info|io|[a-z]{{2}}))(?![\w@])"
        ),
        hint=HintParts(" dot | punkt | punto | point "),
    ),
    ValueForm(
        "email",  # in capitals against robots, or in Spanish
        lazy_pattern(
            r"(?<![\w.@-])(?P<value>[\w+.-]{1,40}(?: AT [\w-]{2,40}(?: DOT [\w-]{2,40}){1,3}"
            r"| arroba [\w-]{2,40}(?: punto [\w-]{2,40}){1,3}))(?![\w@])"
        ),
        hint=HintParts(" at | arroba "),
    ),
    named(
        "email",
        r"e-?mail(?: address)?|mail(?:adresse)?|contact|reach|write|correo|courriel",
        rf"[\w+.-]{{1,40}} (?:at|ät|arrobase) [\w-]{{2,40}}(?:{SPOKEN_DOT}[\w-]{{2,40}}){{0,2}}"
        rf"{SPOKEN_DOT}[a-z]{{2,6}}",
        gap=FREE_GAP,
        hint=HintParts(" dot | punkt | punto | point "),
    ),
    ValueForm("iban", IBAN, _is_iban),
    anywhere("iban", r"[a-z]{2}\d{2}(?: ?[a-z0-9]{4}){2,7}(?: ?[a-z0-9]{1,4})?", _is_iban, DIGIT),
    anywhere("iban", r"(?i:[a-z]{2}\d{2}(?:-[a-z0-9]{4}){2,7}(?:-[a-z0-9]{1,4})?)", _is_iban),
    ValueForm("card", CARD, _is_card, hint=LONG_NUMBER),
    ValueForm("card", lazy_pattern(BESIDE.sub(f"[{SPACED}", CARD.pattern)), _is_card, hint=LONG_NUMBER),
    anywhere("card", r"3(?:0[0-5]|[689]\d)\d([ -]?)\d{6}\1\d{4}", _is_card),
    anywhere("card", r"[2-6]\d{3}(?:\.\d{4}){3}", _is_card),
    anywhere("card", ZERO_CARD, lambda text: _is_card(_with_zeros(text)), ZERO_HINT),
    anywhere("iban", ZERO_IBAN, lambda text: _is_iban(_with_zeros(text)), ZERO_HINT),
    ValueForm("us_ssn", SSN, stdnum("us.ssn"), hint=LONG_NUMBER),
    ValueForm("ip_address", lazy_pattern(rf"{NO_VERSION}{IP_ADDRESS.pattern}"), is_host_address, hint=IP_ADDRESS_HINT),
    ValueForm(
        "ip_address",
        lazy_pattern(NO_VERSION + BESIDE.sub(f"[{SPACED}", IP_ADDRESS.pattern)),
        is_host_address,
        hint=IP_ADDRESS_HINT,
    ),
    ValueForm(
        "ip_address",
        lazy_pattern(
            r"(?:(?<![\w:.])|(?<=[^\W\d_a-fA-F]:))(?:[0-9A-Fa-f]{0,4}:){2,7}(?:[0-9A-Fa-f]{1,4}|(?<=::))(?!\w|:[\w:]|"
            r"\.\w)"
        ),
        lambda text: len(text) > 8 and is_host_address(text),
    ),
    anywhere("mac_address", r"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}", _is_mac, DIGIT),
    anywhere("mac_address", r"(?=[0-9.]{0,13}[A-Fa-f])[0-9A-Fa-f]{4}(?:\.[0-9A-Fa-f]{4}){2}", _is_mac, DIGIT),
    anywhere(
        "bitcoin_address", r"(?:[13][1-9A-HJ-NP-Za-km-z]{25,34}|bc1[02-9ac-hj-np-z]{11,71})", stdnum("bitcoin"), DIGIT
    ),
    anywhere("ethereum_address", r"0x[0-9A-Fa-f]{40}", hint=DIGIT),
    anywhere("coordinates", r"-?\d{1,2}\.\d{4,}(?:° ?[NS])?,\s?-?\d{1,3}\.\d{4,}(?:° ?[EW])?"),
    ValueForm(
        "coordinates",
        lazy_pattern(
            r"(?<![\w.])\d{1,2}° ?\d{1,2}['’′] ?(?:\d{1,2}(?:\.\d{1,4})?(?:[\"”″]|'') ?)?[NS],? ?"
            r"\d{1,3}° ?\d{1,2}['’′] ?(?:\d{1,2}(?:\.\d{1,4})?(?:[\"”″]|'') ?)?[EWO](?!\w)"
        ),
        mark="°",
    ),
    named("coordinates", COORDINATE_WORDS, r"\d{1,3}\.\d{2,}", hint=FRACTION),
    named("coordinates", COORDINATE_LISTS, r"\d{1,3}\.\d{4,}", hint=FRACTION),
    *NATIONAL_NUMBERS,
    anywhere("vin", r"(?=[A-Z]*\d)(?=\d*[A-Z])[A-HJ-NPR-Z0-9]{17}", _is_vin, CODE_HINT),
    named("vin", r"vin|fin|fahrgestell\w*|fahrzeug-?ident\w*|ch[aâ]ssis|bastidor|telaio|chassi", VIN, gap=FREE_GAP),
    named(
        "passport",
        PASSPORT_WORDS,
        CODE,
        gap=FREE_GAP,
        hint=Hints(PASSPORT_HINT, CODE_HINT),
    ),
    unspaced(
        "license_plate",
        "车牌|車牌|ナンバープレート|차량 ?번호|번호판",
        r"[一-鿿]?[A-Z]?[·• ]?[A-Z0-9]{4,6}|\d{2,3}[가-힣] ?\d{4}",
        hint=DIGIT,
    ),
    anywhere("license_plate", PLATE_ZH, hint=Hints(NOT_ASCII, PLATE_HINT)),
    anywhere("license_plate", PLATE_JA, hint=Hints(NOT_ASCII, DIGIT)),
    ValueForm("license_plate", lazy_pattern(PLATE_DE), hint=PLATE_DE_HINT),
    unspaced("drivers_license", "驾驶证|驾照|駕照|免許証|免許番号|운전면허", CODE, hint=CODE_HINT),
    unspaced("customer_number", CUSTOMER_WORDS_CJK, CUSTOMER_CODE, hint=CODE_HINT),
    named(
        "passport",
        PASSPORT_WORDS,
        r"\d{2} ?\d{2} ?\d{6}|\d{2} ?\d{7}",
        gap=FREE_GAP,
        hint=Hints(PASSPORT_HINT, LONG_NUMBER),
    ),
    unspaced("passport", "护照|護照|パスポート|旅券|여권", CODE, hint=CODE_HINT),
    named(
        "drivers_license",
        LICENSE_WORDS,
        LICENSE,
        gap=FREE_GAP,
        hint=Hints(LICENSE_HINT, CODE_HINT),
    ),
    named(
        "license_plate",
        PLATE_WORDS,
        PLATE,
        _is_plate,
        hint=Hints(PLATE_WORDS_HINT, PLATE_HINT),
    ),
    named(
        "license_plate",
        r"licen[cs]e[ _-]plate|kfz-?kennzeichen|immatriculation|matr[ií]cula|targa|kenteken\w*|nummerplaat|"
        r"(?:numery?|nr) rejestracyjn\w+|plaka\w*|spz|registrační značka|rendszám\w*|înmatriculare|"
        r"номер\w* (?:машин|авто)\w*|регистрационный знак|registreringsnummer|registreringsskylt|rekisterinumero|"
        r"госномер\w*|kontrollschild|autonummer|nomor polisi|"
        r"(?:placa|plaque|plates?) (?:do|del|de|of|du|de la|da|for) (?:\w{2,8} )?(?:carro|coche|auto\w*|moto\w*|"
        r"ve[hí]\w+|voiture|car|truck|van)|immatriculée?",
        PLATE,
        _is_plate,
        gap=PLAIN_GAP,
        hint=Hints(PLATE_WORDS_HINT, PLATE_HINT),
    ),
    named(
        "bank_account",
        r"(?:bank |checking |savings )?ac(?:coun|c)?t\.?|a/c|acc\.?(?= ?[:#])|"
        r"routing|aba|kontonummer|konto|hesap (?:numara\w*|no\.?)|(?:numer|nr) (?:rachunku|konta)|"
        r"rekening(?:nummer)?|(?:номер\w* |лицев\w+ |расч[её]тн\w+ )сч[её]т\w*|р/с|sort code|clabe|cuenta|compte|"
        r"conto|conta",
        r"\d(?:[ -]?\d){5,17}",
    ),
    named("bic", "bic|swift(?: code)?", r"(?-i:[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?)", stdnum("bic"), hint=CAPITALS),
    named(
        "customer_number",
        rf"{CUSTOMER_WORDS}|{COMPOUND_NUMBER}",
        CUSTOMER_CODE,
        hint=CODE_HINT,
    ),
    named("customer_number", BOOKING_WORDS, BOOKING_CODE, hint=CAPITALS_OR_DIGITS),
    named(
        "customer_number",  # not the key of an issue, such as ABC-123
        r"(?:case|ticket)[ _.-]{0,2}(?:id|no\.?|num(?:ber)?|code|ref)?",
        rf"(?!(?-i:[A-Z][A-Z0-9]{{1,9}}-\d{{1,6}}(?![\w-])|[CTF]-\d+/\d\d)){CODE}",
        hint=CODE_HINT,
    ),
    named("imei", "imei", r"\d{2}[ -]?\d{6}[ -]?\d{6}[ -]?\d", gap=FREE_GAP),
    named(
        "date_of_birth",
        BIRTH_WORDS,
        DATE,
        hint=YEAR,
    ),
    unspaced("date_of_birth", "出生|生日|生年月日|誕生日|생년월일|생일", UNSPACED_DATE, hint=DIGIT),
    ValueForm(
        "date_of_birth",
        lazy_pattern(rf"(?i)(?<![\w.-])(?P<value>{DATE})(?= (?:\w+ ){{0,3}}(?:geboren|born|nato|nata)\b)"),
        hint=YEAR,
    ),
    ValueForm(
        "date_of_birth",
        lazy_pattern(rf"(?<![\w.-])(?P<value>{UNSPACED_DATE})(?=\s?(?:生まれ|生れ|出生|出世|년생|출생))"),
        hint=BORN_BEHIND,
    ),
    ValueForm(
        "date_of_birth",  # behind the star of pedigrees and obituaries
        lazy_pattern(r"(?<![\w*])\*(?P<value>\d{1,2}\.\d{1,2}\.(?:19|20)?\d{2})(?=[,;)] ?)"),
        mark="*",
    ),
    named("password", SIGN_IN_WORDS, SIGN_IN_VALUE, _is_secret, hint=SIGN_IN_HINT),
    named("password", SIGN_IN_WORDS, SIGN_IN_VALUE, _is_strange_secret, gap=SPOKEN_GAP, hint=SIGN_IN_HINT),
    named("password", SIGN_IN_WORDS, SIGN_IN_VALUE, _is_secret_with_digit, gap=COPULA_GAP, hint=SIGN_IN_HINT),
    named("password", SIGN_IN_WORDS, SIGN_IN_VALUE, _is_strange_secret, gap=COLON_GAP, hint=SIGN_IN_HINT),
    named(
        "password",
        r"log-?in|credentials|zugang(?:sdaten)?|anmeldung|identifiants|credenciales|acceso",
        SIGN_IN_VALUE,
        _is_strange_secret,
        gap=r" ?[:=]? ?[\w.@-]{2,40} ?[/|:,] ?",
        hint=LOGIN_HINT,
    ),
    ValueForm(
        "password",  # behind an e-mail address and a sign
        lazy_pattern(
            rf"(?i)(?:log-?in|credentials|zugang|anmeld|account|acces|sign ?in|user)[^\n]{{0,30}}?"
            rf"[\w.+-]{{1,40}}@[\w.-]{{1,60}}(?: ?[/|] ?|: ?| : )(?P<value>{SIGN_IN_VALUE})(?=\s|$)"
        ),
        _is_secret_with_digit,
        mark="@",
    ),
    unspaced("password", UNSPACED_SIGN_IN_WORDS, UNSPACED_SIGN_IN_VALUE, _is_secret_with_digit, hint=DIGIT),
    ValueForm(
        "password",
        lazy_pattern(
            rf"(?i)(?<![^\s\"'`(])(?P<value>{SIGN_IN_VALUE})[\"'`]? (?:as|is|was|for|als|ist|war|für|para|pour|como|es"
            r"|era|comme|est|come|è)"
            rf"(?: [^\W\d_]{{1,6}}){{0,2}} (?:{SIGN_IN_WORDS})(?![\w-]| hash| manager| encod)"
        ),
        _is_secret_with_digit,
        hint=SIGN_IN_HINT,
    ),
    named(
        "password",
        r"(?:api|secret|access|auth|my|the|private|license)[ _-]?key|(?:api[ _-]?)?schlüssel|cl[eé](?: d['’]api|"
        r" secrète)?|"
        r"clave(?: de)? api|chave(?: de)? api|(?:api|access|auth|bearer|my|secret)[ _-]?token|chiave(?: api)?|for key|"
        r"zugangsschlüssel|clé d['’]accès|(?:api-?)?sleutel|jeton|klucz(?: api)?|anahtar\w*|ключ\w*|токен\w*",
        r"(?-i:(?=[a-f]{0,24}[0-9])(?=[0-9]{0,24}[a-f])(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})(?![0-9A-Za-z])|"
        r"(?=[A-Z0-9/+_=-]{0,30}[a-z])(?=[a-z0-9/+_=-]{0,30}[A-Z])(?=[A-Za-z/+_=-]{0,30}[0-9])[A-Za-z0-9/+_=-]{24,180})",
        hint=re.compile("[A-Za-z0-9/+_=-]{24}"),
    ),
    unspaced(
        "password",
        r"密钥|秘钥|令牌|アクセスキー|トークン|토큰|(?i:api[ -]?)(?:キー|키)",
        r"(?=[A-Za-z/+_=-]{0,40}[0-9])(?=[0-9/+_=-]{0,40}[A-Za-z])[A-Za-z0-9/+_=-]{24,180}",
        hint=re.compile("[A-Za-z0-9/+_=-]{24}"),
    ),
    unspaced("social_handle", "微信(?:号|(?i:id))", r"[A-Za-z][A-Za-z0-9_-]{5,19}", hint=re.compile("[A-Za-z]{2}")),
    *PHONE_NUMBERS,
    named("social_handle", rf"{PLATFORMS}|handle", HANDLE, mark="@", gap=r"[^\n@]{0,40}"),
    ValueForm(
        "social_handle",
        lazy_pattern(rf"(?i)(?<![\w@.])(?P<value>{HANDLE}) (?:on|auf|bei|sur|en|su|no) (?:{PLATFORMS})\b"),
        mark="@",
    ),
    ValueForm("user_name", lazy_pattern(rf"{POSIX_HOME}(?P<value>{NO_SERVICE}{FOLDER_USER})"), hint=HOME_HINT),
    ValueForm(
        "user_name",
        lazy_pattern(rf"{WINDOWS_HOME}(?P<value>{NO_SERVICE}{FOLDER_USER}(?:(?: {FOLDER_USER}){{1,3}}(?=[\\/]))?)"),
        hint=HOME_HINT,
    ),
    ValueForm(
        "user_name",
        lazy_pattern(
            rf"(?:(?<![\w~/.-])|(?<=\w/))~(?P<value>{NO_SERVICE}{LOGIN})(?=/(?:\.[a-z]|(?:public_html|bin|src|tmp|"
            rf"Desktop|"
            r"Documents|Downloads|Pictures|Library)\b))"
        ),
        mark="~",
    ),
    ValueForm(
        "user_name",
        lazy_pattern(
            rf"(?:https?://[^\s/]{{1,80}}/|(?<![\w-])(?:cd|ls|du|tree|find) )~(?P<value>{NO_SERVICE}{LOGIN}(?<![.-]))"
        ),
        mark="~",
    ),
    ValueForm(
        "user_name",
        lazy_pattern(rf"(?<!\w)(?:SUDO_USER|USER(?:NAME)?|LOGNAME)=(?P<value>{NO_SERVICE}{LOGIN})\b"),
        mark="=",
    ),
    ValueForm(
        "user_name",
        lazy_pattern(
            rf"(?<![\w.@'’-])(?P<value>{NO_SERVICE}(?!{ANYBODY}){LOGIN})['’]s (?i:home)[- ](?i:folder|directory|dir)\b"
        ),
        hint=OWNER_HINT,
    ),
    ValueForm("user_name", lazy_pattern(rf"{FILE_MODE}(?P<value>{NO_SERVICE}{LOGIN}) "), mark="rw"),
    ValueForm(
        "user_name", lazy_pattern(rf"{FILE_MODE}(?P<owner>{NO_SERVICE}{LOGIN}) +(?P<value>(?P=owner)) "), mark="rw"
    ),
    ValueForm(
        "user_name",
        lazy_pattern(rf"{FOLDER_OF_USER}(?P<value>{NO_SERVICE}{LOGIN}(?<![.-])){USER_END}"),
        hint=FOLDER_HINT,
    ),
    ValueForm(
        "user_name",
        lazy_pattern(rf"(?m)(?:^|[\s(\[])(?P<value>(?!(?:{SERVICE_USERS})@){LOGIN})@{HOST}{PROMPT_END}"),
        mark="@",
    ),
    ValueForm(
        "host_name",
        lazy_pattern(rf"(?m)(?:^|[\s(\[]){LOGIN}@(?P<value>(?!{EXAMPLE_HOST}){HOST}){PROMPT_END}"),
        mark="@",
    ),
    ValueForm(
        "user_name",
        lazy_pattern(rf"{REMOTE_COMMAND}(?P<value>(?!(?:{SERVICE_USERS})@){LOGIN})@{HOST}(?![\w@])"),
        mark="@",
    ),
    ValueForm(
        "host_name", lazy_pattern(rf"{REMOTE_COMMAND}{LOGIN}@(?P<value>(?!{EXAMPLE_HOST}){HOST})(?![\w@])"), mark="@"
    ),
    ValueForm(
        "host_name",
        lazy_pattern(
            r"(?i)(?<![\w.@-])(?P<value>[a-z0-9][a-z0-9-]{1,40}(?:\.[a-z0-9-]{1,40}){0,4}\.(?:internal|"
            r"corp|lan|intranet|local))(?![\w-])"
        ),
        hint=HintParts(".internal|.corp|.lan|.intranet|.local"),
    ),
    ValueForm(
        "url_token",
        lazy_pattern(
            r"(?i)https?://[^\s\"'<>]{1,300}?[?&#;](?:[\w-]{0,20}(?:token|key|sig(?:nature)?|secret|auth|"
            r"password|session|sid|code|jwt|invite|reset|email|otp|uid|user_?id|customer_?id|account_?id|"
            r"member_?id))=(?P<value>[^\s&\"'<>#)\]]{4,})"
        ),
        mark="://",
    ),
    *STREET_ADDRESSES,
    *ACCOUNT_VALUES,
    *PAYMENT_VALUES,
)
"""Forms in the order of precedence: of two that overlap, the longer one counts, or else the earlier one."""


def private_values_in(text: str) -> list[Secret]:
    """The private values of a text in order, without overlaps: keys, numbers, addresses; not the names of persons."""
    return list(_values_of_short(text)) if len(text) <= MAX_SHORT else _values_in(text)


@lru_cache(maxsize=4096)
def _values_of_short(text: str) -> tuple[Secret, ...]:
    return tuple(_values_in(text))


def _values_in(text: str) -> list[Secret]:
    """The private values of a text; `private_values_in` caches those of short texts."""
    plain = folded(text)
    values = _values_in_ascii(plain.text)
    return [plain.original(value) for value in values] if plain.places else values


def _values_in_ascii(text: str) -> list[Secret]:
    """The private values of a text with the digits and signs of ASCII."""
    candidates = [(-1, secret) for secret in credentials_in(text)]
    is_ascii = text.isascii()
    is_latin = is_ascii or not NOT_LATIN.search(text)
    for conditions, forms in _groups(DIGIT.search(text) is not None, is_ascii, is_latin):
        for condition in conditions:
            if not condition.search(text):
                break
        else:
            for precedence, form in forms:
                candidates += ((precedence, secret) for secret in _matches(form, text))
    candidates.sort(key=itemgetter(0))
    return without_overlaps([secret for _, secret in candidates])


@cache
def _groups(has_digit: bool, is_ascii: bool, is_latin: bool) -> tuple[SearchGroup, ...]:
    """The forms that are searched for in a text, by their conditions."""
    forms = FORMS if is_latin else (*FORMS, *OTHER_LANGUAGES)
    return search_groups(forms, has_digit=has_digit, is_ascii=is_ascii)


def _matches(form: ValueForm, text: str) -> Iterator[Secret]:
    """The values of a form in a text, and postal codes behind addresses."""
    for match in form.pattern.finditer(text):
        start, end = match.span("value" if "value" in match.groupdict() else 0)
        if end <= start or not form.is_valid(text[start:end]):
            continue
        if form.kind != "street_address":
            yield Secret(start, end, form.kind)
            continue
        end = end_of_address(text, end)
        yield Secret(start, end, form.kind)
        if behind := CODE_BEHIND_ADDRESS.match(text, end):
            yield Secret(*behind.span("value"), "postal_code")


def without_overlaps(candidates: list[Secret]) -> list[Secret]:
    """The values in order; of those that overlap, the longest one; of equally long ones, the first in `candidates`."""
    chosen: list[Secret] = []
    for candidate in sorted(candidates, key=lambda value: value.start - value.end):
        position = bisect_left(chosen, candidate)
        is_after = not position or chosen[position - 1].end <= candidate.start
        if is_after and (position == len(chosen) or candidate.end <= chosen[position].start):
            chosen.insert(position, candidate)
    return chosen
