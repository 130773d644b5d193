"""The form of a plain line: messages with role and text, as `json.dumps` or `JSON.stringify` writes them.

Compiled functions for kernels that read the texts in between. Every other line is refused (-1) and parsed as JSON.
"""

from typing import Final

import numpy as np

from curate.read.numba_utils import Array, compiled, hex_at, literal, literal_at, position_after

SYSTEM, USER, ASSISTANT = 0, 1, 2
ROLES: Final = (literal(b"system"), literal(b"user"), literal(b"assistant"))
_OPENING, _ROLE, _CONTENT = literal(b'{"messages":'), literal(b'{"role":'), literal(b'"content":')
_COLON, _COMMA = np.int64(58), np.int64(44)


@compiled
def first_turn_start(data: Array, position: int, end: int) -> int:
    """The start of the first turn of the line that starts here."""
    position = position_after(data, literal_at(data, position, end, _OPENING) - 1, end, _COLON)
    return position + 1 if 0 <= position < end and data[position] == 91 else -1


@compiled
def turn_start(data: Array, position: int, end: int) -> tuple[int, int]:
    """The role of the turn that starts here, and the start of its text after the quote."""
    position = position_after(data, literal_at(data, position, end, _ROLE) - 1, end, _COLON)
    if position < 0 or position + 1 >= end or data[position] != 34:
        return -1, -1
    letter = data[position + 1]
    role = SYSTEM if letter == 115 else USER if letter == 117 else ASSISTANT
    if role == SYSTEM:
        position = literal_at(data, position + 1, end, ROLES[0])
    elif role == USER:
        position = literal_at(data, position + 1, end, ROLES[1])
    else:
        position = literal_at(data, position + 1, end, ROLES[2])
    if position < 0 or position >= end or data[position] != 34:
        return -1, -1
    position = position_after(data, position + 1, end, _COMMA)
    position = position_after(data, literal_at(data, position, end, _CONTENT) - 1, end, _COLON)
    return (-1, -1) if position < 0 or position >= end or data[position] != 34 else (role, position + 1)


@compiled
def next_turn_start(data: Array, position: int, end: int) -> tuple[int, bool]:
    """The position after a text's closing quote, and whether another turn follows."""
    if position >= end or data[position] != 125:
        return -1, False
    position += 1
    return (
        (position_after(data, position, end, _COMMA), True)
        if position < end and data[position] == 44
        else (position, False)
    )


@compiled
def line_end(data: Array, position: int, end: int) -> int:
    """The position of the line break after the last turn, or the end of the data."""
    if position + 1 >= end or data[position] != 93 or data[position + 1] != 125:
        return -1
    position += 2
    if position < end and data[position] == 13:
        position += 1
    return position if position >= end or data[position] == 10 else -1


@compiled
def escape_code(data: Array, position: int) -> tuple[int, int]:
    """The character of an escape, from after its backslash, and its end; -1 for controls and surrogate halves.

    The data ends with a line break.
    """
    letter = data[np.uintp(position)]
    if letter == 110:
        return 10, position + 1
    if letter == 34 or letter == 92 or letter == 47:  # noqa: PLR1714
        return int(letter), position + 1
    if letter == 116 or letter == 114:  # noqa: PLR1714
        return 9 if letter == 116 else 13, position + 1
    if letter != 117:
        return -1, 0
    code = hex_at(data, position + 1)
    position += 5
    if 0xD800 <= code < 0xDC00 and data[np.uintp(position)] == 92 and data[np.uintp(position + 1)] == 117:
        low = hex_at(data, position + 2)
        return (0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00) if 0xDC00 <= low < 0xE000 else -1), position + 6
    if 0xD800 <= code < 0xE000 or (code < 32 and code != 9 and code != 10 and code != 13):  # noqa: PLR1714
        return -1, 0
    return code, position
