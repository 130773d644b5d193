"""The redaction of rows: all strings, keys and numbers of a JSON value, also in JSON that is a string.

Values are collected from all rows first, since a name or a number that one row introduces stands in others without it.
"""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from urllib.parse import unquote

from curate.core.key_value_secrets import Secret
from curate.core.python_syntax import parsed_python
from curate.redact.folding import folded
from curate.redact.json_texts import nested_json, with_leaves_of
from curate.redact.name_words import ORG, PERSON, PERSON_KEYS, SURNAME, SURNAME_KEYS
from curate.redact.names import CODE_BLOCK, names_in, text_key
from curate.redact.person_records import (
    NAME_KEYS,
    cells_of_inserts,
    cells_of_keys,
    cells_of_tables,
    is_name_of_role,
    is_of_person,
    is_personal_name,
    normal_key,
)
from curate.redact.pseudonyms import Pseudonyms
from curate.redact.turn_context import Request, requests_before
from curate.redact.user_patterns import LOGIN, NO_SERVICE
from curate.redact.value_patterns import COORDINATE_LISTS, COORDINATE_WORDS
from curate.redact.values import private_values_in, without_overlaps

MIN_LITERAL_CHARS: Final = 6
"""Minimum number of characters of a value that is replaced wherever it stands; shorter ones occur by chance."""
LOCAL_KINDS: Final = frozenset(("user_name", "host_name", "date_of_birth", "url_token"))
"""Kinds of values that are replaced only where they were found: elsewhere they are words."""
ROW_KINDS: Final = frozenset(("access_code", "card_security_code", "card_expiry"))
"""Kinds of short values that are replaced in all texts of a row."""
FULL_DATE: Final = re.compile(r"(?=.*(?<![0-9])(?:19|20)[0-9]{2}(?![0-9])).{8,}")
"""A date of birth that is more than a year or a day."""
YEAR_AND_MONTH: Final = re.compile(r"(?:19|20)[0-9]{2}[-/.][0-9]{1,2}(?:[-/.][0-9]{1,2})?")
"""An invoice may have the number `2024-05`, with which dates begin."""
NAME_KINDS: Final = (PERSON, SURNAME, ORG)
COORDINATE_KEY: Final = re.compile(rf"\b(?:{COORDINATE_WORDS}|{COORDINATE_LISTS})\b")
"""What the key of a number with a fraction contains, if that is searched: others are measurements."""
DEGREES: Final = re.compile(r"\d{1,3}\.\d{4,}")
WORD: Final = re.compile(r"[^\W_]+")
LABEL: Final = re.compile(r"\[[A-Z][A-Z0-9_]{1,40}_[0-9]+\]")
"""What the style `label` writes for a value."""
NAME: Final = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
"""A word of a name: `O'Brien` and `Jean-Luc` are one."""
Literals = dict[str, dict[tuple[int, int], dict[str, str]]]
"""Kind of each text that is replaced, by its first word, the place of that word in it and its length, and the text:
thousands of phone numbers begin with the same code."""
Recognized = Callable[[str, str], Sequence[Secret]]
"""The values that are recognized in a text after the prefix of its key, both given; each text is searched once."""
USER_KEYS: Final = frozenset(("username", "user_name", "login", "screen_name", "userid", "user_id"))
"""Keys whose value is the name of a user, unless it is one of a system."""
USER: Final = re.compile(rf"{NO_SERVICE}(?!(?:string|str|text|int|integer|varchar|null|none|admin\w*)$){LOGIN}")
SIGNED_USER: Final = re.compile("(?=[a-z._-]*[0-9_.])[a-z0-9._-]{5,}")
PYTHON: Final = re.compile(r"```(?:python|py)[^\n]*\n(.*?)```", re.DOTALL | re.IGNORECASE)
SIGNS: Final = {"commat": "@", "period": ".", "plus": "+"}
ESCAPE: Final = re.compile(
    r"&#[xX](?P<hexadecimal>[0-9A-Fa-f]{2,4});|&#(?P<decimal>[0-9]{2,4});|\\u(?P<unicode>[0-9A-Fa-f]{4})|"
    rf"\\x(?P<byte>[0-9A-Fa-f]{{2}})|&(?P<sign>{'|'.join(SIGNS)});"
)
"""An escape of HTML, JSON or Python."""
QUOTED: Final = re.compile(r"(?:=[0-9A-F]{2}){3,}|=40")
"""Codes of digits and letters in quoted-printable; a single one may be an assignment."""
OPEN_END: Final = re.compile(r"[0-9][ ./-]{0,2}[.…]{0,3}\s*$")
OPEN_START: Final = re.compile(r"[(]?[0-9][0-9 ./()-]{2,30}(?![\w%])")
"""The end of a text and the start of the next one, which may be the halves of a number."""
MAX_HALF: Final = 120
"""Characters of each text that are read for the halves of a value, with the word that names it."""
SPLIT_KINDS: Final = frozenset(("card", "iban", "phone", "us_ssn"))
"""Kinds of values whose halves are searched for in two turns."""
TURN_KEYS: Final = ("messages", "conversations", "conversation", "turns", "prompt")
SIDE_KEYS: Final = ("chosen", "rejected", "chosen_messages", "rejected_messages")
CHECKED_KINDS: Final = frozenset(("card", "iban"))
"""Those of them with check digits: a half may look like a value of another kind."""
PACKED: Final = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")


class UnsafeRedaction(ValueError):
    """A row that cannot be redacted safely; the text says why."""


@dataclass(slots=True)
class Redactor:
    """Replaces private values, the same everywhere."""

    pseudonyms: Pseudonyms
    names: bool = True
    """Whether names of persons are replaced."""
    entities: Mapping[int, tuple[Secret, ...]] = field(default_factory=dict)
    """The names of persons and organisations that a model found in texts, by `text_key`."""
    surnames: set[str] = field(default_factory=set)
    """Last names of persons, in lower case."""
    literals: Literals = field(default_factory=dict)
    """The values that are replaced wherever they stand."""
    counts: Counter[str] = field(default_factory=Counter)
    """Replaced values by kind."""

    def values_in(self, value: Any) -> dict[tuple[str, str], None]:
        """The private values of a row as keys, pairs of written value and kind, in order."""
        values: dict[tuple[str, str], None] = {}
        for text, prefix in nested_texts(value):
            for secret in self._recognized_values(text, prefix):
                values[text[secret.start : secret.end], secret.kind] = None
        return values

    def learn(self, written: str, kind: str) -> None:
        """Replace a value wherever it occurs in any row, unless it is short or of a kind that is replaced only where it
        was recognized.
        """
        self.pseudonyms.reserve(written)
        words = folded(written).text.split()
        if kind == SURNAME or (kind == PERSON and len(words) > 1):
            self.surnames.update(word.casefold() for word in words[-1:])
        is_full_name = kind in (PERSON, ORG) and len(words) > 1
        is_long = kind not in (*LOCAL_KINDS, *NAME_KINDS) and len(written) >= MIN_LITERAL_CHARS
        is_long = is_long and not YEAR_AND_MONTH.fullmatch(written)
        if is_full_name or is_long:
            _add_literal(self.literals, written, kind)
        for number in DEGREES.findall(written) if kind == "coordinates" else ():
            _add_literal(self.literals, number, kind)

    def secrets_in(self, value: Any, *, has_values: bool = True) -> list[list[Secret]]:
        """The ranges that are replaced in each text of a row, in the order in which `row` visits the texts; empty if
        there are none.

        Positions include the prefix that `prefix_of` returns for the key of the text. `has_values`: whether `values_in`
        returned any.
        """
        names: Literals = {}
        for word, kind in self._names_of_row(value).items() if has_values and self.names else ():
            _add_literal(names, word, kind)
        recognized: Recognized = cache(lambda *text: tuple(self._recognized_values(*text)) if has_values else ())
        for user in _users_of_row(value, recognized) if has_values else ():
            _add_literal(names, user, "user_name")
        for code, kind in _codes_of_row(value, recognized).items() if has_values else ():
            _add_literal(names, code, kind)
        secrets: list[list[Secret]] = []

        def search(text: str, key: str) -> str:
            secrets.append(self._secrets(text, prefix_of(key), names, recognized))
            return text

        _with_texts(value, search)
        return secrets if any(secrets) else []

    def row(self, value: Any, secrets: Sequence[Sequence[Secret]]) -> Any:
        """A JSON value without private values; `secrets`: what `secrets_in` returned. Raises `UnsafeRedaction`."""
        if _is_split_over_turns(value):
            raise UnsafeRedaction("it has a private value split over two turns")
        originals: set[str] = set()
        secrets_by_text = iter(secrets)
        redacted = _with_texts(
            value, lambda text, key: self._redacted_text(text, key, next(secrets_by_text, ()), originals)
        )
        if left := _remaining_form(redacted, originals):
            raise UnsafeRedaction(f"it has a private value {left}")
        return redacted

    def _secrets(self, text: str, prefix: str, names: Literals, recognized: Recognized) -> list[Secret]:
        """The values in a text, without those that overlap others; `names`: the names and users of the row."""
        shift = len(prefix)
        blocks = [match.span() for match in CODE_BLOCK.finditer(text)] if names and "```" in text else []
        secrets = [
            name
            for name in _literals_in(text, names, shift)
            if name.kind not in NAME_KINDS or not any(start <= name.start - shift < end for start, end in blocks)
        ]  # before the others: of values of equal length, the first one counts
        secrets += recognized(prefix + text, prefix)
        secrets += _literals_in(text, self.literals, shift)
        return list(without_overlaps(secrets)) if secrets else []

    def _redacted_text(self, text: str, key: str, secrets: Sequence[Secret], originals: set[str]) -> str:
        """A text with replacements; adds to `originals` the values that must not occur anywhere in the redacted row."""
        if not secrets:
            return text
        shift = len(prefix_of(key))
        pieces, position = [], 0
        for secret in secrets:
            start, end = max(0, secret.start - shift), secret.end - shift
            written = text[start:end]
            pieces += [text[position:start], self._replacement(written, secret.kind)]
            position = end
            is_person = secret.kind.startswith(PERSON) or secret.kind == SURNAME
            is_name = is_person or secret.kind == ORG
            self.counts[PERSON if is_person else secret.kind] += 1
            if secret.kind not in LOCAL_KINDS and not (is_name and " " not in written):
                originals.add(written)
        redacted = "".join([*pieces, text[position:]])
        _require_code_parses(text, redacted)
        return redacted

    def _replacement(self, written: str, kind: str) -> str:
        """The pseudonym of a value; of a part of a person's name, the part of the name's pseudonym."""
        if not kind.startswith(f"{PERSON} "):
            return self.pseudonyms.of(kind, written)
        full = kind.removeprefix(f"{PERSON} ")
        shown = self.pseudonyms.of(PERSON, full)
        if shown.startswith("["):
            return shown
        written, words, new_words = folded(written).text, full.split(), shown.split()
        return new_words[words.index(written)] if written in words else shown

    def _recognized_values(self, text: str, prefix: str) -> Iterator[Secret]:
        """The values in a text after the prefix of its key, which is part of `text`; labels of a redaction are none."""
        hidden = LABEL.sub(lambda match: "*" * len(match.group()), text) if "[" in text else text
        for secret in self._values_in(hidden, text, prefix):
            if hidden is text or WORD.search(hidden, secret.start, secret.end):
                yield secret

    def _values_in(self, text: str, read: str, prefix: str) -> Iterator[Secret]:
        """The values in a text without labels; `read`: the text with them, as a model read it."""
        start = len(prefix)
        key = prefix[:-2].replace(" ", "_")
        if self.names and key in PERSON_KEYS and text[start:].strip():
            yield Secret(start, len(text), SURNAME if key in SURNAME_KEYS else PERSON)
            return
        if key in USER_KEYS and USER.fullmatch(folded(text[start:]).text):
            yield Secret(start, len(text), "user_name")
            return
        secrets = private_values_in(text)
        if self.names:
            names = (*names_in(text[start:]), *self._entities_in(read[start:]))
            secrets += (Secret(name.start + start, name.end + start, name.kind) for name in names)
        yield from (secret for secret in secrets if secret.start >= start)
        yield from self._values_of_cells(text[start:], start)

    def _values_of_cells(self, text: str, before: int) -> Iterator[Secret]:
        """The values in a text that are recognized by the names of columns of tables and by keys of JSON; `before` is
        added to their positions.
        """
        for cell in (*cells_of_tables(text), *cells_of_keys(text), *cells_of_inserts(text)):
            prefix = prefix_of(cell.key)
            shift = cell.start - len(prefix) + before
            for secret in self._recognized_values(prefix + text[cell.start : cell.end], prefix):
                yield Secret(secret.start + shift, secret.end + shift, secret.kind)

    def _entities_in(self, text: str) -> Iterator[Secret]:
        """The names that the model found in a text; a single word is a last name if it is the last word of a full name
        elsewhere.
        """
        for name in self.entities.get(text_key(text), ()) if self.entities else ():
            is_surname = name.kind == PERSON and folded(text[name.start : name.end]).text.casefold() in self.surnames
            yield name._replace(kind=SURNAME) if is_surname else name

    def _names_of_row(self, value: Any) -> dict[str, str]:
        """The words that are replaced in all texts of a row, each with its kind: first and last names of persons with
        `person ` and the full name, and names of one word, unless the row also has the word in lower case.
        """
        names: dict[str, str] = {}
        alone: dict[str, str] = {}
        introduced: dict[str, str] = {}
        for text, prefix in nested_texts(value):
            body = text[len(prefix) :]
            by_key = self._names_by_key(text, prefix)
            entities = [*by_key, *self._entities_in(body)]
            for name in (*names_in(body), *entities):
                words = folded(body[name.start : name.end]).text.split()
                if len(words) == 1:
                    introduced.setdefault(words[0], name.kind)
                for word in words if name.kind == PERSON and len(words) > 1 else ():
                    if _is_name_word(word):
                        names.setdefault(word, f"{PERSON} {' '.join(words)}")
            for name in entities:
                word = folded(body[name.start : name.end]).text
                if _is_name_word(word):
                    alone.setdefault(word, name.kind)
        if introduced := {word: kind for word, kind in introduced.items() if _is_name_word(word)}:
            words_of_row = {
                word for text, prefix in nested_texts(value) for word in WORD.findall(folded(text[len(prefix) :]).text)
            }
            alone |= {word: kind for word, kind in introduced.items() if word.lower() not in words_of_row}
        return alone | names

    def _names_by_key(self, text: str, prefix: str) -> list[Secret]:
        """The names of persons that are the value of a key or of a column of a table, by their place in the text."""
        body, key = text[len(prefix) :], prefix[:-2].replace(" ", "_")
        if key in PERSON_KEYS and is_personal_name(body):
            return [Secret(0, len(body), SURNAME if key in SURNAME_KEYS else PERSON)]
        return [
            Secret(cell.start, cell.end, SURNAME if cell.key in SURNAME_KEYS else PERSON)
            for cell in cells_of_tables(body)
            if cell.key in PERSON_KEYS
        ]


def _is_name_word(word: str) -> bool:
    """Whether a word of a name is replaced in the whole row: initials and particles are not."""
    return NAME.fullmatch(word) is not None and len(word) > 2 and word[0].isupper()


def _users_of_row(value: Any, recognized: Recognized) -> set[str]:
    """The names of users that are replaced in all texts of a row: with a digit or a sign, as no word has them."""
    users = (
        folded(text[secret.start : secret.end]).text
        for text, prefix in nested_texts(value)
        for secret in recognized(text, prefix)
        if secret.kind == "user_name"
    )
    return {user for user in users if SIGNED_USER.fullmatch(user)}


def _codes_of_row(value: Any, recognized: Recognized) -> dict[str, str]:
    """The short codes and dates of birth that are replaced in all texts of a row, with their kinds: elsewhere they are
    other numbers.
    """
    return {
        text[secret.start : secret.end]: secret.kind
        for text, prefix in nested_texts(value)
        for secret in recognized(text, prefix)
        if secret.kind in ROW_KINDS
        or (secret.kind == "date_of_birth" and FULL_DATE.fullmatch(text, secret.start, secret.end))
    }


def _add_literal(literals: Literals, written: str, kind: str) -> None:
    """Add a text that is replaced wherever it stands; of two kinds, the first one counts."""
    written = folded(written).text
    if first := WORD.search(written):
        of_word = literals.setdefault(first.group(), {})
        of_word.setdefault((first.start(), len(written)), {}).setdefault(written, kind)


def _literals_in(text: str, literals: Literals, shift: int) -> Iterator[Secret]:
    """The occurrences of literals in a text, as whole words; `shift` is added to their positions."""
    if not literals:
        return
    plain = folded(text)
    text = plain.text
    for match in WORD.finditer(text):
        for (before, length), kinds in literals.get(match.group(), {}).items():
            start, end = match.start() - before, match.start() - before + length
            if start >= 0 and (kind := kinds.get(text[start:end])) and not text[end : end + 1].isalnum():
                place = plain.original(Secret(start, end, kind))
                yield place._replace(start=place.start + shift, end=place.end + shift)


def _with_texts(value: Any, replaced: Callable[[str, str], str], key: str = "") -> Any:
    """A JSON value with `replaced(text, key)` for each key, text, long integer and coordinate, also in JSON in texts.

    Raises `UnsafeRedaction` if two keys of an object would be equal, and what `replaced` raises.
    """
    if isinstance(value, str):
        nested = nested_json(value)
        if nested is None:
            return replaced(value, key)
        redacted = _with_texts(nested, replaced, key)
        return value if redacted == nested else with_leaves_of(value, nested, redacted)
    if isinstance(value, dict):
        redacted = {
            replaced(name, ""): _with_texts(inner, replaced, inner_key)
            for (name, inner), inner_key in zip(value.items(), _keys_in(value, key), strict=True)
        }
        if len(redacted) < len(value):
            raise UnsafeRedaction("two keys of an object would be equal")
        return redacted
    if isinstance(value, list):
        return [_with_texts(inner, replaced, key_of_inner) for inner, key_of_inner in _keys_of_list(value, key)]
    if isinstance(value, int) and not isinstance(value, bool) and len(str(value)) >= MIN_LITERAL_CHARS:
        shown = replaced(str(value), key)
        return value if shown == str(value) else int(shown) if shown.isdigit() and shown[0] != "0" else shown
    if isinstance(value, float) and COORDINATE_KEY.search(prefix_of(key)):
        shown = replaced(str(value), key)
        return value if shown == str(value) else shown if "[" in shown else float(shown)
    return value


def prefix_of(key: str) -> str:
    """The words of a key as a prefix of its value: `phoneNumber` -> `phone number: `; empty without a key."""
    return f"{re.sub(r'(?<=[a-z])(?=[A-Z])|[_-]+', ' ', key).lower()}: " if key else ""


def key_in(name: str, parent: str) -> str:
    """A key by which a value is recognized; `name` with the key of the object around it: `name` in `customers` ->
    `customer_name`.
    """
    return f"{parent.removesuffix('s')}_{name}" if parent and name == "name" else name


def _keys_of_list(value: Sequence[Any], key: str) -> Iterator[tuple[Any, str]]:
    """The items of a list with the keys by which they are recognized: those of a turn, what the one before asks for."""
    return zip(value, (request or key for request in requests_before(value)), strict=True)


def _keys_in(value: Mapping[str, Any], parent: str) -> Iterator[str]:
    """The keys by which the values of an object are recognized, in order; `person_name` for the name of a person, if
    another key of the object is one that only persons have.
    """
    is_person = is_of_person(value)
    for name, inner in value.items():
        is_name = is_person and normal_key(name) in NAME_KEYS and is_personal_name(inner)
        if isinstance(parent, Request) and name in ("content", "value"):
            yield parent
        else:
            yield "person_name" if is_name or is_name_of_role(name, inner) else key_in(name, parent)


def nested_texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """All texts of a JSON value, keys included: each with the prefix of its key before it, and that prefix."""
    if isinstance(value, str):
        nested = nested_json(value)
        if nested is None:
            yield prefix_of(key) + value, prefix_of(key)
        else:
            yield from nested_texts(nested, key)
    elif isinstance(value, dict):
        for (name, inner), inner_key in zip(value.items(), _keys_in(value, key), strict=True):
            yield name, ""
            yield from nested_texts(inner, inner_key)
    elif isinstance(value, list):
        for inner, key_of_inner in _keys_of_list(value, key):
            yield from nested_texts(inner, key_of_inner)
    elif (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, float) and COORDINATE_KEY.search(prefix_of(key))
    ):
        yield prefix_of(key) + str(value), prefix_of(key)


def _require_code_parses(before: str, after: str) -> None:
    """Raise `UnsafeRedaction` if a block of Python code parses before a replacement, but not after it."""
    for old, new in zip(PYTHON.findall(before), PYTHON.findall(after), strict=False):
        if old != new and _is_python(old) and not _is_python(new):
            raise UnsafeRedaction("Python code in it would no longer parse")


def _is_python(code: str) -> bool:
    """Whether a text parses as Python code."""
    try:
        parsed_python(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def squeezed(text: str) -> str:
    """The letters and digits of a text, in lower case, with ASCII digits, without anything between them."""
    return re.sub(r"[\W_]", "", folded(text).text).casefold()


def has_hidden_values(value: Any) -> bool:
    """Whether a row has a private value in an encoding, or split over turns, where it cannot be replaced."""
    return _is_split_over_turns(value) or bool(_remaining_form(value, set()))


def _remaining_form(value: Any, originals: set[str]) -> str:
    """The form in which a private value remains in a row, where it cannot be replaced, such as `in Base64`; empty if
    none remains.
    """
    joined = "\n".join(text[len(prefix) :] for text, prefix in nested_texts(value))
    long = {plain for plain in map(squeezed, originals) if len(plain) > MIN_LITERAL_CHARS}
    if long and _contains_any(long, squeezed(joined)):
        return "with other signs"
    packed = {
        "percent-encoded": unquote(joined) if "%" in joined else "",
        "in Base64": PACKED.sub(lambda match: next(unpacked(match.group()), match.group()), joined),
        "in escapes": ESCAPE.sub(_unescaped, joined) if ESCAPE.search(joined) else "",
        "quoted-printable": QUOTED.sub(_unquoted, joined) if QUOTED.search(joined) else "",
    }
    for form, text in packed.items():
        if text not in ("", joined) and (
            _private_texts(text) - _private_texts(joined) or (long and _contains_any(long, squeezed(text)))
        ):
            return form
    return ""


def _is_split_over_turns(value: Any) -> bool:
    """Whether two texts of one role, one after the other, have the halves of a number with a form or a checksum.

    Both sides of a preference pair follow the turns that they share.
    """
    if not isinstance(value, dict):
        return False
    shared = [turn for name in TURN_KEYS for turn in _turns(value.get(name))]
    sides = [turns for name in SIDE_KEYS if (turns := _turns(value.get(name)))]
    return any(_has_halves([*shared, *side]) for side in sides or [[]])


def _turns(value: Any) -> list[dict[str, Any]]:
    """The turns of a list, or of a single turn; empty for anything else."""
    turns = [value] if isinstance(value, dict) else value
    return [turn for turn in turns if isinstance(turn, dict)] if isinstance(turns, list) else []


def _has_halves(turns: Sequence[dict[str, Any]]) -> bool:
    """Whether two turns of one role, one after the other, have the halves of a value."""
    last: dict[str, str] = {}
    for turn in turns:
        role, text = str(turn.get("role", turn.get("from"))), turn.get("content", turn.get("value"))
        if not isinstance(text, str):
            continue
        start = folded(text[:MAX_HALF]).text.lstrip()
        if (before := last.get(role)) and OPEN_START.match(start) and _is_joined_value(before, start):
            return True
        end = folded(text[-MAX_HALF:]).text
        last[role] = end.rstrip(" \n.…") if OPEN_END.search(end) else ""
    return False


def _is_joined_value(before: str, after: str) -> bool:
    """Whether a value begins in one text and ends in the other; without check digits, no part of it is a value."""
    border = len(before)
    whole_end = max((secret.end for secret in private_values_in(before)), default=0)
    whole_start = min((secret.start for secret in private_values_in(after)), default=len(after))
    for joint in (" ", ""):
        for secret in private_values_in(f"{before}{joint}{after}"):
            end = secret.end - border - len(joint)
            is_over_border = secret.kind in SPLIT_KINDS and secret.start < border and end > 0
            has_whole_part = whole_end > secret.start or whole_start < end
            if is_over_border and (secret.kind in CHECKED_KINDS or not has_whole_part):
                return True
    return False


def _unescaped(match: re.Match[str]) -> str:
    """The character of an escape."""
    digits = match["hexadecimal"] or match["unicode"] or match["byte"]
    return chr(int(digits, 16) if digits else int(match["decimal"])) if not match["sign"] else SIGNS[match["sign"]]


def _unquoted(match: re.Match[str]) -> str:
    """The text of a run of quoted-printable codes."""
    return bytes.fromhex(match.group().replace("=", "")).decode("utf-8", "ignore")


def _contains_any(values: set[str], text: str) -> bool:
    """Whether the text contains any of the values; takes linear time, even for thousands of values."""
    if len(values) < 32:
        return any(value in text for value in values)
    size = MIN_LITERAL_CHARS + 1
    lengths: dict[str, set[int]] = {}
    for value in values:
        lengths.setdefault(value[:size], set()).add(len(value))
    return any(
        text[start : start + length] in values
        for start in range(len(text))
        for length in lengths.get(text[start : start + size], ())
    )


def _private_texts(text: str) -> set[str]:
    """The private values of a text, as written."""
    return {text[secret.start : secret.end] for secret in private_values_in(text)}


def unpacked(text: str) -> Iterator[str]:
    """The decoded texts of the runs of Base64 characters in a text; runs that decode to no text are left out."""
    for match in PACKED.finditer(text):
        run = match.group().rstrip("=")
        try:
            data = base64.b64decode(run + "=" * (-len(run) % 4), altchars=b"-_" if {"-", "_"} & set(run) else None)
            yield data.decode("utf-8")
        except (binascii.Error, ValueError):
            continue
