"""The compiled part of finding runs of a given number of consecutive words in texts. Import it inside functions.

Texts are concatenated in a buffer of UTF-8: text number i is from offsets[i] to offsets[i + 1]. Words are separated by
white space; in scripts without spaces, each character is a word.

All functions release the interpreter's lock, and none starts threads, as in `curate.similarity.kernels`.
"""

from typing import Any

import numpy as np

from curate.similarity.numba_utils import U64, compiled, decoded, mixed

FNV_OFFSET = U64(0xCBF29CE484222325)
FNV_PRIME = U64(0x100000001B3)
HASH_BASE = U64(0x9E3779B97F4A7C15)


@compiled
def _code(buffer: Any, position: int, end: int) -> Any:
    """Code point and length in bytes of the non-ASCII character at `position`; one byte if it is truncated."""
    size = 2 if buffer[position] < 0xE0 else 3 if buffer[position] < 0xF0 else 4
    return decoded(buffer, position) if position + size <= end else (np.int64(0), 1)


@compiled
def _is_blank(code: int) -> bool:
    """Whether a character is non-ASCII white space."""
    return (
        code == 0x85  # noqa: PLR1714
        or code == 0xA0
        or code == 0x1680
        or 0x2000 <= code <= 0x200A
        or 0x2028 <= code <= 0x2029
        or code == 0x202F
        or code == 0x205F
        or code == 0x3000
    )


@compiled
def _is_alone(code: int) -> bool:
    """Whether a character is a word by itself, as in scripts without spaces (`curate.core.text.UNSPACED`)."""
    if code < 0x0E00:
        return False
    if code < 0x2E80:
        return code < 0x0F00 or 0x1000 <= code < 0x10A0 or 0x1780 <= code < 0x1800
    return code < 0xA000 or 0xAC00 <= code < 0xD7B0 or 0xF900 <= code < 0xFB00 or 0x20000 <= code < 0x40000


@compiled
def _next_word(buffer: Any, position: int, end: int) -> tuple[int, int, np.uint64]:  # noqa: PLR0912
    """Start, end and hash (FNV-1a) of the next word from `position` on; start == end if there is none."""
    while position < end:
        byte = buffer[position]
        if byte > 32:
            if byte < 0x80:
                break
            code, size = _code(buffer, position, end)
            if not _is_blank(code):
                break
            position += size
        else:
            position += 1
    start = position
    value = FNV_OFFSET
    while position < end:
        byte = buffer[position]
        if byte <= 32:
            break
        size = 1
        if byte >= 0x80:
            code, size = _code(buffer, position, end)
            if _is_blank(code):
                break
            if _is_alone(code):
                if position == start:
                    for i in range(position, position + size):
                        value = (value ^ U64(buffer[i])) * FNV_PRIME
                    position += size
                break
        for i in range(position, position + size):
            value = (value ^ U64(buffer[i])) * FNV_PRIME
        position += size
    return start, position, value


@compiled
def _power(run: int) -> np.uint64:
    """`HASH_BASE` to the power of `run`, modulo 2 ** 64."""
    power = U64(1)
    for _ in range(run):
        power *= HASH_BASE
    return power


@compiled
def _rolling_hash(rolling: Any, last: Any, count: int, value: Any, power: Any) -> Any:
    """The hash of the last words after a word is added: `rolling`, the hash before; `value`, the hash of the word,
    which is number `count`; `last`, a ring buffer of the words of the run; `power`, as `_power` returns it.
    """
    slot = count % len(last)
    rolling = rolling * HASH_BASE + value
    if count >= len(last):
        rolling -= last[slot] * power
    last[slot] = value
    return rolling


def runs_of(buffer: Any, offsets: Any, run: int, table: Any, key: Any = U64(0)) -> tuple[Any, Any, Any]:  # noqa: B008
    """Hashes of the runs of `run` words (uint64), each with the numbers of its text and of its first word there
    (int32), in order. If `table` (see `table_of`) is not empty, only those in it. Another `key` gives other hashes.
    """
    longest, last = int(np.diff(offsets).max(initial=0)), np.empty(run, dtype=np.uint64)
    hashes, row, total = np.empty(len(buffer) // 8 + longest + 1, dtype=np.uint64), 0, 0
    owners, places = (np.empty(len(hashes), dtype=np.int32) for _ in range(2))
    while True:
        row, total = find_runs(buffer, offsets, run, table, key, last, row, hashes, owners, places, total)
        if row == len(offsets) - 1:
            return hashes[:total].copy(), owners[:total].copy(), places[:total].copy()
        hashes, owners, places = (
            np.append(column[:total], np.empty(len(column) + longest, dtype=column.dtype))
            for column in (hashes, owners, places)
        )


@compiled
def find_runs(
    buffer: Any, offsets: Any, run: int, table: Any, key: Any, last: Any, row: int, hashes: Any, owners: Any,
    places: Any, total: int,
) -> Any:  # fmt: skip
    """Write the runs (see `runs_of`) of the texts from number `row` on to `hashes`, `owners` and `places` from `total`
    on. Returns the number of the first text that may not fit, and the end. last: a buffer of `run` words.
    """
    power = _power(run)
    while row < len(offsets) - 1 and len(hashes) - total >= offsets[row + 1] - offsets[row]:
        position, end = offsets[row], offsets[row + 1]
        rolling = U64(0)
        count = 0
        while True:
            start, position, value = _next_word(buffer, position, end)
            if start == position:
                break
            rolling = _rolling_hash(rolling, last, count, value, power)
            count += 1
            if count < run:
                continue
            hashed = mixed(rolling ^ key) or U64(1)  # 0 marks a free slot
            if len(table) and not _is_in(table, hashed):
                continue
            hashes[total], owners[total], places[total] = hashed, row, count - run
            total += 1
        row += 1
    return row, total


def table_of(hashes: Any) -> Any:
    """A hash table of these hashes (none is 0) with open addressing; 0 marks a free slot."""
    table = np.zeros(1 << max(10, (4 * len(hashes) - 1).bit_length()), dtype=np.uint64)
    fill_table(hashes, table)
    return table


@compiled
def fill_table(hashes: Any, table: Any) -> None:
    """Add hashes to a table of zeros (see `table_of`)."""
    mask = U64(len(table) - 1)
    for value in hashes:
        slot = value & mask
        while table[slot] and table[slot] != value:
            slot = (slot + U64(1)) & mask
        table[slot] = value


@compiled
def _is_in(table: Any, value: np.uint64) -> bool:
    """Whether a hash table (see `table_of`) holds a value other than 0."""
    mask = U64(len(table) - 1)
    slot = value & mask
    while table[slot]:
        if table[slot] == value:
            return True
        slot = (slot + U64(1)) & mask
    return False


def spans_of(buffer: Any, begin: int, end: int) -> Any:
    """Start and end of each word of the text from `begin` to `end`, a row each."""
    spans = np.empty((end - begin + 1, 2), dtype=np.int64)
    return spans[: write_spans(buffer, begin, end, spans)].copy()


@compiled
def write_spans(buffer: Any, begin: int, end: int, spans: Any) -> int:
    """Write the start and the end of each word of one text to `spans`; returns their number."""
    position, count = begin, 0
    while True:
        start, position, _ = _next_word(buffer, position, end)
        if start == position:
            return count
        spans[count, 0], spans[count, 1] = start, position
        count += 1


def remove_runs(buffer: Any, offsets: Any, run: int, table: Any) -> tuple[Any, Any, Any, Any]:
    """The texts without the words of the runs in `table`, concatenated, and their offsets; for each, the number of
    removed words and the longest run of words that is left.
    """
    out, out_offsets = np.empty(len(buffer) + len(offsets), dtype=np.uint8), np.zeros_like(offsets)
    removed, longest = (np.zeros(len(offsets) - 1, dtype=np.int64) for _ in range(2))
    words, last = int(np.diff(offsets).max(initial=0)), np.empty(run, dtype=np.uint64)
    spans, covered = np.empty((words, 2), dtype=np.int64), np.empty(words, dtype=np.bool_)
    cut_runs(buffer, offsets, table, last, spans, covered, out, out_offsets, removed, longest)
    return out[: out_offsets[-1]], out_offsets, removed, longest


@compiled
def cut_runs(
    buffer: Any, offsets: Any, table: Any, last: Any, spans: Any, covered: Any, out: Any, out_offsets: Any,
    removed: Any, longest: Any,
) -> None:  # fmt: skip
    """Write the results of `remove_runs` to `out`, `out_offsets`, `removed` and `longest`. last: a buffer of the words
    of a run; spans, covered: of those of a text.
    """
    run = len(last)
    power = _power(run)
    for row in range(len(offsets) - 1):
        position, end, rolling, count = offsets[row], offsets[row + 1], U64(0), 0
        while True:
            start, position, value = _next_word(buffer, position, end)
            if start == position:
                break
            rolling = _rolling_hash(rolling, last, count, value, power)
            spans[count, 0], spans[count, 1], covered[count] = start, position, False
            count += 1
            if count >= run and _is_in(table, mixed(rolling) or U64(1)):
                for i in range(count - run, count):
                    covered[i] = True
        length, first = 0, out_offsets[row]
        to = first
        for i in range(count):
            length = 0 if covered[i] else length + 1
            longest[row] = max(longest[row], length)
            removed[row] += covered[i]
            if covered[i]:
                continue
            if to > first and (spans[i, 0] > spans[i - 1, 1] or covered[i - 1]):
                out[to] = 32
                to += 1
            for j in range(spans[i, 0], spans[i, 1]):
                out[to] = buffer[j]
                to += 1
        out_offsets[row + 1] = to
