"""Explain why a line is not JSON: the parser reports where it stopped, these messages name the likely cause."""

import json
import re
from typing import NamedTuple

PYTHON = re.compile(r"'|(?:None|True|False)\b")
COMMA_THEN_END = re.compile(r",\s*[}\]]")
# Possible ends of a line that was truncated in a literal, a number or an escape.
CUT_WORD = re.compile(r"(?:t(?:ru?)?|f(?:a(?:ls?)?)?|n(?:ul?)?|-)\Z")
CUT_ESCAPE = re.compile(r"\\?u[0-9a-fA-F]{0,3}\Z")


class JsonMistake(NamedTuple):
    """The kind of a defect (see `curate.read.decode.Defect`) and a sentence about it."""

    kind: str
    message: str


def explain_json_error(text: str, error: json.JSONDecodeError, column: int = 0) -> JsonMistake:
    """Name a known mistake, else repeat the parser's message; columns count characters from 1.

    `column` is the number of characters before `text` on its physical line.
    """
    where = f"at column {error.colno + (column if error.lineno == 1 else 0)}"
    start, rest = text.lstrip()[:1], text[error.pos :].lstrip()
    if not text.strip("\0 \t\r\n"):
        return JsonMistake("cut-off", "the line contains only NUL bytes; a crash or a full disk causes this")
    if text.startswith("\ufeff"):
        return JsonMistake("syntax", "a byte order mark precedes the JSON; concatenating files causes this")
    if start not in ("{", "["):
        return JsonMistake("syntax", f"not a JSON object: {_lower(error.msg)} {where}")
    if error.msg == "Extra data":
        return _extra(rest, where)
    known = _slip(text, error, rest, where)
    return known or JsonMistake("syntax", f"{_lower(error.msg)} {where}")


def _extra(rest: str, where: str) -> JsonMistake:
    """The mistake after a complete value."""
    after = rest.removeprefix(",").lstrip()
    if after[:1] in ("{", "["):
        return JsonMistake("repairable", f"several JSON values on one line; the second starts {where}")
    if not after:
        return JsonMistake("repairable", f"a comma after the JSON value, {where}")
    return JsonMistake("syntax", f"text after the JSON value, {where}")


def _slip(text: str, error: json.JSONDecodeError, rest: str, where: str) -> JsonMistake | None:
    """Frequent mistakes of people and exporters inside a value. Python 3.13 stops at a comma, older ones after it."""
    if COMMA_THEN_END.match(rest) or (rest[:1] in ("}", "]") and text[: error.pos].rstrip().endswith(",")):
        return JsonMistake("repairable", f"a comma with nothing after it, {where}")
    if PYTHON.match(rest):
        return JsonMistake(
            "repairable", f"Python notation instead of JSON, {where}: use double quotes, null, true and false"
        )
    if error.msg.startswith("Unterminated string"):
        if text.rstrip().endswith(("}", "]")):
            return JsonMistake(
                "syntax",
                f"the string that starts {where} is not closed: a quotation mark is missing, or one in the text "
                "is not escaped",
            )
        return JsonMistake("cut-off", f"the JSON ends in the middle of the string that starts {where}")
    if not rest or CUT_WORD.match(rest) or (error.msg.startswith("Invalid \\u") and CUT_ESCAPE.match(rest)):
        return JsonMistake("cut-off", f"the JSON ends in the middle: {_lower(error.msg)} {where}")
    if error.msg.startswith("Invalid control character"):
        return JsonMistake(
            "syntax", f"control character \\x{ord(text[error.pos]):02x} in a string {where}; JSON requires an escape"
        )
    return None


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:].removesuffix(" at")
