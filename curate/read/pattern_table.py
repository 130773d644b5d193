"""Multi-pattern search by the four bytes of each pattern that are rarest in text; tables for compiled code.

Every four bytes of a text are looked up in a bit table (Karp and Rabin 1987, with a filter instead of equal lengths),
and hits are compared byte by byte. Shorter patterns are searched for with all characters that may follow, or at their
first character.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np

Array = Any
"""A NumPy array; its type is documented where it is created."""
ANYWHERE, IN_ANSWER, AT_START, SEVERAL, POINTS, LINKS = 1, 2, 4, 8, 16, 32
"""Where a pattern counts: in any text; in an answer; at the start of an answer; in an answer with several; in a short
question that shows no text; in a short question.
"""
GRAM: Final = 4
FACTOR: Final = 2654435761
"""Spreads four bytes over 32 bits (Knuth, The Art of Computer Programming, 6.4)."""
BITS: Final = 17
SLOTS: Final = 10
MAX_BYTES: Final = 32
BY_RARITY: Final = "qxzjkvbpgfywmcu'ldrhsnioate "
"""Characters of English text, from rare to frequent; other characters are rare."""
SHORT_STARTS: Final = b"<&%"
"""First characters of patterns of two and three bytes."""
COPIED_CHARS: Final = "abcdefghijklmnopqrstuvwxyz ,.;:-!?'()/*=^|_[]}~>$#+"
"""Characters, with their capitals, that the scan copies; at others it searches for three-byte patterns."""


class PatternTable(NamedTuple):
    """The searched strings as tables for compiled code."""

    bits: Array
    """uint8: a bit for each of the 2**`BITS` hash values of four bytes."""
    heads: Array
    """int16, 2**`SLOTS`: the first pattern with this hash of its four bytes; -1 for none."""
    nexts: Array
    """int16, one per pattern: the next pattern with the same hash."""
    grams: Array
    """int64, one per pattern: its four indexed bytes, lower-cased."""
    before: Array
    """int8, one per pattern: number of bytes before the indexed ones."""
    sizes: Array
    """int8, one per pattern"""
    written: Array
    """uint8, patterns x `MAX_BYTES`: the bytes, lower-cased unless exact."""
    exact: Array
    """bool, one per pattern: whether case matters."""
    alone: Array
    """bool, one per pattern: whether it may not follow a letter or digit."""
    means: Array
    """uint8, one per pattern."""
    shorts: Array
    """uint8, one row per short pattern of `SHORT_STARTS`, lower-cased: up to three bytes, 0 for none, and where it
    counts.
    """
    triples: Array
    """int64, one row per three-byte pattern: its bytes, lower-cased; where it counts; whether it may not follow a
    letter or digit.
    """


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern, and where in a text it counts."""

    text: str
    means: int = ANYWHERE
    exact: bool = False
    alone: bool = False

    @property
    def data(self) -> bytes:
        """The pattern's bytes, lower-cased unless it is exact."""
        return (self.text if self.exact else self.text.lower()).encode()


def pattern_table(wanted: Iterable[Pattern]) -> PatternTable:
    """Build the tables of some patterns.

    Raises `ValueError` for a pattern that cannot be searched: it has no four consecutive bytes without a digit that
    are followed only by characters that JSON writers never escape, and it is not one of the supported short ones.
    """
    every = list(wanted)
    shorts = [
        pattern
        for pattern in every
        if pattern.data[:1] in SHORT_STARTS and (len(pattern.data) < GRAM or not pattern.text.isascii())
    ]
    triples = [pattern for pattern in every if len(pattern.data) == GRAM - 1 and pattern not in shorts]
    found = [
        (pattern, _rarest_position(pattern)) for pattern in every if pattern not in shorts and pattern not in triples
    ]
    found += [
        (replace(pattern, text=pattern.text + byte), 0)
        for pattern in triples
        for byte in COPIED_CHARS + (COPIED_CHARS[:26].upper() if pattern.exact else "")
    ]
    count = len(found)
    tables = PatternTable(
        bits=np.zeros((1 << BITS) // 8, dtype=np.uint8),
        heads=np.full(1 << SLOTS, -1, dtype=np.int16),
        nexts=np.full(count, -1, dtype=np.int16),
        grams=np.zeros(count, dtype=np.int64),
        before=np.zeros(count, dtype=np.int8),
        sizes=np.zeros(count, dtype=np.int8),
        written=np.zeros((count, MAX_BYTES), dtype=np.uint8),
        exact=np.zeros(count, dtype=np.bool_),
        alone=np.zeros(count, dtype=np.bool_),
        means=np.zeros(count, dtype=np.uint8),
        shorts=np.array(
            [[*pattern.data.lower()[:3].ljust(3, b"\0"), pattern.means] for pattern in shorts], dtype=np.uint8
        ).reshape(-1, 4),
        triples=np.array(
            [[int.from_bytes(pattern.data.lower(), "big"), pattern.means, pattern.alone] for pattern in triples],
            dtype=np.int64,
        ).reshape(-1, 3),
    )
    for nth, (pattern, at) in enumerate(found):
        _add_pattern(tables, nth, pattern, at)
    return tables


def _add_pattern(tables: PatternTable, nth: int, pattern: Pattern, at: int) -> None:
    """Add a pattern to the tables, indexed by its four bytes at `at`."""
    data = pattern.data
    gram = int.from_bytes(data[at : at + GRAM].lower(), "big")
    spread = gram * FACTOR & 0xFFFFFFFF
    bit, slot = spread >> 32 - BITS, spread >> 32 - SLOTS
    tables.bits[bit >> 3] |= 1 << (bit & 7)
    tables.nexts[nth], tables.heads[slot] = tables.heads[slot], nth
    tables.grams[nth], tables.before[nth], tables.sizes[nth] = gram, at, len(data)
    tables.written[nth, : len(data)] = list(data)
    tables.exact[nth], tables.alone[nth], tables.means[nth] = pattern.exact, pattern.alone, pattern.means


def _rarest_position(pattern: Pattern) -> int:
    """The position of the rarest four bytes that no apostrophe ends and no character follows that JSON may escape."""
    data = pattern.data
    places = [
        at
        for at in range(len(data) - GRAM + 1)
        if (pattern.exact or data[at + GRAM - 1] != ord("'"))
        and _as_it_is(data[at + GRAM :])
        and not any(chr(byte).isdigit() for byte in data[at : at + GRAM])  # the scan reads runs of digits as numbers
    ]
    if not places or len(data) > MAX_BYTES or not data.isascii():
        raise ValueError(
            f"{data!r}: not searchable: too short, too long, or contains a digit in its first four bytes or a "
            "character that JSON escapes after them"
        )
    return min(places, key=lambda at: sum(BY_RARITY.find(chr(byte)) for byte in data[at : at + GRAM].lower()))


def _as_it_is(data: bytes) -> bool:
    return not any(byte < 32 or byte in b"\"\\/'" for byte in data)
