"""The compiled loops of `curate.similarity.cross_split_jaccard_join`. Import it inside functions, as `kernels`."""

from typing import Any, NamedTuple

import numpy as np

from curate.similarity.kernels import jaccard
from curate.similarity.numba_utils import compiled, interpreted_as, mixed

U32, U64 = np.uint32, np.uint64
ODDS, PAIRS, NIBBLES, BYTES = (
    U64(0x5555555555555555),
    U64(0x3333333333333333),
    U64(0x0F0F0F0F0F0F0F0F),
    U64(0x0101010101010101),
)
LOW_BITS, HIGH_BITS = U64(0xFFFFFFFF), U64(0xFFFFFFFF00000000)
RARITY_CLASSES = 8
"""Number of equal parts of the rarest shingles of a set; no shingle of a part is rarer than one of an earlier part."""
MAX_SIZE = 2.0**62
"""A number larger than the size of any set that fits into an int64: size / similarity exceeds it for a tiny
similarity.
"""


class SizeLimits(NamedTuple):
    """Limits that the size of a set implies for similar sets."""

    least: float
    """The similarity."""
    difference: float
    """Maximum number of shingles that are in only one of two similar sets, per shingle of a set."""
    ratio: float
    """The natural logarithm of the ratio of the smallest sizes of neighbouring classes."""
    groups: Any
    """int64: the number of groups of a set for each class."""


class KeyIndex(NamedTuple):
    """The places of the sets that have a key."""

    keys: Any
    """uint64, ascending: a key, and a place in the lowest 32 bits."""
    slots: Any
    """int32: where the keys begin, by their highest bits."""
    often: Any
    """uint8: how often keys occur, by their highest bits; 255 is that or more."""


class IndexedSets(NamedTuple):
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
    latest: Any
    """The largest of `parts`."""
    maps: Any
    """uint64, eight words each: whether the number of shingles with each of 512 values of the lowest bits is odd."""


class JoinBuffers(NamedTuple):
    """Buffers of the size of the largest set or of its groups, reused for each set."""

    keys: Any
    """uint64"""
    highs: Any
    begins: Any
    ends: Any
    histogram: Any
    """256 zeros (int64)."""
    map: Any
    """One of `IndexedSets.maps`."""


def buffers_for(size: int) -> JoinBuffers:
    """Buffers for sets of up to this size, and up to as many groups."""
    highs, begins, ends = (np.empty(size, dtype=np.int64) for _ in range(3))
    keys, histogram, bits = (np.zeros(count, dtype=kind) for count, kind in ((size, U64), (256, np.int64), (8, U64)))
    return JoinBuffers(keys, highs, begins, ends, histogram, bits)


@compiled
def _smallest(values: Any, size: int, count: int) -> None:
    """Move the `count` smallest of the first `size` values to the front, in any order (Hoare's selection)."""
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
        if count <= j:
            high = j + 1
        elif count > i:
            low = i
        else:
            return


@compiled
def _rarest(hashes: Any, begin: Any, end: Any, counts: Any, least: float, keys: Any) -> Any:
    """Move the rarest shingles of a set to the front of `keys`, in the lowest 32 bits, in `RARITY_CLASSES` parts, the
    rarest first: two sets with similarity `least` share one of them. Returns their number, or 0 if so many have a count
    of 0 that no counted set can be similar.
    """
    shift, size, absent = U32(_shift(len(counts)) - 32), end - begin, 0
    for k in range(size):
        shingle = hashes[begin + k]
        count = counts[shingle >> shift]
        absent += count == 0
        keys[k] = (U64(count) << U64(32)) | U64(shingle)
    # for a tiny `least`, rounding would give one more than `size`
    prefix: Any = min(size, size - np.int64(np.ceil(least * size - 1e-6)) + 1)
    if absent >= prefix:
        return 0
    front = size
    for part in range(RARITY_CLASSES, 0, -1):
        _smallest(keys, front, prefix * part // RARITY_CLASSES)
        front = prefix * part // RARITY_CLASSES
    return prefix


@compiled
def keys_by_shingles(hashes: Any, offsets: Any, order: Any, counts: Any, least: float, rarest: Any, keys: Any) -> int:
    """Write the rarest shingles of sets, as keys with the place in `order` in the lowest 32 bits; returns their number.
    rarest: a buffer for a set.
    """
    count = 0
    for place in range(len(order)):
        begin, end = offsets[order[place]], offsets[order[place] + 1]
        for k in range(_rarest(hashes, begin, end, counts, least, rarest) if end > begin else 0):
            keys[count] = rarest[k] << U64(32) | U64(place)
            count += 1
    return count


@compiled
def fill_maps(hashes: Any, offsets: Any, numbers: Any, maps: Any) -> None:
    """Set the bits of `IndexedSets.maps`."""
    for i in range(len(numbers)):
        _fill_set_map(hashes, offsets, numbers[i], maps[i])


@compiled
def _fill_set_map(hashes: Any, offsets: Any, row: int, words: Any) -> None:
    """Set `words`, the 512 bits of one row of `IndexedSets.maps`, for the hashes of a set."""
    for word in range(8):
        words[word] = U64(0)
    for k in range(offsets[row], offsets[row + 1]):
        low = hashes[k] & U32(511)
        words[low >> U32(6)] ^= U64(1) << U64(low & U32(63))


@compiled
def _ones(word: Any) -> Any:
    """The number of bits that are 1 in a word of 64."""
    word -= (word >> U64(1)) & ODDS
    word = (word & PAIRS) + ((word >> U64(2)) & PAIRS)
    return np.int64((((word + (word >> U64(4))) & NIBBLES) * BYTES) >> U64(56))


@compiled
def _shift(size: int) -> int:
    """By how many bits to shift a 64-bit key to get a number below `size`, a power of two."""
    shift = 64
    while size > 1:
        size >>= 1
        shift -= 1
    return shift


@compiled
def _size_class(size: int, sizes: Any) -> Any:
    """The number of the class of a size, from 0; the factor between classes has the logarithm `sizes.ratio`."""
    return np.int64(np.log(size) / sizes.ratio)


@compiled
def _group_keys(hashes: Any, begin: int, end: int, kind: int, sizes: Any, keys: Any) -> Any:
    """Divide the shingles of a set into the groups of size class `kind`, and write a key for each group to `keys`;
    returns their number.
    """
    groups = sizes.groups[kind]
    for group in range(groups):
        keys[group] = U64(group)
    for k in range(begin, end):
        shingle = U64(hashes[k]) * U64(0x9E3779B97F4A7C15)
        keys[np.int64(((shingle >> U64(32)) * U64(groups)) >> U64(32))] += shingle
    for group in range(groups):
        keys[group] = mixed(keys[group] + U64(kind) * U64(0xD1B54A32D192ED03))
    return groups


@interpreted_as(_group_keys)
def _group_keys_of_array(hashes: Any, begin: int, end: int, kind: int, sizes: Any, keys: Any) -> Any:
    """As `_group_keys`."""
    groups = sizes.groups[kind]
    shingles = hashes[begin:end].astype(U64) * U64(0x9E3779B97F4A7C15)
    sums = np.arange(groups, dtype=U64)
    np.add.at(sums, ((shingles >> U64(32)) * U64(groups)) >> U64(32), shingles)
    keys[:groups] = mixed(sums + U64(kind) * U64(0xD1B54A32D192ED03))
    return groups


@compiled
def _rarest_groups(keys: Any, groups: int, size: int, sizes: Any, often: Any, counts: Any, histogram: Any) -> int:
    """Move the keys of the rarest groups of a set to the front, of which two similar sets share one; returns their
    number. counts: a buffer; histogram: 256 zeros.
    """
    spare, most, front, shift = _groups_needed(size, groups, sizes), 0, 0, U64(_shift(len(often)))
    for group in range(groups):
        counts[group] = often[np.int64(keys[group] >> shift)]
        histogram[counts[group]] += 1
    while histogram[most] < spare:
        spare -= histogram[most]
        most += 1
    for group in range(groups):
        count = counts[group]
        histogram[count] = 0
        if count < most or (count == most and spare > 0):
            spare -= count == most
            keys[front] = keys[group]
            front += 1
    return front


@compiled
def _groups_needed(size: int, groups: int, sizes: Any) -> Any:
    """How many of the rarest groups of a set are needed so that two similar sets share one of them."""
    return min(groups, np.int64(sizes.difference * size + 1e-6) + 1)


@compiled
def _size_classes(size: int, sizes: Any) -> Any:
    """The size classes of sets that can be similar to a set of this size: the first class, and one more than the
    last.
    """
    least, most = np.int64(np.ceil(sizes.least * size - 1e-6)), np.int64(np.floor(size / sizes.least + 1e-6))
    return _size_class(max(1, least), sizes), _size_class(most, sizes) + 1


@compiled
def keys_by_groups(
    hashes: Any, offsets: Any, order: Any, sizes: Any, often: Any, chosen: bool, buffers: Any, keys: Any
) -> int:
    """Write the keys of the groups of sets for each class of size that similar ones can be of, with the place in
    `order` in the lowest 32 bits: of all groups or, with `chosen`, of the rarest ones. Returns their number; an empty
    `keys` is not written.
    """
    key_count = 0
    for place in range(len(order)):
        begin, end = offsets[order[place]], offsets[order[place] + 1]
        first, last = _size_classes(max(1, end - begin), sizes)
        for kind in range(first, last if end > begin else first):
            if len(keys) == 0:
                groups = sizes.groups[kind]
                key_count += _groups_needed(end - begin, groups, sizes) if chosen else groups
                continue
            groups = _group_keys(hashes, begin, end, kind, sizes, buffers.keys)
            if chosen:
                groups = _rarest_groups(
                    buffers.keys, groups, end - begin, sizes, often, buffers.begins, buffers.histogram
                )
            for k in range(groups):
                keys[key_count + k] = (buffers.keys[k] & HIGH_BITS) | U64(place)
            key_count += groups
    return key_count


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
def _may_be_near(set_map: Any, maps: Any, place: int, spare: float) -> bool:
    """Whether at most `spare` bits are in one of two maps alone."""
    for word in range(8):
        spare -= _ones(set_map[word] ^ maps[place, word])
        if spare < 0:
            return False
    return True


@compiled
def _limit_by_rank(prefix: int, size: int, low: int, starts: Any, least: float, set_keys: Any, highs: Any) -> int:
    """Make keys of the rarest shingles of a set, and write for each the first place that is too large; returns the
    number of keys with at least one place.
    """
    largest = len(starts) - 1
    for part in range(RARITY_CLASSES):
        rarer, behind = prefix * part // RARITY_CLASSES, prefix * (part + 1) // RARITY_CLASSES
        # if this is the rarest common shingle of a pair, the pair shares none of the rarer ones
        most = (size - rarer) * (1.0 + least) / least - size
        high = starts[min(largest, np.int64(np.floor(min(most + 1e-6, MAX_SIZE))) + 1)]
        if high <= low:
            return rarer
        for k in range(rarer, behind):
            set_keys[k], highs[k] = set_keys[k] << U64(32), high
    return prefix


@compiled
def _candidate_keys(index: Any, key_count: int, set_keys: Any, highs: Any, begins: Any, ends: Any) -> Any:
    """Move the keys that may be in the index to the front, and write the range of the index in which each can be;
    returns their number, and a sum over the index that only loads the ranges into the cache of the processor.
    """
    (keys, slots, often), count, touched = index, 0, U64(0)
    to_slot, to_often = U64(_shift(len(slots) - 1)), U64(_shift(len(often)))
    # in separate loops, so that the processor loads many places of memory at once
    for k in range(key_count):
        if often[np.int64(set_keys[k] >> to_often)] > 0:
            set_keys[count], highs[count], count = set_keys[k] & HIGH_BITS, highs[k], count + 1
    for k in range(count):
        slot = np.int64(set_keys[k] >> to_slot)
        begins[k], ends[k] = slots[slot], slots[slot + 1]
    for k in range(count):
        touched += keys[min(begins[k], len(keys) - 1)]
    return count, touched


@compiled
def _similarity(
    hashes: Any, begin: int, end: int, set_map: Any, indexed: Any, place: int, least: float
) -> Any:  # fmt: skip
    """The similarity of a set and the copy at a place; 0 if it is below `least`. set_map: the map of the set."""
    both = end - begin + indexed.sizes[place]
    # they share at most (both - d) / 2 shingles, where d is the number of bits that only one of the maps has
    if not _may_be_near(set_map, indexed.maps, place, both - 2.0 * (both * least / (1.0 + least) - 1e-6)):
        return 0.0
    copy = indexed.order[place]
    similarity = jaccard(hashes, begin, end, indexed.hashes, indexed.offsets[copy], indexed.offsets[copy + 1], least)
    return similarity if similarity >= least else 0.0


@compiled
def look_up(
    hashes: Any, offsets: Any, parts: Any, counts: Any, index: Any, indexed: Any, sizes: Any, before: bool, first: int,
    last: int, best: Any, other: Any, best_copies: Any, copies: Any, compared_with: Any, buffers: Any,
) -> Any:  # fmt: skip
    """Find for each copy the most similar set from `first` up to `last` of an earlier part, the first of equals
    (`best`, `other`); without `before` also for each set the most similar copy of an earlier part (`best_copies`,
    `copies`). counts: how often shingles occur in the copies; if empty, the index has the keys of groups.
    compared_with: for each copy -1 (int32).
    """
    touched, largest, least = U64(0), len(indexed.starts) - 1, sizes.least
    set_keys, highs, begins, ends, histogram, set_map = buffers
    for row in range(first, last):
        begin, size = offsets[row], offsets[row + 1] - offsets[row]
        low = indexed.starts[min(largest, np.int64(np.ceil(least * size - 1e-6)))]
        high = indexed.starts[min(largest, np.int64(np.floor(min(size / least + 1e-6, MAX_SIZE))) + 1)]
        if size == 0 or high <= low or (before and parts[row] >= indexed.latest):
            continue
        if len(counts):
            key_count = _rarest(hashes, begin, begin + size, counts, least, set_keys)
            key_count = _limit_by_rank(key_count, size, low, indexed.starts, least, set_keys, highs)
        else:
            key_count = _group_keys(hashes, begin, begin + size, _size_class(size, sizes), sizes, set_keys)
            key_count = _rarest_groups(set_keys, key_count, size, sizes, index.often, begins, histogram)
            for k in range(key_count):
                highs[k] = high
        count, key_sum = _candidate_keys(index, key_count, set_keys, highs, begins, ends)
        touched += key_sum
        if count:
            _fill_set_map(hashes, offsets, row, set_map)
        for k in range(count):
            behind = _first_from(index.keys, begins[k], ends[k], set_keys[k] | U64(highs[k]))
            for position in range(_first_from(index.keys, begins[k], behind, set_keys[k] | U64(low)), behind):
                place = np.int64(index.keys[position] & LOW_BITS)
                rival = indexed.parts[place]
                if compared_with[place] != row and rival != parts[row] and not (before and rival < parts[row]):
                    compared_with[place] = row
                    similarity = _similarity(hashes, begin, begin + size, set_map, indexed, place, least)
                    copy = indexed.order[place]
                    if rival > parts[row]:
                        if similarity > best[copy]:
                            best[copy], other[copy] = similarity, row
                    elif similarity > best_copies[row] or (0.0 < similarity == best_copies[row] and copy < copies[row]):
                        best_copies[row], copies[row] = similarity, copy
    return touched
