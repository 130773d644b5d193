"""Many pieces of text looked for at once: by the four bytes of each that stand most seldom in texts, as tables for compiled code.

Every four bytes of a text are asked for in a table of bits (Karp and Rabin 1987, with a filter in the place of equal lengths); the few that
are there are compared, byte by byte.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

Array = Any
"""A NumPy array; what it holds is said where it is made."""
ALWAYS, WORN, REFUSES, POINTS, IN_ANSWER, ADDRESS = 1, 2, 4, 8, 16, 32
"""What a needle means: suspect wherever it is; a worn-out phrase; a refusal, at the start of an answer; a question that points at a text; suspect
in an answer; an address, in a short question."""
SIZE: Final = 4
FACTOR: Final = 2654435761
"""Spreads four bytes over 32 bits (Knuth, The Art of Computer Programming, 6.4)."""
BITS: Final = 17
SLOTS: Final = 10
LONGEST: Final = 32
SELDOM: Final = "qxzjkvbpgfywmcu'ldrhsnioate "
"""Characters of English text, from the seldom to the frequent ones; what is not there is seldom."""


class Needles(NamedTuple):
    """Needles as compiled code looks for them."""

    bits: Array
    """uint8: a bit for each of 2**`BITS` numbers that four bytes may be spread to."""
    heads: Array
    """int16, 2**`SLOTS`: the first needle of those whose four bytes are spread there; -1 for none."""
    nexts: Array
    """int16, one a needle: the next one of these."""
    grams: Array
    """int64, one a needle: its four bytes, in lower case."""
    before: Array
    """int8, one a needle: the bytes of it that stand before the four."""
    sizes: Array
    """int8, one a needle"""
    written: Array
    """uint8, needles x `LONGEST`: as it is written, or in lower case."""
    exact: Array
    """bool, one a needle: whether it is looked for letter for letter."""
    alone: Array
    """bool, one a needle: whether no letter or digit may stand before it."""
    means: Array
    """uint8, one a needle."""


@dataclass(frozen=True, slots=True)
class Needle:
    """What is looked for, and what it means."""

    text: str
    means: int = ALWAYS
    exact: bool = False
    alone: bool = False


def needles(wanted: Mapping[str, int], exact: Mapping[str, int], alone: Mapping[str, int]) -> Needles:
    """The tables of needles with their meanings: those in any case, those to the letter, and those of these that begin a word.

    Raises `ValueError` for one that has no four bytes in a row behind which nothing stands that JSON may write in another way.
    """
    found = [Needle(text.lower(), means) for text, means in wanted.items()]
    found += [Needle(text, means, True) for text, means in exact.items()] + [Needle(text, means, True, True) for text, means in alone.items()]
    count = len(found)
    tables = Needles(
        bits=np.zeros((1 << BITS) // 8, dtype=np.uint8),
        heads=np.full(1 << SLOTS, -1, dtype=np.int16),
        nexts=np.full(count, -1, dtype=np.int16),
        grams=np.zeros(count, dtype=np.int64),
        before=np.zeros(count, dtype=np.int8),
        sizes=np.zeros(count, dtype=np.int8),
        written=np.zeros((count, LONGEST), dtype=np.uint8),
        exact=np.zeros(count, dtype=np.bool_),
        alone=np.zeros(count, dtype=np.bool_),
        means=np.zeros(count, dtype=np.uint8),
    )
    for nth, needle in enumerate(found):
        data = needle.text.encode("ascii")
        at = _seldom(data, exact=needle.exact)
        gram = int.from_bytes(data[at : at + SIZE].lower(), "big")
        spread = gram * FACTOR & 0xFFFFFFFF
        bit, slot = spread >> 32 - BITS, spread >> 32 - SLOTS
        tables.bits[bit >> 3] |= 1 << (bit & 7)
        tables.nexts[nth], tables.heads[slot] = tables.heads[slot], nth
        tables.grams[nth], tables.before[nth], tables.sizes[nth] = gram, at, len(data)
        tables.written[nth, : len(data)] = list(data)
        tables.exact[nth], tables.alone[nth], tables.means[nth] = needle.exact, needle.alone, needle.means
    return tables


def _seldom(data: bytes, *, exact: bool) -> int:
    """Where the four bytes stand that are looked for: behind them, nothing that JSON may write as an escape, and no apostrophe that may be another one."""
    places = [at for at in range(len(data) - SIZE + 1) if (exact or data[at + SIZE - 1] != ord("'")) and _as_it_is(data[at + SIZE :])]
    if not places or len(data) > LONGEST:
        raise ValueError(f"{data!r}: no needle: too short, too long, or with an escape behind its first four bytes")
    return min(places, key=lambda at: sum(SELDOM.find(chr(byte)) for byte in data[at : at + SIZE].lower()))


def _as_it_is(data: bytes) -> bool:
    return not any(byte < 32 or byte in b"\"\\/'" for byte in data)
