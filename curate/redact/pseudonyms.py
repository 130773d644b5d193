"""What a private value is replaced by: an invented value of the same form, or a label with a number.

Equal values have equal replacements, whatever spaces and dashes they are written with. Invented e-mail, IP and MAC
addresses are of ranges that nobody owns (RFC 2606, RFC 5737, RFC 3849, locally administered); the check digits of
invented numbers are wrong on purpose, so that the number is nobody's. Secrets are always replaced by labels.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from curate.core.errors import InputError
from curate.redact.folding import folded, like, with_digits_of
from curate.redact.form import always
from curate.redact.name_words import ORG, PERSON, SURNAME
from curate.redact.phone_numbers import prefix_digits
from curate.redact.values import FORMS
from curate.storage.files import display_name, replacing

WOMEN: Final = tuple(
    """Ada Alma Amara Anika Bianca Carla Clara Dalia Daria Edda Elena Elisa Emma Erika Flora Freya Greta Hanna
    Helena Ida Ina Irina Iris Jana Julia Karla Lara Laura Lea Lena Lina Luisa Maja Mara Marta Mila Mona Nadia
    Nina Nora Olga Paula Petra Rita Rosa Sara Sofia Stella Tara Tina Ulla Vera Wanda Zita""".split()  # noqa: SIM905
)
MEN: Final = tuple(
    """Adam Alan Anton Arne Bastian Boris Bruno Carl Cedric Conrad Damian Dario Edgar Elias Emil Erik Felix Finn
    Gregor Gustav Hannes Henrik Hugo Igor Ivan Jakob Jan Jonas Julian Karl Kevin Leon Leo Lorenz Lukas Marco
    Mario Martin Max Milan Nils Oscar Oskar Otto Pablo Paul Peter Ralf Robin Samuel Simon Theo Tim Tom Victor
    Viktor""".split()  # noqa: SIM905
)
SURNAMES: Final = tuple(
    """Abel Adler Albers Amsel Arnold Bach Barth Bauer Beck Berger Blum Brandt Brenner Burke Carver Castle Cole
    Conrad Cooper Cruz Dale Decker Drake Ebert Ellis Engel Falk Ferrer Fisher Fox Frank Gallo Garner Graf Hahn
    Hale Hansen Hart Heller Hofer Holt Horn Keller Kern Lang Lind Lorenz Marin Marsh Mayer Moran Nolan Novak
    Olsen Ortega Page Palmer Porter Quinn Reed Reyes Roth Sander Sauer Serra Sommer Stark Stone Thorn Ullman
    Vargas Vega Vogel Wagner Walsh Weber Winter Wolf York Zeller""".split()  # noqa: SIM905
)
ORG_BEGINNINGS: Final = (
    "Al", "Bel", "Cal", "Dor", "El", "Fal", "Gal", "Hel", "Jor", "Kal", "Lor", "Mar", "Nor", "Or", "Pel", "Quor", "Ral",
    "Sol", "Tal", "Val", "Vor", "Wel", "Yor", "Zel",
)  # fmt: skip
ORG_ENDINGS: Final = (
    "bera", "cora", "dana", "dix", "fina", "gent", "lux", "mera", "mont", "nexa", "nova", "pax", "quant", "rion",
    "sana", "tec", "tera", "tis", "vane", "vera", "via", "vita", "xon", "zent",
)  # fmt: skip
LEGAL_FORM: Final = re.compile(
    r",?(?: (?:GmbH|mbH|AG|SE|KG|OHG|UG|eG|e\.? ?V\.|& Co\.?|Co\.?|Inc\.?|Ltd\.?|LLC|LLP|PLC|Corp\.?|S\.?A\.?S?\.?|"
    r"S\.?L\.?|SARL|S\.?p\.?A\.?|B\.?V\.?|N\.?V\.?|Oy|AB|A/S|Limited))+$"
)
MAX_ACRONYM_CHARS: Final = 5
YEARS: Final = (-3, -2, -1, 1, 2, 3)
"""Years between a date of birth and the one that is invented for it."""
DEGREES: Final = re.compile(r"\d+\.\d+")
MINUTES: Final = re.compile(r"(?<=[°'’′]) ?(?P<number>\d{1,2})(?P<fraction>(?:\.\d{1,4})?)(?=['’′\"”″])")
"""Minutes and seconds of coordinates."""
PARTICLES: Final = frozenset("van von de del della da dos di la le der den bin al".split())  # noqa: SIM905
FEMALE_ENDING: Final = ("a", "e", "ine", "ette", "lyn", "ith", "beth")
STREETS: Final = ("Maple", "Linden", "Station", "Mill", "Garden", "Church", "Meadow", "River", "Park", "Forest")
CHECKED: Final = frozenset(form.kind for form in FORMS if form.is_valid is not always) - {
    "phone",
    "ip_address",
    "mac_address",
    "bic",
}
"""Kinds of numbers with check digits."""
LABELLED: Final = frozenset(("password", "url_token"))
"""Kinds of secrets: an invented one would be of no use, and case and signs count."""
KINDS: Final = frozenset(form.kind for form in FORMS) | {PERSON, SURNAME, ORG}


class Style(StrEnum):
    """What private values are replaced by."""

    PSEUDONYM = "pseudonym"
    LABEL = "label"


def normalized(kind: str, value: str) -> str:
    """A form of a value that is equal for all its spellings, so that they have the same pseudonym.

    Case and the script of digits are ignored. Names and street addresses have one space between words; e-mail and IP
    addresses, handles and names of hosts and users keep their punctuation, and so do coordinates; telephone numbers
    have their national part alone, without the code of the country; other values have no punctuation and spaces.
    Values of kinds in `LABELLED` and of unknown kinds are returned unchanged.
    """
    if kind in LABELLED or kind not in KINDS:
        return value
    value = folded(value).text
    if kind in ("email", "host_name", "user_name", "social_handle", "ip_address"):
        return value.casefold()
    if kind == "coordinates":
        return re.sub(r"\s", "", value)
    if kind in (PERSON, SURNAME, ORG, "street_address"):
        return " ".join(value.split()).casefold()
    if kind == "phone":
        return re.sub(r"\D", "", value)[prefix_digits(value) :]
    return re.sub(r"[\W_]", "", value).upper()


class Pseudonyms:
    """The replacements of a run: each value has one."""

    def __init__(self, style: Style, earlier: Iterable[tuple[str, str, str]] = ()) -> None:
        """`earlier`: kinds, normalized values and replacements of earlier runs."""
        self.style = style
        self._key = secrets.token_bytes(32)
        self._replacements: dict[tuple[str, str], str] = {}
        self._numbers: Counter[str] = Counter()
        self._originals: set[str] = set()
        for kind, value, replacement in earlier:
            self._replacements[kind, value] = replacement
            self.reserve(value)
            if number := re.search(r"_(\d+)\]$", replacement):
                label = replacement[1 : number.start()]
                self._numbers[label] = max(self._numbers[label], int(number[1]))

    def __iter__(self) -> Any:
        return iter((kind, value, shown) for (kind, value), shown in self._replacements.items())

    def reserve(self, value: str) -> None:
        """Exclude a value of the data from the invented values."""
        value = folded(value).text
        self._originals.update((value.casefold(), *value.casefold().split(), re.sub(r"[\W_]", "", value).casefold()))

    def of(self, kind: str, value: str) -> str:
        """The replacement of a value, with the punctuation and case of this occurrence."""
        plain = normalized(kind, value)
        replacement = self._replacements.get((kind, plain))
        if replacement is None:
            labelled = self._is_labelled(kind)
            replacement = self._label(kind) if labelled else self._invented(kind, folded(value).text, plain)
            self._replacements[kind, plain] = replacement
        if self._is_labelled(kind):
            return replacement
        if kind in WRITTEN:
            return with_digits_of(value, replacement) if kind in WITH_DIGITS else replacement
        prefix = re.sub(r"\D", "", folded(value).text)[: prefix_digits(folded(value).text)] if kind == "phone" else ""
        shown = _with_signs_of(value, prefix + replacement)
        return shown.lower() if kind == "mac_address" and value == value.lower() else shown

    def _is_labelled(self, kind: str) -> bool:
        """Whether a kind gets labels such as `[PERSON_1]`: every kind in the style `label`; secrets and unknown kinds
        in both styles.
        """
        return self.style is Style.LABEL or kind not in KINDS or kind in LABELLED

    def _label(self, kind: str) -> str:
        """The next label of a kind; surnames are counted with the names of persons."""
        name = re.sub(r"\W+", "_", PERSON if kind == SURNAME else kind).upper()
        self._numbers[name] += 1
        return f"[{name}_{self._numbers[name]}]"

    def _digest(self, *parts: str) -> bytes:
        """A keyed hash of texts, by which values are invented; the key differs from run to run."""
        return hmac.digest(self._key, "\0".join(parts).encode("utf-8", "surrogatepass"), hashlib.sha512)

    def _choice(self, names: tuple[str, ...], *parts: str) -> str:
        """One of some names, chosen by a hash of `parts`; a name that occurs in the data only if all do."""
        first = int.from_bytes(self._digest(*parts)[:4], "big") % len(names)
        turned = names[first:] + names[:first]
        return next((name for name in turned if name.casefold() not in self._originals), turned[0])

    def _invented(self, kind: str, value: str, plain: str) -> str:
        """An invented value: by the function of its kind, or of the same shape if its kind has none."""
        special = WRITTEN.get(kind) or SHAPED.get(kind)
        return special(self, value, plain) if special else self._same_shape(kind, plain)

    def _same_shape(self, kind: str, plain: str) -> str:
        """An invented value with a digit for each digit and a letter for each letter, other than the original."""
        for attempt in range(9):
            stream = self._digest(kind, plain, str(attempt)) * (len(plain) // 64 + 1)
            shaped = "".join(map(_similar_char, plain, stream))
            if shaped[:1] == "0" != plain[:1]:
                shaped = f"7{shaped[1:]}"  # in code, a number does not begin with zero
            if shaped != plain and shaped.casefold() not in self._originals:
                return shaped
        return plain[::-1]

    def _person(self, value: str, _: str) -> str:
        """An invented name for each word of a name; particles stay, and initials become initials."""
        words = value.split()
        names = [word for word in words if word not in PARTICLES and len(word.strip(".")) > 1]
        return " ".join(
            word
            if word in PARTICLES
            else f"{self.surname(word)[0]}."
            if word not in names
            else self.surname(word)
            if word == names[-1] and len(names) > 1
            else self.given_name(word)
            for word in words
        )

    def given_name(self, name: str) -> str:
        """An invented first name; of the same gender where its ending tells, by a rule of thumb."""
        return self._choice(WOMEN if name.casefold().endswith(FEMALE_ENDING) else MEN, "given", name.casefold())

    def surname(self, name: str) -> str:
        """An invented last name."""
        return self._choice(SURNAMES, "surname", name.casefold())

    def _organisation(self, value: str, _: str) -> str:
        """An invented name of one word with the legal form of the original; for an acronym, other letters."""
        legal = LEGAL_FORM.search(value)
        name, form = (value[: legal.start()], legal.group()) if legal else (value, "")
        if name.isalpha() and name.isupper() and len(name) <= MAX_ACRONYM_CHARS:
            return self._same_shape(ORG, name) + form
        plain = normalized(ORG, name)
        first = self._choice(ORG_BEGINNINGS, "org beginning", plain)
        return first + self._choice(ORG_ENDINGS, "org ending", plain) + form

    def _email(self, _: str, plain: str) -> str:
        """An invented address at a domain for examples, with two names in it where the original has them."""
        name, _, domain = plain.partition("@")
        parts = re.split(r"([._+-])", name)
        if len(parts) == 3 and parts[0].isalpha() and parts[2].isalpha():
            written = f"{self.given_name(parts[0])}{parts[1]}{self.surname(parts[2])}".lower()
        else:
            written = "user"
        number = int.from_bytes(self._digest("email", plain)[:4], "big") % 100_000
        host = self._choice(("example.com", "example.org", "example.net"), "domain", domain)
        return f"{written}{number}@{host}"

    def _ip(self, value: str, plain: str) -> str:
        """An address of a network for documentation, of the same version."""
        digest = self._digest("ip", plain)
        if ":" in value:
            return "2001:db8::" + ":".join(digest[part : part + 2].hex().lstrip("0") or "1" for part in (0, 2, 4))
        network = ("192.0.2", "198.51.100", "203.0.113")[digest[0] % 3]
        return f"{network}.{1 + digest[1] % 254}"

    def _mac(self, _: str, plain: str) -> str:
        """The digits of a locally administered address."""
        return f"02{self._digest('mac', plain).hex()[:10]}".upper()

    def _user(self, value: str, plain: str) -> str:
        """An invented name with a number, with `@` before it where the original has it."""
        sign = "@" if value.startswith("@") else ""
        return f"{sign}{self._choice(WOMEN + MEN, 'user', plain).lower()}{self._digest('user', plain)[5] % 90 + 10}"

    def _host(self, _: str, plain: str) -> str:
        """An invented host, under `.example` if the original contains a dot."""
        return f"host{self._digest('host', plain).hex()[:4]}.{'example' if '.' in plain else ''}".rstrip(".")

    def _street(self, value: str, plain: str) -> str:
        """An invented number and street, with a town and a postal code of zeros where the original has a code."""
        number = 1 + int.from_bytes(self._digest("street", plain)[:2], "big") % 1999
        return f"{number} {self._choice(STREETS, 'street', plain)} Street" + (
            f", {re.sub('[0-9]', '0', code[0])} Example Town" if (code := re.search(r"\b\d{5}\b", value)) else ""
        )

    def _wrong_check(self, kind: str, plain: str) -> str:
        """The same shape with a check digit that is wrong."""
        shaped = self._same_shape(kind, plain)
        checks = [form.is_valid for form in FORMS if form.kind == kind and form.is_valid is not always]
        if kind == "iban":
            shaped = plain[:2] + shaped[2:]
        elif kind == "vin":
            shaped = shaped[:8] + plain[8] + shaped[9:]
        last = next((index for index in reversed(range(len(shaped))) if shaped[index].isdigit()), -1)
        for _ in range(10 if last >= 0 else 0):
            if shaped != plain and not any(is_valid(shaped) for is_valid in checks):
                break
            shaped = shaped[:last] + str((int(shaped[last]) + 1) % 10) + shaped[last + 1 :]
        return shaped

    def _phone(self, value: str, plain: str) -> str:
        """The national part; numbers of North America become fictional ones (555-0100 to 555-0199)."""
        digits = self._same_shape("phone", plain)
        is_american = re.match(r"\+?1?\D?\(?[2-9]\d{2}\)?[ .-]\d{3}[ .-]\d{4}$", value)
        if is_american:  # the first digit of an area code is 2 to 9
            return f"{digits[0] if digits[0] > '1' else 7}{digits[1:-7]}55501{digits[-2:]}"
        return digits

    def _birth(self, value: str, plain: str) -> str:
        """A date of the same form, one to three years before or after: another one also where the day is the same."""
        digest = self._digest("date_of_birth", plain)
        numbers = iter((1 + digest[0] % 9, 1 + digest[1] % 9))

        def shifted(match: re.Match[str]) -> str:
            digits = match.group()
            if len(digits) == 4:
                return str(int(digits) + YEARS[digest[2] % len(YEARS)])
            return str(next(numbers, 1)).zfill(len(digits))

        return re.sub(r"\d+", shifted, value)

    def _expiry(self, value: str, plain: str) -> str:
        """A month and a year of the same form, one to three years before or after."""
        digest = self._digest("card_expiry", plain)
        month, signs, year = re.split(r"(\D+)", value, maxsplit=1)
        shifted = int(year) + YEARS[digest[1] % len(YEARS)]
        return f"{1 + digest[0] % 9:0{len(month)}}{signs}{shifted}"

    def _coordinates(self, value: str, plain: str) -> str:
        """Whole degrees stay, the fractions are invented: for a number the same one alone and in a pair.

        They have no zeros, so that a JSON number keeps its decimals. Minutes and seconds are invented, too.
        """
        if MINUTES.search(value):
            numbers = iter(self._digest("coordinates", plain))
            return MINUTES.sub(lambda match: _other_minutes(match, next(numbers), next(numbers)), value)
        if not DEGREES.fullmatch(value):
            return DEGREES.sub(lambda match: self.of("coordinates", match.group()), value)
        degrees, _, fraction = plain.partition(".")
        stream = self._digest("coordinates", f"{degrees}.{fraction.rstrip('0')}")
        invented = "".join(str(1 + number % 9) for number in stream[: len(fraction)])
        return f"{degrees}.{invented if invented != fraction else f'{invented[:-1]}{int(invented[-1]) % 9 + 1}'}"


def _other_minutes(match: re.Match[str], number: int, fraction: int) -> str:
    """Minutes or seconds that the two numbers select, with as many digits; never those of the match."""
    digits = len(match["number"])
    size = 60 if digits == 2 else 10
    other = (int(match["number"]) + 1 + number % (size - 1)) % size
    start = match.start("number") - match.start()
    return f"{match.group()[:start]}{other:0{digits}}" + re.sub(r"\d", str(fraction % 10), match["fraction"])


def _similar_char(char: str, number: int) -> str:
    """The digit or the letter of the same case that `number` selects; other characters are unchanged."""
    if char.isdigit():
        return str(number % 10)
    if "A" <= char <= "Z":
        return chr(ord("A") + number % 26)
    if "a" <= char <= "z":
        return chr(ord("a") + number % 26)
    return char


def _with_signs_of(value: str, replacement: str) -> str:
    """The replacement with the punctuation, the case and the digits of a value: `12-3`, `456` -> `45-6`."""
    chars = iter(replacement)
    shown = []
    for char in value:
        if not (char.isalnum()):
            shown.append(char)
            continue
        new = next(chars, "")
        shown.append(like(new.lower() if char.islower() else new, char))
    return "".join([*shown, *chars])


WRITTEN: Final[dict[str, Any]] = {
    PERSON: Pseudonyms._person,
    SURNAME: lambda pseudonyms, value, _: pseudonyms.surname(value),
    ORG: Pseudonyms._organisation,
    "email": Pseudonyms._email,
    "ip_address": Pseudonyms._ip,
    "user_name": Pseudonyms._user,
    "social_handle": Pseudonyms._user,
    "host_name": Pseudonyms._host,
    "street_address": Pseudonyms._street,
    "date_of_birth": Pseudonyms._birth,
    "card_expiry": Pseudonyms._expiry,
    "coordinates": Pseudonyms._coordinates,
}
"""Kinds whose replacement is written as it is."""
WITH_DIGITS: Final = frozenset(("ip_address", "street_address", "date_of_birth", "card_expiry", "coordinates"))
"""Those of them whose digits are of the script of the value."""
SHAPED: Final[dict[str, Any]] = {
    "phone": Pseudonyms._phone,
    "mac_address": Pseudonyms._mac,
    **{kind: lambda pseudonyms, _, plain, kind=kind: pseudonyms._wrong_check(kind, plain) for kind in CHECKED},
}
"""Kinds whose replacement has the signs of the value."""


def read_mapping(path: Path) -> list[tuple[str, str, str]]:
    """The kind, normalized value and replacement of each value that `write_mapping` wrote. Raises `InputError`."""
    if not path.exists():
        return []
    rows = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            row = json.loads(line)
            rows.append((str(row["kind"]), str(row["value"]), str(row["replacement"])))
        except (ValueError, KeyError, TypeError):
            raise InputError(
                f"{display_name(path)}:{number}: no line of a mapping", "name a file that `curate redact` wrote"
            ) from None
    return rows


def write_mapping(path: Path, pseudonyms: Pseudonyms) -> None:
    """Write all values and their replacements, for the owner of the file only (mode 0600)."""
    with replacing(path, mode=0o600) as file:
        for kind, value, shown in pseudonyms:
            row = {"kind": kind, "value": value, "replacement": shown}
            file.write(json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
