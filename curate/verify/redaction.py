"""Proof that redacted files hold no private value of the originals, with code of its own.

Values of the originals are found by plain patterns, and read from a mapping if there is one. Each is searched in every
row of the redacted files: as it is, with other signs between its characters, split over turns, percent-encoded, in
Base64 and in hexadecimal.
"""

import base64
import html
import json
import quopri
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote_plus

from curate.core.errors import InputError
from curate.core.json_output import Output
from curate.storage.files import display_name
from curate.verify.character_codes import from_character_codes
from curate.verify.labelled_values import labelled_values
from curate.verify.lines import lines_of
from curate.verify.numbers_by_word import addressed_names, numbers_by_word
from curate.verify.spelled import from_binary, from_lookalikes, from_signs, from_words

PATTERNS: Final = {
    "email": re.compile(r"[A-Za-z0-9][\w.+-]{0,63}@(?!example\.(?:com|org|net)\b)(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24}"),
    "phone": re.compile(
        r"(?<![\w.])(?:\+|00)[1-9][0-9]{0,2}(?:[ ().-]{0,2}[0-9]){7,12}(?![\w-])|(?<![\w.-])"
        r"\(?[1-9][0-9]{2}(?:\) ?|-)[0-9]{3}-[0-9]{4}(?![\w-])"
    ),
    "card": re.compile(
        r"(?<![A-Za-z0-9_.-])(?:[3-6][0-9]{3}(?:[ -]?[0-9]{4}){2}[ -]?[0-9]{4}|"
        r"3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5})(?![A-Za-z0-9_-])"
    ),
    "iban": re.compile(r"(?<!\w)[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?(?!\w)"),
    "us_ssn": re.compile(r"(?<![\w-])[0-9]{3}-[0-9]{2}-[0-9]{4}(?![\w-])"),
    "mac_address": re.compile(
        r"(?<![\w:-])(?!(?i:ff|00)([:-])(?i:ff|00)\1(?i:ff|00)\1)(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}(?![\w:-])"
    ),
    "coordinates": re.compile(r"(?<![\w.])[0-9]{1,2}\.[0-9]{4,}(?:° ?[NS])?,\s?-?[0-9]{1,3}\.[0-9]{4,}(?!\w)"),
    "key": re.compile(
        r"AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|sk-[A-Za-z0-9_-]{20,}|xox[bp]-[0-9A-Za-z-]{10,}|"
        r"AIza[0-9A-Za-z_-]{35}"
    ),
}
"""What is searched for without a mapping: values that are private by their form alone."""
CHECKED: Final = {
    "in_gstin": (re.compile(r"(?<!\w)[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][A-Z0-9]Z[A-Z0-9](?!\w)"), "in_.gstin"),
    "vat_number": (re.compile(r"(?<![\w-])(?:DE|FR|BE|PL|DK|FI|SE|PT|LU|HU)[A-Z0-9]{2}[0-9]{6,10}(?![\w-])"), "eu.vat"),
    "bitcoin_address": (
        re.compile(r"(?<!\w)(?:[13][1-9A-HJ-NP-Za-km-z]{25,34}|bc1[02-9ac-hj-np-z]{11,71})(?!\w)"),
        "bitcoin",
    ),
}
"""The same for values with check digits, with the module of python-stdnum that checks them."""
CLOUD_ACCOUNT: Final = re.compile(r"(?<!\w)arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:(?P<value>[0-9]{12})(?=[:/])")
EXAMPLE_ACCOUNTS: Final = frozenset(("123456789012", "012345678901", "111122223333", "444455556666", "210987654321"))
"""Accounts in the documentation of AWS."""
MAX_EXAMPLE_DIGITS: Final = 3
"""Accounts with so few different digits are invented."""
NOT_SEARCHED: Final = (
    "names in running text, most street and IP addresses, users, hosts, handles, passwords, tokens in URLs, "
    "expiry dates of cards, wallets, other national numbers, and other numbers behind a word"
)
"""What `curate redact` also replaces, and only a mapping proves."""
COORDINATE_NAME: Final = re.compile(
    r"(?i)(?:^|[^a-z])(?:lat|lon|lng|latitude|longitude)$|(?:Lat|Lon|Lng|Latitude|Longitude)$"
)
"""Keys of JSON numbers that are coordinates."""
MIN_CHARS: Final = 7
"""Minimum number of letters and digits of a value; shorter ones occur by chance."""
DIGIT: Final = re.compile("[0-9]")
KEY_STARTS: Final = ("AKIA", "gh", "sk-", "xox", "AIza")
"""What each text with a key has one of."""
RUN: Final = re.compile(r"[A-Za-z0-9+/_-]{10,}")
LOWER_RUN: Final = re.compile(r"[A-Za-z]?[a-z+/_-]{9,27}")
"""A run of Base64 that decodes to no value with a form: digits, `@` and the signs between digits are capitals there."""
FEW_VALUES: Final = 500
"""Number of values up to which each is searched for by itself; for more, one pass over the text is faster."""
PAIRS: Final = re.compile(r"(?:(?:\\x|0x|[ :,.-]{0,2}(?:0x)?)[0-9A-Fa-f]{2}){7,}")
ESCAPE: Final = re.compile(r"\\(?:u\{?|x)(?:0{0,4}(?=[0-9A-Fa-f]{5}))?([0-9A-Fa-f]{2,4})\}?")
URL_PASSWORD: Final = re.compile(r"://[^\s:@/]*:([^\s@/]+)@")
"""A mapping has the URL as a whole; the password is also searched for alone."""
WORD_KINDS: Final = ("user_name", "host_name", "date_of_birth")
"""Kinds in a mapping that are words elsewhere, and are not searched for."""
NAME_KINDS: Final = ("person", "surname", "org")
"""Kinds in a mapping that are searched for if they have two words or more."""


OCTAL: Final = re.compile(r"\\([0-3][0-7]{2})")
FOLDED: Final = re.compile(r"(?<![A-Za-z0-9+/_-])(?:[A-Za-z0-9+/_-]{4,}\r?\n)+[A-Za-z0-9+/=_-]{2,}")
"""Base64 in several lines, as mails have it."""
COMPRESSED: Final = (b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
"""What bytes that gzip or zlib compressed begin with."""
MAX_UNPACKED: Final = 1 << 20
RUN_32: Final = re.compile(r"(?<![A-Z2-7])[A-Z2-7]{10,}")
INVISIBLE: Final = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]")
ACCENT: Final = re.compile("[\u0300-\u036f]")
"""An accent that no letter of its own has in compatibility form, also one through a digit."""
TAGS: Final = {0xE0000 + code: code for code in range(32, 127)}
"""Invisible copies of the characters of ASCII."""


@dataclass(slots=True)
class LeftValue(Output):
    """A row of the redacted files that holds a value of the originals; never the value itself."""

    file: str
    line: int
    kind: str
    form: str
    """How it is written there: `as it is`, `behind its word` (a short value that a word, key or column names),
    `split over turns`, `split over rows`, `in words`, `with signs in words`, `in binary codes`,
    `in look-alike letters`, `in ROT13`, `percent-encoded`, `escaped` (JSON, Python or HTML),
    `in Base64`, `in Base32`, `in hexadecimal`, `quoted-printable`, `in character codes` or `reversed`."""


@dataclass(slots=True)
class RedactionProof(Output):
    """What `curate verify --redacted-from --json` prints."""

    originals: int = 0
    """Rows of the originals."""
    redacted: int = 0
    """Rows of the redacted files."""
    values: int = 0
    """Different values that were searched for."""
    not_searched: str = ""
    """What `curate redact` replaces and was not searched for; empty with a mapping."""
    unsearched: int = 0
    """Different values of the mapping that were not searched for, since they are words elsewhere or too short."""
    unparsable: list[str] = field(default_factory=list)
    """FILE:LINE of redacted lines that are no JSON: not proved."""
    left: list[LeftValue] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether every row was read and none holds a value."""
        return not self.left and not self.unparsable and self.redacted > 0


def verify_redaction(
    redacted: Sequence[Path], originals: Sequence[Path], mapping: Path | None = None
) -> RedactionProof:
    """Search the redacted files for the values of the originals. Raises `InputError` for a file that cannot be read."""
    proof = RedactionProof()
    proof.not_searched = "" if mapping else NOT_SEARCHED
    kinds: dict[str, str] = {}
    labelled: set[tuple[str, str]] = set()
    for path in originals:
        for _, line in lines_of(path):
            proof.originals += 1
            _add_values(line, kinds, labelled)
    if mapping is not None:
        values = {(row["kind"], row["value"]) for row in _mapped(mapping)}
        values |= {(kind, match[1]) for kind, value in values if (match := URL_PASSWORD.search(value))}
        kinds |= {_letters_and_digits(value): kind for kind, value in values if _is_searched(kind, value)}
        proof.unsearched = sum(not _is_searched(kind, value) for kind, value in values)
    kinds = {plain: kind for plain, kind in kinds.items() if len(plain) >= MIN_CHARS}
    short = {(kind, plain) for kind, plain in labelled if plain not in kinds}
    proof.values = len(kinds) + len(short)
    by_start = _by_start(kinds) if len(kinds) > FEW_VALUES else {}
    for path in redacted:
        ends: dict[str, tuple[str, str]] = {}
        for number, line in lines_of(path):
            proof.redacted += 1
            value = _parsed(line)
            try:
                left = None if value is None else [*_held(value, kinds, by_start), *_held_behind_words(value, short)]
                last_ends, ends = ends, _row_ends(value)
                if left is not None and last_ends and ends:
                    left += _held_over_rows(last_ends, ends, kinds, by_start)
            except RecursionError:
                left = None
            if left is None:
                proof.unparsable.append(f"{display_name(path)}:{number}")
                continue
            proof.left += [LeftValue(display_name(path), number, kind, form) for kind, form in left]
    return proof


def _add_values(line: bytes, kinds: dict[str, str], labelled: set[tuple[str, str]]) -> None:
    """Add the private values of an original line: to `kinds` the kind of each by its letters and digits, to `labelled`
    those that stand behind their word.
    """
    value = _parsed(line)
    try:
        numbers, texts = list(_coordinates(value)), _strings(value)
        labelled |= set(_labelled(value))
    except RecursionError:  # its text is searched instead
        numbers, texts = [], []
    kinds |= {_letters_and_digits(number): "coordinates" for number in numbers}
    for text in texts or (line.decode("utf-8", "replace"),):
        for kind, written in chain.from_iterable(map(_values_in, _forms(text))):
            kinds.setdefault(_letters_and_digits(written), kind)


def _forms(text: str) -> Iterator[str]:
    """A text with ASCII digits, and what it is when decoded from the encodings in which people paste texts."""
    yield _in_ascii(text)
    for decode in (_from_percent, _from_escapes, _from_base64_but_words, _from_quoted_printable):
        if decoded := decode(text):
            yield _in_ascii(decoded)


def _values_in(text: str) -> Iterator[tuple[str, str]]:
    """The kind and the text of each value that is private by its form alone."""
    has_digit = DIGIT.search(text) is not None
    if has_digit:
        yield from numbers_by_word(text)
    for kind, pattern in PATTERNS.items():
        if kind == "email":
            is_searched = "@" in text
        else:
            is_searched = any(start in text for start in KEY_STARTS) if kind == "key" else has_digit
        for match in pattern.finditer(text) if is_searched else ():
            yield kind, match.group()
    for kind, (pattern, module) in CHECKED.items() if has_digit else ():
        for match in pattern.finditer(text):
            if import_module(f"stdnum.{module}").is_valid(match.group()):
                yield kind, match.group()
    for match in CLOUD_ACCOUNT.finditer(text) if "arn:aws" in text else ():
        if match["value"] not in EXAMPLE_ACCOUNTS and len(set(match["value"])) > MAX_EXAMPLE_DIGITS:
            yield "cloud_account", match["value"]


def _labelled(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """The kind and the plain text of each value of a row that a key, a word before it or a column names."""
    if isinstance(value, str):
        inner = _parsed(value.encode("utf-8", "surrogatepass")) if value[:1] in ("{", "[") else None
        if isinstance(inner, dict | list):
            yield from _labelled(inner)
        else:
            shown = _in_ascii(value)
            values = (*labelled_values(key, shown), *addressed_names(shown))
            yield from ((kind, _letters_and_digits(text)) for kind, text in values)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _labelled(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _labelled(inner, key)


def _held_behind_words(value: Any, values: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """The kind of each of these values that a row has behind a word of its kind, and the form; each value once."""
    return [(kind, "behind its word") for kind, _ in sorted(set(_labelled(value)) & values)] if values else []


def _mapped(mapping: Path) -> Iterator[dict[str, str]]:
    """The lines of a mapping. Raises `InputError`."""
    for number, line in lines_of(mapping):
        row = _parsed(line)
        if not (isinstance(row, dict) and isinstance(row.get("kind"), str) and isinstance(row.get("value"), str)):
            raise InputError(
                f"{display_name(mapping)}:{number}: no line of a mapping",
                "name a file of `curate redact --keep-mapping`",
            )
        yield row


def _is_searched(kind: str, value: str) -> bool:
    """Whether a value of a mapping is searched for in all rows."""
    is_word = kind in WORD_KINDS or (kind in NAME_KINDS and " " not in value)
    return not is_word and len(_letters_and_digits(value)) >= MIN_CHARS


def _by_start(values: Iterable[str]) -> dict[str, set[int]]:
    """The lengths of the values that begin with each text of `MIN_CHARS` characters."""
    lengths: dict[str, set[int]] = {}
    for value in values:
        lengths.setdefault(value[:MIN_CHARS], set()).add(len(value))
    return lengths


def _contained(text: str, kinds: dict[str, str], by_start: dict[str, set[int]]) -> list[str]:
    """The values that a plain text contains, in order of length and place; `by_start`: empty for few values."""
    if by_start:
        parts = (
            text[start : start + length]
            for start in range(len(text) - MIN_CHARS + 1)
            for length in by_start.get(text[start : start + MIN_CHARS], ())
        )
        values = dict.fromkeys(part for part in parts if part in kinds)
    else:
        values = dict.fromkeys(value for value in kinds if value in text)
    return sorted(values, key=lambda value: (len(value), text.find(value)))


def _held(value: Any, kinds: dict[str, str], by_start: dict[str, set[int]]) -> Iterator[tuple[str, str]]:
    """The kind of each value that a row still contains, and the form in which it does; each value once."""
    joined = "\n".join(_strings(value))
    forms = [("as it is", joined), ("split over turns", "\n".join("".join(parts) for parts in _turns(value)))]
    encoded = joined
    forms += [(form, decode(joined)) for form, decode in SPELLINGS.items()]
    forms.append(("split over turns", "\n".join(_joined_ends(list(_contents(value))))))
    reversed_text = joined[::-1]
    forms += [("reversed", decode(reversed_text)) for decode in (_from_base64_but_words, _from_hexadecimal)]
    for _ in range(2):  # also Base64 of Base64, or of escapes
        decoded = [(form, decode(encoded)) for form, decode in DECODERS.items()]
        forms += decoded
        encoded = "\n".join(text for _, text in decoded)
        forms.append(("reversed", encoded[::-1]))
    plains = [(form, _letters_and_digits(text)) for form, text in forms]
    reported: set[str] = set()
    plain_text = plains[0][1]
    for form, plain in (*plains, ("reversed", plain_text[::-1]), ("in ROT13", plain_text.translate(ROT13))):
        for part in _contained(plain, kinds, by_start) if plain else ():
            if part not in reported:
                reported.add(part)
                yield kinds[part], form


def _from_percent(text: str) -> str:
    """The text with percent escapes decoded; empty if it contains none."""
    return unquote_plus(text) if "%" in text else ""


def _from_escapes(text: str) -> str:
    """Escapes of JSON, Python and HTML in a text that is not of these languages."""
    shown = ESCAPE.sub(lambda match: chr(int(match[1], 16)), text) if "\\" in text else text
    shown = OCTAL.sub(lambda match: chr(int(match[1], 8)), shown) if "\\" in shown else shown
    shown = html.unescape(shown) if "&" in shown else shown
    return "" if shown == text else shown


def _from_base64_but_words(text: str) -> str:
    """What runs decode to, without those that no value with a form is in."""
    return _from_base64(text, words=False)


def _from_base64(text: str, *, words: bool = True) -> str:
    """What runs decode to from each of their first characters: letters may stand before them. `words`: also runs that
    decode to no digit.
    """
    texts = []
    if "\n" in text:
        text += "\n" + "\n".join(re.sub(r"\s", "", match.group()) for match in FOLDED.finditer(text))
    for match in RUN.finditer(text.replace("-", "+").replace("_", "/")):
        run = match.group()
        if not words and LOWER_RUN.fullmatch(run):
            continue
        for start in range(4):
            part = run[start : len(run) - (len(run) - start) % 4] + {2: run[-2:] + "==", 3: run[-3:] + "="}.get(
                (len(run) - start) % 4, ""
            )
            texts.append(_text_of(base64.b64decode(part)))
    return "\n".join(texts)


def _text_of(data: bytes) -> str:
    """The text of some bytes, also if they are compressed by gzip or zlib; of large ones, the first `MAX_UNPACKED`."""
    if data[:2] in COMPRESSED:
        with suppress(zlib.error):
            data = zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(data, MAX_UNPACKED)
    if 3 * data.count(0) > len(data):  # UTF-16
        return "\n".join(data.decode(encoding, "ignore") for encoding in ("utf-16-le", "utf-16-be"))
    return data.decode("utf-8", "ignore")


def _from_hexadecimal(text: str) -> str:
    """What pairs of digits decode to, also with signs between them."""
    texts = []
    for match in PAIRS.finditer(text):
        digits = re.sub(r"[\\0]x|[^0-9A-Fa-f]", "", match.group())
        for start in range(2):
            part = digits[start : len(digits) - (len(digits) - start) % 2]
            texts.append(_text_of(bytes.fromhex(part)))
    return "\n".join(texts)


def _from_base32(text: str) -> str:
    """What runs of capitals and digits decode to."""
    runs = (match.group() for match in RUN_32.finditer(text))
    return "\n".join(
        base64.b32decode(run[: len(run) // 8 * 8] + _padded(run[len(run) // 8 * 8 :])).decode("utf-8", "ignore")
        for run in runs
    )


def _padded(rest: str) -> str:
    """The last letters of a run in Base32, as many as encode whole bytes, with what fills them up to 8."""
    length = max(size for size in (0, 2, 4, 5, 7) if size <= len(rest))
    return rest[:length].ljust(8, "=") if length else ""


def _from_quoted_printable(text: str) -> str:
    """The text as a mail has it; empty if it has no such escapes."""
    return quopri.decodestring(text.encode("utf-8", "replace")).decode("utf-8", "ignore") if "=" in text else ""


DECODERS: Final = {
    "percent-encoded": _from_percent,
    "escaped": _from_escapes,
    "in Base64": _from_base64,
    "in hexadecimal": _from_hexadecimal,
    "in Base32": _from_base32,
    "quoted-printable": _from_quoted_printable,
    "in character codes": from_character_codes,
}


SPELLINGS: Final = {
    "in words": from_words,
    "with signs in words": from_signs,
    "in binary codes": from_binary,
    "in look-alike letters": from_lookalikes,
}
"""The ways in which a value is spelled; none of them is in another one."""
ROT13: Final = str.maketrans("abcdefghijklmnopqrstuvwxyz", "nopqrstuvwxyzabcdefghijklm")
LAST_PIECE: Final = re.compile(r"(?:[+(]?[0-9][0-9 ()./-]{0,40}|\S{1,80})\s*\Z")
FIRST_PIECE: Final = re.compile(r"\s*(?:[0-9(][0-9 ()./-]{0,40}|\S{1,80})")
FIRST_NUMBER: Final = re.compile(r"[^0-9]{0,40}(?P<piece>[0-9][0-9 ()./-]{0,40})")
LAST_NUMBER: Final = re.compile(r"(?P<piece>[0-9][0-9 ()./-]{0,40})[^0-9]{0,40}\Z")
MAX_END: Final = 100
"""Characters at the end of a text and at the start of the next one that are read for the halves of a value."""


def _joined_ends(texts: Sequence[str]) -> Iterator[str]:
    """The end of each text with the start of the next one, and only the words and the numbers there."""
    for before, behind in pairwise(texts):
        end, start = before[-MAX_END:], behind[:MAX_END]
        yield end + start
        for last, first in ((LAST_PIECE, FIRST_PIECE), (LAST_NUMBER, FIRST_NUMBER)):
            half, other = last.search(end), first.match(start)
            if half and other:
                yield half[half.lastgroup or 0] + other[other.lastgroup or 0]


def _row_ends(value: Any) -> dict[str, tuple[str, str]]:
    """The first and the last text of a row, of each role and (with an empty role) of all turns."""
    ends: dict[str, tuple[str, str]] = {}
    texts = list(_contents(value))
    if texts:
        ends[""] = (texts[0], texts[-1])
    for turn in _dicts(value):
        if "role" in turn or "from" in turn:
            role = str(turn.get("role", turn.get("from")))
            for text in _contents(turn):
                ends[role] = (ends.get(role, (text,))[0], text)
    return ends


def _held_over_rows(
    before: dict[str, tuple[str, str]],
    behind: dict[str, tuple[str, str]],
    kinds: dict[str, str],
    by_start: dict[str, set[int]],
) -> Iterator[tuple[str, str]]:
    """The kind of each value whose halves end one row and begin the next one, and the form."""
    pairs = [_joined_ends([before[role][1], behind[role][0]]) for role in before.keys() & behind.keys()]
    halves = [
        part
        for role in before.keys() & behind.keys()
        for part in (_letters_and_digits(before[role][1][-MAX_END:]), _letters_and_digits(behind[role][0][:MAX_END]))
    ]
    plain = "\n".join(_letters_and_digits(text) for pair in pairs for text in pair)
    for part in _contained(plain, kinds, by_start):
        if not any(part in half for half in halves):  # reported for its own row
            yield kinds[part], "split over rows"


def _in_ascii(text: str) -> str:
    """The text in compatibility form with ASCII digits and hyphens, without invisible characters."""
    if text.isascii():
        return text
    text = ACCENT.sub("", unicodedata.normalize("NFKC", INVISIBLE.sub("", text)))
    text = re.sub(r"[^\D0-9]", lambda match: str(unicodedata.decimal(match.group())), text)
    return re.sub("[\u2010\u2212]", "-", text)


def _letters_and_digits(text: str) -> str:
    """The letters and digits of a text, without case, in compatibility form."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", INVISIBLE.sub("", text.translate(TAGS)))
        text = re.sub(r"[^\D0-9]", lambda match: str(unicodedata.decimal(match.group(), match.group())), text)
    return re.sub(r"[\W_]", "", text).casefold()


def _strings(value: Any) -> list[str]:
    """All strings, keys and numbers of a JSON value in order, and those of JSON in strings."""
    if isinstance(value, str):
        inner = _parsed(value.encode("utf-8", "surrogatepass")) if value[:1] in ("{", "[") else None
        return [value, *_strings(inner)] if isinstance(inner, dict | list) else [value]
    if isinstance(value, dict):
        return [text for name, inner in value.items() for text in (name, *_strings(inner))]
    if isinstance(value, list):
        return [text for inner in value for text in _strings(inner)]
    return [str(value)] if isinstance(value, int | float) else []


def _coordinates(value: Any) -> Iterator[str]:
    """The numbers with a fraction under the key of a coordinate, also in JSON in strings."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        value = _parsed(value.encode("utf-8", "surrogatepass"))
    for name, inner in value.items() if isinstance(value, dict) else ():
        if isinstance(inner, float) and COORDINATE_NAME.search(name):
            yield str(abs(inner))
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _coordinates(inner)


def _turns(value: Any) -> Iterator[list[str]]:
    """The strings of a row, and those of each role: between two turns of a role another one answers."""
    yield list(_contents(value))
    turns = [turn for turn in _dicts(value) if "role" in turn or "from" in turn]
    for role in dict.fromkeys(str(turn.get("role", turn.get("from"))) for turn in turns):
        yield [text for turn in turns if str(turn.get("role", turn.get("from"))) == role for text in _contents(turn)]


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    """All objects in a JSON value, each before those that it contains."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _dicts(inner)


def _contents(value: Any) -> Iterator[str]:
    """The strings of a JSON value without keys and roles."""
    if isinstance(value, str):
        yield value
    for inner in value if isinstance(value, list) else ():
        yield from _contents(inner)
    for name, inner in value.items() if isinstance(value, dict) else ():
        if name not in ("role", "from", "type", "name"):
            yield from _contents(inner)


def _parsed(line: bytes) -> Any:
    """The JSON value of a line; None if it is not JSON, or nested too deeply."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
