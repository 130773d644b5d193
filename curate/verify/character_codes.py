"""Texts that are written as the codes of their characters: `chr(106) + chr(111)`, `[106, 111]`, `U+006A U+006F`.

The time is linear in the text, and other numbers that stand in a row decode to characters that no value has.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

MIN_CODES: Final = 7
"""Minimum number of codes in a row: shorter values are not searched for."""
MAX_GAP: Final = 32
"""Maximum number of characters between two codes of a row, such as `) + String.fromCharCode(`."""
CODE: Final = re.compile(
    r"(?:0[xX]|[Uu]\+|%u|\\)(?P<hexadecimal>[0-9A-Fa-f]{1,6})|0o(?P<octal>[0-7]{1,7})|(?P<decimal>[0-9]+)"
)
PADDED: Final = re.compile("[0-9]{3}")
MAX_DIGITS: Final = 7
"""Maximum number of digits of the code of a character."""
SPACE: Final = 32
"""The first code of a character that is shown."""
BYTE: Final = 256
SIGN: Final = 127
"""The last byte that is a character of its own; in C and Java, those above it are negative numbers."""


def from_character_codes(text: str) -> str:
    """What rows of codes are, in each way of reading them; empty if there is none."""
    return "\n".join(chain.from_iterable(_readings(row, text) for row in _rows(text)))


def _rows(text: str) -> Iterator[list[re.Match[str]]]:
    """The numbers that stand in a row; a long run of digits is a row of its own."""
    row: list[re.Match[str]] = []
    for match in CODE.finditer(text):
        if row and match.start() - row[-1].end() > MAX_GAP:
            if len(row) >= MIN_CODES:
                yield row
            row = []
        if len(match[0]) >= MIN_CODES * 3:
            yield [match]
        else:
            row.append(match)
    if len(row) >= MIN_CODES:
        yield row


def _readings(row: Sequence[re.Match[str]], text: str) -> Iterator[str]:
    """The texts of a row: its numbers as characters and as bytes, also with signs, octal, or in groups of three."""
    if len(row) == 1:
        yield _characters([int(code) for code in PADDED.findall(row[0]["decimal"] or "")])
        return
    codes = [_code(match) for match in row]
    yield _characters(codes)
    is_negative = [text[match.start() - 1 : match.start()] == "-" for match in row]
    if any(is_negative) or max(codes) > SIGN:
        yield _bytes(codes)
        yield _bytes([BYTE - code if negative else code for code, negative in zip(codes, is_negative, strict=True)])
    if all(match["decimal"] and not set(match["decimal"]) & set("89") for match in row):
        octal = [int(match["decimal"][:MAX_DIGITS], 8) for match in row]
        yield _characters(octal)
        yield _bytes(octal)


def _code(match: re.Match[str]) -> int:
    """The number of a code; 0 if it is too long."""
    if match["hexadecimal"]:
        return int(match["hexadecimal"], 16)
    if match["octal"]:
        return int(match["octal"], 8)
    return int(match["decimal"]) if len(match["decimal"]) <= MAX_DIGITS else 0


def _characters(codes: Sequence[int]) -> str:
    """The characters with these codes, and a line end for a number that is of none."""
    return "".join(chr(code) if SPACE <= code <= 0x10FFFF else "\n" for code in codes)


def _bytes(codes: Sequence[int]) -> str:
    """The text of these bytes in UTF-8."""
    return bytes(code for code in codes if 0 <= code < BYTE).decode("utf-8", "ignore")
