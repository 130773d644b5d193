"""Read a JSON string to its end unless a rule may fire on it: the loop over every byte of a large file."""

from typing import Final, NamedTuple

import numpy as np

from curate.read.numba_utils import Array, compiled, is_word, literal, stands_at, utf8_at, write_utf8
from curate.read.pattern_table import ANYWHERE, AT_START, BITS, FACTOR, GRAM, IN_ANSWER, SEVERAL, SLOTS, PatternTable
from curate.read.plain_line import ASSISTANT, escape_code
from curate.read.text_prefilter import STATE_SIZE, NumberPatterns, may_be_personal_number

ODD, LEADS, FOLLOWS, SPACE, OTHER, MARK, JOINS, JOINED = 1, 2, 4, 8, 16, 32, 64, 128
"""Classes of non-ASCII characters: searched for by a rule; start and continuation of wrongly decoded text; white space;
with another compatibility form; combining marks; may compose with the previous, and with the next character.
"""


class CharacterTables(NamedTuple):
    """Classes of characters."""

    kinds: Array
    """uint8, one per character: its class flags."""
    folds: Array
    """uint16, up to U+FFFF: the lower-cased compatibility form; 0 if it is unknown or several characters."""


class TextPatterns(NamedTuple):
    """The patterns that are searched for in every text while it is read."""

    patterns: PatternTable
    characters: CharacterTables
    numbers: NumberPatterns
    example_domains: Array
    """uint8, one row each: lower-case beginnings, before a dot, of domains for examples."""
    addresses: int
    """1 if other addresses count."""
    passwords: int
    """1 if an @ after a colon counts, with only password characters between them."""
    variables: int
    """1 if names in braces count."""
    breaks: int
    """1 if a backslash before an n counts."""
    start: int
    """Characters of an answer in which `AT_START` patterns count."""


ANSWER: Final = ASSISTANT
CHARS, MORE, ANEW, FLAGS, COUNT, FENCED, KIND, KIND_END = range(STATE_SIZE, STATE_SIZE + 8)
FACTS_SIZE: Final = STATE_SIZE + 8
"""Facts about a string: its characters, the bytes of these beyond their first ones, whether `folded` must be
recomputed, the meanings of the matched patterns, the number of `SEVERAL` patterns, three backticks in a row; and,
during the scan, class and end of the last non-ASCII character.
"""
_SPECIAL, _LOWER = np.ones(256, dtype=np.uint8), np.arange(256, dtype=np.uint8)
_SPECIAL[list(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ,.;:-!?'()/*=^|_[]}~>$#+")] = 0
"""0 for a byte that is nothing but a character of the text."""
_LOWER[65:91] += 32
_UNJOINED: Final = literal(b" \n\t\r\"'<>[]{}:/$*")
"""Characters before an @ that belongs to no address."""
_APOSTROPHE: Final = literal("’".encode())
"""Stands for ' in the window of characters."""
_OPENS: Final = literal(b' \n\t\r,"($')
"""Characters before a variable in braces."""
_CLOSES: Final = literal(b' .,!?:;")\\')
"""Characters after a variable, or the end of a string or an escape."""


@compiled
def _stands_here(data: Array, at: int, text: Array, start: int, used: int, known: PatternTable, nth: int) -> bool:
    """Whether a pattern matches whose four indexed bytes were just read; either apostrophe matches the ASCII one."""
    exact, split = known.exact[nth], int(known.before[nth]) + GRAM
    for place in range(split - 1, -1, -1):
        if used <= start:
            return False
        here, wanted = text[np.uintp(used - 1)], known.written[nth, place]
        if (
            wanted == 39
            and here == 0x99
            and used - start >= 3
            and text[np.uintp(used - 2)] == 0x80
            and text[np.uintp(used - 3)] == 0xE2
        ):
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
def _matches(data: Array, at: int, text: Array, start: int, used: int, window: int, known: PatternTable) -> int:
    """The meanings of the patterns that match at the last four bytes of the text and the next bytes of the data."""
    meant = 0
    nth = int(known.heads[np.uintp(((window * FACTOR) & 0xFFFFFFFF) >> (32 - SLOTS))])
    while nth >= 0:
        if known.grams[nth] == window and _stands_here(data, at, text, start, used, known, nth):
            meant |= int(known.means[nth])
        nth = int(known.nexts[nth])
    return meant


@compiled
def _is_one_of(byte: int, wanted: Array) -> bool:
    for one in wanted:  # noqa: SIM110
        if byte == one:
            return True
    return False


@compiled
def _is_name(byte: int) -> bool:
    """Whether a byte of JSON may belong to a Python identifier; a backslash may begin an escaped character."""
    return is_word(byte) or byte == 95 or byte >= 128 or byte == 92


@compiled
def _is_variable(data: Array, at: int, before: int) -> bool:
    """Whether the brace here may open a template variable; `before` is the preceding byte, 0 for none."""
    doubled = data[np.uintp(at + 1)] == 123
    if doubled:
        at += 1 + (data[np.uintp(at + 2)] == 32)
    elif not (before == 0 or before >= 128 or _is_one_of(before, _OPENS)):
        return False
    size, byte = 0, data[np.uintp(at + 1)]
    while (_is_name(byte) or (byte == 46 and size)) if doubled else (97 <= byte <= 122 or byte == 95):
        size += 1
        byte = data[np.uintp(at + 1 + size)]
    after = data[np.uintp(at + 2 + size)] if byte >= 32 else 0
    if doubled:
        return bool(size and (byte == 125 or byte == 32) and after == 125)  # noqa: PLR1714
    return bool(size > 1 and byte == 125 and (before == 36 or after >= 128 or _is_one_of(after, _CLOSES)))


@compiled
def _begins_with(data: Array, at: int, names: Array) -> bool:
    """Whether one of the names, in any case, and a dot follow here."""
    for name in names:
        size = 0
        while size < len(name) and name[size] and _LOWER[np.uintp(data[np.uintp(at + size)])] == name[size]:
            size += 1
        if (size == len(name) or not name[size]) and data[np.uintp(at + size)] == 46:
            return True
    return False


@compiled
def _short_matches(data: Array, at: int, shorts: Array) -> int:
    """The meanings of the short patterns that begin here; an escape may stand for any non-ASCII character."""
    meant, first = 0, data[np.uintp(at)]
    for short in shorts:
        if first == short[0]:
            size = 1
            while size < 3 and short[size] and _LOWER[np.uintp(data[np.uintp(at + size)])] == short[size]:
                size += 1
            whole, escaped = size == 3 or not short[size], data[np.uintp(at + size)] == 92
            behind = data[np.uintp(at + size + 1)] if escaped else 0
            if whole or (escaped and (behind == short[size] or (behind == 117 and short[size] >= 128))):
                meant |= int(short[3])
    return meant


@compiled
def _ending_matches(window: int, text: Array, start: int, used: int, triples: Array) -> int:
    """The meanings of the three-byte patterns that end here."""
    meant = 0
    for nth in range(len(triples)):
        if window & 0xFFFFFF == triples[nth, 0] and not (
            triples[nth, 2] and used - start > 3 and is_word(text[np.uintp(used - 4)])
        ):
            meant |= triples[nth, 1]
    return meant


@compiled
def _is_address(data: Array, at: int, text: Array, start: int, used: int, known: TextPatterns) -> bool:
    """Whether an @ may belong to an e-mail address, or follow a password."""
    after = data[np.uintp(at + 1)]
    if (
        used == start
        or _is_one_of(text[np.uintp(used - 1)], _UNJOINED)
        or not (_is_name(after) or after == 45 or after == 46)  # noqa: PLR1714
    ):
        return False
    if known.addresses and not _begins_with(data, at + 1, known.example_domains):
        return True
    while used > start and not _is_one_of(text[np.uintp(used - 1)], _UNJOINED):
        used -= 1
    return bool(known.passwords and used > start and text[np.uintp(used - 1)] == 58)


@compiled
def _code_at(data: Array, at: int) -> tuple[int, int]:
    """A non-ASCII character, plain or escaped, and its end; -1 if none or one that JSON writers do not escape."""
    if data[np.uintp(at)] != 92:
        code = utf8_at(data, at)
        return code, at + (2 if code < 0x800 else 3 if code < 0x10000 else 4)
    code, at = escape_code(data, at + 1)
    return (-1 if code < 128 else code), at


@compiled
def _fold(code: int, folded: Array, used: int, folds: Array) -> int:
    """Write the lower-cased compatibility form of a character other than white space; returns the end or -1."""
    if code >= 0x10000:
        return write_utf8(folded, used, code) if 0x1F300 <= code < 0x1FB00 or 0x20000 <= code < 0x2F800 else -1
    if code == 0x2026 or code == 0xDF:  # an ellipsis becomes three full stops, a sharp s two letters  # noqa: PLR1714
        for nth in range(3 if code == 0x2026 else 2):
            folded[np.uintp(used + nth)] = 46 if code == 0x2026 else 115
        return used + (3 if code == 0x2026 else 2)
    code = int(folds[np.uintp(code)])
    if 0 < code < 128:
        folded[np.uintp(used)] = code
        return used + 1
    return write_utf8(folded, used, code) if code else -1


@compiled
def _non_ascii(
    data: Array, at: int, text: Array, start: int, used: int, folded: Array, used_folded: int, known: CharacterTables,
    state: Array,
) -> tuple[int, int, int]:  # fmt: skip
    """Process a non-ASCII character; returns the positions in the data, `text` and `folded`, -1 if a rule may fire."""
    code, at = _code_at(data, at)
    if code < 0:
        return -1, 0, 0
    kind = int(known.kinds[np.uintp(code)])
    led = state[KIND] if state[KIND_END] == used else 0
    if (
        kind & ODD
        or (led & LEADS and kind & FOLLOWS)
        or (led & MARK and kind & (MARK | JOINS))
        or (used == start and kind & SPACE)
    ):
        return -1, 0, 0
    if kind & JOINS and (led == 0 or led & JOINED):  # 0 after an ASCII character
        return -1, 0, 0
    end = write_utf8(text, used, code)
    state[MORE] += end - used - 1
    state[KIND], state[KIND_END] = kind, end
    if not kind & SPACE:
        behind = _fold(code, folded, used_folded, known.folds)
        if behind < 0 or (
            led & OTHER and kind & (MARK | JOINS)
        ):  # a character with another form may combine with this one
            state[ANEW] = 1
        used_folded = max(used_folded, behind)
    return at, end, used_folded


@compiled
def _may_fire(meant: int, role: int, chars: int, start: int, state: Array) -> bool:
    """Whether the matched patterns are enough to stop; adds their meanings to `state`."""
    state[FLAGS] |= meant
    state[COUNT] += meant & SEVERAL != 0
    return bool(meant & ANYWHERE or (role == ANSWER and (meant & IN_ANSWER or (meant & AT_START and chars <= start))))


@compiled
def _digits(
    data: Array,
    at: int,
    text: Array,
    start: int,
    used: int,
    folded: Array,
    used_folded: int,
    state: Array,
    numbers: NumberPatterns,
) -> tuple[int, int, int]:
    """Process a run of digits; returns the positions in data, `text` and `folded`, -1 if it may be personal."""
    first, code = used, data[np.uintp(at)]
    while 48 <= code <= 57:
        text[np.uintp(used)] = folded[np.uintp(used_folded)] = code
        at, used, used_folded = at + 1, used + 1, used_folded + 1
        code = data[np.uintp(at)]
    return (-1, 0, 0) if may_be_personal_number(text, start, first, used, state, numbers) else (at, used, used_folded)


@compiled
def _mark_may_fire(
    data: Array, at: int, role: int, text: Array, start: int, used: int, known: TextPatterns, state: Array
) -> bool:
    """Whether an unescaped ASCII mark here begins something on which a rule may fire."""
    code = data[np.uintp(at)]
    if code == 96:
        state[FENCED] |= data[np.uintp(at + 1)] == 96 and data[np.uintp(at + 2)] == 96
        return False
    if code == 64:
        return bool(_is_address(data, at, text, start, used, known))
    if code == 123:
        return bool(known.variables and _is_variable(data, at, int(text[np.uintp(used - 1)]) if used > start else 0))
    meant = _short_matches(data, at, known.patterns.shorts)
    return bool(meant and _may_fire(meant, role, used - start - state[MORE], known.start, state))


@compiled
def scan_json_string(  # noqa: PLR0912
    data: Array, at: int, role: int, known: TextPatterns, text: Array, used: int, folded: Array, used_folded: int,
    state: Array,
) -> tuple[int, int, int]:  # fmt: skip
    """Scan a JSON string after its opening quote; returns its end in data, `text` and `folded`, -1 if not quiet.

    The data ends with a line break, which ends any string. `state` gets the values named by the constants above.
    """
    start, window, bits = used, 0, known.patterns.bits
    state[:] = 0
    while True:
        code = int(data[np.uintp(at)])
        if _SPECIAL[np.uintp(code)]:  # one in twenty bytes of most texts
            meant = _ending_matches(window, text, start, used, known.patterns.triples)
            if code < 32 or (meant and _may_fire(meant, role, used - start - state[MORE], known.start, state)):
                return -1, 0, 0
            if code == 34:
                break
            is_escape = code == 92
            if is_escape:
                code = int(data[np.uintp(at + 1)])
            if code >= 128 or (is_escape and code == 117):
                at, used, used_folded = _non_ascii(
                    data, at, text, start, used, folded, used_folded, known.characters, state
                )
                if at < 0:
                    return -1, 0, 0
                apostrophe = used > 2 and stands_at(text, used - 3, _APOSTROPHE, 3)
                window = (window << 8 | 39) & 0xFFFFFFFF if apostrophe else 0
                continue
            if is_escape:
                if known.breaks and code == 92 and data[np.uintp(at + 2)] == 110:
                    return -1, 0, 0
                code, at = escape_code(data, at + 1)
                at -= 1
                if code < 0:
                    return -1, 0, 0
            elif 48 <= code <= 57:
                at, used, used_folded = _digits(data, at, text, start, used, folded, used_folded, state, known.numbers)
                if at < 0:
                    return -1, 0, 0
                window = 0
                continue
            elif _mark_may_fire(data, at, role, text, start, used, known, state):
                return -1, 0, 0
        low = int(_LOWER[np.uintp(code)])
        text[np.uintp(used)] = code
        folded[np.uintp(used_folded)] = low
        at, used, used_folded = at + 1, used + 1, used_folded + (code > 32)
        window = ((window << 8) | low) & 0xFFFFFFFF
        spread = ((window * FACTOR) & 0xFFFFFFFF) >> (32 - BITS)
        if (bits[np.uintp(spread >> 3)] >> (spread & 7)) & 1:
            meant = _matches(data, at, text, start, used, window, known.patterns)
            if meant and _may_fire(meant, role, used - start - state[MORE], known.start, state):
                return -1, 0, 0
    state[CHARS] = used - start - state[MORE]
    if state[KIND_END] == used and state[KIND] & SPACE:
        return -1, 0, 0
    return at + 1, used, used_folded
