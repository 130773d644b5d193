"""Which lines are so plain that no rule has anything to say about them: the loop over every byte of them.

Compiled, for big files; every other line goes the careful way, so that all the scan has to be is never sure without cause. A line is
quiet when it is a conversation as `json.dumps` or `JSON.stringify` writes it, an optional system prompt and then questions and
answers in turn, and nothing in it is a needle: a piece of text that some rule looks for, a run of digits, white space at either end, a
character that is not in normal form. What is kept of a quiet line is its text, and its text in lower case without white space.
"""

# ruff: noqa: PLR1714  (sets and generators are slower when they are compiled)

from typing import Final

import numpy as np

from curate.read.answer import breaks_off, is_suspicious, repeats
from curate.read.automaton import ADDRESS, ALWAYS, IN_ANSWER, MARKED, POINTS, REFUSES, WORN
from curate.read.compiled import Array, after, compiled, hex_at, is_word, literal, literal_at, same, stands_at, utf8_at, write_utf8

ODD, LEADS, FOLLOWS, SPACE, LIKE_ITSELF = 1, 2, 4, 8, 16
"""Kinds of characters beyond ASCII: that some rule looks for; that begin, and go on, a text decoded wrongly; white space; equal to their
compatible form in lower case."""
SYSTEM, USER, ANSWER = 0, 1, 2
_ROLES: Final = (literal(b"system"), literal(b"user"), literal(b"assistant"))
_OPENING, _ROLE, _CONTENT = literal(b'{"messages":'), literal(b'{"role":'), literal(b'"content":')
EASY, SHOWS, CAPITAL, BLANK = 1, 2, 3, 4
"""Characters that need no close look in the middle of a text; that show a text of one's own; capitals; the space."""
_EASY, _LOWER = np.zeros(256, dtype=np.uint8), np.arange(256, dtype=np.uint8)
_EASY[list(b"abcdefghijklmnopqrstuvwxyz,.;)-!?/*=%&^|_[]<>~")] = EASY
_EASY[list(b":'`(")] = SHOWS
_EASY[list(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")] = CAPITAL
_EASY[32] = BLANK
_LOWER[65:91] += 32


@compiled
def _content(  # noqa: PLR0912, PLR0915  (one pass, and calls cost)
    data: Array, at: int, end: int, role: int, step: Array, means: Array, exact: Array, written: Array, alone: Array, kinds: Array,
    text: Array, used: int, folded: Array, used_folded: int, told: Array,
) -> tuple[int, int, int]:  # fmt: skip
    """A string of JSON, from behind its opening quote: where it ends in the data, in `text` and in `folded`; -1 where it is not quiet.

    `told` gets its characters, whether `folded` has to be made anew, and, as flags, whether it points at a text and shows one.
    """
    start = used
    chars = spaces = marks = worn = fences = ticks = digits = gap = dots = 0
    state = np.uint32(0)
    busy = True
    dashed = leads = renew = pointing = shown = address = False
    blank = True
    white = False
    before = first = 0
    while True:
        if at >= end:
            return -1, 0, 0
        code = int(data[at])
        easy = _EASY[code]
        if easy and not busy:  # most of most texts
            after = step[state + np.uint32(_LOWER[code])]
            if after < MARKED:
                state = after
                text[used] = code
                used += 1
                chars += 1
                at += 1
                white = easy == BLANK
                if white:
                    spaces += chars <= 150
                else:
                    folded[used_folded] = _LOWER[code]
                    used_folded += 1
                    if easy == SHOWS or (easy == CAPITAL and (97 <= before <= 122 or before == 46 or before == 63 or before == 33)):
                        shown = True
                before = code
                continue
        if code == 34:
            break
        if code < 32:
            return -1, 0, 0
        if code == 92:
            if at + 1 >= end:
                return -1, 0, 0
            letter = data[at + 1]
            at += 2
            if letter == 110:
                code = 10
            elif letter == 34 or letter == 92 or letter == 47:
                code = int(letter)
            elif letter == 116:
                code = 9
            elif letter == 114:
                code = 13
            elif letter == 117:
                code = hex_at(data, at, end)
                at += 4
                if 0xD800 <= code < 0xDC00 and at + 6 <= end and data[at] == 92 and data[at + 1] == 117:
                    low = hex_at(data, at + 2, end)
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
        elif code < 128:
            at += 1
        else:
            code = utf8_at(data, at, end)
            if code < 0:
                return -1, 0, 0
            at += 2 if code < 0x800 else 3 if code < 0x10000 else 4
        white = code == 32 or 9 <= code <= 13 or 28 <= code <= 31
        if code < 128:
            leads = False
            lower = code + 32 if 65 <= code <= 90 else code
            state = step[state + np.uint32(lower)]
            text[used] = code
            used += 1
            if not white:
                folded[used_folded] = lower
                used_folded += 1
        else:
            kind = kinds[code] if code < 0x10000 else ODD if 0x101FD <= code <= 0x1E94A or code >= 0x2F800 else 0
            if kind & ODD or (leads and kind & FOLLOWS):
                return -1, 0, 0
            leads = kind & LEADS != 0
            state = step[state + np.uint32(39)] if code == 0x2019 else np.uint32(0)
            used = write_utf8(text, used, code)
            if kind & SPACE:
                white = True
            if kind & LIKE_ITSELF:
                used_folded = write_utf8(folded, used_folded, code)
            else:
                renew = True
        chars += 1
        found = np.uint8(0)
        nth = -1
        if state >= MARKED:
            state &= np.uint32(MARKED - 1)
            found, nth = means[state >> 7], int(exact[state >> 7])
        if found:
            if found & ALWAYS or (role == ANSWER and (found & IN_ANSWER or (found & REFUSES and chars <= 200))):
                return -1, 0, 0
            if found & WORN:
                worn += 1
            if found & POINTS:
                pointing = True
            if found & ADDRESS:
                address = True
        if nth >= 0:
            size = 0
            while size < 16 and written[nth, size]:
                size += 1
            if stands_at(text, used - size, written[nth], size):
                ahead = used - size - 1
                if not alone[nth] or ahead < start or not is_word(text[ahead]):
                    return -1, 0, 0
        if chars == 1:
            first = code
            if white:
                return -1, 0, 0
        is_digit = 48 <= code <= 57
        if chars <= 150:
            if code == 32:
                spaces += 1
            elif is_digit or code == 35 or code == 0x2026:
                marks += 1
        if is_digit:
            digits += 1
            gap = 0
            if digits >= 13 or (dashed and digits >= 7) or dots >= 3:
                return -1, 0, 0
            if before == 43 and code != 48:
                return -1, 0, 0
            if used - start > 3 and 48 <= before <= 57 and 65 <= text[used - 3] <= 90 and 65 <= text[used - 4] <= 90:
                return -1, 0, 0
        elif digits:
            if code == 32 or code == 45 or code == 46 or code == 40 or code == 41:
                gap += 1
                if code == 45 or code == 41:
                    dashed = True
                elif code == 46:
                    dots += 1
                if gap > 2:
                    digits = dots = gap = 0
                    dashed = False
            else:
                digits = dots = gap = 0
                dashed = False
        if code == 64 or (before == 123 and (97 <= code <= 122 or code == 95)):
            return -1, 0, 0
        if code == 10:
            blank = True
            ticks = 0
        elif blank and code == 96:
            ticks += 1
            if ticks == 3:
                fences += 1
                blank = False
        elif not white or ticks:
            blank = False
            ticks = 0
        if (
            code == 10
            or code == 58
            or code == 34
            or code == 39
            or code == 96
            or code == 123
            or code == 40
            or code == 0x201C
            or code == 0x201D
            or code == 0x2018
            or (65 <= code <= 90 and (97 <= before <= 122 or before == 46 or before == 63 or before == 33))
        ):
            shown = True
        before = code
        busy = blank or leads or ticks > 0 or digits > 0 or code == 123
    size = used - start
    if size == 0 or white:
        return -1, 0, 0
    if role == USER and size < 160 and ((pointing and not shown) or address):
        return -1, 0, 0
    if role == ANSWER:
        if worn >= 3 or fences % 2 or first == 123 or first == 91 or breaks_off(text, start, used):
            return -1, 0, 0
        if (chars > 150 and not 14 <= spaces <= 40) or (size > 150 and marks >= 16):
            return -1, 0, 0
        if chars > 200 and repeats(text, start, used, chars):
            return -1, 0, 0
    told[0], told[1] = chars, renew
    return at + 1, used, used_folded


@compiled
def _line(  # noqa: PLR0912, PLR0915  (one pass, and calls cost)
    data: Array, at: int, end: int, step: Array, means: Array, exact: Array, written: Array, alone: Array, kinds: Array,
    text: Array, used: int, folded: Array, used_folded: int, span: Array, count: Array,
) -> tuple[int, int, int]:  # fmt: skip
    """A quiet line: where it ends, without its line break, in the data, in `text` and in `folded`; -1 for any other line."""
    told = np.zeros(2, dtype=np.int32)
    starts, sizes = np.zeros(2, dtype=np.int32), np.zeros(2, dtype=np.int32)
    asked_chars = 0
    span[0], span[2] = used, used_folded
    span[4] = span[5] = -1
    turns, total, renew, role = 0, 0, 0, -1
    at = after(data, literal_at(data, at, end, _OPENING) - 1, end, 58)
    if at < 0 or at >= end or data[at] != 91:
        return -1, 0, 0
    at += 1
    while True:
        at = after(data, literal_at(data, at, end, _ROLE) - 1, end, 58)
        if at < 0 or at + 1 >= end or data[at] != 34:
            return -1, 0, 0
        letter = data[at + 1]
        wanted = SYSTEM if letter == 115 else USER if letter == 117 else ANSWER
        if wanted == SYSTEM and turns:
            return -1, 0, 0
        if wanted == ANSWER and role != USER:
            return -1, 0, 0
        if wanted == USER and role == USER:
            return -1, 0, 0
        role = wanted
        at = (
            literal_at(data, at + 1, end, _ROLES[0])
            if role == SYSTEM
            else literal_at(data, at + 1, end, _ROLES[1])
            if role == USER
            else literal_at(data, at + 1, end, _ROLES[2])
        )
        if at < 0 or at >= end or data[at] != 34:
            return -1, 0, 0
        at = after(data, at + 1, end, 44)
        at = after(data, literal_at(data, at, end, _CONTENT) - 1, end, 58)
        if at < 0 or at >= end or data[at] != 34:
            return -1, 0, 0
        if turns:
            text[used], folded[used_folded] = 0, 0
            used += 1
            used_folded += 1
        start = used
        at, used, used_folded = _content(data, at + 1, end, role, step, means, exact, written, alone, kinds, text, used, folded, used_folded, told)
        if at < 0:
            return -1, 0, 0
        size, chars = used - start, told[0]
        total += chars
        renew |= told[1]
        turns += 1
        if role == SYSTEM:
            span[4], span[5] = start, used
        else:
            which = role - 1
            if turns > 2 and sizes[which] == size and same(text, starts[which], start, size):
                return -1, 0, 0
            if role == ANSWER and is_suspicious(text, starts[0], sizes[0], asked_chars, start, size, chars):
                return -1, 0, 0
            starts[which], sizes[which] = start, size
            if role == USER:
                asked_chars = chars
        if at >= end or data[at] != 125:
            return -1, 0, 0
        at += 1
        if at < end and data[at] == 44:
            at = after(data, at, end, 44)
            continue
        break
    if role != ANSWER or at + 1 >= end or data[at] != 93 or data[at + 1] != 125:
        return -1, 0, 0
    at += 2
    if at < end and data[at] == 13:
        at += 1
    if at < end and data[at] != 10:
        return -1, 0, 0
    span[6], span[7] = starts[1], starts[1] + sizes[1]
    text[used], folded[used_folded] = 2, 2
    used += 1
    used_folded += 1
    for turn in range(turns):
        which = SYSTEM if turn == 0 and span[4] >= 0 else ANSWER if (turn + (span[4] < 0)) % 2 == 0 else USER
        name = _ROLES[0] if which == SYSTEM else _ROLES[1] if which == USER else _ROLES[2]
        if turn:
            text[used], folded[used_folded] = 1, 1
            used += 1
            used_folded += 1
        for nth in range(len(name)):
            text[used + nth], folded[used_folded + nth] = name[nth], name[nth]
        used += len(name)
        used_folded += len(name)
    span[1], span[3] = used, used_folded
    count[0], count[1], count[2], count[3] = turns, span[4] >= 0, total, renew
    return at, used, used_folded


@compiled
def scan_lines(
    data: Array, step: Array, means: Array, exact: Array, written: Array, alone: Array, kinds: Array,
    text: Array, folded: Array, quiet: Array, spans: Array, counts: Array,
) -> tuple[int, int]:  # fmt: skip
    """Fill the arrays of `Scanned`; how much of `text` and of `folded` is used."""
    end = len(data)
    at = used = used_folded = 0
    for line in range(len(quiet)):
        after, used_now, folded_now = _line(
            data, at, end, step, means, exact, written, alone, kinds, text, used, folded, used_folded, spans[line], counts[line]
        )  # fmt: skip
        if after >= 0:
            quiet[line] = True
            at, used, used_folded = after, used_now, folded_now
        while at < end and data[at] != 10:
            at += 1
        at += 1
    return used, used_folded
