"""The compiled part of `curate.corpus.links`: one pass over the words of conversations. Import it inside functions, as
`kernels`.
"""

from typing import Any, NamedTuple

import numpy as np

from curate.similarity.kernels import U32, distinct
from curate.similarity.numba_utils import U64, ZERO, compiled, copied, mixed
from curate.similarity.word_kernels import tokens

HASH_BASE = U64(0x9E3779B97F4A7C15)
UNCOMPARED, USER, ANSWER, OTHER, OUTSIDE_TURNS, CALL = 0, 1, 2, 3, 4, 5
"""Kinds of pieces of a conversation: a turn that is not compared; a turn of the user, of the assistant, of another
role; text outside of turns; the calls of the assistant's turn before it.
"""

QUESTION_PARTS = 8
LINE_BREAK = 10


class Scripts(NamedTuple):
    """Classes of characters, and their case folds."""

    classes: Any
    folds: Any


class Limits(NamedTuple):
    """Minimum numbers of words of docs/leaks.md."""

    answer: int
    first_turn: int
    question: int
    block: int
    small: Any
    """Hashes of the words that do not count in nearly equal questions."""


class Buffers(NamedTuple):
    """Buffers of the size of the longest conversation, reused for each."""

    words: Any
    """Words of all pieces."""
    answer_words: Any
    """Words of the assistant's turns."""
    spoken: Any
    """Of each of the assistant's turns, how many of these words are before it."""
    answer_shingles: Any
    other_shingles: Any
    eights: Any
    sorting: Any
    buckets: Any
    lines: Any
    """Of each line of a piece, how many words of the piece end with it."""
    content: Any
    """Words of the user turns without small words."""


class Turns(NamedTuple):
    """Counts and keys of the words of a conversation."""

    words: int
    """Number of words."""
    answer_words: int
    """Number of the assistant's words."""
    answers: int
    last: int
    """Where the last answer begins among all words."""
    question: Any
    """The key of the user turns."""
    question_words: int
    """Number of words in the user turns."""
    conversation_key: Any
    """The key of the conversation if it ends with an answer, else 0."""
    prefix_keys: int
    """Number of prefix keys (up to each earlier answer) that have been written."""
    first: Any
    """The key of the first user turn; 0 for one of few words."""
    content: int
    """Number of words in `Buffers.content`."""
    blocks: int
    """Number of keys of blocks that have been written."""


@compiled
def _shingles(words: Any, begin: int, end: int, size: int, out: Any, to: int) -> int:
    """Write the 32-bit hashes of the runs of `size` words to `out` from `to` on (one hash of all words if there are
    fewer); returns the end.
    """
    for start in range(begin, max(end - size, begin) + 1 if end > begin else begin):
        rolling = U64(0)
        for position in range(start, min(start + size, end)):
            rolling = rolling * HASH_BASE + words[position]
        out[to] = U32(mixed(rolling) >> U64(32))
        to += 1
    return to


@compiled
def _merged(left: Any, left_size: int, right: Any, right_size: int, out: Any, to: int) -> int:
    """Merge two ascending sets into `out`, from `to` on; returns the end."""
    i = j = 0
    while i < left_size and j < right_size:
        x, y = left[i], right[j]
        out[to] = min(x, y)
        to += 1
        i += x <= y
        j += y <= x
    while i < left_size:
        out[to] = left[i]
        i, to = i + 1, to + 1
    while j < right_size:
        out[to] = right[j]
        j, to = j + 1, to + 1
    return to


@compiled
def _with_capacity(out: Any, used: int, more: int) -> Any:
    if used + more <= len(out):
        return out
    larger = np.empty(2 * len(out) + more, dtype=out.dtype)
    copied(larger, ZERO, out, used)
    return larger


@compiled
def _buffers_for(pieces: Any) -> Buffers:
    """Work buffers large enough for the longest conversation and the longest text (piece) of `pieces`."""
    longest = widest = most = 1
    for row in range(len(pieces.first) - 1):
        total = 0
        for piece in range(pieces.first[row], pieces.first[row + 1]):
            total += pieces.texts.ends[piece] - pieces.texts.starts[piece]
            widest = max(widest, pieces.texts.ends[piece] - pieces.texts.starts[piece])
        longest = max(longest, total)
        most = max(most, pieces.first[row + 1] - pieces.first[row])
    size = 2 * longest + 2
    return Buffers(
        np.empty(size, dtype=np.uint64),
        np.empty(size, dtype=np.uint64),
        np.empty(most + 1, dtype=np.int64),
        np.empty(size, dtype=np.uint32),
        np.empty(size, dtype=np.uint32),
        np.zeros(widest // 4 + 16, dtype=np.uint64),
        np.empty(1024, dtype=np.uint32),
        np.empty(256, dtype=np.int64),
        np.empty(widest + 2, dtype=np.int64),
        np.empty(size, dtype=np.uint64),
    )


@compiled
def _read_lines(pieces: Any, piece: int, scripts: Scripts, room: Buffers, count: int) -> Any:
    """Write the words of a piece to `room.words` from `count` on, line by line; returns the number of words and of
    lines.
    """
    buffer, begin, end = pieces.texts.buffer, pieces.texts.starts[piece], pieces.texts.ends[piece]
    low, total, lines = room.eights.view(np.uint8), 0, 0
    while begin <= end:
        stop = begin
        while stop < end and buffer[stop] != LINE_BREAK:
            stop += 1
        if stop > begin:
            total += tokens(
                buffer,
                begin,
                stop,
                scripts.classes,
                scripts.folds,
                False,
                low,
                room.eights,
                room.words[count + total :],
            )
        room.lines[lines] = total
        lines, begin = lines + 1, stop + 1
    return total, lines


@compiled
def _run_key(words: Any, begin: int, end: int) -> Any:
    """The key of a run of words; never 0."""
    key = U64(end - begin)
    for position in range(begin, end):
        key = key * HASH_BASE + words[position]
    return mixed(key) | U64(1)


@compiled
def _block(words: Any, begin: int, end: int, size: int, out: Any, to: int) -> int:
    """Write the keys of the first and of the last words of a block to `out` from `to` on; returns the end."""
    out[to], out[to + 1] = _run_key(words, begin, begin + size), _run_key(words, end - size, end)
    return to + 2


@compiled
def _block_keys(words: Any, lines: Any, count: int, size: int, out: Any, to: int) -> int:
    """Write the keys of the first and of the last `size` words of the blocks of a piece: the piece itself, its
    paragraphs (between lines without words) and its lines. `lines`: how many words end with each of `count` lines.

    `curate.corpus.links.runs_of` gives the words of the same runs in the same order.
    """
    total = lines[count - 1]
    if total < size:
        return to
    to = _block(words, 0, total, size, out, to)
    paragraph = before = 0
    for line in range(count + 1):
        if line < count and lines[line] > before:
            if size <= lines[line] - before < total:
                to = _block(words, before, lines[line], size, out, to)
            before = lines[line]
            continue
        if size <= before - paragraph < total:
            to = _block(words, paragraph, before, size, out, to)
        paragraph = before
    return to


@compiled
def _question_keys(content: Any, count: int, out: Any, row: int) -> None:
    """Write the keys of a question without one of `QUESTION_PARTS` parts each: two questions that differ in one word
    have one of them in common.
    """
    for part in range(QUESTION_PARTS):
        begin, end = part * count // QUESTION_PARTS, (part + 1) * count // QUESTION_PARTS
        key = U64(count)
        for position in range(count):
            if position < begin or position >= end:
                key = key * HASH_BASE + content[position]
        out[row, part] = mixed(key ^ mixed(U64(part + 1))) | U64(1)


@compiled
def _with_content(words: Any, begin: int, end: int, small: Any, out: Any, to: int) -> int:
    """Write words that are not small to `out` from `to` on; returns the end."""
    for position in range(begin, end):
        counts = True
        for word in small:
            counts = counts and words[position] != word
        if counts:
            out[to] = words[position]
            to += 1
    return to


@compiled
def _read_piece(
    pieces: Any,
    piece: int,
    kind: int,
    scripts: Scripts,
    limits: Limits,
    room: Buffers,
    count: int,
    blocks: Any,
    block_end: int,
) -> Any:
    """Write the words of a piece to `room.words` from `count` on, and the keys of its blocks to `blocks` from
    `block_end` on; returns the number of words and the end of the keys. A short piece that is not compared is not read.
    """
    begin, end = pieces.texts.starts[piece], pieces.texts.ends[piece]
    if kind < OUTSIDE_TURNS and kind != ANSWER and end - begin >= 2 * limits.block - 1:
        word_count, lines = _read_lines(pieces, piece, scripts, room, count)
        return word_count, _block_keys(room.words[count:], room.lines, lines, limits.block, blocks, block_end)
    if kind == UNCOMPARED:
        return 0, block_end
    low, words = room.eights.view(np.uint8), room.words[count:]
    return tokens(
        pieces.texts.buffer, begin, end, scripts.classes, scripts.folds, False, low, room.eights, words
    ), block_end


@compiled
def _read_row(
    pieces: Any,
    row: int,
    scripts: Scripts,
    limits: Limits,
    room: Buffers,
    prefix_keys: Any,
    begins: int,
    blocks: Any,
    block_end: int,
) -> Turns:
    """Write the words of a conversation to `room`, the keys up to each earlier answer to `prefix_keys` from `begins`
    on, and the keys of blocks to `blocks` from `block_end` on.
    """
    words, answer_words = room.words, room.answer_words
    count = spoken = turns = last_begin = asks = content = 0
    question, chain, ends_on_answer, first, opened = U64(0), U64(1), False, U64(0), False
    for piece in range(pieces.first[row], pieces.first[row + 1]):
        kind = pieces.kinds[piece]
        is_turn = kind != CALL and kind != OUTSIDE_TURNS  # noqa: PLR1714
        word_count, block_end = _read_piece(pieces, piece, kind, scripts, limits, room, count, blocks, block_end)
        if kind == UNCOMPARED:
            continue
        if ends_on_answer and is_turn:
            prefix_keys[begins] = chain
            begins += 1
        turn = U64(word_count)
        for position in range(count, count + word_count):
            turn = turn * HASH_BASE + words[position]
        if kind == USER:
            for position in range(count, count + word_count):
                question = question * HASH_BASE + words[position]
            content = _with_content(words, count, count + word_count, limits.small, room.content, content)
            if not opened and word_count >= limits.first_turn:
                first = _run_key(words, count, count + word_count)
            asks, opened = asks + word_count, True
        if kind == ANSWER:
            room.spoken[turns] = spoken
            turns, last_begin = turns + 1, count
        if kind == ANSWER or kind == CALL:  # noqa: PLR1714, SIM109
            copied(answer_words[spoken:], ZERO, words[count:], word_count)
            spoken += word_count
        if is_turn:
            chain = mixed(mixed(chain ^ pieces.roles[piece]) + mixed(turn))
            ends_on_answer = kind == ANSWER
        count += word_count
    room.spoken[turns] = spoken
    conversation_key = (chain or U64(1)) if ends_on_answer else U64(0)
    return Turns(
        count, spoken, turns, last_begin, mixed(question), asks, conversation_key, begins, first, content, block_end
    )


@compiled
def _has_single_answer(turns: Turns, room: Buffers, min_words: int) -> bool:
    """Whether a conversation has one compared answer, and all other words of the assistant directly follow it.

    False if the assistant has fewer than `min_words` words.
    """
    if turns.answers != 1 or turns.answer_words < min_words:
        return False
    for position in range(turns.answer_words):
        if room.answer_words[position] != room.words[turns.last + position]:
            return False
    return True


@compiled
def _text_shingles(turns: Turns, room: Buffers, size: int, alone: bool) -> Any:
    """Write the shingles of a text to `room` and return their numbers: those of a single answer to `answer_shingles`,
    which are sorted once for the answer and the text, all others to `other_shingles`.
    """
    words, answer_shingles, other_shingles = room.words, room.answer_shingles, room.other_shingles
    if not alone:
        count = _shingles(words, 0, turns.words, size, other_shingles, 0)
        return 0, distinct(other_shingles, count, room.sorting, room.buckets)
    part = distinct(
        answer_shingles,
        _shingles(room.answer_words, 0, turns.answer_words, size, answer_shingles, 0),
        room.sorting,
        room.buckets,
    )
    count, behind = 0, turns.last + turns.answer_words
    if turns.last:
        count = _shingles(words, 0, min(turns.last + size - 1, turns.words), size, other_shingles, 0)
    if behind < turns.words:
        count = _shingles(words, behind - size + 1, turns.words, size, other_shingles, count)
    return part, distinct(other_shingles, count, room.sorting, room.buckets)


@compiled
def _room_for_blocks(pieces: Any, row: int, least: int) -> int:
    """The largest number of keys of blocks that a conversation has: a block of `least` words has as many characters,
    and a word is in three blocks.
    """
    total = 0
    for piece in range(pieces.first[row], pieces.first[row + 1]):
        total += 6 * ((pieces.texts.ends[piece] - pieces.texts.starts[piece]) // least + 1)
    return total


@compiled
def linked(pieces: Any, scripts: Scripts, size: int, limits: Limits) -> Any:
    """The keys and sets that link conversations, which are given in pieces (see `curate.corpus.links.Pieces`).

    Returns the shingle sets of the complete texts (hashes, offsets); for each row the key of its user turns and their
    number of words, and the key of the conversation if it ends with an answer (else 0); the keys up to each earlier
    answer, and the end of those of each row; the sets of answers, all of a row together and then each of several
    (hashes, offsets; empty for a short one), their keys, and the end of those of each row; for each row the key of its
    first user turn and the keys of its question without a part each (0 for few words); the keys of blocks, and the end
    of those of each row.
    """
    least = limits.answer
    rows, room = len(pieces.first) - 1, _buffers_for(pieces)
    most = len(pieces.texts.buffer) // 5 + 1024
    out, offsets = np.empty(most, dtype=np.uint32), np.zeros(rows + 1, dtype=np.int64)
    answers, bounds = np.empty(most, dtype=np.uint32), np.zeros(rows + len(pieces.kinds) + 1, dtype=np.int64)
    questions, conversations = np.zeros(rows, dtype=np.uint64), np.zeros(rows, dtype=np.uint64)
    question_sizes = np.zeros(rows, dtype=np.int64)
    prefixes, prefix_ends = np.empty(len(pieces.kinds), dtype=np.uint64), np.zeros(rows + 1, dtype=np.int64)
    keys, answer_ends = np.empty(rows + len(pieces.kinds), dtype=np.uint64), np.zeros(rows + 1, dtype=np.int64)
    firsts, near = np.zeros(rows, dtype=np.uint64), np.zeros((rows, QUESTION_PARTS), dtype=np.uint64)
    blocks, block_ends = np.empty(1024, dtype=np.uint64), np.zeros(rows + 1, dtype=np.int64)
    total = answer_total = prefix_count = entries = 0
    for row in range(rows):
        blocks = _with_capacity(blocks, block_ends[row], _room_for_blocks(pieces, row, limits.block))
        turns = _read_row(pieces, row, scripts, limits, room, prefixes, prefix_count, blocks, block_ends[row])
        prefix_count, firsts[row], block_ends[row + 1] = turns.prefix_keys, turns.first, turns.blocks
        if turns.question_words >= limits.question:
            _question_keys(room.content, turns.content, near, row)
        questions[row], question_sizes[row], conversations[row], prefix_ends[row + 1] = (
            turns.question,
            turns.question_words,
            turns.conversation_key,
            prefix_count,
        )
        alone = _has_single_answer(turns, room, least)
        part, count = _text_shingles(turns, room, size, alone)
        out = _with_capacity(out, total, part + count)
        total = _merged(room.answer_shingles, part, room.other_shingles, count, out, total)
        offsets[row + 1] = total
        for entry in range(turns.answers if turns.answers < 2 else turns.answers + 1):
            begin, end = (room.spoken[entry - 1], room.spoken[entry]) if entry else (0, turns.answer_words)
            key = U64(0)
            for position in range(begin, end):
                key = key * HASH_BASE + room.answer_words[position]
            if end - begin >= least:
                if not alone:
                    count = _shingles(room.answer_words, begin, end, size, room.answer_shingles, 0)
                    part = distinct(room.answer_shingles, count, room.sorting, room.buckets)
                answers = _with_capacity(answers, answer_total, part)
                copied(answers[answer_total:], ZERO, room.answer_shingles, part)
                answer_total += part
            keys[entries] = mixed(key) if end > begin else U64(0)
            entries += 1
            bounds[entries] = answer_total
        answer_ends[row + 1] = entries
    return (
        out[:total].copy(), offsets, questions, question_sizes, conversations,
        prefixes[:prefix_count].copy(), prefix_ends, answers[:answer_total].copy(),
        bounds[: entries + 1].copy(), keys[:entries].copy(), answer_ends,
        firsts, near, blocks[: block_ends[rows]].copy(), block_ends,
    )  # fmt: skip
