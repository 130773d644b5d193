"""The compiled part of `curate.corpus.links`: one pass over the words of conversations. Import it inside functions, as
`kernels`.
"""

from typing import Any

import numpy as np

from curate.similarity.kernels import U32, distinct
from curate.similarity.numba_utils import U64, compiled, copied, mixed
from curate.similarity.word_kernels import tokens

BASE = U64(0x9E3779B97F4A7C15)
SILENT, USER, ANSWER, OTHER, BESIDE, CALL = 0, 1, 2, 3, 4, 5
"""Kinds of pieces of a conversation: a turn that is not compared; turns of a user, of the assistant, of anybody else;
text that belongs to no turn; what the assistant's turn before it calls."""


@compiled
def _shingles(words: Any, begin: int, end: int, size: int, found: Any, made: int) -> int:
    """Write the 32-bit hashes of the runs of `size` words to `found` from `made` on, or that of all words where they
    are fewer; returns where they end.
    """
    for start in range(begin, max(end - size, begin) + 1 if end > begin else begin):
        rolling = U64(0)
        for at in range(start, min(start + size, end)):
            rolling = rolling * BASE + words[at]
        found[made] = U32(mixed(rolling) >> U64(32))
        made += 1
    return made


@compiled
def _merged(one: Any, size: int, other: Any, more: int, out: Any, to: int) -> int:
    """Merge two ascending sets into `out`, from `to` on; returns where they end."""
    i = j = 0
    while i < size and j < more:
        x, y = one[i], other[j]
        out[to] = min(x, y)
        to += 1
        i += x <= y
        j += y <= x
    while i < size:
        out[to] = one[i]
        i, to = i + 1, to + 1
    while j < more:
        out[to] = other[j]
        j, to = j + 1, to + 1
    return to


@compiled
def _room(out: Any, used: int, more: int) -> Any:
    if used + more <= len(out):
        return out
    larger = np.empty(2 * len(out) + more, dtype=out.dtype)
    copied(larger, 0, out, used)
    return larger


@compiled
def linked(  # noqa: PLR0912, PLR0915
    buffer: Any,
    starts: Any,
    ends: Any,
    kinds: Any,
    roles: Any,
    first: Any,
    classes: Any,
    folds: Any,
    size: int,
    least: int,
) -> Any:
    """All that links conversations: row i has the pieces from first[i] to before first[i + 1]; piece n lies in `buffer`
    from starts[n] to ends[n].

    kinds: of each piece, see above; roles: of each turn a hash of its role, uint64; least: words from which an answer
    is compared. Returns the sets of shingles of whole texts (hashes, offsets); of each row the key of its user turns
    and their words, of the conversation where it ends on an answer (else 0); the keys up to each earlier answer, and
    where those of each row end; the sets of answers (hashes, offsets; none for a short one), their keys, and where
    those of each row end.
    """
    rows = len(first) - 1
    longest = widest = 1
    for row in range(rows):
        total = 0
        for at in range(first[row], first[row + 1]):
            total += ends[at] - starts[at]
            widest = max(widest, ends[at] - starts[at])
        longest = max(longest, total)
    words, said = np.empty(2 * longest + 2, dtype=np.uint64), np.empty(2 * longest + 2, dtype=np.uint64)
    found, others = np.empty(2 * longest + 2, dtype=np.uint32), np.empty(2 * longest + 2, dtype=np.uint32)
    eights = np.zeros(widest // 4 + 16, dtype=np.uint64)
    low = eights.view(np.uint8)
    room, buckets = np.empty(1024, dtype=np.uint32), np.empty(256, dtype=np.int64)
    out, offsets = np.empty(len(buffer) // 5 + 1024, dtype=np.uint32), np.zeros(rows + 1, dtype=np.int64)
    answers, bounds = np.empty(len(buffer) // 5 + 1024, dtype=np.uint32), np.zeros(2 * rows + 1, dtype=np.int64)
    asked, asks, whole = (
        np.zeros(rows, dtype=np.uint64),
        np.zeros(rows, dtype=np.int64),
        np.zeros(rows, dtype=np.uint64),
    )
    begun, begun_ends = np.empty(len(kinds), dtype=np.uint64), np.zeros(rows + 1, dtype=np.int64)
    keys, answer_ends = np.empty(2 * rows, dtype=np.uint64), np.zeros(rows + 1, dtype=np.int64)
    total = held = begins = entries = 0
    for row in range(rows):
        count = spoken = turns = last_from = last_begin = 0
        question, chain, ends_on_answer = U64(0), U64(1), False
        for at in range(first[row], first[row + 1]):
            kind = kinds[at]
            if kind == SILENT:
                continue
            if ends_on_answer and kind != CALL and kind != BESIDE:  # noqa: PLR1714
                begun[begins] = chain
                begins += 1
            some = tokens(buffer, starts[at], ends[at], classes, folds, False, low, eights, words[count:])
            turn = U64(some)
            for nth in range(count, count + some):
                turn = turn * BASE + words[nth]
            if kind == USER:
                for nth in range(count, count + some):
                    question = question * BASE + words[nth]
                asks[row] += some
            if kind == ANSWER:
                turns, last_from, last_begin = turns + 1, spoken, count
            if kind == ANSWER or kind == CALL:  # noqa: PLR1714, SIM109
                copied(said[spoken:], 0, words[count:], some)
                spoken += some
            if kind != CALL and kind != BESIDE:  # noqa: PLR1714
                chain = mixed(mixed(chain ^ roles[at]) + mixed(turn))
                ends_on_answer = kind == ANSWER
            count += some
        asked[row] = mixed(question)
        whole[row] = (chain or U64(1)) if ends_on_answer else U64(0)
        begun_ends[row + 1] = begins
        # the shingles of an answer that stands in one piece are sorted once, for it and for the whole text
        alone = turns == 1 and spoken >= least
        if alone:
            for nth in range(spoken):
                alone = alone and said[nth] == words[last_begin + nth]
        part = 0
        if alone:
            part = distinct(found, _shingles(said, 0, spoken, size, found, 0), room, buckets)
            made = _shingles(words, 0, min(last_begin + size - 1, count), size, others, 0) if last_begin else 0
            behind = last_begin + spoken
            if behind < count:
                made = _shingles(words, behind - size + 1, count, size, others, made)
            made = distinct(others, made, room, buckets)
        else:
            made = distinct(others, _shingles(words, 0, count, size, others, 0), room, buckets)
        out = _room(out, total, part + made)
        total = _merged(found, part, others, made, out, total)
        offsets[row + 1] = total
        for entry in range(min(turns, 2)):
            begin = last_from if entry else 0
            key = U64(0)
            for nth in range(begin, spoken):
                key = key * BASE + said[nth]
            if spoken - begin >= least:
                if not alone:
                    part = distinct(found, _shingles(said, begin, spoken, size, found, 0), room, buckets)
                answers = _room(answers, held, part)
                copied(answers[held:], 0, found, part)
                held += part
            keys[entries] = mixed(key) if spoken > begin else U64(0)
            entries += 1
            bounds[entries] = held
        answer_ends[row + 1] = entries
    return (
        out[:total].copy(), offsets, asked, asks, whole, begun[:begins].copy(), begun_ends,
        answers[:held].copy(), bounds[: entries + 1].copy(), keys[:entries].copy(), answer_ends,
    )  # fmt: skip
