"""Checks of a whole text and of the runs of digits in it, for the scan of plain lines; tables define the patterns."""

from typing import Final, NamedTuple

import numpy as np

from curate.read.numba_utils import Array, byte_of, compiled, contains_piece, is_word, same_bytes, stands_at

END, SHAPE, TOTAL, DOTS, PLUS = 0, 1, 2, 3, 4
"""State between runs of digits of a text: end of the last run, lengths of the last four joined runs (four bits each, 15
for more), total digits, number of joining dots, and whether a plus sign precedes them.
"""
STATE_SIZE: Final = 5


class NumberPatterns(NamedTuple):
    """Which runs of digits are candidates; 0 means none."""

    groups: Array
    """int64, one row each: mask for `SHAPE`, and the value that matches."""
    alone: Array
    """bool, 256: by the length of a run that stands alone."""
    first: Array
    """bool, 256: the first digits of such a run."""
    plus: int
    """Minimum number of digits after a plus sign."""
    dots: int
    """Minimum number of dots that join runs."""
    capitals: int
    """Minimum number of digits after two capital letters."""


@compiled
def _joined(text: Array, at: int, end: int) -> bool:
    """Whether only separators of one written number are between two runs of digits: spaces, hyphens, dots, brackets."""
    for nth in range(at, end):
        byte = text[np.uintp(nth)]
        if not (byte == 32 or byte == 45 or byte == 46 or byte == 40 or byte == 41):  # noqa: PLR1714
            return False
    return True


@compiled
def _stands_alone(text: Array, start: int, at: int) -> bool:
    """Whether the character before a digit cannot belong to the same number."""
    before = text[np.uintp(at - 1)] if at > start else np.uint8(32)
    return not (is_word(before) or before == 43 or before == 45 or before == 46 or before == 95)  # noqa: PLR1714


@compiled
def _follows_capitals(text: Array, start: int, at: int) -> bool:
    """Whether exactly two capital letters precede a digit."""
    if at - start < 2 or not (65 <= text[np.uintp(at - 1)] <= 90 and 65 <= text[np.uintp(at - 2)] <= 90):
        return False
    return at - start == 2 or not is_word(text[np.uintp(at - 3)])


@compiled
def may_be_personal_number(text: Array, start: int, at: int, end: int, kept: Array, known: NumberPatterns) -> bool:
    """Whether a run of digits, with the runs before it, may be a personal number; updates `kept`.

    The text begins at `start`.
    """
    size = end - at
    length = min(size, 15)
    gap = at - kept[END]
    if kept[END] > start and gap <= 2 and _joined(text, kept[END], at):
        kept[SHAPE] = (kept[SHAPE] << 4 | length) & 0xFFFF
        kept[TOTAL] += size
        kept[DOTS] = kept[DOTS] + 1 if gap == 1 and text[np.uintp(at - 1)] == 46 else 0
    else:
        kept[SHAPE], kept[TOTAL], kept[DOTS] = length, size, 0
        kept[PLUS] = at > start and text[np.uintp(at - 1)] == 43
    kept[END] = end
    for nth in range(len(known.groups)):
        if kept[SHAPE] & known.groups[nth, 0] == known.groups[nth, 1]:
            return True
    if (
        size < 256
        and known.alone[np.uintp(size)]
        and known.first[np.uintp(text[np.uintp(at)])]
        and _stands_alone(text, start, at)
    ):
        return True
    if (kept[PLUS] and 0 < known.plus <= kept[TOTAL]) or 0 < known.dots <= kept[DOTS]:
        return True
    return 0 < known.capitals <= size and bool(_follows_capitals(text, start, at))


class AnswerPatterns(NamedTuple):
    """Which answers rules must see. 0 disables a check; `curate.lint.rules.prefilter` describes each."""

    opens: Array
    """int64, 256: by first byte, the length in characters above which an answer is checked; a large number for never.
    """
    ends: Array
    """uint8, one row of up to 8 bytes each: the endings."""
    last: Array
    """bool, 256: the last bytes of the endings, and lower-case letters if `sentences` is set."""
    sentences: int
    """Length in bytes above which an unfinished sentence counts."""
    tail: int
    """Last bytes in which the end of an earlier sentence is searched for."""
    fences: int
    """1 if unclosed code blocks count."""
    several: int
    """Number of `SEVERAL` patterns that is too high."""
    start: int
    """Characters that count as the start."""
    piece: int
    """Size in bytes of a piece that is searched for earlier in an answer of more than `long` characters."""
    share: float
    """The end of the piece, as a share of the answer."""
    long: int
    short: int
    """Minimum length in characters for pieces of `scrap` bytes to be searched for in a shorter answer."""
    scrap: int
    head: int
    """Characters of an answer in which spaces and marks are counted."""
    spaces: Array
    """int64: minimum and maximum number of spaces in them for prose."""
    marks: int
    """Number of digits and marks that is too high."""
    words: int
    """Minimum number of words of an unusual answer."""
    odd: Array
    """float64, in words: share of marks, minimum and maximum mean length, share of words with letters."""


class ExchangePatterns(NamedTuple):
    """Which answers rules must see because of their question, and which questions."""

    shared: int
    """Bytes of the question that an answer repeats at its start."""
    wide: float
    """Bytes per character above which a text is in another script; 0 to disable."""
    brief: int
    """Maximum size in bytes of an answer of one or two words."""
    openings: Array
    """bool, 2 x 256: the first bytes of such answers and of their questions, lower-cased."""
    short: int
    """Size in bytes below which a question that refers to a text is checked."""
    shown: Array
    """bool, 256: bytes that indicate that the text is there."""
    quotes: Array
    """bool, 256: the last bytes of such characters from U+2000 to U+203F."""
    outside: int
    """1 if white space at the ends counts."""
    again: int
    """1 if a text equal to a previous turn counts."""


@compiled
def _repeats(text: Array, start: int, end: int, chars: int, known: AnswerPatterns) -> bool:
    """Whether a piece of a long answer occurs earlier in it; in a short answer, both of two smaller pieces."""
    if known.piece == 0 or chars <= known.short:
        return False
    if chars <= known.long:
        return bool(
            _stands_before(text, start, end, chars, chars // 2, known.scrap)
            and _stands_before(text, start, end, chars, chars - known.scrap - 2, known.scrap)
        )
    first, second = int(chars * known.share) - known.piece, chars - 2 * known.piece
    return bool(
        _stands_before(text, start, end, chars, first, known.piece)
        or _stands_before(text, start, end, chars, second, known.piece)
    )


@compiled
def _stands_before(text: Array, start: int, end: int, chars: int, at: int, size: int) -> bool:
    """Whether a piece of `size` characters, from character `at` on, occurs earlier in the text."""
    ascii_ = end - start == chars
    piece = start + at if ascii_ else byte_of(text, start, end, at)
    behind = piece + size if ascii_ else byte_of(text, piece, end, size)
    return bool(contains_piece(text, start, piece, piece, behind - piece))


@compiled
def _breaks_off(text: Array, start: int, end: int, known: AnswerPatterns) -> bool:
    """Whether an answer does not end like a sentence."""
    byte = text[end - 1]
    if not known.last[byte]:
        return False
    if 97 <= byte <= 122 and 0 < known.sentences < end - start:
        at = end - 1
        while at > start and text[np.uintp(at)] != 10 and end - at < known.tail:
            if text[np.uintp(at)] == 46 or text[np.uintp(at)] == 33 or text[np.uintp(at)] == 63:
                return True
            at -= 1
    for nth in range(len(known.ends)):
        size = 0
        while size < 8 and known.ends[nth, size]:
            size += 1
        if size <= end - start and stands_at(text, end - size, known.ends[nth], size):
            return True
    return False


@compiled
def _is_uneven(text: Array, start: int, end: int, chars: int, known: AnswerPatterns) -> bool:
    """Whether a long answer does not begin like prose: few or many spaces, or many digits and marks."""
    if known.head == 0 or end - start <= known.head:
        return False
    stop = start + known.head if chars == end - start else byte_of(text, start, end, known.head)
    spaces = marks = 0
    for at in range(start, stop):
        byte = text[np.uintp(at)]
        spaces += byte == 32
        marks += (
            (48 <= byte <= 57) | (byte == 35) | (byte == 0xE2)
        )  # digits, a hash, and characters that share their first byte with an ellipsis
    uneven = marks >= known.marks or (chars > known.head and not known.spaces[0] <= spaces <= known.spaces[1])
    return bool(uneven and _is_odd(text, start, end, chars, known))


@compiled
def _is_odd(text: Array, start: int, end: int, chars: int, known: AnswerPatterns) -> bool:
    """Whether the mean word length, the share of marks or the share of words with letters may be unusual."""
    words = lettered = marks = shown = size = 0
    letter = False
    for at in range(start, end + 1):
        byte = text[np.uintp(at)] if at < end else np.uint8(32)
        if byte <= 32:
            words += size > 0
            lettered += letter
            size, letter = 0, False
        else:
            size += 1
            letter = letter or bool(65 <= (byte & 0xDF) <= 90)
            marks += byte == 35 or (
                byte == 46 and size > 2 and text[np.uintp(at - 1)] == 46 and text[np.uintp(at - 2)] == 46
            )
            shown += 1
    if words < known.words or chars != end - start:  # non-ASCII text has other spaces and letters
        return words >= known.words or chars != end - start
    odd = known.odd
    return bool(marks > words * odd[0] or shown < words * odd[1] or shown > words * odd[2] or lettered < words * odd[3])


@compiled
def _is_open(text: Array, start: int, end: int) -> bool:
    """Whether an odd number of lines begins with three backticks, possibly after a non-ASCII space."""
    count = ticks = 0
    blank, unsure = True, False
    for at in range(start, end):
        byte = text[at]
        if byte == 10:
            ticks, blank, unsure = 0, True, False
        elif not blank:
            continue
        elif byte == 96:
            if unsure:
                return True
            ticks += 1
            if ticks == 3:
                count, blank = count + 1, False
        elif ticks or not (byte == 32 or byte == 9 or byte == 13 or byte >= 0x80):  # noqa: PLR1714
            blank = False
        else:
            unsure |= byte >= 0x80
    return count % 2 == 1


@compiled
def is_unsound(text: Array, start: int, end: int, chars: int, several: int, fenced: int, known: AnswerPatterns) -> bool:
    """Whether an answer may have a problem, whatever its question; `several`: number of patterns of that kind in it."""
    if chars > known.opens[text[start]] or 0 < known.several <= several or _breaks_off(text, start, end, known):
        return True
    if known.fences and fenced and _is_open(text, start, end):
        return True
    return bool(_is_uneven(text, start, end, chars, known) or _repeats(text, start, end, chars, known))


@compiled
def shows_text(text: Array, start: int, end: int, known: ExchangePatterns) -> bool:
    """Whether a question may contain the text that it refers to."""
    before = 0
    for at in range(start, end):
        byte = int(text[at])
        if known.shown[byte] or (
            65 <= byte <= 90 and (97 <= before <= 122 or before == 46 or before == 63 or before == 33)  # noqa: PLR1714
        ):
            return True
        if byte == 0xE2 and text[at + 1] == 0x80 and known.quotes[text[at + 2]]:
            return True
        before = byte
    return False


@compiled
def is_suspicious(
    text: Array,
    asked: int,
    asked_size: int,
    asked_chars: int,
    start: int,
    size: int,
    chars: int,
    known: ExchangePatterns,
) -> bool:
    """Whether an answer may have a problem with its question: repeats it, other script, or one or two words."""
    shared = min(known.shared, asked_size)
    if known.shared > 0 and shared <= size and same_bytes(text, asked, start, shared):
        return True
    if known.wide > 0 and (asked_size > asked_chars * known.wide) != (size > chars * known.wide):
        return True
    return bool(
        size <= known.brief and (known.openings[0, text[start] | 0x20] or known.openings[1, text[asked] | 0x20])
    )
