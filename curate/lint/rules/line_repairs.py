"""Repairs of families J and D on the bytes of a line, in any format. No repair replaces a defect with another one."""

import ast
import codecs
import json
import re
import warnings
from collections.abc import Iterator
from typing import Any

from curate.core.python_syntax import parsed_python
from curate.core.text import json_line
from curate.lint.rules import content, duplicates, file_format, jsonl, preference
from curate.lint.rules.rule import RepairInput
from curate.read.decode import ESCAPE, decode
from curate.read.json_pointer_spans import STRING
from curate.read.lines import BOM

TRAILING_COMMA = re.compile(rf"({STRING})|,(?=\s*(?:[\]}}]|\Z))", re.DOTALL)
VALUE_SEPARATOR = re.compile(r"[\s,]*")
EMPTY_STRING = re.compile(rb'"\s*"\s*[,}\]]')
CODEC = "curate-cp1252"
SEPARATORS = {"\u2028".encode(): b"\\u2028", "\u2029".encode(): b"\\u2029", "\x85".encode(): b"\\u0085"}
"""Line separators of Python's `splitlines`, in UTF-8 and as JSON escapes."""


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    """Decode the non-UTF-8 bytes as cp1252. Raises `UnicodeDecodeError` for the five undefined bytes."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252"), error.end


codecs.register_error(CODEC, _as_cp1252)


def _is_read(data: bytes) -> bool:
    return isinstance(decode(data).value, dict)


@jsonl.invalid_utf8.repaired_by(safe=False, takes=RepairInput.LINE)
def decode_again(data: bytes) -> bytes:
    """Decode the bytes that are not UTF-8 as cp1252."""
    try:
        decoded = data.decode("utf-8", CODEC).encode("utf-8")
    except UnicodeDecodeError:
        return data
    return decoded if _is_read(decoded) else data


@jsonl.lone_surrogate.repaired_by(safe=False, takes=RepairInput.LINE)
def drop_surrogates(data: bytes) -> bytes:
    """Remove unpaired surrogates."""
    unpaired: list[re.Match[bytes]] = []
    high: re.Match[bytes] | None = None  # a high surrogate without its low surrogate
    for match in ESCAPE.finditer(data):
        code = int(match.group(1), 16) if match.group(1) else 0x20
        second = 0xDC00 <= code < 0xE000
        if high is not None and not (second and match.start() == high.end()):
            unpaired.append(high)
            high = None
        if second and high is None:
            unpaired.append(match)
        high = match if 0xD800 <= code < 0xDC00 else None
    return _remove_ranges(data, [*unpaired, high] if high is not None else unpaired)


@jsonl.control_character.repaired_by(safe=False, takes=RepairInput.LINE)
def drop_controls(data: bytes) -> bytes:
    r"""Remove NUL and other control characters, unless `\b` or `\f` hints at a lost backslash."""
    controls = []
    for match in ESCAPE.finditer(data):
        if match.group(2) in (b"b", b"f"):
            return data
        if match.group(1) and (code := int(match.group(1), 16)) < 0x20 and code not in (9, 10, 13):
            controls.append(match)
    return _remove_ranges(data, controls)


def _remove_ranges(data: bytes, matches: list[re.Match[bytes]]) -> bytes:
    """Remove ordered byte ranges; unchanged if that makes two keys equal or leaves a text empty."""
    pieces, position = [], 0
    for match in matches:
        pieces.append(data[position : match.start()])
        position = match.end()
    remaining = b"".join([*pieces, data[position:]])
    before, after = ({defect.kind for defect in decode(text).defects} for text in (data, remaining))
    return (
        remaining
        if after < before and len(EMPTY_STRING.findall(remaining)) == len(EMPTY_STRING.findall(data))
        else data
    )


@jsonl.byte_order_mark.repaired_by(safe=True, takes=RepairInput.FIRST)
def drop_mark(data: bytes) -> bytes:
    """Remove the byte order mark."""
    return data.removeprefix(BOM)


@jsonl.blank_line.repaired_by(safe=False, takes=RepairInput.LINE)
def drop_blank(data: bytes) -> bytes | None:
    """Remove the line."""
    return data if data.strip() else None


@duplicates.exact_duplicate.repaired_by(safe=False, takes=RepairInput.LINE)
def drop_copy(data: bytes) -> bytes | None:  # noqa: ARG001
    """Remove the copy and keep the first."""
    return None


@content.empty_answer.repaired_by(safe=False, takes=RepairInput.LINE)
@preference.sides_equal.repaired_by(safe=False, takes=RepairInput.LINE)
def drop_line(data: bytes) -> bytes | None:  # noqa: ARG001
    """Remove the line."""
    return None


@file_format.line_separator.repaired_by(safe=True, takes=RepairInput.RAW)
def escape_separators(data: bytes) -> bytes:
    """Escape these characters."""
    if not _is_read(data):
        return data
    for separator, escaped in SEPARATORS.items():
        data = data.replace(separator, escaped)
    return data


@jsonl.nearly_json.repaired_by(safe=False, takes=RepairInput.LINE)
def write_again(data: bytes) -> bytes:
    """Put each object on its own line, remove extra commas, and write Python notation as JSON."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return data
    if _is_read(data):
        return data
    without_commas = TRAILING_COMMA.sub(lambda match: match.group(1) or "", text)
    for candidate in (
        _objects_by_line(text),
        without_commas.encode(),
        _objects_by_line(without_commas),
        _from_python(text),
    ):
        if candidate and all(map(_is_read, candidate.split(b"\n"))):
            return candidate
    return data


def _objects_by_line(text: str) -> bytes | None:
    """The objects in the text, one per line with unchanged characters; None if it contains anything else."""
    parts = list(_values_of_line(text.strip()))
    return b"\n".join(part.encode("utf-8") for part in parts) if all(parts) else None


def _values_of_line(text: str) -> Iterator[str]:
    """The JSON values in a text, one after the other: the text of each object, empty for another value or the
    unreadable rest.
    """
    decoder, position = json.JSONDecoder(), 0
    while position < len(text):
        try:
            value, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            value, end = None, len(text)
        yield text[position:end] if isinstance(value, dict) else ""
        after = VALUE_SEPARATOR.match(text, end)
        position = after.end() if after else end


def _from_python(text: str) -> bytes | None:
    """Convert a dict in Python notation to JSON; None if it is none or JSON would lose something."""
    try:
        with warnings.catch_warnings():
            # warnings about backslashes in strings, which are read as intended
            warnings.simplefilter("ignore", SyntaxWarning)
            tree = parsed_python(text.strip(), "eval")
        if (
            not isinstance(tree, ast.Expression)
            or not isinstance(tree.body, ast.Dict)
            or not all(_has_clear_keys(node) for node in ast.walk(tree) if isinstance(node, ast.Dict))
        ):
            return None
        return json_line(ast.literal_eval(tree))
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return None


def _has_clear_keys(node: ast.Dict) -> bool:
    keys: list[Any] = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
    return all(isinstance(key, str) for key in keys) and len(set(keys)) == len(keys)
