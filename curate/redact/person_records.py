"""Names and values that the columns of a table or the keys of an object name: tables in texts, records of persons."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import takewhile
from typing import Any, Final, NamedTuple

from curate.core.lazy import lazy_pattern
from curate.redact.folding import MARK, folded
from curate.redact.name_words import PERSON_KEYS
from curate.redact.values import FORMS

RECORD_KEYS: Final = frozenset(
    """email e_mail mail email_address phone phone_number mobile tel telephone telefon dob date_of_birth birth_date
    birthdate birthday geburtsdatum ssn tax_id passport first_name last_name firstname lastname vorname nachname cvv cvc
    pan card_number iban nombre correo telefono cpf handy handynummer strasse straße telephone telefoon telefoonnummer
    mobiel numer_telefonu nr_telefonu celular cellulare movil telemovel geboortedatum date_naissance date_de_naissance
    data_di_nascita data_nascita data_nascimento data_de_nascimento data_urodzenia fecha_nacimiento fecha_de_nacimiento
    dni nif bsn pesel codice_fiscale nir nr_konta rekeningnummer nhs_number telephone_portable home_phone
    prenom voornaam imie cognome sobrenome apellido apellidos apelido nazwisko achternaam surname family_name
    nom_de_famille
    手机 手机号 电话 联系电话 邮箱 身份证号 身份证 電話 電話番号 携帯 メール 生年月日""".split()  # noqa: SIM905
)
"""Keys of objects and columns of tables that are of a person."""
NAME_KEYS: Final = frozenset(
    """name display_name holder contact attendee customer client patient employee person user full contact_person
    owner tenant student teacher kunde mitarbeiter nom nome nombre cliente klant
    naam klient titular intestatario inhaber assure prenom cardholder imie given first last""".split()  # noqa: SIM905
)
"""Keys whose value is the name of a person if the others are of one."""
ROLE_KEYS: Final = frozenset(
    """klant klient cliente kunde kundin empfanger empfaenger destinatario destinataire ontvanger odbiorca recipient
    passenger patient paciente paziente pacjent patientin cardholder titular titulaire guest beneficiary""".split()  # noqa: SIM905
)
"""Keys whose value is the name of a person if it has two words or more in the form of one."""
OWN_COLUMNS: Final = PERSON_KEYS - {"nombre"}
NO_PERSON: Final = re.compile(
    r"\b(?:Inc|GmbH|AG|Ltd|LLC|LLP|Corp\w*|Co|Company|Group|Bank|University|School|College|Hospital|Clinic|Center|"
    r"Centre|Hotel|Restaurant|Cafe|Café|Store|Shop|Services?|Solutions|Systems|Team|Support|Department|Office|Sales|"
    r"Institute|Foundation|Association|Museum|Library|Product|Test|Example|Sample|Admin\w*|User|Customer)\b"
)
NAME_WORD: Final = r"(?:[^\W\d_a-z][^\W\d_'’]*(?:['’-][^\W\d_]+)*\.?|van|von|de|da|der|den|del|di|la|bin|al|dos)"
PERSONAL_NAME: Final = lazy_pattern(rf"{NAME_WORD}(?:[\s・]{NAME_WORD}){{0,3}}")
OTHER_COLUMNS: Final = (
    r"name|nom|nombre|birth|d\.?o\.?b|geburt|phone|tel|mobil|handy|ssn|social|passport|licen[cs]e|plate|account|"
    r"iban|card|number|cvv|adres|street|stra(?:ß|ss)e|naam|imi[eę]|nazwisko|cognome|celul|cellul|telefo|cpf|dni|pesel|bsn|"
    r"姓名|电话|手机|邮箱|身份证|地址|氏名|電話|住所|生年月日|zip|post|plz|cep|tax|national|customer|patient|email|user|login|lat|lon|lng|\btan\b"
)
"""Names of columns, and parts of them, beside the words that name values."""
COLUMN_NAME: Final = r"[^\W\d][\w .()/#-]{0,29}+|#"
"""Possessive: the spaces behind a name would otherwise be divided in many ways, for each column."""
HEADER: Final = lazy_pattern(
    rf"(?m)^[ \t|]*[\"']?(?:{COLUMN_NAME})(?:[\"' ]*[,;|\t][\"' ]*(?:{COLUMN_NAME}))+[\"' |]*\r?\n"
)
"""A line with names of columns."""
SEPARATORS: Final = (",", ";", "\t", "|")
OF_PERSON: Final = re.compile(r"@|\d(?:[ ()/.-]{0,2}\d){5}")
"""An e-mail address or a long number: a column `phone` may also name phones."""
CAMEL_KEY: Final = lazy_pattern(r'"(?P<key>[a-z]{2,20}(?:[A-Z][a-z]{1,20}){1,3})"\s?:\s?"(?P<value>[^"\\\n]{1,120})"')
SQL_TEXT: Final = r"(?:[^()'\n]|'(?:[^'\n]|'')*')"
INSERT: Final = lazy_pattern(
    r"(?i)\binsert\s+into\s+[\w.\"`\[\]]{1,60}\s*\((?P<keys>[^()]{3,400})\)\s*values\s*"
    rf"(?P<rows>\({SQL_TEXT}{{1,2000}}\)(?:\s*,\s*\({SQL_TEXT}{{1,2000}}\)){{0,200}})"
)
SQL_ROW: Final = lazy_pattern(rf"\({SQL_TEXT}{{1,2000}}\)")
SQL_VALUE: Final = lazy_pattern(r"\s*+(?:'(?P<text>(?:[^'\n]|'')*+)'|[^,'\n]++)\s*+(?:,|$)")
COPY: Final = lazy_pattern(
    r"(?im)^copy\s+[\w.\"]{1,60}\s*\((?P<keys>[^()\n]{3,400})\)\s+from\s+stdin;[ \t]*\r?\n"
    r"(?P<rows>(?:[^\n\\][^\n]*\n){1,5000})"
)
"""The rows of a dump of PostgreSQL, up to `\\.`."""
FIELD: Final = re.compile(r"(?:(?<=\t)|(?<=\n))[^\t\r\n]*")
MAX_HEADER_CHARS: Final = 400
RULE: Final = re.compile(r"[\s|:+-]+")
CELLS: Final = {
    separator: re.compile(rf'"[^"]*"|[^{re.escape(separator)}"]*(?:"[^{re.escape(separator)}]*)?')
    for separator in SEPARATORS
}


class Cell(NamedTuple):
    """The position of a value in a text, and the key that its column has."""

    start: int
    end: int
    key: str


def is_personal_name(text: Any) -> bool:
    """Whether a value has the form of a name of a person: up to four words with capitals, none of an organisation."""
    if not isinstance(text, str):
        return False
    text = folded(text).text
    return PERSONAL_NAME.fullmatch(text.strip()) is not None and not NO_PERSON.search(text)


def normal_key(key: str) -> str:
    """A key in lower case without accents and with `_` between its words: `displayName` -> `display_name`."""
    plain = key if key.isascii() else MARK.sub("", unicodedata.normalize("NFD", key))
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[\W_]+", "_", plain.strip()).strip("_").lower()


def is_of_person(keys: Iterable[str]) -> bool:
    """Whether an object or a table has a key that only persons have."""
    return not RECORD_KEYS.isdisjoint(map(normal_key, keys))


def is_name_of_role(key: str, value: Any) -> bool:
    """Whether the key is of a role such as `recipient`, and the value the full name of a person."""
    return normal_key(key) in ROLE_KEYS and is_personal_name(value) and len(value.split()) > 1


def cells_of_tables(text: str) -> Iterator[Cell]:
    """The cells of the columns with private values, in Markdown tables and lines with separators.

    A table begins with a line of names of columns; each other line has as many cells.
    """
    headers = {match.start() for match in HEADER.finditer(text)} if "\n" in text else ()
    if not headers:
        return
    lines = [(match.start(), match.group()) for match in re.finditer(r"[^\n]+", text)]
    position = 0
    while position < len(lines) - 1:
        start_of_header, header = lines[position]
        separator = _separator(header) if start_of_header in headers else ""
        position += 1
        if not separator or len(_cells(lines[position][1], separator)) < 2 or not _is_column(header):
            continue
        names = [name for _, _, name in _cells(header, separator)]
        keys = [normal_key(name) for name in names]
        words = [re.sub(r"(?<=[a-z])(?=[A-Z])|\W+", "_", name).lower() for name in names]
        rows = list(
            takewhile(lambda line: len(_cells(line[1], separator)) == len(names), lines[position:])  # noqa: B023
        )
        position += len(rows)
        has_person = is_of_person(keys) and any(OF_PERSON.search(row) for _, row in rows)
        for offset, row in rows:
            if RULE.fullmatch(row):
                continue
            for key, word, (start, end, value) in zip(keys, words, _cells(row, separator), strict=True):
                key_of_cell = "person_name" if has_person and key in NAME_KEYS and is_personal_name(value) else key
                is_private = key_of_cell not in PERSON_KEYS or is_personal_name(value)
                if value and is_private and (key_of_cell in OWN_COLUMNS or _is_column(word)):
                    yield Cell(offset + start, offset + end, key_of_cell if key_of_cell in PERSON_KEYS else word)


def cells_of_keys(text: str) -> Iterator[Cell]:
    """The texts under keys such as `phoneNumber` of JSON within a text; other keys are words before a value."""
    for match in CAMEL_KEY.finditer(text) if '"' in text else ():
        key = normal_key(match["key"])
        if key not in PERSON_KEYS or is_personal_name(match["value"]):
            yield Cell(match.start("value"), match.end("value"), key)


def cells_of_inserts(text: str) -> Iterator[Cell]:
    """The texts in the rows of SQL statements that insert or copy, under the names of their columns."""
    for match in INSERT.finditer(text) if "(" in text else ():
        rows = SQL_ROW.finditer(text, *match.span("rows"))
        values = ([cell.span("text") for cell in _sql_values(text, row.start() + 1, row.end() - 1)] for row in rows)
        yield from _cells_of_columns(text, match["keys"], values)
    for match in COPY.finditer(text) if "\t" in text else ():
        lines = re.compile(r"[^\n]+").finditer(text, *match.span("rows"))
        values = ([field.span() for field in FIELD.finditer(text, *line.span())] for line in lines)
        yield from _cells_of_columns(text, match["keys"], values)


def _cells_of_columns(text: str, columns: str, rows: Iterable[list[tuple[int, int]]]) -> Iterator[Cell]:
    """The cells of rows, whose values have these positions, under the names of columns that SQL separates by commas."""
    keys = [normal_key(key) for key in columns.split(",")]
    has_person = is_of_person(keys) or not PERSON_KEYS.isdisjoint(keys)
    for spans in rows:
        for key, (start, end) in zip(keys, spans, strict=False) if len(spans) == len(keys) else ():
            if value := text[max(start, 0) : max(end, 0)]:
                is_name = key in PERSON_KEYS or (has_person and key in NAME_KEYS)
                if not is_name or is_personal_name(value):
                    yield Cell(start, end, "person_name" if is_name else key)


def _sql_values(text: str, start: int, end: int) -> Iterator[re.Match[str]]:
    """The values of a row, up to the first one that is written in another form."""
    while start < end and (match := SQL_VALUE.match(text, start, end)):
        yield match
        start = match.end()


@cache
def _columns() -> re.Pattern[str]:
    """The words and parts that name a column with private values."""
    words = "|".join(dict.fromkeys(form.names for form in FORMS if form.names))
    return re.compile(rf"(?i){OTHER_COLUMNS}|{words}")


@lru_cache(maxsize=1024)
def _is_column(line: str) -> bool:
    """Whether the name of a column, or a line of names, has one of a column with private values."""
    return _columns().search(line) is not None


def _separator(line: str) -> str:
    """What separates the names of columns in a line; empty if it is no such line."""
    line = folded(line).text
    if len(line) > MAX_HEADER_CHARS:
        return ""
    for separator in sorted(SEPARATORS, key=line.count, reverse=True):
        names = [name for _, _, name in _cells(line, separator)]
        if len(names) > 1 and all(re.fullmatch(COLUMN_NAME, name) for name in names):
            return separator
    return ""


def _cells(line: str, separator: str) -> list[tuple[int, int, str]]:
    """Start, end and text of each cell of a line, without quotes, spaces and the signs at the ends of Markdown rows."""
    first, last = 0, len(line)
    if separator == "|":
        first = len(line) - len(line.lstrip(" |")) if line.lstrip().startswith("|") else 0
        last = len(line.rstrip(" \r|")) if line.rstrip(" \r").endswith("|") else last
    cells, position = [], first
    while position <= last:
        match = CELLS[separator].match(line, position, last)
        end = match.end() if match else position
        value = line[position:end]
        text = value.strip(" \t\r\"'")
        start = position + (value.find(text) if text else 0)
        cells.append((start, start + len(text), text))
        position = end + 1
        if end < last and line[end] != separator:
            return []
    return cells
