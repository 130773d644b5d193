"""One line's bytes to a JSON value, with everything that is wrong with the JSON itself as defects.

Python's parser is told to be as strict as the strictest reader that the data will meet: keys may not repeat, NaN and
Infinity are refused, bytes must be UTF-8 (RFC 8259).
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, NoReturn

MISSING: Final = object()
"""Stands for the value of a line that has none."""
MAX_DEPTH = 200
"""Nesting that we follow; readers written in C and Rust stop between 128 and 1,024."""

OPENERS = re.compile(rb'[\[{\]}]|"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
SURROGATE = re.compile("[\ud800-\udfff]")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
TRAILING_COMMA = re.compile(r",\s*[}\]]")
PYTHON_WORD = re.compile(r"""[{\[,:]\s*(?:'|(?:None|True|False)\b)""")


class Defect(NamedTuple):
    """Something wrong with a line's JSON; `kind` is what the rules of family J pick it by."""

    kind: str
    message: str
    offset: int
    """Byte offset in the line."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a line says: its value, `MISSING` when it has none, and its defects."""

    value: Any
    defects: tuple[Defect, ...]


class _NotFiniteError(ValueError):
    pass


def decode(data: bytes) -> Decoded:
    """Parse the bytes of one line. Never raises, whatever the bytes are."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return Decoded(MISSING, (_broken_utf8(data, error),))
    repeated: list[str] = []

    def no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) != len(pairs):
            keys = [key for key, _ in pairs]
            repeated.extend(dict.fromkeys(key for key in keys if keys.count(key) > 1))
        return value

    try:
        value = json.loads(text, object_pairs_hook=no_repeats, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        return Decoded(MISSING, (_syntax(text, error),))
    except _NotFiniteError as error:
        name = str(error)
        return Decoded(MISSING, (Defect("not-finite", f"{name} is not JSON; most readers reject the line", _word_at(data, name)),))
    except RecursionError:
        return Decoded(MISSING, (Defect("too-deep", "nested too deeply to be read", 0),))
    except ValueError:  # an integer of more digits than Python converts (sys.get_int_max_str_digits)
        return Decoded(MISSING, (Defect("syntax", "a number with thousands of digits cannot be read", 0),))
    defects = [Defect("repeated-key", f"key {key!r} stands twice in one object; the last one silently wins", _key_at(data, key)) for key in repeated]
    if b"\\u" in data:
        defects.extend(_escapes(value, data))
    if isinstance(value, dict | list) and data.count(b"[") + data.count(b"{") > MAX_DEPTH and _depth(data) > MAX_DEPTH:
        defects.append(Defect("too-deep", f"nested deeper than {MAX_DEPTH} levels; many readers refuse it", 0))
    return Decoded(value, tuple(defects))


def _refuse(name: str) -> NoReturn:
    raise _NotFiniteError(name)


def _broken_utf8(data: bytes, error: UnicodeDecodeError) -> Defect:
    bad = data[error.start : error.start + 4]
    return Defect("utf-8", f"not UTF-8: byte 0x{bad[0]:02x} at offset {error.start} ({error.reason})", error.start)


def _syntax(text: str, error: json.JSONDecodeError) -> Defect:
    """Name the mistake where it is a known one, else repeat the parser's words; column counts characters from 1."""
    offset = len(text[: error.pos].encode("utf-8", "surrogatepass"))
    where = f"at column {error.pos + 1}"
    rest = text[error.pos :].lstrip()
    if error.msg == "Extra data" and rest[:1] in ("{", "["):
        return Defect("repairable", f"several JSON values on one line, the second {where}", offset)
    if error.msg == "Extra data" and rest.startswith(","):
        return Defect("repairable", f"a comma after the JSON value, {where}", offset)
    before = text[: error.pos + 1].rstrip()
    if TRAILING_COMMA.search(text, max(0, len(before) - 2)) and before[-1:] in (",", "}", "]"):
        return Defect("repairable", f"a comma with nothing after it, {where}", offset)
    if PYTHON_WORD.match(text, max(0, error.pos - 1)) or rest[:1] == "'" or PYTHON_WORD.match("[" + rest):
        return Defect("repairable", f"Python notation instead of JSON, {where}: quotes are double; null, true, false", offset)
    if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
        return Defect("cut-off", f"the JSON ends in the middle: {error.msg.lower()} {where}", offset)
    return Defect("syntax", f"{error.msg[0].lower()}{error.msg[1:]} {where}", offset)


def _escapes(value: Any, data: bytes) -> Iterable[Defect]:
    """Lone surrogates and control characters, which only an escape can bring into a JSON string."""
    surrogate = control = None
    for text in _strings(value):
        surrogate = surrogate or SURROGATE.search(text)
        control = control or CONTROL.search(text)
        if surrogate and control:
            break
    if surrogate:
        name = f"\\u{ord(surrogate.group()):04x}"
        yield Defect("surrogate", f"lone surrogate {name}: half of a character, which tokenizers reject", _word_at(data.lower(), name))
    if control:
        name = f"\\u{ord(control.group()):04x}"
        yield Defect("control", f"control character {name} in a string", max(0, data.lower().find(name.encode())))


def _strings(value: Any) -> Iterable[str]:
    """All strings in a value, keys too, without recursion."""
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, list):
            todo.extend(item)
        elif isinstance(item, dict):
            todo.extend(item)
            todo.extend(item.values())


def _depth(data: bytes) -> int:
    depth = deepest = 0
    for token in OPENERS.finditer(data):
        first = token.group()[:1]
        if first in (b"[", b"{"):
            depth += 1
            deepest = max(deepest, depth)
        elif first != b'"':
            depth -= 1
    return deepest


def _word_at(data: bytes, word: str) -> int:
    return max(0, data.find(word.encode()))


def _key_at(data: bytes, key: str) -> int:
    """Where the last `"key":` stands; where the key is spelled with escapes, the start of the line."""
    spelled = json.dumps(key, ensure_ascii=False).encode("utf-8", "surrogatepass")
    found = [m.start() for m in re.finditer(re.escape(spelled) + rb"\s*:", data)]
    return found[1] if len(found) > 1 else 0
