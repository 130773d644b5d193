"""A string of JSON, read to its end as long as no rule may have anything to say about it: the loop over every byte of a big file."""

# ruff: noqa: PLR1714, SIM110  (sets and generators are slower when they are compiled)

from typing import Final

import numpy as np

from curate.read.compiled import Array, compiled, hex_at, is_word, literal, utf8_at, write_utf8
from curate.read.digits import KEPT, is_number_of
from curate.read.grams import ALWAYS, BITS, FACTOR, IN_ANSWER, REFUSES, SIZE, SLOTS, WORN, Needles

ODD, LEADS, FOLLOWS, SPACE, LIKE_ITSELF, MARK = 1, 2, 4, 8, 16, 32
"""Kinds of characters beyond ASCII: that some rule looks for; that begin, and go on, a text decoded wrongly; white space; equal to their
compatible form in lower case; that go with the character before them, in an order that is fixed."""
SYSTEM, USER, ANSWER = 0, 1, 2
CHARS, MORE, ANEW, FLAGS, WORN_OUT, FENCED, KIND, KIND_END = range(KEPT, KEPT + 8)
TOLD: Final = KEPT + 8
"""What is told of a string: its characters, the bytes of these beyond their first ones, whether `folded` has to be made anew, what the needles in it
mean, how many worn-out ones there are, three backticks in a row; and, on the way, the kind of the last character beyond ASCII, and its end."""
_SPECIAL, _LOWER = np.ones(256, dtype=np.uint8), np.arange(256, dtype=np.uint8)
_SPECIAL[list(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ,.;:-!?'()/*=^|_[]}~>$#+")] = 0
"""0 for a byte that is nothing but a character of the text."""
_LOWER[65:91] += 32
_UNJOINED: Final = literal(b" \n\t\r\"'<>[]{}:/$*")
"""What stands before an @ that belongs to no address."""
_OPENS: Final = literal(b' \n\t\r,"($')
"""What stands before a variable in braces."""
_TBD: Final = int.from_bytes(b"tbd", "big")


@compiled
def _stands_here(data: Array, at: int, text: Array, start: int, used: int, known: Needles, nth: int) -> bool:
    """Whether a needle, its four bytes being the last of the text so far, stands here whole; either apostrophe may stand for the plain one."""
    exact, split = known.exact[nth], int(known.before[nth]) + SIZE
    for place in range(split - 1, -1, -1):
        if used <= start:
            return False
        here, wanted = text[np.uintp(used - 1)], known.written[nth, place]
        if wanted == 39 and here == 0x99 and used - start >= 3 and text[np.uintp(used - 2)] == 0x80 and text[np.uintp(used - 3)] == 0xE2:
            used -= 3
        elif wanted == (here if exact else _LOWER[np.uintp(here)]):
            used -= 1
        else:
            return False
    for place in range(split, int(known.sizes[nth])):
        here = data[np.uintp(at + place - split)]
        if known.written[nth, place] != (here if exact else _LOWER[np.uintp(here)]):
            return False
    return not (known.alone[nth] and used > start and is_word(text[np.uintp(used - 1)]))


@compiled
def _found(data: Array, at: int, text: Array, start: int, used: int, window: int, known: Needles) -> int:
    """What the needles mean that the last four bytes of a text belong to; the next bytes of the data tell of the rest of them."""
    meant = 0
    nth = int(known.heads[np.uintp(((window * FACTOR) & 0xFFFFFFFF) >> (32 - SLOTS))])
    while nth >= 0:
        if known.grams[nth] == window and _stands_here(data, at, text, start, used, known, nth):
            meant |= int(known.means[nth])
        nth = int(known.nexts[nth])
    return meant


@compiled
def _is_one_of(byte: int, wanted: Array) -> bool:
    for one in wanted:
        if byte == one:
            return True
    return False


@compiled
def _is_variable(data: Array, at: int, before: int) -> bool:
    """Whether the braces that open here may be those of a template."""
    doubled = data[np.uintp(at + 1)] == 123
    if doubled:
        at += 1 + (data[np.uintp(at + 2)] == 32)
    elif not (before == 0 or before >= 128 or _is_one_of(before, _OPENS)):
        return False
    size = 0
    byte = data[np.uintp(at + 1)]
    while 97 <= byte <= 122 or byte == 95 or (doubled and (is_word(byte) or byte == 46 or byte >= 128 or byte == 92)):
        size += 1
        byte = data[np.uintp(at + 1 + size)]
    return (size > 0 and byte == 32) or (size > 0 and byte == 125) if doubled else size > 1 and byte == 125


@compiled
def _opens(data: Array, at: int, role: int, before: int) -> bool:
    """Whether a character that needles too short for four bytes begin with opens one; `before` is the one before it, 0 for none."""
    byte, after = data[np.uintp(at)], data[np.uintp(at + 1)]
    if byte == 123:
        return bool(_is_variable(data, at, before))
    if byte == 60:  # <| and, in answers, <p>
        if after == 124 or (role == ANSWER and after == 92):
            return True
        following = data[np.uintp(at + 2)] if (after | 32) == 112 else 0
        return bool(role == ANSWER and (following == 32 or following == 62 or following == 47 or following == 92))
    if byte == 37:  # %s
        return bool(after == 115 and (before == 0 or before == 32 or before == 44))
    if byte == 38:  # &#
        return bool(role == ANSWER and after == 35)
    if byte == 64:
        joined = before != 0 and not _is_one_of(before, _UNJOINED)
        return bool(joined and (is_word(after) or after == 45 or after == 46 or after == 95 or after >= 128 or after == 92))
    return False


@compiled
def _beyond(
    data: Array, at: int, text: Array, start: int, used: int, folded: Array, used_folded: int, kinds: Array, told: Array,
) -> tuple[int, int, int]:  # fmt: skip
    """A character beyond ASCII, as it is or as an escape: where to go on in the data, in `text` and in `folded`; -1 for one that is not quiet."""
    if data[np.uintp(at)] == 92:
        code = hex_at(data, at + 2)
        at += 6
        if 0xD800 <= code < 0xDC00:
            low = hex_at(data, at + 2) if data[np.uintp(at)] == 92 and data[np.uintp(at + 1)] == 117 else -1
            at += 6
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00) if 0xDC00 <= low < 0xE000 else -1
        if code < 128 or 0xD800 <= code < 0xE000:  # writers of JSON escape nothing that ASCII has, but for control characters
            return -1, 0, 0
    else:
        code = utf8_at(data, at)
        if code < 0:
            return -1, 0, 0
        at += 2 if code < 0x800 else 3 if code < 0x10000 else 4
    kind = int(kinds[np.uintp(code)]) if code < 0x10000 else ODD if 0x101FD <= code <= 0x1E94A or code >= 0x2F800 else 0
    led = told[KIND] if told[KIND_END] == used else 0
    if kind & ODD or (led & LEADS and kind & FOLLOWS) or (led & MARK and kind & MARK) or (used == start and kind & SPACE):
        return -1, 0, 0
    end = write_utf8(text, used, code)
    told[MORE] += end - used - 1
    told[KIND], told[KIND_END] = kind, end
    if kind & LIKE_ITSELF:
        used_folded = write_utf8(folded, used_folded, code)
    else:
        told[ANEW] = 1
    return at, end, used_folded


@compiled
def _tells(meant: int, role: int, chars: int, told: Array) -> bool:
    """Whether needles that were found are enough for a text to be looked at; `told` gets what they mean."""
    told[FLAGS] |= meant
    told[WORN_OUT] += meant & WORN != 0
    return bool(meant & ALWAYS or (role == ANSWER and (meant & IN_ANSWER or (meant & REFUSES and chars <= 200))))


@compiled
def content(  # noqa: PLR0912  (one pass, and calls cost)
    data: Array, at: int, role: int, known: Needles, kinds: Array, text: Array, used: int, folded: Array, used_folded: int, told: Array,
) -> tuple[int, int, int]:  # fmt: skip
    """A string of JSON, from behind its opening quote: where it ends in the data, in `text` and in `folded`; -1 where it is not quiet.

    The data ends with a line break, which no string goes beyond. `told` gets what the constants above name.
    """
    start, window, bits = used, 0, known.bits
    told[:] = 0
    while True:
        code = int(data[np.uintp(at)])
        if _SPECIAL[np.uintp(code)]:  # a twentieth of most texts
            if code < 32 or (window & 0xFFFFFF) == _TBD:
                return -1, 0, 0
            if code == 34:
                break
            if 48 <= code <= 57:
                first = used
                while 48 <= code <= 57:
                    text[np.uintp(used)] = folded[np.uintp(used_folded)] = code
                    at, used, used_folded = at + 1, used + 1, used_folded + 1
                    code = int(data[np.uintp(at)])
                if is_number_of(text, start, first, used, told):
                    return -1, 0, 0
                window = 0
                continue
            escaped = code == 92
            if escaped:
                code = int(data[np.uintp(at + 1)])
            if code >= 128 or (escaped and code == 117):
                at, used, used_folded = _beyond(data, at, text, start, used, folded, used_folded, kinds, told)
                if at < 0:
                    return -1, 0, 0
                apostrophe = text[np.uintp(used - 1)] == 0x99 and text[np.uintp(used - 2)] == 0x80 and text[np.uintp(used - 3)] == 0xE2
                window = (window << 8 | 39) & 0xFFFFFFFF if apostrophe else 0
                continue
            if escaped:
                at += 1
                code = 10 if code == 110 else 9 if code == 116 else 13 if code == 114 else code if code == 34 or code == 92 or code == 47 else 0
                if code == 0:
                    return -1, 0, 0
            elif code == 96:
                told[FENCED] |= data[np.uintp(at + 1)] == 96 and data[np.uintp(at + 2)] == 96
            elif _opens(data, at, role, int(text[np.uintp(used - 1)]) if used > start else 0):
                return -1, 0, 0
        low = int(_LOWER[np.uintp(code)])
        text[np.uintp(used)] = code
        folded[np.uintp(used_folded)] = low
        at, used, used_folded = at + 1, used + 1, used_folded + (code > 32)
        window = ((window << 8) | low) & 0xFFFFFFFF
        spread = ((window * FACTOR) & 0xFFFFFFFF) >> (32 - BITS)
        if (bits[np.uintp(spread >> 3)] >> (spread & 7)) & 1:
            meant = _found(data, at, text, start, used, window, known)
            if meant and _tells(meant, role, used - start - told[MORE], told):
                return -1, 0, 0
    told[CHARS] = used - start - told[MORE]
    if told[KIND_END] == used and told[KIND] & SPACE:
        return -1, 0, 0
    return at + 1, used, used_folded
