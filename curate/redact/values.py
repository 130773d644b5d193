"""Which parts of a text are private values: each with its position and kind.

A value with a checksum or a form of its own is found anywhere; a plain number only behind a word that says what it is.
More is found than `curate check` reports: there, mailboxes of offices, examples and private networks are skipped.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from curate.core.credentials import credentials_in
from curate.core.key_value_secrets import Secret
from curate.core.lazy import lazy_pattern
from curate.core.masking import CARD, EMAIL, IBAN, IP_ADDRESS, PHONE, SSN

PERSON: Final = "person"
SURNAME: Final = "surname"
MAX_GAP: Final = (
    r"[^\w\n]{0,4}(?:(?:is|are|was|no|nr|num|number|nummer|num[eé]ro|n[úu]mero|ist|lautet|es|est|"
    r":|#|°|º|\.)[^\w\n]{0,3}){0,3}"
)
"""What may stand between a word that names a value and the value."""


def _stdnum(module: str) -> Callable[[str], bool]:
    """The validity check of a module of python-stdnum, imported at its first use."""
    return lambda text: bool(import_module(f"stdnum.{module}").is_valid(text))


def always(_: str) -> bool:
    """True: the form alone is enough."""
    return True


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a kind of private value."""

    kind: str
    pattern: Any
    """A regular expression; its group `value`, or all of it, is the value."""
    is_valid: Callable[[str], bool] = always
    mark: str = ""
    """A part of each text with such a value; if empty, a digit is."""


def _anywhere(kind: str, pattern: str, is_valid: Callable[[str], bool] = always) -> Form:
    return Form(kind, lazy_pattern(rf"(?<![\w-]){pattern}(?![\w-])"), is_valid)


def _named(kind: str, words: str, value: str, is_valid: Callable[[str], bool] = always, mark: str = "") -> Form:
    """A value behind one of the words."""
    return Form(kind, lazy_pattern(rf"(?i)(?<!\w)(?:{words}){MAX_GAP}(?P<value>{value})(?![\w-])"), is_valid, mark)


def _is_card(text: str) -> bool:
    return _stdnum("luhn")(re.sub(r"\D", "", text)) and len(set(text) - set(" -")) > 3


def _is_spanish(text: str) -> bool:
    return _stdnum("es.dni")(text) or _stdnum("es.nie")(text)


def _is_phone(text: str) -> bool:
    return 7 <= sum(map(str.isdigit, text)) <= 15 and len({char for char in text if char.isdigit()}) > 2


def _is_ip(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    is_of_no_person = address.is_loopback or address.is_unspecified or address.is_multicast
    return not (is_of_no_person or text.endswith(".0") or text in RESOLVERS)


def _is_vin(text: str) -> bool:
    """The check digit of a vehicle identification number (ISO 3779, 49 CFR 565)."""
    letters = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", (*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True))
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    numbers = (int(char) if char.isdigit() else letters.get(char, 0) for char in text)
    total = sum(weight * number for weight, number in zip(weights, numbers, strict=True))
    return "0123456789X"[total % 11] == text[8]


NAME_WORD: Final = (
    r"(?-i:(?:[DLO]['’]|Mc|Mac|De|Di)?[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ]+(?:-[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ]+)?(?![\w'’]*[’'](?!s\b)\w))"
)
RESOLVERS: Final = frozenset(("1.1.1.1", "1.0.0.1", "8.8.8.8", "8.8.4.4", "9.9.9.9"))
"""Public name servers."""
DATE: Final = (
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}"
    r"|(?:\d{1,2}\.? (?:de )?)?[^\W\d_]{3,10}\.? (?:\d{1,2},? )?(?:de )?(?:19|20)\d{2})"
)
CODE: Final = r"(?-i:(?=[A-Z0-9/-]*\d)[A-Z0-9](?:[A-Z0-9/-]{4,18})[A-Z0-9])"
STREETS_EN: Final = (
    r"Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Place|Way|Terrace|"
    r"Square|Crescent|Close|Parkway|Pkwy"
)
CAPITALIZED: Final = r"[A-ZÀ-ÖØ-Þ][\wà-öø-ÿ'’-]*"

FORMS: Final = (
    Form("email", EMAIL, mark="@"),
    Form("iban", IBAN, lambda text: import_module("stdnum.iban").is_valid(text, check_country=False)),
    Form("card", CARD, _is_card),
    Form("us_ssn", SSN, _stdnum("us.ssn")),
    Form("ip_address", IP_ADDRESS, _is_ip),
    Form(
        "ip_address",
        lazy_pattern(
            r"(?<![\w:.])(?=[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:)" r"(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:.])"
        ),
        lambda text: len(text) > 8 and _is_ip(text),
    ),
    _anywhere("mac_address", r"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}"),
    _anywhere("bitcoin_address", r"(?:[13][1-9A-HJ-NP-Za-km-z]{25,34}|bc1[02-9ac-hj-np-z]{11,71})", _stdnum("bitcoin")),
    _anywhere("ethereum_address", r"0x[0-9A-Fa-f]{40}"),
    _anywhere("coordinates", r"-?\d{1,2}\.\d{4,}(?:° ?[NS])?,\s?-?\d{1,3}\.\d{4,}(?:° ?[EW])?"),
    _anywhere(
        "es_dni",
        r"(?:\d{8}|[XYZ]\d{7})-?[A-HJ-NP-TV-Z]",
        _is_spanish,
    ),
    _anywhere("it_codice_fiscale", r"[A-Z]{6}\d{2}[A-EHLMPR-T]\d{2}[A-Z]\d{3}[A-Z]", _stdnum("it.codicefiscale")),
    _anywhere("fr_nir", r"[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}", _stdnum("fr.nir")),
    _anywhere("uk_nino", r"(?![BDFIUV]|GB|NK|TN|ZZ)[A-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]"),
    _anywhere("br_cpf", r"\d{3}\.\d{3}\.\d{3}-\d{2}", _stdnum("br.cpf")),
    _anywhere("in_aadhaar", r"[2-9]\d{3}[ -]\d{4}[ -]\d{4}", _stdnum("in_.aadhaar")),
    _anywhere("in_pan", r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]", _stdnum("in_.pan")),
    _anywhere("se_personnummer", r"(?:19|20)?\d{6}[-+]\d{4}", _stdnum("se.personnummer")),
    _anywhere("fi_hetu", r"\d{6}[-+A]\d{3}[0-9A-FHJ-NPR-Y]", _stdnum("fi.hetu")),
    _anywhere("ch_ahv", r"756\.?\d{4}\.?\d{4}\.?\d{2}", _stdnum("ch.ssn")),
    _anywhere("be_nn", r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}", _stdnum("be.nn")),
    _anywhere("cn_ric", r"[1-9]\d{5}(?:19|20)\d{9}[0-9X]", _stdnum("cn.ric")),
    _anywhere("mx_curp", r"[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z0-9]\d", _stdnum("mx.curp")),
    _anywhere("kr_rrn", r"\d{6}-[1-4]\d{6}", _stdnum("kr.rrn")),
    _anywhere("vin", r"(?=[A-Z]*\d)(?=\d*[A-Z])[A-HJ-NPR-Z0-9]{8}[0-9X][A-HJ-NPR-Z0-9]{8}", _is_vin),
    _named(
        "de_steuer_id",
        r"steuer[- ]?id\w*|steuernummer|steueridentifikationsnummer|idnr\.?|tax id",
        r"\d{2} ?\d{3} ?\d{3} ?\d{3}",
        _stdnum("de.idnr"),
    ),
    _named("uk_nhs_number", "nhs", r"\d{3}[ -]?\d{3}[ -]?\d{4}"),
    _named("nl_bsn", r"bsn|burgerservicenummer|sofinummer", r"\d{9}", _stdnum("nl.bsn")),
    _named("pl_pesel", "pesel", r"\d{11}", _stdnum("pl.pesel")),
    _named("pt_nif", "nif|contribuinte", r"\d{3} ?\d{3} ?\d{3}", _stdnum("pt.nif")),
    _named("dk_cpr", r"cpr(?:-nummer)?", r"\d{6}-?\d{4}"),
    _named("ca_sin", "sin|social insurance", r"\d{3}[ -]?\d{3}[ -]?\d{3}", _stdnum("ca.sin")),
    _named("au_tfn", "tfn|tax file", r"\d{3} ?\d{3} ?\d{2,3}", _stdnum("au.tfn")),
    _named("us_ssn", r"ssn|social security", r"\d{3}[ -]?\d{2}[ -]?\d{4}"),
    _named("passport", r"passports?|reisepass\w*|passeport|pasaporte|passaporto|passaporte", CODE),
    _named(
        "drivers_license",
        r"driv(?:er'?s?|ing) licen[cs]e|führerschein\w*|permis de conduire|(?:carnet|licencia) de "
        r"conducir|patente di guida",
        CODE,
    ),
    _named(
        "license_plate",
        r"licen[cs]e plate|number plate|plate|kennzeichen|plaque d'immatriculation|matr[ií]cula|targa",
        r"(?-i:[A-ZÄÖÜ]{1,3}[ -]?[A-Z]{0,2} ?\d{1,4}[ -]?[A-Z]{0,3})",
    ),
    _named(
        "bank_account",
        r"(?:bank |checking |savings )?account|routing|aba|kontonummer|konto|sort code|clabe|cuenta|" r"compte",
        r"\d(?:[ -]?\d){5,17}",
    ),
    _named("bic", "bic|swift(?: code)?", r"(?-i:[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?)", _stdnum("bic"), mark=" "),
    _named(
        "customer_number",
        r"(?:customer|client|member(?:ship)?|patient|policy|insurance|order|case|ticket|employee|"
        r"medical record|invoice|loyalty|booking|reservation|kunden|versicherten|bestell|rechnungs|"
        r"cliente|pedido|commande)[ _-]?(?:id|no\.?|num(?:ber|mer)|nr\.?|n[úu]mero|code|mrn)?",
        CODE,
    ),
    _named("imei", "imei", r"\d{2}[ -]?\d{6}[ -]?\d{6}[ -]?\d"),
    _named(
        "date_of_birth",
        r"born(?: on)?|birth ?da(?:y|te)|date of birth|d\.?o\.?b\.?|geboren(?: am)?|geburtsdatum|"
        r"geburtstag|née?(?: le)?|date de naissance|nacid[oa](?: el)?|nac[ií](?: el)?|fecha de "
        r"nacimiento|nat[oa] il|data di nascita|nascid[oa](?: em)?|data de nascimento",
        DATE,
    ),
    _named(
        "phone",
        r"phone|tel(?:ephone)?|mobile|cell|call|whatsapp|fax|telefon(?:nummer)?|handy(?:nummer)?|"
        r"rufnummer|anruf\w*|téléphone|tél|portable|tel[ée]fono|móvil|celular|telefone|cellulare|text "
        r"me at|reach me (?:at|on)",
        r"(?:\+|\(|0)?\d(?:[ ()./-]{0,3}\d){6,14}",
        _is_phone,
    ),
    Form("phone", PHONE, _is_phone),
    _anywhere(
        "phone",
        r"(?:0[1-9](?:[ .]\d{2}){4}|0\d{2,4}[ /-]\d{3,8}(?:[ -]\d{2,4})?|\(0\d{2,5}\) ?\d{3,8}|"
        r"\d{3}[ .]\d{3}[ .]\d{4})",
        _is_phone,
    ),
    _named(
        "social_handle",
        r"twitter|instagram|telegram|tiktok|discord|snapchat|handle|insta|github|skype|mastodon",
        r"@[\w.]{2,29}\w",
        mark="@",
    ),
    Form(
        "user_name",
        lazy_pattern(
            r"(?:/home/|/Users/|(?i:[A-Z]:\\{1,4}Users\\{1,4}))(?P<value>(?!(?i:shared|public|user|"
            r"username|your\w*|runner|root|default|ubuntu|name)\b)[\w.-]{2,32})"
        ),
        mark="e",
    ),
    Form(
        "user_name",
        lazy_pattern(
            r"(?m)(?:^|[\s(\[])(?P<value>(?!root\b|git\b|ubuntu\b|ec2-user\b)[a-z_][a-z0-9_.-]{1,31})"
            r"@[\w-]{1,40}(?:\.[\w-]+)*[: ]?[~/][^\n]{0,60}?[$#] "
        ),
        mark="@",
    ),
    Form(
        "host_name",
        lazy_pattern(
            r"(?m)(?:^|[\s(\[])[a-z_][a-z0-9_.-]{1,31}@(?P<value>(?!localhost\b)[\w-]{2,40}(?:\.[\w-]+)*)"
            r"[: ]?[~/][^\n]{0,60}?[$#] "
        ),
        mark="@",
    ),
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
            rf"(?<![\w.,])(?!(?:18|19|20)\d\d )\d{{1,5}}[A-Za-z]?,? (?:[NSEW]\.? )?(?:{CAPITALIZED} "
            rf"){{1,4}}(?:{STREETS_EN})\b\.?(?:,? (?:Apt|Suite|Unit|Flat)\.? ?#?\w{{1,5}})?(?:,? "
            rf"{CAPITALIZED}(?: {CAPITALIZED})?,? [A-Z]{{2}} \d{{5}}(?:-\d{{4}})?)?"
        ),
    ),
    Form(
        "street_address",
        lazy_pattern(
            r"(?:(?:[A-ZÄÖÜ][a-zäöüß]+[ -])?[A-ZÄÖÜ][a-zäöüß]+(?:straße|strasse|str\.|weg|platz|allee|"
            r"gasse|damm|ufer)|(?:[A-ZÄÖÜ][a-zäöüß]+er|Am|An der|Alte|Lange|Neue) (?:Straße|Weg|Platz|"
            r"Allee|Markt|Ring)) \d{1,4} ?[a-h]?(?!\w)(?:,? \d{5} [A-ZÄÖÜ][a-zäöüß]+)?"
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
            rf"?)?\d{{1,4}}(?!\w)(?:,? \d{{5}} {CAPITALIZED})?"
        ),
    ),
)
"""Forms in the order of precedence: of two that overlap, the longer one counts, or else the earlier one."""

DIGIT: Final = re.compile("[0-9]")
HONORIFIC: Final = (
    r"Mrs?|Ms|Miss|Dr|Prof|Herrn?|Frau|Monsieur|Madame|Mme|Mlle|Señora?|Sra?|Signora?|Sig|Senhora?|Doña|Don"
)
FULL_NAME: Final = (
    rf"(?P<name>{NAME_WORD}(?: (?:{NAME_WORD}|(?-i:[A-Z]\.|van|von|de|del|della|da|dos|di|la|le|"
    rf"der|den|bin|al))){{0,3}}(?<! van)(?<! von)(?<! de)(?<! la)(?<! der))"
)
TITLED: Final = lazy_pattern(rf"(?<!\w)(?:{HONORIFIC})\.? {FULL_NAME}")
NAMES: Final = (
    lazy_pattern(
        rf"(?i)\b(?:my name is|my name's|mein name ist|ich heiße|je m'appelle|mon nom est|me llamo|mi "
        rf"nombre es|mi chiamo|meu nome é|eu me chamo|signed by|attn\.?:?|on behalf of|patient(?:in)? "
        rf"name:?|full name:?|(?:customer|account holder|contact|cardholder|beneficiary|recipient|"
        rf"employee|tenant|patient|kunde|kundin|client|cliente|name|nombre|nom|nome):) {FULL_NAME}"
    ),
    lazy_pattern(
        rf"(?i)\b(?:i am|i'm|this is|ich bin|je suis|soy|sono|sou|spoke (?:to|with)|met with|ask for|"
        rf"speak to) (?P<name>{NAME_WORD}(?: {NAME_WORD}){{1,2}})"
    ),
    lazy_pattern(
        rf"(?i)(?:^|\n|[\"'“])\s*(?:dear|hi|hello|hey|hallo|liebe[r]?|lieber|bonjour|ch[eè]re?|hola|"
        rf"querid[oa]|estimad[oa]|ciao|gentile|car[oa]|olá|prezad[oa])(?: (?:{HONORIFIC})\.?)? "
        rf"{FULL_NAME}(?=[,!:\n])"
    ),
    TITLED,
    lazy_pattern(
        rf"(?i)\b(?:regards|sincerely|cheers|thanks|thank you|yours truly|best|grüßen|grüße|gruß|"
        rf"cordialement|saludos|atentamente|saluti|cumprimentos|atenciosamente)"
        rf",?!?\s*\n+\s*{FULL_NAME}(?=\s*(?:$|\n))"
    ),
)
"""What stands before the name of a person."""
NO_NAMES: Final = frozenset(
    """Sir Madam Team All Everyone Everybody Friends Folks There World Claude Assistant User Customer Support
    Service Manager Hiring Committee Editor Professor Doctor Mom Dad Mum Reader Readers Community Colleagues
    Colleague Students Student Parents Guest Guests God Lord Santa Damen Herren Kollegen Kollege Team Zusammen
    Leute Kunde Kundin Madame Monsieur Messieurs Señor Señora Equipo Todos Amigo Amiga Amigos Not Very Just
    From The Hi Hello Hey Dr Mr Mrs Ms Miss Prof President Sender Recipient This That What Who Please Sorry
    Thank Thanks You Your Our Their Someone Anyone John-Doe""".split()  # noqa: SIM905
)
PERSON_KEYS: Final = frozenset(
    """first_name last_name full_name firstname lastname fullname given_name family_name surname customer_name
    patient_name contact_name user_full_name recipient_name sender_name account_holder cardholder
    cardholder_name passenger_name guest_name employee_name vorname nachname nombre apellido apellidos prenom
    nom_de_famille""".split()  # noqa: SIM905
)
"""Keys of JSON objects whose value is the name of a person."""
SURNAME_KEYS: Final = frozenset(
    ["last_name", "lastname", "family_name", "surname", "nachname", "apellido", "apellidos", "nom_de_famille"]
)


def private_values_in(text: str) -> list[Secret]:
    """The private values of a text in order, without overlaps: keys, numbers, addresses; not the names of persons."""
    candidates = list(credentials_in(text))
    has_digit = DIGIT.search(text) is not None
    for form in FORMS:
        if form.mark not in text if form.mark else not has_digit:
            continue
        for match in form.pattern.finditer(text):
            group = "value" if "value" in match.groupdict() else 0
            start, end = match.span(group)
            if end > start and form.is_valid(text[start:end]):
                candidates.append(Secret(start, end, form.kind))
    return without_overlaps(candidates)


def without_overlaps(candidates: list[Secret]) -> list[Secret]:
    """The values in order; of those that overlap, the longest one, or else the one that was found first."""
    chosen: list[Secret] = []
    for candidate in sorted(candidates, key=lambda value: value.start - value.end):
        if all(candidate.end <= other.start or other.end <= candidate.start for other in chosen):
            chosen.append(candidate)
    return sorted(chosen)


def names_in(text: str) -> Iterator[Secret]:
    """The names of persons behind a salutation, an introduction or a title, and below a closing."""
    for pattern in NAMES:
        for match in pattern.finditer(text):
            words = match["name"].split()
            if words[0] not in NO_NAMES and words[-1] not in NO_NAMES:
                yield Secret(*match.span("name"), SURNAME if pattern is TITLED and len(words) == 1 else PERSON)
