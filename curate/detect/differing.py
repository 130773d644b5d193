"""Where texts differ, compiled: the words that one of two has more often than the other. Import it inside functions, as `kernels`.

As `curate.detect.facts` does it for two texts: words are what stands between spaces, as it is written. What is not clearly simple is left to it:
texts with other characters than letters of Europe and their signs, numbers that differ, comparisons.
"""

from typing import Any, Final

import numpy as np

from curate.detect.compiled import U64, compiled, copied, grown, mixed

EQUAL, OTHER, WORDS, UNKNOWN = 0, 1, 2, 3
"""What is found of two texts: they are equal; they have other figures or symbols; words that are not shared; nothing, others have to look."""
SYMBOLS: Final = np.frombuffer(b"$%=^", dtype=np.uint8)
"""Those of `curate.detect.facts.SYMBOL` in ASCII, but for < and >."""


@compiled
def said_of(text: Any, turns: Any, first: Any, counts: Any, chosen: Any) -> Any:
    """What is asked and what is answered in conversations, each in one piece, a line break between turns: bytes, and spans (conversation, side, 2).

    text, turns: as `curate.read.outline.Outlined` has them; first, counts: of each conversation its first turn and its turns; chosen: of
    each turn (uint8), 0 where it is not compared, 1 where it is asked, 2 where it is an answer.
    """
    size = len(first)
    for row in range(len(first)):
        for turn in range(first[row], first[row] + counts[row]):
            if chosen[turn]:
                size += turns[turn, 4] - turns[turn, 3] + 1
    out, spans, used = np.empty(size + 1, dtype=np.uint8), np.zeros((len(first), 2, 2), dtype=np.int64), 0
    for row in range(len(first)):
        for side in range(2):
            spans[row, side, 0] = used
            some = False
            for turn in range(first[row], first[row] + counts[row]):
                if chosen[turn] != side + 1:
                    continue
                if some:
                    out[used] = 10
                    used += 1
                some = True
                start, end = turns[turn, 3], turns[turn, 4]
                copied(out, used, text[start:], end - start)
                used += end - start
            spans[row, side, 1] = used
    return out[:used].copy(), spans


@compiled
def _simple(text: Any, start: int, end: int) -> bool:
    """Whether a text has none but characters that are no space, no digit and no symbol beyond ASCII, and no < or >."""
    at = start
    while at < end:
        byte = text[at]
        if byte < 0x80:
            if byte == 60 or byte == 62:  # noqa: PLR1714  (sets are slower when they are compiled)
                return False
            at += 1
        elif 0xC3 <= byte <= 0xC5:  # letters from À to ſ, and the signs of multiplication and division
            if byte == 0xC3 and (text[at + 1] == 0x97 or text[at + 1] == 0xB7):
                return False
            at += 2
        elif byte == 0xE2 and text[at + 1] == 0x80 and 0x90 <= text[at + 2] <= 0xA7:  # dashes, quotes, dots
            at += 3
        else:
            return False
    return True


@compiled
def _next_digits(text: Any, at: int, end: int) -> Any:
    """Where the next run of digits starts and ends."""
    while at < end and not 48 <= text[at] <= 57:
        at += 1
    start = at
    while at < end and 48 <= text[at] <= 57:
        at += 1
    return start, at


@compiled
def _same(text: Any, start: int, end: int, other: int, other_end: int) -> bool:
    """Whether two spans hold the same bytes."""
    if end - start != other_end - other:
        return False
    for i in range(end - start):  # noqa: SIM110  (generators are slower when they are compiled)
        if text[start + i] != text[other + i]:
            return False
    return True


@compiled
def _same_digits(text: Any, a: int, a_end: int, b: int, b_end: int) -> bool:
    """Whether two texts have the same runs of digits, in order."""
    while True:
        start, a = _next_digits(text, a, a_end)
        other, b = _next_digits(text, b, b_end)
        if not _same(text, start, a, other, b):
            return False
        if start == a:
            return True


@compiled
def _other_figures(text: Any, a: int, a_end: int, b: int, b_end: int) -> bool:
    """Whether two texts have other digits but for zeros: their numbers differ then, however they are spelled."""
    while True:
        while a < a_end and not 49 <= text[a] <= 57:
            a += 1
        while b < b_end and not 49 <= text[b] <= 57:
            b += 1
        if a == a_end or b == b_end:
            return a != a_end or b != b_end
        if text[a] != text[b]:
            return True
        a, b = a + 1, b + 1


@compiled
def _same_symbols(text: Any, a: int, a_end: int, b: int, b_end: int) -> bool:
    """Whether two texts have each of `SYMBOLS` equally often."""
    for symbol in SYMBOLS:
        more = 0
        for at in range(a, a_end):
            more += text[at] == symbol
        for at in range(b, b_end):
            more -= text[at] == symbol
        if more:
            return False
    return True


@compiled
def _is_space(byte: int) -> bool:
    """Whether `str.split` cuts at a character of ASCII."""
    return byte == 32 or 9 <= byte <= 13 or 28 <= byte <= 31


@compiled
def _words(text: Any, at: int, end: int, out: Any) -> int:
    """Write start and end of each word to `out`; returns how many there are."""
    count = 0
    while at < end:
        while at < end and _is_space(text[at]):
            at += 1
        start = at
        while at < end and not _is_space(text[at]):
            at += 1
        if at > start:
            out[count, 0], out[count, 1] = start, at
            count += 1
    return count


@compiled
def _slot(text: Any, start: int, end: int, places: Any, spans: Any, mask: int) -> int:
    """Where a word is or goes in a table of words."""
    word = U64(0xCBF29CE484222325)
    for at in range(start, end):
        word = (word ^ U64(text[at])) * U64(0x100000001B3)
    slot: Any = np.int64(mixed(word) & U64(mask))
    while places[slot] >= 0 and not _same(text, start, end, spans[places[slot], 0], spans[places[slot], 1]):
        slot = (slot + 1) & mask
    return int(slot)


@compiled
def _trimmed(text: Any, a: int, a_end: int, b: int, b_end: int) -> Any:
    """Two texts without the words that both begin with, and those that both end with (`curate.detect.facts._differing`)."""
    size, shorter, cut = 0, min(a_end - a, b_end - b), 0
    while size < shorter and text[a + size] == text[b + size]:
        size += 1
        if text[a + size - 1] == 32:
            cut = size
    a, b = a + cut, b + cut
    size, shorter, cut = 0, min(a_end - a, b_end - b), 0
    while size < shorter and text[a_end - 1 - size] == text[b_end - 1 - size]:
        size += 1
        if text[a_end - size] == 32:
            cut = size
    return a, a_end - cut, b, b_end - cut


@compiled
def _tallied(text: Any, left: int, total: int, words: Any, first: Any, more: Any, places: Any) -> None:
    """Of each of `total` words, of which `left` are the left text's, the first equal one, and for these how many more the left text has.

    places: room for a table (int64), at least twice as long as there are words.
    """
    slots = 16
    while slots < 2 * total:
        slots *= 2
    for slot in range(slots):
        places[slot] = -1
    for i in range(total):
        at = _slot(text, words[i, 0], words[i, 1], places, words, slots - 1)
        if places[at] < 0:
            places[at] = i
            more[i] = 0
        first[i] = places[at]
        more[first[i]] += 1 if i < left else -1


@compiled
def _compared(text: Any, a: int, a_end: int, b: int, b_end: int) -> int:
    """What is told of two texts, where they differ, before their words are: nothing (`WORDS`), that they do not agree, or that others have to look."""
    if not (_simple(text, a, a_end) and _simple(text, b, b_end)):
        return UNKNOWN
    if _other_figures(text, a, a_end, b, b_end) or not _same_symbols(text, a, a_end, b, b_end):
        return OTHER
    return WORDS if _same_digits(text, a, a_end, b, b_end) else UNKNOWN


@compiled
def differences(text: Any, spans: Any, pairs: Any) -> Any:
    """How both sides of each pair differ: kinds (pair, side), words (rows of start and end in `text`), and where those of each end.

    text, spans: as `said_of` gives them; pairs: rows of two conversations (int64). Row 4 * pair + 2 * side of `ends` is where the words end that only
    the left one has on that side, or has more often; the next one, where those of the right one end. Each word once, where it first stands.
    """
    kinds, ends = np.full((len(pairs), 2), UNKNOWN, dtype=np.uint8), np.zeros(4 * len(pairs), dtype=np.int64)
    found, count, longest = np.empty((1024, 2), dtype=np.int64), 0, 0
    for row in range(len(spans)):
        for side in range(2):
            longest = max(longest, spans[row, side, 1] - spans[row, side, 0])
    words, first, more = np.empty((longest + 2, 2), dtype=np.int64), np.empty(longest + 2, dtype=np.int64), np.empty(longest + 2, dtype=np.int64)
    places = np.empty(4 * longest + 32, dtype=np.int64)  # every other byte may be a word, of both texts
    for row in range(len(pairs)):
        for side in range(2):
            begin = 4 * row + 2 * side
            a, a_end = spans[pairs[row, 0], side, 0], spans[pairs[row, 0], side, 1]
            b, b_end = spans[pairs[row, 1], side, 0], spans[pairs[row, 1], side, 1]
            if _same(text, a, a_end, b, b_end):
                kinds[row, side] = EQUAL
            else:
                a, a_end, b, b_end = _trimmed(text, a, a_end, b, b_end)
                kinds[row, side] = _compared(text, a, a_end, b, b_end)
            left = total = 0
            if kinds[row, side] == WORDS:
                left = _words(text, a, a_end, words)
                total = left + _words(text, b, b_end, words[left:])
                _tallied(text, left, total, words, first, more, places)
            found = grown(found, count, count + total)
            for which in range(2):
                for i in range(total if which else left):
                    if first[i] == i and (more[i] < 0 if which else more[i] > 0):
                        found[count, 0], found[count, 1] = words[i, 0], words[i, 1]
                        count += 1
                ends[begin + which] = count
    return kinds, found[:count].copy(), ends
