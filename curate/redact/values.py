"""Which parts of a text are private values: each with its position and kind.

A value with a checksum or a form of its own is found anywhere; a plain number only behind a word that says what it is.
More is found than `curate check` reports: there, mailboxes of offices, examples and private networks are skipped.
"""

import ipaddress
import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any, Final

from curate.core.credentials import credentials_in
from curate.core.key_value_secrets import Secret
from curate.core.lazy import lazy_pattern
from curate.core.masking import CARD, EMAIL, IBAN, IP_ADDRESS, PHONE, SSN
from curate.redact.sign_in_patterns import (
    COLON_GAP,
    COPULA_GAP,
    LOGIN_HINT,
    SIGN_IN_HINT,
    SIGN_IN_VALUE,
    SIGN_IN_WORDS,
    SPOKEN_GAP,
)
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
    CALENDAR,
    CODE,
    COORDINATE_LISTS,
    COORDINATE_WORDS,
    DATE,
    EXAMPLE,
    FRACTION,
    FREE_GAP,
    GROUPED_ID,
    HANDLE,
    ID_WORDS,
    MAX_GAP,
    PLATE,
    PLATFORMS,
    RESOLVERS,
    SQL_WORD,
    STREETS_EN,
    VIN,
)


def _stdnum(module: str) -> Callable[[str], bool]:
    """The check function of a module of python-stdnum, which is imported at its first use."""
    return lambda text: bool(import_module(f"stdnum.{module}").is_valid(text))


def _compact(module: str) -> Callable[[str], bool]:
    """The check function of a module of python-stdnum for a number with any separators, in any case."""
    is_valid = _stdnum(module)
    return lambda text: is_valid(re.sub(r"[\W_]", "", text).upper())


def always(_: str) -> bool:
    """True: the form alone is enough."""
    return True


DIGIT: Final = re.compile("[0-9]")
SEPARATOR: Final = r"[ ()./\u00a0\u2010-\u2013\u202f-]"
"""A sign between the digits of a phone number; also spaces that do not break and dashes."""
LONG_NUMBER: Final = re.compile(rf"[0-9](?:{SEPARATOR}{{0,3}}[0-9]){{5}}")
CODE_HINT: Final = re.compile(r"(?=[A-Z/-]{0,18}[0-9])[A-Z0-9/-]{6}")
CAPITALS: Final = re.compile("[A-Z]{6}")
YEAR: Final = re.compile(r"(?:19|20)[0-9]{2}|[0-9][-/.][0-9]{1,2}[-/.]")


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a kind of private value."""

    kind: str
    pattern: Any
    """A regular expression; its group `value`, or all of it, is the value."""
    is_valid: Callable[[str], bool] = always
    mark: str = ""
    """A part of each text with such a value; if empty, the hint counts."""
    hint: Any = DIGIT
    """A pattern that each text with such a value has; few texts with none are searched further."""


def _anywhere(kind: str, pattern: str, is_valid: Callable[[str], bool] = always, hint: Any = None) -> Form:
    return Form(kind, lazy_pattern(rf"(?<![\w-]){pattern}(?![\w-])"), is_valid, hint=hint or LONG_NUMBER)


def _named(
    kind: str,
    words: str,
    value: str,
    is_valid: Callable[[str], bool] = always,
    mark: str = "",
    gap: str = MAX_GAP,
    hint: Any = None,
) -> Form:
    """A value that is recognized after one of the words, with at most `gap` between them."""
    pattern = rf"(?i)(?<![^\W_])(?:{words})(?![^\W_]){gap}(?P<value>{value})(?![\w-])"
    return Form(
        kind, lazy_pattern(pattern), is_valid, mark, hint or (CODE_HINT if value in (CODE, VIN) else LONG_NUMBER)
    )


def _is_card(text: str) -> bool:
    """Whether the check digit is that of a payment card, and the number has several different digits."""
    return _stdnum("luhn")(re.sub(r"\D", "", text)) and len(set(text) - set(" -")) > 3


def _is_spanish(text: str) -> bool:
    return _compact("es.dni")(text) or _compact("es.nie")(text)


def _is_phone(text: str) -> bool:
    """Whether it has the length of a telephone number and is no date."""
    digits = re.sub(r"\D", "", text)
    return 7 <= len(digits) <= 15 and len(set(digits)) > 2 and not CALENDAR.fullmatch(text)


def _is_national_phone(text: str) -> bool:
    """Whether it has as many digits as a number with an area code; fewer digits may be anything."""
    return 9 <= sum(map(str.isdigit, text)) <= 12 and _is_phone(text)


def _is_mac(text: str) -> bool:
    """Whether it is the address of a single device, not of all or none."""
    return len(set(text.casefold()) - set(":-")) > 1


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


def _is_national_id(text: str) -> bool:
    """Whether it is as long as a national number: 8 to 16 letters and digits."""
    return 8 <= sum(map(str.isalnum, text)) <= 16


def _is_grouped_id(text: str) -> bool:
    """Whether it has the digits of a national number, and is no date."""
    return 8 <= sum(map(str.isdigit, text)) <= 15 and not CALENDAR.fullmatch(text)


def _is_ip(text: str) -> bool:
    """Whether it is an IP address of a host, not of a network, a loopback or a public resolver."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    is_of_no_person = address.is_loopback or address.is_unspecified or address.is_multicast
    return not (is_of_no_person or text.endswith(".0") or text in RESOLVERS)


def _is_vin(text: str) -> bool:
    """Whether the check digit (ISO 3779, 49 CFR 565) is correct, or the number is a European one without it."""
    letters = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", (*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True))
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    numbers = (int(char) if char.isdigit() else letters.get(char, 0) for char in text)
    total = sum(weight * number for weight, number in zip(weights, numbers, strict=True))
    is_european = text[-6:].isdigit() and sum(map(str.isalpha, text[:11])) > 4  # without a check digit
    return "0123456789X"[total % 11] == text[8] or is_european


CAPITALIZED: Final = r"[A-ZÀ-ÖØ-Þ][\wà-öø-ÿ'’-]*"

MAX_SHORT: Final = 40
"""Characters of texts that are searched once: keys and roles stand in each row."""
FORMS: Final = (
    Form("email", EMAIL, _is_of_person, mark="@"),
    Form("iban", IBAN, lambda text: import_module("stdnum.iban").is_valid(text, check_country=False)),
    Form("card", CARD, _is_card, hint=LONG_NUMBER),
    Form("us_ssn", SSN, _stdnum("us.ssn"), hint=LONG_NUMBER),
    Form("ip_address", IP_ADDRESS, _is_ip),
    Form(
        "ip_address",
        lazy_pattern(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:[0-9A-Fa-f]{1,4}|(?<=::))(?!\w|:[\w:]|\.\w)"),
        lambda text: len(text) > 8 and _is_ip(text),
    ),
    _anywhere("mac_address", r"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}", _is_mac, DIGIT),
    _anywhere(
        "bitcoin_address", r"(?:[13][1-9A-HJ-NP-Za-km-z]{25,34}|bc1[02-9ac-hj-np-z]{11,71})", _stdnum("bitcoin"), DIGIT
    ),
    _anywhere("ethereum_address", r"0x[0-9A-Fa-f]{40}", hint=DIGIT),
    _anywhere("coordinates", r"-?\d{1,2}\.\d{4,}(?:° ?[NS])?,\s?-?\d{1,3}\.\d{4,}(?:° ?[EW])?"),
    Form(
        "coordinates",
        lazy_pattern(
            r"(?<![\w.])\d{1,2}° ?\d{1,2}['’′] ?(?:\d{1,2}(?:\.\d{1,4})?(?:[\"”″]|'') ?)?[NS],? ?"
            r"\d{1,3}° ?\d{1,2}['’′] ?(?:\d{1,2}(?:\.\d{1,4})?(?:[\"”″]|'') ?)?[EWO](?!\w)"
        ),
        mark="°",
    ),
    _named("coordinates", COORDINATE_WORDS, r"\d{1,3}\.\d{2,}", hint=FRACTION),
    _named("coordinates", COORDINATE_LISTS, r"\d{1,3}\.\d{4,}", hint=FRACTION),
    _anywhere(
        "es_dni",
        r"(?i:(?:\d{8}|\d{1,2}\.\d{3}\.\d{3}|[XYZ][ -]?\d{7})[ -]?[A-HJ-NP-TV-Z])",
        _is_spanish,
    ),
    _anywhere(
        "it_codice_fiscale",
        r"(?i:[A-Z]{3} ?[A-Z]{3} ?\d{2}[A-EHLMPR-T]\d{2} ?[A-Z]\d{3}[A-Z])",
        _compact("it.codicefiscale"),
        DIGIT,
    ),
    _anywhere(
        "fr_nir",
        r"[12][ .-]?\d{2}[ .-]?(?:0[1-9]|1[0-2])[ .-]?(?:\d{2}|2[AB])[ .-]?\d{3}[ .-]?\d{3}[ .-]?\d{2}",
        _compact("fr.nir"),
    ),
    _anywhere("uk_nino", r"(?![BDFIUV]|GB|NK|TN|ZZ)[A-Z][A-CEGHJ-NPR-TW-Z][ -]?(?:\d{2}[ -]?){3}[A-D]"),
    _named("uk_nino", r"ni|nino|national insurance", r"[A-Z]{2}[ -]?(?:\d{2}[ -]?){3}[A-D]", gap=FREE_GAP),
    _anywhere("br_cpf", r"\d{3}\.\d{3}\.\d{3}-\d{2}", _stdnum("br.cpf")),
    _anywhere("br_cnpj", r"\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}", _stdnum("br.cnpj")),
    _anywhere("in_aadhaar", r"[2-9]\d{3}[ -]\d{4}[ -]\d{4}", _stdnum("in_.aadhaar")),
    _anywhere("in_pan", r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]", _stdnum("in_.pan"), CODE_HINT),
    _anywhere("se_personnummer", r"(?:19|20)?\d{6}[-+]\d{4}", _stdnum("se.personnummer")),
    _anywhere("fi_hetu", r"\d{6}[-+A]\d{3}[0-9A-FHJ-NPR-Y]", _stdnum("fi.hetu")),
    _anywhere("ch_ahv", r"756\.?\d{4}\.?\d{4}\.?\d{2}", _stdnum("ch.ssn")),
    _anywhere("be_nn", r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}", _stdnum("be.nn")),
    _anywhere("cn_ric", r"[1-9]\d{5}(?:19|20)\d{9}[0-9X]", _stdnum("cn.ric")),
    _anywhere("mx_curp", r"[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z0-9]\d", _stdnum("mx.curp"), CODE_HINT),
    _anywhere("kr_rrn", r"\d{6}-[1-4]\d{6}", _stdnum("kr.rrn")),
    _anywhere("vin", r"(?=[A-Z]*\d)(?=\d*[A-Z])[A-HJ-NPR-Z0-9]{17}", _is_vin, CODE_HINT),
    _named("vin", r"vin|fin|fahrgestell\w*|fahrzeug-?ident\w*|ch[aâ]ssis|bastidor|telaio|chassi", VIN, gap=FREE_GAP),
    _anywhere("de_steuer_id", r"[1-9]\d(?:[ /-]?\d{3}){3}", _compact("de.idnr")),
    _anywhere("pl_pesel", r"\d{11}", _stdnum("pl.pesel")),
    _named(
        "national_id",
        r"(?:national|personal|citizen|identity|identification|tax(?:payer)?|fiscal)(?:[ _-]?(?:id(?:entity)?|"
        r"insurance|card|code|reference|identification))?[ _-]?(?:no\.?|num(?:ber)?|id)|taxpayer|personalausweis\w*|"
        r"ausweis(?:nummer)?|steuer[- ]?(?:id\w*|nummer)|carte d'identité|(?:documento|cédula|carné) de identidad|"
        rf"documento|cédula|número fiscal|numéro fiscal|rg|pan card|{ID_WORDS}",
        CODE,
        _is_national_id,
        gap=FREE_GAP,
    ),
    _named("national_id", rf"{ID_WORDS}|steuer[- ]?(?:id\w*|nummer)", GROUPED_ID, _is_grouped_id, gap=FREE_GAP),
    _named("uk_nhs_number", "nhs", r"\d{3}[ -]?\d{3}[ -]?\d{4}"),
    _named("nl_bsn", r"bsn|burgerservicenummer|sofinummer", r"\d{9}", _stdnum("nl.bsn"), gap=FREE_GAP),
    _named("pt_nif", "nif|contribuinte", r"\d{3} ?\d{3} ?\d{3}", _stdnum("pt.nif")),
    _named("dk_cpr", r"cpr(?:-nummer)?", r"\d{6}-?\d{4}"),
    _named("ca_sin", "sin|social insurance", r"\d{3}[ -]?\d{3}[ -]?\d{3}", _stdnum("ca.sin")),
    _named("au_tfn", "tfn|tax file", r"\d{3} ?\d{3} ?\d{2,3}", _stdnum("au.tfn")),
    _named("us_ssn", r"ssn|social security", r"\d{3}[ -]?\d{2}[ -]?\d{4}"),
    _named(
        "passport",
        r"passports?|(?:reise)?pass(?:nummer|nr\.?)|reisepass|passeport|pasaporte|passaporto|passaporte",
        CODE,
        gap=FREE_GAP,
    ),
    _named(
        "drivers_license",
        r"driv(?:er['’]?s?|ing)[ _-]licen[cs]e|dl|licen[cs]e (?:no\.?|number)|führerschein\w*|(?:numéro de )?permis|"
        r"(?:carnet|licencia|permiso) de conducir|patente di guida|carteira de motorista",
        CODE,
        gap=FREE_GAP,
    ),
    _named(
        "license_plate",
        r"(?:licen[cs]e[ _-]|number[ _-])?plate|(?:vehicle |car )?registration|(?:kfz-?|auto)?kennzeichen|"
        r"nummernschild|(?:plaque d['’])?immatriculation|matr[ií]cula|targa|placa",
        PLATE,
        lambda text: 5 <= sum(map(str.isalnum, text)) <= 9,
        hint=DIGIT,
    ),
    _named(
        "bank_account",
        r"(?:bank |checking |savings )?ac(?:coun|c)?t\.?|routing|aba|kontonummer|konto|sort code|clabe|cuenta|compte|"
        r"conto|conta",
        r"\d(?:[ -]?\d){5,17}",
    ),
    _named("bic", "bic|swift(?: code)?", r"(?-i:[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?)", _stdnum("bic"), hint=CAPITALS),
    _named(
        "customer_number",
        r"(?:customer|client|member(?:ship)?|patient|policy|insurance|order|case|ticket|employee|"
        r"medical record|invoice|loyalty|booking|reservation|kunden|kd\.?|versicherten|versicherungs|bestell|"
        r"bestellung|rechnungs|rechnung|auftrags?|vertrags?|mitglieds|cliente|pedido|commande|facture|factura|"
        r"identifiant client|ordine|abonnement)[ _.-]{0,2}(?:id|no\.?|num(?:ber|mer)|nr\.?|n[úu]mero|code|mrn|ref)?",
        CODE,
    ),
    _named("imei", "imei", r"\d{2}[ -]?\d{6}[ -]?\d{6}[ -]?\d"),
    _named(
        "date_of_birth",
        r"born(?: on)?|birth ?da(?:y|te)|date of birth|d\.?o\.?b\.?|geboren(?: am)?|geburtsdatum|"
        r"geburtstag|née?(?: le)?|date de naissance|nacid[oa](?: el)?|nac[ií](?: el)?|fecha de "
        r"nacimiento|nat[oa] il|data di nascita|nascid[oa](?: em)?|data de nascimento",
        DATE,
        hint=YEAR,
    ),
    Form(
        "date_of_birth",
        lazy_pattern(rf"(?i)(?<![\w.-])(?P<value>{DATE})(?= (?:\w+ ){{0,3}}(?:geboren|born|nato|nata)\b)"),
        hint=YEAR,
    ),
    _named("password", SIGN_IN_WORDS, SIGN_IN_VALUE, _is_secret, hint=SIGN_IN_HINT),
    _named("password", SIGN_IN_WORDS, SIGN_IN_VALUE, _is_strange_secret, gap=SPOKEN_GAP, hint=SIGN_IN_HINT),
    _named("password", SIGN_IN_WORDS, SIGN_IN_VALUE, _is_secret_with_digit, gap=COPULA_GAP, hint=SIGN_IN_HINT),
    _named("password", SIGN_IN_WORDS, SIGN_IN_VALUE, _is_strange_secret, gap=COLON_GAP, hint=SIGN_IN_HINT),
    _named(
        "password",
        r"log-?in|credentials|zugang(?:sdaten)?|anmeldung|identifiants|credenciales|acceso",
        SIGN_IN_VALUE,
        _is_strange_secret,
        gap=r" ?[:=]? ?[\w.@-]{2,40} ?[/|:,] ?",
        hint=LOGIN_HINT,
    ),
    Form(
        "password",
        lazy_pattern(
            rf"(?i)(?<![^\s\"'`(])(?P<value>{SIGN_IN_VALUE})[\"'`]? (?:as|is|was|for|als|ist|war|für|para|pour|como|es"
            r"|era|comme|est|come|è)"
            rf"(?: [^\W\d_]{{1,6}}){{0,2}} (?:{SIGN_IN_WORDS})(?![\w-]| hash| manager| encod)"
        ),
        _is_secret_with_digit,
        hint=SIGN_IN_HINT,
    ),
    _named(
        "phone",
        r"(?:tele|smart)?phone|tel|mobile|cell|voice ?mail|leave (?:\w{2,4} )?a message|"
        r"(?:call|ring|text|message|contact|reach)(?:ing)? "
        r"(?:me|us|him|her|them|back)|(?:can|could|please|to|just) (?:call|ring|text|dial|contact)|missed call|"
        r"whatsapp|fax|fon|telefon\w*|handy\w*|"
        r"mobil(?:nummer|telefon)?|landline|hotline|rufnummer|anruf\w*|erreichbar|erreich\w+|ruf\w*|zurückrufen|"
        r"téléphone|tél|"
        r"portable|appel\w*|rappel\w*|joindre|contacter|tel[ée]fono|m[oó]v(?:il)?|celular|ll[aá]m\w+|contactar\w*|tfno|tlf|"
        r"centralita|contestador|apunta\w*|contacto|recepci[oó]n|av[ií]s[aeo]\w*|localiz\w+|pregunt\w+|wa\.me|"
        r"telefone|cellulare|"
        r"(?:my|his|her|our|your|their|mein|meine|seine|ihre|unsere|mon|son|notre|votre|mi|su|nuestro|meu|mio)"
        r"(?: \w{2,15}){0,2} (?:number|nummer|num[ée]ro|n[úu]mero)",
        rf"(?:\+|\(|0)?\d(?:{SEPARATOR}{{0,3}}\d){{8,14}}",
        _is_national_phone,
        gap=FREE_GAP,
    ),
    _named(
        "phone",
        r"number|nummer|num[ée]ro|n[úu]mero",
        rf"(?:(?:\+|\(?0)\d(?:{SEPARATOR}{{0,3}}\d){{7,12}}|[6-9]\d{{1,2}}(?: \d{{2,3}}){{2,3}})",
        _is_national_phone,
        gap=FREE_GAP,
    ),
    Form(
        "phone",
        lazy_pattern(
            rf"(?i)(?<![\w.+(/-])(?P<value>(?:\+|\(|0)?\d(?:{SEPARATOR}{{0,3}}\d){{8,14}})"
            r"(?= (?:zu |auch )?(?:erreichbar|erreichen|anrufen|zurück(?:rufen)?|an(?=[.!?])))"
        ),
        _is_national_phone,
        hint=LONG_NUMBER,
    ),
    _named(
        "phone",
        r"(?:tele)?phone|tel|mobile|cell|call|contact|dial|whatsapp|fax|fon|telefon\w*|handy\w*|rufnummer|téléphone|tél|portable|"
        r"tel[ée]fono|móvil|celular|telefone|cellulare|text me|reach me",
        rf"(?:\+|\(|0)?\d(?:{SEPARATOR}{{0,3}}\d){{6,14}}",
        _is_phone,
    ),
    Form(
        "phone",  # of Spain and Portugal: in three groups behind an article; in the others that no amount has
        lazy_pattern(
            r"(?i)(?<!\w)(?:al|del|el|ao|no|pelo) (?P<value>[6-9]\d{2}(?P<sign>[ .-])\d{3}(?P=sign)\d{3})"
            r"(?![\w-]|[.,]\d)"
        ),
        _is_phone,
        hint=LONG_NUMBER,
    ),
    _anywhere(
        "phone",
        r"(?:07[1-9]\d{8}|\((?:\+|00)\d{1,3}\) ?\d(?:[ .-]?\d){7,11}|"
        r"[6-9]\d{2}(?:(?: \d{2}){3}|(?:\.\d{2}){3}|(?:-\d{2}){3})|"
        r"[89]\d(?: \d{3} \d{2} \d{2}|\.\d{3}\.\d{2}\.\d{2}|-\d{3}-\d{2}-\d{2}))",
        _is_phone,
    ),
    Form("phone", PHONE, _is_phone, hint=LONG_NUMBER),
    Form(
        "phone",
        lazy_pattern(rf"(?<![\w.+(/-])(?:\+|00)[1-9]\d{{0,2}}(?:{SEPARATOR}{{0,3}}\d){{7,12}}(?![\w-])"),
        _is_phone,
        hint=LONG_NUMBER,
    ),
    _anywhere(
        "phone",
        r"(?:0[1-9](?:[ .-]\d{2}){4}|\d{3}[ .]\d{3}[ .]\d{4}|1[-. ]\(?[2-9]\d{2}\)?[-. ]\d{3}[-. ]\d{4}|"
        r"\d{2} 9\d{4}-\d{4})",
        _is_phone,
    ),
    Form(
        "phone",
        lazy_pattern(
            r"(?i)(?<!\w)(?:(?:on|at|ring|text|call|dial|try|phone) (?=0[1-9]\d{8,9}(?![\w-]))|"
            r"\((?=[6-9]\d{2} \d{3} \d{3}\)))"
            r"(?P<value>\d[\d ]{8,10}(?<! ))"
        ),
        _is_phone,
        hint=LONG_NUMBER,
    ),
    Form(
        "phone",
        lazy_pattern(r"(?<![\w.(-])(?:\(\d{2,5}\) ?|0\d{1,4}[ /-])\d{2,8}(?:[ -]\d{2,8}){0,4}(?![\w-])"),
        _is_national_phone,
        hint=LONG_NUMBER,
    ),
    _named("social_handle", rf"{PLATFORMS}|handle", HANDLE, mark="@", gap=r"[^\n@]{0,40}"),
    Form(
        "social_handle",
        lazy_pattern(rf"(?i)(?<![\w@.])(?P<value>{HANDLE}) (?:on|auf|bei|sur|en|su|no) (?:{PLATFORMS})\b"),
        mark="@",
    ),
    Form("user_name", lazy_pattern(rf"{POSIX_HOME}(?P<value>{NO_SERVICE}{FOLDER_USER})"), hint=HOME_HINT),
    Form(
        "user_name",
        lazy_pattern(rf"{WINDOWS_HOME}(?P<value>{NO_SERVICE}{FOLDER_USER}(?:(?: {FOLDER_USER}){{1,3}}(?=[\\/]))?)"),
        hint=HOME_HINT,
    ),
    Form(
        "user_name",
        lazy_pattern(
            rf"(?:(?<![\w~/.-])|(?<=\w/))~(?P<value>{NO_SERVICE}{LOGIN})(?=/(?:\.[a-z]|(?:public_html|bin|src|tmp|Desktop|"
            r"Documents|Downloads|Pictures|Library)\b))"
        ),
        mark="~",
    ),
    Form(
        "user_name",
        lazy_pattern(
            rf"(?:https?://[^\s/]{{1,80}}/|(?<![\w-])(?:cd|ls|du|tree|find) )~(?P<value>{NO_SERVICE}{LOGIN}(?<![.-]))"
        ),
        mark="~",
    ),
    Form(
        "user_name",
        lazy_pattern(rf"(?<!\w)(?:SUDO_USER|USER(?:NAME)?|LOGNAME)=(?P<value>{NO_SERVICE}{LOGIN})\b"),
        mark="=",
    ),
    Form(
        "user_name",
        lazy_pattern(
            rf"(?<![\w.@'’-])(?P<value>{NO_SERVICE}(?!{ANYBODY}){LOGIN})['’]s (?i:home)[- ](?i:folder|directory|dir)\b"
        ),
        hint=OWNER_HINT,
    ),
    Form("user_name", lazy_pattern(rf"{FILE_MODE}(?P<value>{NO_SERVICE}{LOGIN}) "), mark="rw"),
    Form("user_name", lazy_pattern(rf"{FILE_MODE}(?P<owner>{NO_SERVICE}{LOGIN}) +(?P<value>(?P=owner)) "), mark="rw"),
    Form(
        "user_name",
        lazy_pattern(rf"{FOLDER_OF_USER}(?P<value>{NO_SERVICE}{LOGIN}(?<![.-])){USER_END}"),
        hint=FOLDER_HINT,
    ),
    Form(
        "user_name",
        lazy_pattern(rf"(?m)(?:^|[\s(\[])(?P<value>(?!(?:{SERVICE_USERS})@){LOGIN})@{HOST}{PROMPT_END}"),
        mark="@",
    ),
    Form(
        "host_name",
        lazy_pattern(rf"(?m)(?:^|[\s(\[]){LOGIN}@(?P<value>(?!{EXAMPLE_HOST}){HOST}){PROMPT_END}"),
        mark="@",
    ),
    Form(
        "user_name",
        lazy_pattern(rf"{REMOTE_COMMAND}(?P<value>(?!(?:{SERVICE_USERS})@){LOGIN})@{HOST}(?![\w@])"),
        mark="@",
    ),
    Form("host_name", lazy_pattern(rf"{REMOTE_COMMAND}{LOGIN}@(?P<value>(?!{EXAMPLE_HOST}){HOST})(?![\w@])"), mark="@"),
    Form(
        "host_name",
        lazy_pattern(
            r"(?i)(?<![\w.@-])(?P<value>[a-z0-9][a-z0-9-]{1,40}(?:\.[a-z0-9-]{1,40}){0,4}\.(?:internal|"
            r"corp|lan|intranet|local))(?![\w-])"
        ),
        mark=".",
    ),
    Form(
        "url_token",
        lazy_pattern(
            r"(?i)https?://[^\s\"'<>]{1,300}?[?&#;](?:[\w-]{0,20}(?:token|key|sig(?:nature)?|secret|auth|"
            r"password|session|sid|code|jwt|invite|reset|email|otp))=(?P<value>[^\s&\"'<>#)\]]{4,})"
        ),
        mark="://",
    ),
    Form(
        "street_address",
        lazy_pattern(
            rf"(?<![\w.,])(?!(?:18|19|20)\d\d )\d{{1,5}}[A-Za-z]?,? (?:[NSEW]\.? )?(?:(?:{CAPITALIZED}|"
            rf"\d{{1,3}}(?:st|nd|rd|th)) ){{1,4}}(?:{STREETS_EN})\b\.?(?:,? (?:Apt|Suite|Unit|Flat)\.? ?#?\w{{1,5}})?"
            rf"(?:,? {CAPITALIZED}(?: {CAPITALIZED})?,? (?:[A-Z]{{2}} \d{{5}}(?:-\d{{4}})?|"
            rf"[A-Z]{{1,2}}\d[A-Z\d]? ?\d[A-Z]{{2}}))?"
        ),
        lambda text: not SQL_WORD.search(text),
    ),
    Form(
        "street_address",
        lazy_pattern(
            r"(?:(?:[A-ZÄÖÜ][a-zäöüß]+[ -])?[A-ZÄÖÜ][a-zäöüß]+(?:straße|strasse|str\.|weg|platz|allee|"
            r"gasse|damm|ufer)|(?:[A-ZÄÖÜ][a-zäöüß]+er|Am|An der|Alte|Lange|Neue) (?:[A-ZÄÖÜ][a-zäöüß]+ )?(?:Straße|"
            r"Weg|Platz|Allee|Markt|Ring|Hof|Berg|Tor|Ufer|Kirche)) \d{1,4} ?[a-h]?(?!\w)(?:,? \d{5} "
            r"[A-ZÄÖÜ][a-zäöüß]+)?"
        ),
    ),
    Form(
        "street_address",
        lazy_pattern(
            rf"(?i:\d{{1,4}}(?: ?bis| ?ter)?,? (?:rue|avenue|boulevard|place|chemin|impasse|allée|quai|"
            rf"route|cours)) (?:(?i:de la |de l'|de |du |des |d'|la |le )"
            rf"){{0,2}}(?-i:{CAPITALIZED}(?:[ -]{CAPITALIZED}){{0,3}})(?:,? \d{{5}} {CAPITALIZED})?"
        ),
    ),
    Form(
        "street_address",
        lazy_pattern(
            rf"(?<!\w)(?:Calle|C/|Avenida|Avda\.?|Plaza|Paseo|Carrera|Camino|Ronda|Via|Viale|Piazza|Corso|"
            rf"Rua|Travessa) (?:(?:de la |de los |de las |de |del |della |dei |da |do |la |el )"
            rf"){{0,2}}{CAPITALIZED}(?: (?:de |del |la )?{CAPITALIZED}){{0,3}},? (?:n[º°.o]? "
            rf"?)?\d{{1,4}}(?!\w)(?:, ?\d{{1,2}}[ºª°]?(?: ?[A-Za-z]{{1,4}}\.?)?(?=,))?(?:,? \d{{5}} {CAPITALIZED})?"
        ),
    ),
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
    candidates = list(credentials_in(text))
    hints: dict[Any, bool] = {}
    for form in FORMS:
        if form.mark:
            if form.mark not in text:
                continue
        elif not (
            hints[form.hint] if form.hint in hints else hints.setdefault(form.hint, bool(form.hint.search(text)))
        ):
            continue
        for match in form.pattern.finditer(text):
            group = "value" if "value" in match.groupdict() else 0
            start, end = match.span(group)
            if end > start and form.is_valid(text[start:end]):
                candidates.append(Secret(start, end, form.kind))
    return without_overlaps(candidates)


def without_overlaps(candidates: list[Secret]) -> list[Secret]:
    """The values in order; of those that overlap, the longest one; of equally long ones, the first in `candidates`."""
    chosen: list[Secret] = []
    for candidate in sorted(candidates, key=lambda value: value.start - value.end):
        position = bisect_left(chosen, candidate)
        is_after = not position or chosen[position - 1].end <= candidate.start
        if is_after and (position == len(chosen) or candidate.end <= chosen[position].start):
            chosen.insert(position, candidate)
    return chosen
