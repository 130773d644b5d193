"""The loops of `curate.read.outline`: a plain line of bytes to its canonical JSON and its texts.

Every line that is not clearly plain is refused (-1) and goes the careful way; property tests hold the two ways together.
"""

# ruff: noqa: PLR1714  (sets are slower when they are compiled)

from typing import Any, Final

import numpy as np

from curate.read.compiled import Array, after, compiled, entry, hex_at, literal, literal_at, utf8_at, write_utf8

_OPENING, _ROLE, _CONTENT = literal(b'{"messages":'), literal(b'{"role":'), literal(b'"content":')
_HEAD, _BODY, _MIDDLE, _TAIL, _BETWEEN = literal(b'{"messages":['), literal(b'{"content":"'), literal(b'","role":"'), literal(b'"}'), literal(b"]}")


SYSTEM, USER, ASSISTANT = 0, 1, 2
ROLES: Final = (literal(b"system"), literal(b"user"), literal(b"assistant"))
BLOCK: Final = 32
"""Bytes that are looked at and copied at a time, where nothing is special about them."""


@compiled
def _put(out: Array, at: int, text: Array) -> Any:
    """Write `text`; where it ends."""
    for nth in range(len(text)):
        out[at + nth] = text[nth]
    return at + len(text)


@compiled
def _named(out: Array, at: int, role: int) -> Any:
    """Write the name of a role; where it ends."""
    return _put(out, at, ROLES[0]) if role == SYSTEM else _put(out, at, ROLES[1]) if role == USER else _put(out, at, ROLES[2])


@compiled
def _escaped(out: Array, at: int, code: int) -> Any:
    """Write a character of ASCII as it stands in canonical JSON."""
    if code == 34 or code == 92:
        out[at], out[at + 1] = 92, code
        return at + 2
    if code == 10 or code == 9 or code == 13:
        out[at], out[at + 1] = 92, 110 if code == 10 else 116 if code == 9 else 114
        return at + 2
    out[at] = code
    return at + 1


@compiled
def _string(  # noqa: PLR0912, PLR0915  (one pass, and calls cost)
    data: Array, at: int, end: int, canon: Array, used: int, text: Array, written: int, told: Array
) -> tuple[int, int, int]:
    """A string of JSON from behind its opening quote: where it ends in the data, in `canon` and in `text`; -1 where it is not plain.

    `told` gets its characters, and whether all are ASCII.
    """
    chars, plain = 0, True
    while at < end:
        while at + BLOCK <= end:
            special = False
            for nth in range(BLOCK):  # compiled to vectors; what is written behind a special character is written over
                here = data[np.uintp(at + nth)]
                text[np.uintp(written + nth)] = here
                canon[np.uintp(used + nth)] = here
                special |= (here < 32) | (here > 127) | (here == 34) | (here == 92)
            if special:
                break
            at, used, written, chars = at + BLOCK, used + BLOCK, written + BLOCK, chars + BLOCK
        code = int(data[at])
        while 32 <= code < 128 and code != 34 and code != 92:  # the data ends with a line break
            text[written], canon[used] = code, code
            at, used, written, chars = at + 1, used + 1, written + 1, chars + 1
            code = int(data[at])
        if at >= end:
            return -1, 0, 0
        if code == 34:
            told[0], told[1] = chars, plain
            return at + 1, used, written
        if code < 32:
            return -1, 0, 0
        at += 1
        if code == 92:
            if at >= end:
                return -1, 0, 0
            letter = data[at]
            at += 1
            if letter == 110:
                code = 10
            elif letter == 34 or letter == 92 or letter == 47:
                code = int(letter)
            elif letter == 116:
                code = 9
            elif letter == 114:
                code = 13
            elif letter == 117:
                code = hex_at(data, at)
                at += 4
                if 0xD800 <= code < 0xDC00 and at + 6 <= end and data[at] == 92 and data[at + 1] == 117:
                    low = hex_at(data, at + 2)
                    at += 6
                    if not 0xDC00 <= low < 0xE000:
                        return -1, 0, 0
                    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
                elif 0xD800 <= code < 0xE000:
                    return -1, 0, 0
                if code < 32 and code != 9 and code != 10 and code != 13:
                    return -1, 0, 0
            else:
                return -1, 0, 0
            chars += 1
            if code < 128:
                text[written] = code
                written += 1
                used = _escaped(canon, used, code)
            else:
                plain = False
                written = write_utf8(text, written, code)
                used = write_utf8(canon, used, code)
            continue
        plain = False
        while code >= 128:  # where there is one, there are more
            code = utf8_at(data, at - 1)
            if code < 0:
                return -1, 0, 0
            size = 2 if code < 0x800 else 3 if code < 0x10000 else 4
            for nth in range(size):
                here = data[np.uintp(at - 1 + nth)]
                text[np.uintp(written + nth)] = here
                canon[np.uintp(used + nth)] = here
            at, used, written, chars = at - 1 + size, used + size, written + size, chars + 1
            if at >= end:
                return -1, 0, 0
            code = int(data[at])
            at += 1
        at -= 1
    return -1, 0, 0


@compiled
def _role(data: Array, at: int, end: int) -> tuple[int, int]:
    """The role of a turn, in quotes, and where its name ends; -1 for one that is none of three."""
    if at + 1 >= end or data[at] != 34:
        return -1, -1
    letter = data[at + 1]
    if letter == 115:
        return SYSTEM, literal_at(data, at + 1, end, ROLES[0])
    if letter == 117:
        return USER, literal_at(data, at + 1, end, ROLES[1])
    return ASSISTANT, literal_at(data, at + 1, end, ROLES[2])


@compiled
def _line(
    data: Array, at: int, end: int, canon: Array, used: int, text: Array, written: int, turns: Array, count: int, told: Array
) -> tuple[int, int, int, int]:
    """A plain line: where it ends in the data, in `canon`, in `text`, and after how many turns; -1 for any other.

    turns: a row each of role, start and end of its JSON in `canon`, start and end of its text, characters, and whether all are ASCII.
    """
    at = after(data, literal_at(data, at, end, _OPENING) - 1, end, 58)
    if at < 0 or at >= end or data[at] != 91:
        return -1, 0, 0, 0
    at += 1
    used = _put(canon, used, _HEAD)
    first = count
    while True:
        at = after(data, literal_at(data, at, end, _ROLE) - 1, end, 58)
        if at < 0 or count >= len(turns):
            return -1, 0, 0, 0
        role, at = _role(data, at, end)
        if at < 0 or at >= end or data[at] != 34:
            return -1, 0, 0, 0
        at = after(data, at + 1, end, 44)
        at = after(data, literal_at(data, at, end, _CONTENT) - 1, end, 58)
        if at < 0 or at >= end or data[at] != 34:
            return -1, 0, 0, 0
        if count > first:
            canon[used] = 44
            used += 1
        start, begin = used, written
        used = _put(canon, used, _BODY)
        at, used, written = _string(data, at + 1, end, canon, used, text, written, told)
        if at < 0 or at >= end or data[at] != 125:
            return -1, 0, 0, 0
        text[written] = 10
        written += 1
        used = _put(canon, _named(canon, _put(canon, used, _MIDDLE), role), _TAIL)
        turns[count, 0], turns[count, 1], turns[count, 2] = role, start, used
        turns[count, 3], turns[count, 4], turns[count, 5], turns[count, 6] = begin, written - 1, told[0], told[1]
        count += 1
        at += 1
        if at < end and data[at] == 44:
            at = after(data, at, end, 44)
            continue
        break
    if at + 1 >= end or data[at] != 93 or data[at + 1] != 125:
        return -1, 0, 0, 0
    at += 2
    if at < end and data[at] == 13:
        at += 1
    if at < end and data[at] != 10:
        return -1, 0, 0, 0
    return at, _put(canon, used, _BETWEEN), written, count


@entry
def outline_lines(data: Array, canon: Array, text: Array, turns: Array, lines: Array, told: Array) -> tuple[int, int, int]:
    """Fill the arrays of `Outlined`: how much of `canon`, `text` and `turns` is used.

    `canon` and `text` are longer than needed by `BLOCK`.
    lines: a row each of first turn (-1 for a line that is not plain), its number of turns, start and end in `canon`.
    `data` ends with a line break; `told` (int64, two) is for use in here.
    """
    end, at, used, written, count = len(data), 0, 0, 0, 0
    for line in range(len(lines)):
        behind, used_now, written_now, count_now = _line(data, at, end, canon, used, text, written, turns, count, told)
        lines[line, 0] = -1
        if behind >= 0:
            lines[line, 0], lines[line, 1], lines[line, 2], lines[line, 3] = count, count_now - count, used, used_now
            at, used, written, count = behind, used_now, written_now, count_now
        while at < end and data[at] != 10:
            at += 1
        at += 1
    return used, written, count
