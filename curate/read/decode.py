"""Parse the bytes of a line into a JSON value, with all defects of the JSON.

Python's parser is made as strict as the strictest reader: repeated keys, NaN and Infinity are refused, and bytes must
be UTF-8 (RFC 8259).
"""

import json
import re
from collections.abc import Iterator, Set
from functools import lru_cache
from math import isinf
from typing import Any, Final, NamedTuple, NoReturn

import orjson

from curate.core.example import ROLES
from curate.core.lazy import lazy_pattern
from curate.core.text import excerpt, quoted
from curate.read.json_pointer_spans import STRING, repeated_keys

PYTHON_LITERAL = lazy_pattern(r"'|(?:None|True|False)\b")
COMMA_THEN_END = lazy_pattern(r",\s*[}\]]")
# Possible ends of a line that was truncated in a literal, a number or an escape.
CUT_WORD = lazy_pattern(r"(?:t(?:ru?)?|f(?:a(?:ls?)?)?|n(?:ul?)?|-)\Z")
CUT_ESCAPE = lazy_pattern(r"\\?u[0-9a-fA-F]{0,3}\Z")


JsonMistake = tuple[str, str]
"""The kind of a defect (see `Defect`) and a sentence about it."""


def explain_json_error(text: str, error: json.JSONDecodeError, column: int) -> JsonMistake:
    """Name a known mistake, else repeat the parser's message; columns count characters from 1.

    `column` is the number of characters before `text` on its physical line.
    """
    where = f"at column {error.colno + (column if error.lineno == 1 else 0)}"
    start, rest = text.lstrip()[:1], text[error.pos :].lstrip()
    if not text.strip("\0 \t\r\n"):
        return "cut-off", "the line contains only NUL bytes; a crash or a full disk causes this"
    if text.startswith("\ufeff"):
        return "syntax", "a byte order mark precedes the JSON; concatenating files causes this"
    if start not in ("{", "["):
        return "syntax", f"not a JSON object: {_message_part(error.msg)} {where}"
    if error.msg == "Extra data":
        return _trailing_mistake(text[: error.pos], rest, where)
    mistake = _frequent_mistake(text, error, rest, where)
    return mistake or ("syntax", f"{_message_part(error.msg)} {where}")


def _trailing_mistake(value: str, rest: str, where: str) -> JsonMistake:
    """The mistake if `rest` follows a complete JSON value; `where`: its place, for the message."""
    after = rest.removeprefix(",").lstrip()
    if after[:1] in ("{", "["):
        if value.endswith("\r"):
            return (
                "repairable",
                f"lines that end in CR alone, not in LF; the second starts {where}. Convert the file: "
                "tr '\\r' '\\n' <FILE >OUT",
            )
        return "repairable", f"several JSON values on one line; the second starts {where}"
    if not after:
        return "repairable", f"a comma after the JSON value, {where}"
    return "syntax", f"text after the JSON value, {where}"


def _frequent_mistake(text: str, error: json.JSONDecodeError, rest: str, where: str) -> JsonMistake | None:
    """A frequent mistake of people and exporters inside a value; None for other errors.

    Python 3.13 stops at a comma, older ones after it.
    """
    if COMMA_THEN_END.match(rest) or (rest[:1] in ("}", "]") and text[: error.pos].rstrip().endswith(",")):
        return "repairable", f"a comma with nothing after it, {where}"
    if PYTHON_LITERAL.match(rest):
        return ("repairable", f"Python notation instead of JSON, {where}: use double quotes, null, true and false")
    if error.msg.startswith("Unterminated string"):
        if text.rstrip().endswith(("}", "]")):
            return (
                "syntax",
                f"the string that starts {where} is not closed: a quotation mark is missing, or one in the text "
                "is not escaped",
            )
        return (
            "cut-off",
            f"the JSON ends in the middle of the string that starts {where}: the line is cut off, or the string has a "
            "line break that is not written as \\n, and goes on in the next lines",
        )
    if not rest or CUT_WORD.match(rest) or (error.msg.startswith("Invalid \\u") and CUT_ESCAPE.match(rest)):
        return "cut-off", f"the JSON ends in the middle: {_message_part(error.msg)} {where}"
    if error.msg.startswith("Invalid control character"):
        if text[error.pos] == "\n":
            return "syntax", f"a line break in a string {where} that is not written as \\n"
        return (
            "syntax",
            f"control character \\x{ord(text[error.pos]):02x} in a string {where}; JSON requires an escape",
        )
    return None


def _message_part(words: str) -> str:
    """A message of the parser as part of a sentence: `Expecting value at` -> `expecting value`."""
    return words[:1].lower() + words[1:].removesuffix(" at")


MISSING: Final = object()
"""Placeholder for the value of a line without one."""
MAX_PORTABLE_DEPTH = 200
"""Nesting depth from which curate warns: parsers in C and Rust stop between 128 and 1,024."""
MAX_DEPTH = 400
"""Nesting depth from which curate does not parse: Python's JSON writer stops soon after."""

BRACKETS = lazy_pattern(rb'[\[{]|[\]}]|"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
# Escapes that may be a lone surrogate or a control character; the loop in `_escapes` then checks.
SUSPECT_ESCAPE = lazy_pattern(rb"\\(?:u(?:00[01]|[dD][89a-fA-F])|[bf])")
ESCAPE = lazy_pattern(rb"\\(?:u([0-9a-fA-F]{4})|(.))")


class Defect(NamedTuple):
    """A defect of a line's JSON; the rules of family J select it by `kind`."""

    kind: str
    message: str
    offset: int
    """Byte offset in the line."""
    pointer: str = ""
    """JSON pointer to the defective value; empty for the whole line."""


class Decoded(NamedTuple):
    """The parsed value of a line, `MISSING` if there is none, and its defects."""

    value: Any
    defects: tuple[Defect, ...]
    plain: bool = False
    """True if the value is known to contain only messages of a role and a text."""


class _NotFiniteError(ValueError):
    """A number is NaN or Infinity."""


class _RepeatedKeyError(ValueError):
    """An object has a key twice."""


def decode(data: bytes, column: int = 0) -> Decoded:
    """Parse the bytes of one line. Never raises.

    `column` is the number of characters before it on its physical line, for messages.
    """
    plain = plain_line(data)
    return _decode(data, column) if plain is None else Decoded(plain.value, (), True)


class PlainLine(NamedTuple):
    """The content of a line with nothing but messages of a known role and a text, or with simple values beside them."""

    value: dict[str, Any]
    roles: tuple[str, ...]
    texts: list[str]
    joined: str
    """The texts, joined by NUL."""
    spelled: str
    """All texts and keys that the line has beside those of messages, joined by NUL."""
    extra_keys: dict[str, Any]
    """What the line has beside `messages`."""


def plain_line(data: bytes, key_names: Set[str] | None = None) -> PlainLine | None:
    """The content of a plain line without a defect; None for any other line.

    `key_names`: keys by which lines are told apart; a line with numbers and texts under other keys beside messages that
    end with an answer is plain, too. None: no line with other keys is.

    Most lines are plain, and orjson reads them several times as fast. It is as strict as this module except for
    repeated keys and escaped control characters.
    """
    try:
        value = orjson.loads(data)
        turns = value["messages"]
        roles = tuple([turn["role"] for turn in turns])
        texts = [turn["content"] for turn in turns]
        spelled = joined = "\0".join(texts)
        if type(turns) is not list or not _are_known(roles):
            return None
        extra_keys = {} if len(value) == 1 else _extra_keys(value, roles, key_names)
    except (ValueError, TypeError, KeyError):
        return None
    if extra_keys is None:
        return None
    spellings = 4 * len(texts) + 1
    if extra_keys:
        others = [*extra_keys, *(text for text in extra_keys.values() if type(text) is str)]
        spelled, spellings = "\0".join((joined, *others)), spellings + len(others)
    # Every key and text has two quotes, and texts may contain more. A repeated key changes the count, unless a quote in
    # a text is written as a Unicode escape.
    quotes = spelled.count('"')
    if data.count(b'"') != 2 * spellings + quotes or (quotes and b"\\u0022" in data):
        return None
    has_other_escapes = b"\\" in data and data.count(b"\\") != quotes + spelled.count("\n")
    if has_other_escapes and (b"\\u00" in data or b"\\b" in data or b"\\f" in data):
        return None  # it may be a control character
    return PlainLine(value, roles, texts, joined, spelled, extra_keys)


MAX_INTEGER: Final = 2**63
"""A number of this size or more may have been parsed from an integer of more than 64 bits."""
DIALOGUE_ROLES: Final = ROLES - {"tool", "function"}
PLAIN_TYPES: Final = frozenset((str, int, float, bool, type(None)))


def _extra_keys(value: dict[str, Any], roles: tuple[str, ...], key_names: Set[str] | None) -> dict[str, Any] | None:
    """The keys of a line other than `messages`; None if the line is not plain (see `plain_line`)."""
    if key_names is None or roles[-1:] != ("assistant",) or not DIALOGUE_ROLES.issuperset(roles):
        return None
    extra_keys = {key: item for key, item in value.items() if key != "messages"}
    if not PLAIN_TYPES.issuperset(map(type, extra_keys.values())) or not key_names.isdisjoint(extra_keys):
        return None
    numbers = (item for item in extra_keys.values() if isinstance(item, int | float))
    return extra_keys if all(-MAX_INTEGER < number < MAX_INTEGER for number in numbers) else None


@lru_cache(10_000)  # most conversations of a file have one of few shapes
def _are_known(roles: tuple[str, ...]) -> bool:
    """Whether all roles are known. Raises `TypeError` for a role that is a list or an object."""
    return ROLES.issuperset(roles)


def _decode(data: bytes, column: int) -> Decoded:
    """The value of a line, or the defects that prevent it. `column` is where it starts in its physical line."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return Decoded(MISSING, (_broken_utf8(data, error),))
    repeated = False
    try:
        try:
            value = _STRICT.decode(text)
        except _RepeatedKeyError:
            value, repeated = _FORGIVING.decode(text), True
    except json.JSONDecodeError as error:
        kind, message = explain_json_error(text, error, column)
        return Decoded(MISSING, (Defect(kind, message, _byte_offset(text, error.pos)),))
    except _NotFiniteError as error:
        return Decoded(MISSING, (_not_finite(text, str(error)),))
    except RecursionError:
        depth, unclosed = _nesting(data)
        if unclosed:
            return Decoded(MISSING, (Defect("cut-off", f"the JSON ends in the middle, {depth:,} levels deep", 0),))
        return Decoded(MISSING, (Defect("too-deep", f"nested {depth:,} levels deep, too deeply to be read", 0),))
    except ValueError:  # an integer with more digits than Python converts (sys.get_int_max_str_digits)
        return Decoded(MISSING, (Defect("syntax", "a number has too many digits to be parsed", 0),))
    defects: list[Defect] = []
    if data.count(b"[") + data.count(b"{") > MAX_PORTABLE_DEPTH and (depth := _nesting(data)[0]) > MAX_PORTABLE_DEPTH:
        if depth > MAX_DEPTH:
            return Decoded(MISSING, (Defect("too-deep", f"nested {depth:,} levels deep, too deeply to be read", 0),))
        defects.append(
            Defect("too-deep", f"nested {depth:,} levels deep; many readers refuse more than {MAX_PORTABLE_DEPTH}", 0)
        )
    if repeated:
        defects.extend(_repeated_key_defects(text))
    if SUSPECT_ESCAPE.search(data):
        defects.extend(_escapes(data))
    return Decoded(value, tuple(defects))


def _object_of_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs of keys and values as an object. Raises `_RepeatedKeyError` if a key occurs twice."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _RepeatedKeyError
    return value


def _refuse_constant(name: str) -> NoReturn:
    """Raise `_NotFiniteError` for NaN or Infinity."""
    raise _NotFiniteError(name)


def _finite_float(number: str) -> float:
    """A number of a JSON text as a float. Raises `_NotFiniteError` if it is too large for one."""
    value = float(number)
    if isinf(value):
        raise _NotFiniteError(number)
    return value


_STRICT: Final = json.JSONDecoder(
    object_pairs_hook=_object_of_pairs, parse_constant=_refuse_constant, parse_float=_finite_float
)
_FORGIVING: Final = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite_float)


def _byte_offset(text: str, index: int) -> int:
    """The number of bytes before the character at `index`."""
    return len(text[:index].encode())


def _repeated_key_defects(text: str) -> Iterator[Defect]:
    """A defect for each key that an object has twice."""
    previous = offset = 0
    for key, pointer, index in repeated_keys(text):
        previous, offset = index, offset + _byte_offset(text[previous:index], index - previous)
        message = f"key {quoted(key)} occurs twice in one object; readers keep only the last value"
        yield Defect("repeated-key", message, offset, pointer)


def _broken_utf8(data: bytes, error: UnicodeDecodeError) -> Defect:
    """The defect for bytes that are not UTF-8: truncated JSON, or another encoding."""
    if error.end == len(data) and error.reason == "unexpected end of data" and data.lstrip()[:1] in (b"{", b"["):
        return Defect("cut-off", "the JSON ends in the middle of a character", error.start)
    return Defect(
        "utf-8", f"not UTF-8: byte 0x{data[error.start]:02x} at offset {error.start} ({error.reason})", error.start
    )


def _not_finite(text: str, name: str) -> Defect:
    """The defect for the first place in a text with a number that is not finite; `name`: how the number is written."""
    start = next(
        match.start() for match in re.finditer(f"{STRING}|({re.escape(name)})", text, re.DOTALL) if match.group(1)
    )
    why = (
        "is not JSON; most readers reject the line"
        if name[-1] in "Ny"
        else "is out of range: readers turn it into Infinity or reject the line"
    )
    return Defect("not-finite", f"{excerpt(name)} {why}", _byte_offset(text, start))


def _escapes(data: bytes) -> Iterator[Defect]:
    """The first lone surrogate and the first control character; only an escape can put either into a JSON string."""
    surrogate = control = None
    high: re.Match[bytes] | None = None  # a high surrogate without its low surrogate
    for match in ESCAPE.finditer(data):
        code = int(match.group(1), 16) if match.group(1) else {b"b": 8, b"f": 12}.get(match.group(2), 0x20)
        if high is not None and not (0xDC00 <= code < 0xE000 and match.start() == high.end()):
            surrogate = surrogate or high
        elif high is None and 0xDC00 <= code < 0xE000:
            surrogate = surrogate or match
        high = match if 0xD800 <= code < 0xDC00 else None
        if control is None and code < 0x20 and code not in (9, 10, 13):
            control = match
    surrogate = surrogate or high
    if surrogate:
        name = surrogate.group().decode().lower()
        yield Defect(
            "surrogate", f"lone surrogate {name}: half of a character, which tokenizers reject", surrogate.start()
        )
    if control:
        name = control.group().decode()
        means = {
            "\\b": ", a backspace (possibly an unescaped backslash)",
            "\\f": ", a form feed (possibly an unescaped backslash)",
        }.get(name, "")
        yield Defect("control", f"control character {name}{means} in a string", control.start())


def _nesting(data: bytes) -> tuple[int, int]:
    """The number of objects and lists that are open at once, at most, and the number that are open at the end."""
    depth = deepest = 0
    for token in BRACKETS.finditer(data):
        first = data[token.start()]
        if first in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif first in b"]}":
            depth -= 1
    return deepest, depth
