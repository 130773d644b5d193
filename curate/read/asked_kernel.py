"""What the last answer of a plain conversation answers, spelled as `curate.detect.question` spells it: the loops, for `curate.read.outline_kernel`.

All of it is for ASCII. What may have politeness in it, which takes patterns to tell, is left to the careful way.
"""

# ruff: noqa: PLR1714, SIM110  (sets and generators are slower when they are compiled)

from typing import Any, Final

import numpy as np

from curate.read.compiled import Array, compiled, is_word, literal

SYSTEM, USER, ASSISTANT = 0, 1, 2
ROLES: Final = (literal(b"system"), literal(b"user"), literal(b"assistant"))
_COLON, _LAST = literal(b": "), literal(b"user: ")


def _listed(*words: bytes) -> Any:
    """Words one after another, each with its length before it."""
    return np.frombuffer(b"".join(bytes([len(word)]) + word for word in words), dtype=np.uint8)


STARTS: Final = _listed(
    b"hi", b"hello", b"hey", b"good", b"a", b"quick", b"question", b"please", b"kindly", b"thanks", b"ok", b"okay", b"so", b"well", b"sorry", b"excuse",
    b"i", b"can", b"could", b"would", b"will", b"do", b"just", b"tell", b"let", b"any",
)  # fmt: skip
"""Words that a request may begin with politely; see `curate.detect.politeness`."""
ENDS: Final = _listed(b"please", b"thanks", b"lot", b"advance", b"much", b"you", b"cheers")
"""Letters that a request may end with politely."""
ARTICLES: Final = _listed(b"a", b"an", b"the")
IS: Final = _listed(b"what", b"who", b"where", b"when", b"how", b"it", b"that", b"there", b"he", b"she")
ARE: Final = _listed(b"you", b"we", b"they", b"what")
_CAN, _WILL, _SHALL, _NOT, _BE, _ARE, _AM = (literal(word) for word in (b"can", b"will", b"shall", b" not", b" is", b" are", b" am"))


@compiled
def put(out: Array, at: int, text: Array) -> Any:
    """Write `text`; where it ends."""
    for nth in range(len(text)):
        out[at + nth] = text[nth]
    return at + len(text)


@compiled
def _copy(out: Array, at: int, source: Array, start: int, end: int) -> Any:
    for nth in range(start, end):
        out[at] = source[nth]
        at += 1
    return at


@compiled
def named(out: Array, at: int, role: int) -> Any:
    """Write the name of a role; where it ends."""
    return put(out, at, ROLES[0]) if role == SYSTEM else put(out, at, ROLES[1]) if role == USER else put(out, at, ROLES[2])


@compiled
def _same(text: Array, start: int, listed: Array, at: int, size: int) -> bool:
    for nth in range(size):
        if text[start + nth] != listed[at + nth]:
            return False
    return True


@compiled
def _among(text: Array, start: int, end: int, listed: Array) -> bool:
    """Whether some bytes are one of the listed words."""
    at = 0
    while at < len(listed):
        size = int(listed[at])
        if size == end - start and _same(text, start, listed, at + 1, size):
            return True
        at += size + 1
    return False


@compiled
def _ends_with(text: Array, start: int, end: int, listed: Array) -> bool:
    """Whether some bytes end with one of the listed words."""
    at = 0
    while at < len(listed):
        size = int(listed[at])
        if size <= end - start and _same(text, end - size, listed, at + 1, size):
            return True
        at += size + 1
    return False


@compiled
def _blank(byte: int) -> bool:
    return byte == 32 or byte == 10 or byte == 9 or byte == 13


@compiled
def _lower(byte: int) -> int:
    return byte + 32 if 65 <= byte <= 90 else byte


@compiled
def _normal(text: Array, start: int, end: int, out: Array, at: int) -> Any:
    """`curate.text.normalised` for ASCII."""
    while start < end and _blank(text[start]):
        start += 1
    while end > start and _blank(text[end - 1]):
        end -= 1
    space = False
    for nth in range(start, end):
        if _blank(text[nth]):
            space = True
            continue
        if space:
            out[at] = 32
            at += 1
            space = False
        out[at] = _lower(text[nth])
        at += 1
    return at


@compiled
def _contracted(text: Array, start: int, middle: int, end: int, out: Array, at: int) -> Any:
    """A word, an apostrophe at `middle` and a word, written out where they are a contraction; -1 where not. All of it is in lower case."""
    size = end - middle - 1
    first, second = text[middle + 1], text[middle + 2] if size > 1 else np.uint8(0)
    if size == 1 and first == 115 and _among(text, start, middle, IS):
        return put(out, _copy(out, at, text, start, middle), _BE)
    if size == 1 and first == 116 and middle - start > 1 and text[middle - 1] == 110:
        stem = middle - 1 - start
        if stem == 2 and text[start] == 99 and text[start + 1] == 97:
            at = put(out, at, _CAN)
        elif stem == 2 and text[start] == 119 and text[start + 1] == 111:
            at = put(out, at, _WILL)
        elif stem == 3 and text[start] == 115 and text[start + 1] == 104 and text[start + 2] == 97:
            at = put(out, at, _SHALL)
        else:
            at = _copy(out, at, text, start, middle - 1)
        return put(out, at, _NOT)
    if size == 2 and first == 114 and second == 101 and _among(text, start, middle, ARE):
        return put(out, _copy(out, at, text, start, middle), _ARE)
    if size == 1 and first == 109 and middle - start == 1 and text[start] == 105:
        return put(out, _copy(out, at, text, start, middle), _AM)
    return -1


@compiled
def _words(text: Array, start: int, end: int, out: Array, at: int) -> Any:
    """What `curate.detect.politeness.asked` makes of a normalised request; -1 where there may be politeness in it."""
    begin, wrote, place, last, behind = at, False, start, start, start
    while place < end:
        if not is_word(text[place]) and text[place] != 95:
            place += 1
            continue
        word = place
        while place < end and (is_word(text[place]) or text[place] == 95):
            place += 1
        if not wrote and behind == start and _among(text, word, place, STARTS):
            return -1
        last, behind = word, place
        if wrote:
            out[at] = 32
        to = at + 1 if wrote else at
        if place + 1 < end and text[place] == 39 and (is_word(text[place + 1]) or text[place + 1] == 95):
            stop = place + 1
            while stop < end and (is_word(text[stop]) or text[stop] == 95):
                stop += 1
            done = _contracted(text, word, place, stop, out, to)
            if done >= 0:
                at, wrote, last, behind, place = done, True, place + 1, stop, stop
                continue
            if not _among(text, word, place, ARTICLES):
                at, wrote = _copy(out, to, text, word, place), True
            word, place = place + 1, stop  # its second half is a word by itself, whatever follows it
            last, behind = word, place
            if wrote:
                out[at] = 32
            to = at + 1 if wrote else at
        if not _among(text, word, place, ARTICLES):
            at, wrote = _copy(out, to, text, word, place), True
    if _ends_with(text, last, behind, ENDS):
        return -1
    return at if wrote else _copy(out, begin, text, start, end)


@compiled
def _signs(text: Array, start: int, end: int, out: Array, at: int) -> Any:
    """The signs of arithmetic between words, numbers and brackets of a request; see `curate.detect.question.OPERATOR`."""
    for nth in range(start + 1, end - 1):
        code = text[nth]
        if code == 45 or code == 43 or code == 42 or code == 47 or code == 61 or code == 60 or code == 62 or code == 94:
            before = nth - 2 if text[nth - 1] == 32 else nth - 1
            behind = nth + 2 if text[nth + 1] == 32 else nth + 1
            if before < start or behind >= end:
                continue
            left, right = text[before], text[behind]
            if (is_word(left) or left == 95 or left == 41) and (is_word(right) or right == 95 or right == 40):
                out[at] = code
                at += 1
    return at


@compiled
def _all_blank(text: Array, start: int, end: int) -> bool:
    for nth in range(start, end):
        if not _blank(text[nth]):
            return False
    return True


@compiled
def asks(  # noqa: PLR0912  (one pass over the turns)
    text: Array, turns: Array, first: int, last: int, out: Array, at: int, room: Array
) -> Any:
    """What the last answer answers, as `curate.detect.question` spells it: where that ends; `at` itself for nothing, -1 for what it cannot say."""
    answer = request = -1
    for nth in range(first, last):
        if turns[nth, 0] == ASSISTANT:
            answer = nth
    for nth in range(first, answer):
        if turns[nth, 0] == USER:
            request = nth
    if answer < 0 or request < 0:
        return at
    for nth in range(first, answer):
        if not turns[nth, 6]:
            return -1
    if not turns[answer, 6] and turns[answer, 5] < 8:  # white space beyond ASCII
        return -1
    if _all_blank(text, turns[answer, 3], turns[answer, 4]) or _all_blank(text, turns[request, 3], turns[request, 4]):
        return at
    wrote = False
    for nth in range(first, answer):
        if turns[nth, 0] == SYSTEM:
            if wrote:
                out[at] = 10
                at += 1
            at = _normal(text, turns[nth, 3], turns[nth, 4], out, at)
            wrote = True
    out[at] = 10
    at += 1
    for nth in range(first, answer):
        if turns[nth, 0] != SYSTEM:
            out[at] = 10
            at = put(out, named(out, at + 1, turns[nth, 0]), _COLON)
            if nth != request:
                at = _normal(text, turns[nth, 3], turns[nth, 4], out, at)
    out[at] = 10
    at = put(out, at + 1, _LAST)
    size = _normal(text, turns[request, 3], turns[request, 4], room, 0)
    at = _words(room, 0, size, out, at)
    if at < 0:
        return -1
    out[at] = 32
    return _signs(text, turns[request, 3], turns[request, 4], out, at + 1)
