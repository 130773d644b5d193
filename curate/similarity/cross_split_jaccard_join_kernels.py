"""The compiled loops of `curate.similarity.cross_split_jaccard_join`. Import it inside functions, as `kernels`."""

from typing import Any, NamedTuple

import numpy as np

from curate.similarity.kernels import jaccard
from curate.similarity.numba_utils import compiled

U32, U64 = np.uint32, np.uint64
ODDS, PAIRS, NIBBLES, BYTES = (
    U64(0x5555555555555555),
    U64(0x3333333333333333),
    U64(0x0F0F0F0F0F0F0F0F),
    U64(0x0101010101010101),
)
SPREAD = U32(0x9E3779B1)
THERE = 26
"""Number of bits of a shingle for a bitmap of 8 MB (which fits into the cache) that rules out most shingles that are
not in the table.
"""


CLASSES = 8
"""Number of equal parts of the rarest shingles of a set; no shingle of a part is rarer than one of an earlier part."""
LARGEST = 2.0**62
"""A number larger than the size of any set that fits into an int64: size / similarity exceeds it for a tiny
similarity.
"""


class Held(NamedTuple):
    """Copies of the indexed sets, in the order of all sets; the other columns are by size."""

    hashes: Any
    offsets: Any
    order: Any
    """int64: the copy of each set."""
    sizes: Any
    """int64: ascending."""
    starts: Any
    """int64: for each size up to one more than the largest, the first set that is not smaller."""
    parts: Any
    """int8"""
    maps: Any
    """uint64, eight words each: whether the number of shingles with each of 512 values of the lowest bits is odd."""


@compiled
def count_shingles(hashes: Any, shift: int, counts: Any) -> None:
    """Count the occurrences of shingles, by their highest bits."""
    for shingle in hashes:
        counts[shingle >> U32(shift)] += U32(1)


@compiled
def _smallest(values: Any, size: int, wanted: int) -> None:
    """Move the `wanted` smallest of the first `size` values to the front, in any order (Hoare's selection)."""
    low, high = 0, size
    while high - low > 1:
        a, b, c = values[low], values[(low + high) >> 1], values[high - 1]
        pivot = max(min(a, b), min(max(a, b), c))
        i, j = low, high - 1
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if wanted <= j:
            high = j + 1
        elif wanted > i:
            low = i
        else:
            return


@compiled
def rarest(hashes: Any, offsets: Any, counts: Any, shift: int, least: float, first: int, last: int) -> Any:
    """The rarest shingles of the sets from `first` up to `last`, of which two sets with similarity `least` share at
    least one, in `CLASSES` parts, the rarest first; and their number per set.
    """
    longest = 1
    for row in range(first, last):
        longest = max(longest, offsets[row + 1] - offsets[row])
    keys = np.empty(longest, dtype=np.uint64)
    out, sizes = np.empty(offsets[last] - offsets[first], dtype=np.uint32), np.zeros(last - first, dtype=np.int64)
    total = 0
    for row in range(first, last):
        size = offsets[row + 1] - offsets[row]
        if size == 0:
            continue
        for k in range(size):
            shingle = hashes[offsets[row] + k]
            keys[k] = (U64(counts[shingle >> U32(shift)]) << U64(32)) | U64(shingle)
        wanted = min(
            size, size - np.int64(np.ceil(least * size - 1e-6)) + 1
        )  # of a tiny `least`, rounding makes one more than there are
        some = size
        for part in range(CLASSES, 0, -1):
            _smallest(keys, some, wanted * part // CLASSES)
            some = wanted * part // CLASSES
        for k in range(wanted):
            out[total + k] = U32(keys[k] & U64(0xFFFFFFFF))
        total += wanted
        sizes[row - first] = wanted
    return out[:total].copy(), sizes


@compiled
def fill_maps(hashes: Any, offsets: Any, numbers: Any, maps: Any) -> None:
    """Set the bits of `Held.maps`."""
    for i in range(len(numbers)):
        _map(hashes, offsets, numbers[i], maps[i])


@compiled
def _map(hashes: Any, offsets: Any, row: int, words: Any) -> None:
    words[:] = U64(0)
    for k in range(offsets[row], offsets[row + 1]):
        low = hashes[k] & U32(511)
        words[low >> U32(6)] ^= U64(1) << U64(low & U32(63))


@compiled
def _ones(word: Any) -> Any:
    word -= (word >> U64(1)) & ODDS
    word = (word & PAIRS) + ((word >> U64(2)) & PAIRS)
    return np.int64((((word + (word >> U64(4))) & NIBBLES) * BYTES) >> U64(56))


@compiled
def fill_table(shingles: Any, table: Any, there: Any) -> None:
    """Put distinct shingles, each with its number, into a hash table (uint64, a power of two slots, 0 if free), and set
    their bits in `there`.
    """
    mask = len(table) - 1
    for number in range(len(shingles)):
        shingle = shingles[number]
        slot = np.int64(U32(shingle * SPREAD)) & mask
        while table[slot] != U64(0):
            slot = (slot + 1) & mask
        table[slot] = (U64(shingle) << U64(32)) | U64(number + 1)
        bit = shingle >> U32(32 - THERE)
        there[bit >> U32(6)] |= U64(1) << U64(bit & U32(63))


@compiled
def _number(shingle: Any, table: Any, there: Any) -> Any:
    """The number of a shingle in the table; -1 if it is not in it."""
    bit = shingle >> U32(32 - THERE)
    if (there[bit >> U32(6)] >> U64(bit & U32(63))) & U64(1) == U64(0):
        return -1
    mask = len(table) - 1
    slot = np.int64(U32(shingle * SPREAD)) & mask
    while table[slot] != U64(0):
        if table[slot] >> U64(32) == U64(shingle):
            return np.int64(table[slot] & U64(0xFFFFFFFF)) - 1
        slot = (slot + 1) & mask
    return -1


@compiled
def _first_from(places: Any, begin: int, end: int, least: int) -> int:
    """The position of the first of some ascending places that is at least `least`."""
    while begin < end:
        middle = (begin + end) >> 1
        if places[middle] < least:
            begin = middle + 1
        else:
            end = middle
    return begin


@compiled
def _may_be_near(own: Any, maps: Any, place: int, spare: float) -> bool:
    """Whether at most `spare` bits are in one of two maps alone."""
    for word in range(8):
        spare -= _ones(own[word] ^ maps[place, word])
        if spare < 0:
            return False
    return True


@compiled
def look_up(  # noqa: PLR0912
    hashes: Any, offsets: Any, parts: Any, shingles: Any, ends: Any, table: Any, there: Any, firsts: Any, places: Any,
    held_hashes: Any, held_offsets: Any, order: Any, sizes: Any, starts: Any, held_parts: Any, maps: Any, before: bool,
    least: float, first: int, last: int, best: Any, other: Any,
) -> Any:  # fmt: skip
    """Find for each copy the most similar set from `first` up to `last` whose part is different or, with `before`,
    earlier.
    """
    seen, own = np.full(len(order), -1, dtype=np.int32), np.empty(8, dtype=np.uint64)
    begins, behinds, touched = np.empty(256, dtype=np.int64), np.empty(256, dtype=np.int64), 0
    highs, largest = np.empty(256, dtype=np.int64), len(starts) - 1
    for row in range(first, last):
        size, part = offsets[row + 1] - offsets[row], parts[row]
        if size == 0:
            continue
        low = starts[min(largest, np.int64(np.ceil(least * size - 1e-6)))]
        # in steps, so that the processor waits for many places in memory at once
        lists, prefix = 0, ends[row + 1] - ends[row]
        for part_of_prefix in range(CLASSES):
            rarer, behind = prefix * part_of_prefix // CLASSES, prefix * (part_of_prefix + 1) // CLASSES
            # a pair whose rarest common shingle this is shares none of the rarer ones
            most = (size - rarer) * (1.0 + least) / least - size
            high = starts[min(largest, np.int64(np.floor(min(most + 1e-6, LARGEST))) + 1)]
            if high <= low:
                break
            for k in range(ends[row] + rarer, ends[row] + behind):
                number = _number(shingles[k], table, there)
                if number >= 0:
                    if lists == len(begins):
                        begins, behinds = np.append(begins, begins), np.append(behinds, behinds)
                        highs = np.append(highs, highs)
                    begins[lists], highs[lists] = number, high
                    lists += 1
        if lists:
            _map(hashes, offsets, row, own)
        for k in range(lists):
            begins[k], behinds[k] = firsts[begins[k]], firsts[begins[k] + 1]
        for k in range(lists):
            touched += places[(begins[k] + behinds[k]) >> 1]
        for k in range(lists):
            begin, end, behind, high = begins[k], behinds[k], behinds[k], highs[k]
            for at in range(_first_from(places, begin, behind, low), end):
                place = places[at]
                if place >= high:
                    break
                if seen[place] == row or held_parts[place] == part or (before and held_parts[place] < part):
                    continue
                seen[place] = row
                # what they share is at most (both - apart) / 2, where `apart` are the bits that only one has
                both = size + sizes[place]
                spare = both - 2.0 * (both * least / (1.0 + least) - 1e-6)
                if not _may_be_near(own, maps, place, spare):
                    continue
                held = order[place]
                begin_held, end_held = held_offsets[held], held_offsets[held + 1]
                found = jaccard(hashes, offsets[row], offsets[row + 1], held_hashes, begin_held, end_held, least)
                if found >= least and found > best[held]:
                    best[held], other[held] = found, row
    return touched
