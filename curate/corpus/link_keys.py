"""The keys of `curate.corpus.links`, computed from the words of the pieces of conversations. Import it inside
functions, because importing numpy takes time.

Words are in an array, those of piece i from offsets[i] to offsets[i + 1].
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from curate.core.lazy import Bytes, Flags, Hashes, Ids, Numbers, Shingles
from curate.similarity.shingles import ShingleSets, TextBuffer
from curate.similarity.word_hashes import RunHashes, mixed, shingle_sets, word_hashes

UNCOMPARED, USER, ANSWER, OTHER, OUTSIDE_TURNS, CALL, REASONING = 0, 1, 2, 3, 4, 5, 6
"""Kinds of pieces of a conversation: a turn that is not compared; a turn of the user, of the assistant, of another
role; text outside of turns; the calls of the assistant's turn before it; reasoning beside a turn of the assistant.
Reasoning comes after all other pieces.
"""
QUESTION_PARTS = 8
LABEL = re.compile(
    rb"(?:[ \t(\[*>-]|\xef\xbc\x88)*"
    rb"(?:[A-Za-z]|\xce[\x91-\xbf]|\xcf[\x80-\x89]|\xd0[\x90-\xbf]|\xd1[\x80-\x8f]|\xef\xbc[\xa1-\xba]|\xef\xbd[\x81-\x9a]"
    rb"|(?:[0-9]|\xef\xbc[\x90-\x99]){1,2})"
    rb"(?:[.):\]]|\xe3\x80\x81|\xef\xbc[\x89\x8e\x9a])"
    rb"(?=[ \t\r\n]|\Z|\xc2\xa0|\xe3(?:\x80\x80|[\x81-\x83])"
    rb"|\xe4[\xb8-\xbf]|[\xe5-\xe9\xeb\xec]|\xea[\xb0-\xbf]|\xed[\x80-\x9e])"
)
"""The label of an option or a paragraph at the beginning of a line, in UTF-8, before white space or a character of a
script without case (Han, kana, Hangul); its letter or number is one word.
"""


class Pieces(NamedTuple):
    """Conversations in pieces."""

    texts: TextBuffer
    kinds: Bytes
    """The kind of each piece."""
    roles: Ids
    """A hash of the role of each turn."""
    first: Numbers
    """Where the pieces of each conversation begin, and where the last ones end."""


class PieceWords(NamedTuple):
    """The words of some pieces of conversations."""

    hashes: Hashes
    offsets: Numbers
    """Of each piece."""
    rows: Numbers
    """Of each conversation: where its words begin, and where the last ones end."""
    runs: RunHashes

    def choose(self, chosen: Flags, first: Numbers) -> "PieceWords":
        """Only the words of the chosen pieces; the others have none. first: see `Pieces`."""
        sizes = np.diff(self.offsets)
        if not sizes[~chosen].any():
            return self
        hashes, offsets = self.hashes[np.repeat(chosen, sizes)], _offsets_of_sizes(np.where(chosen, sizes, 0))
        return PieceWords(hashes, offsets, offsets[first], RunHashes(hashes, self.runs))


def _offsets_of_sizes(sizes: Numbers | Flags) -> Numbers:
    """The sums of the sizes before each one, and of all."""
    return np.append(0, np.cumsum(sizes))


class Segments(NamedTuple):
    """The texts of pieces, cut where a line or a sentence begins if a piece is of the user or may have blocks."""

    pieces: Numbers
    """The piece of each segment."""
    texts: TextBuffer
    is_line: Flags
    """Whether a line begins with it."""
    cut: Flags
    """Which pieces are cut."""


def read_words(pieces: Pieces, block: int, marks: Sequence[str]) -> tuple[PieceWords, Segments, Numbers]:
    """The words of all pieces; their segments, and where the words of each segment begin and the last ones end. A
    piece that is not compared and has no block of `block` words has no words. `marks`: what stands before a sentence.
    """
    texts, kinds = pieces.texts, pieces.kinds
    has_blocks = (kinds < OUTSIDE_TURNS) & (kinds != ANSWER) & (texts.ends - texts.starts >= 2 * block - 1)
    is_cut = has_blocks | (kinds == USER)  # of which lines are compared too
    segments = _segments(texts, is_cut, np.flatnonzero(~is_cut & (kinds != UNCOMPARED)), marks)
    hashes, ends = word_hashes(segments.texts)
    offsets = _offsets_of_sizes(np.bincount(segments.pieces, np.diff(ends), len(kinds)).astype(np.int64))
    return PieceWords(hashes, offsets, offsets[pieces.first], RunHashes(hashes)), segments, ends


def _segments(texts: TextBuffer, is_cut: Flags, whole: Numbers, marks: Sequence[str]) -> Segments:
    """The segments of the texts that are cut, and the texts number `whole`, in order."""
    cut = np.flatnonzero(is_cut)
    breaks, *sentences = (_ends_of(mark, texts.buffer) for mark in ("\n", *marks))
    begins = np.concatenate([breaks, *sentences])
    owners = texts.starts[cut].searchsorted(begins, "right") - 1
    inside = owners >= 0
    inside[inside] = (begins[inside] > texts.starts[cut][owners[inside]]) & (
        begins[inside] <= texts.ends[cut][owners[inside]]
    )
    is_line = np.concatenate([np.ones(len(cut) + len(whole), np.bool_), (np.arange(len(begins)) < len(breaks))[inside]])
    numbers = np.concatenate([cut, whole, cut[owners[inside]]])
    starts = np.concatenate([texts.starts[cut], texts.starts[whole], begins[inside]])
    order = np.lexsort((starts, numbers))
    numbers, starts = numbers[order], starts[order]
    last = np.append(numbers[1:] != numbers[:-1], True)[: len(numbers)]
    ends = np.where(last, texts.ends[numbers], np.append(starts[1:], 0)[: len(numbers)])
    return Segments(numbers, TextBuffer(texts.buffer, starts, ends), is_line[order], is_cut)


def _ends_of(mark: str, buffer: Bytes) -> Numbers:
    """The ends of a mark in a buffer of UTF-8."""
    *before, last = mark.encode()
    places = np.flatnonzero(buffer[len(before) :] == last)
    for place, byte in enumerate(before):
        places = places[buffer[places + place] == byte]
    return places + len(before) + 1


def block_keys(
    words: PieceWords, segments: Segments, segment_ends: Numbers, first: Numbers, size: int
) -> tuple[Ids, Numbers]:
    """The keys of the runs of `size` words of each conversation, and their ends: the runs of a piece that begin with a
    line or a sentence, or end with a line.

    `curate.corpus.links.runs_of` gives the words of the same runs in the same order.
    """
    pieces, begins, is_filled = segments.pieces, segment_ends[:-1], np.diff(segment_ends) > 0
    is_start = segments.cut[pieces] & is_filled & (begins + size <= words.offsets[pieces + 1])
    opens = np.flatnonzero(segments.is_line)
    line_pieces, line_ends = pieces[opens], np.append(begins[opens], segment_ends[-1])
    line_begins, line_ends = line_ends[:-1], line_ends[1:]
    is_end = segments.cut[line_pieces] & (line_ends > line_begins) & (line_ends - size >= words.offsets[line_pieces])
    runs = np.unique(np.concatenate([begins[is_start], line_ends[is_end] - size]))
    counts = np.bincount(words.offsets.searchsorted(runs, "right") - 1, minlength=len(words.offsets) - 1)
    return words.runs.keys(runs, runs + size), _offsets_of_sizes(counts)[first]


def chain_keys(words: PieceWords, pieces: Pieces) -> tuple[Ids, Ids, Numbers]:
    """The key of each conversation that ends with an answer, else 0; the keys up to each earlier answer, and the ends
    of those of each conversation.
    """
    turns = np.flatnonzero(np.isin(pieces.kinds, (USER, ANSWER, OTHER)))
    begins, ends = words.offsets[turns], words.offsets[turns + 1]
    said = mixed(words.runs.of(begins, ends, ends - begins))
    bounds = turns.searchsorted(pieces.first)
    counts, keys = np.diff(bounds), np.ones(len(pieces.first) - 1, dtype=np.uint64)
    chains, rows = np.zeros(len(turns), dtype=np.uint64), np.argsort(-counts, kind="stable")
    for step in range(int(counts.max(initial=0))):
        rows = rows[: np.searchsorted(-counts[rows], -step)]  # conversations with more turns
        place = bounds[rows] + step
        keys[rows] = chains[place] = mixed(mixed(keys[rows] ^ pieces.roles[turns[place]]) + said[place])
    answers = pieces.kinds[turns] == ANSWER
    last = np.zeros(len(turns), dtype=np.bool_)
    last[bounds[1:][counts > 0] - 1] = True
    conversations = np.zeros(len(counts), dtype=np.uint64)
    row_of = np.repeat(np.arange(len(counts)), counts)
    conversations[row_of[last & answers]] = np.maximum(chains[last & answers], np.uint64(1))
    earlier = answers & ~last
    return conversations, chains[earlier], _offsets_of_sizes(earlier)[bounds]


class Openings(NamedTuple):
    """What may stand before a request without changing it."""

    small: Hashes
    """Small words."""
    first_words: Hashes
    """The first words of phrases."""
    phrases: Mapping[int, Ids]
    """The keys of phrases by their number of words, the longest first."""
    max_small: int
    """Maximum number of small words before a phrase."""
    least: int
    """Minimum number of words that are not small, of a question without its phrase."""


def question_keys(
    words: PieceWords, pieces: Pieces, least_first: int, least: int, openings: Openings
) -> tuple[Ids, Numbers, Ids, Ids]:
    """For each conversation the key of its user turns and their number of words; the key of its first user turn, 0 for
    one of few words; and the keys of its question without a part each, then without its phrase, 0 for few words. Small
    words do not count there.
    """
    is_user = pieces.kinds == USER
    said = words.choose(is_user, pieces.first)
    rows = len(pieces.first) - 1
    firsts, near = np.zeros(rows, dtype=np.uint64), np.zeros((rows, QUESTION_PARTS + 1), dtype=np.uint64)
    users = np.flatnonzero(is_user)
    places = users.searchsorted(pieces.first)
    asking = np.flatnonzero(np.diff(places))
    turns = users[places[asking]]
    begins, ends = said.offsets[turns], said.offsets[turns + 1]
    long = ends - begins >= least_first
    firsts[asking[long]] = said.runs.keys(begins[long], ends[long])
    content = np.ones(len(said.hashes), dtype=np.bool_)
    for word in openings.small:
        content &= said.hashes != word
    counts, runs = _offsets_of_sizes(content), RunHashes(said.hashes[content], said.runs)
    bounds = counts[said.rows]
    sizes = np.diff(said.rows)
    chosen = np.flatnonzero(sizes >= least)
    start, end = bounds[chosen], bounds[chosen + 1]
    for part in range(QUESTION_PARTS):
        skip, rest = (start + number * (end - start) // QUESTION_PARTS for number in (part, part + 1))
        keys = runs.of(rest, end, runs.of(start, skip, end - start))
        near[chosen, part] = mixed(keys ^ mixed(np.full(1, part + 1, dtype=np.uint64))) | np.uint64(1)
    start, end = counts[_phrase_ends(said, content, openings)], bounds[1:]
    long = end - start >= openings.least
    near[long, QUESTION_PARTS] = runs.keys(start[long], end[long])
    return mixed(said.runs.of(said.rows[:-1], said.rows[1:])), sizes, firsts, near


def _phrase_ends(said: PieceWords, content: Flags, openings: Openings) -> Numbers:
    """Where the phrase at the beginning of each question ends; its beginning if it has none. `content`: which words are
    not small.
    """
    result, begins = said.rows[:-1].copy(), said.rows[:-1]
    rows = np.arange(len(begins))
    for before in range(openings.max_small + 1):
        rows = rows[begins[rows] + before < said.rows[1:][rows]]
        at_phrase = rows[np.isin(said.hashes[begins[rows] + before], openings.first_words)]
        found = np.zeros(len(begins), dtype=np.bool_)
        for size, keys in openings.phrases.items():
            whole = at_phrase[~found[at_phrase] & (begins[at_phrase] + before + size <= said.rows[1:][at_phrase])]
            start = begins[whole] + before
            matching = np.isin(said.runs.keys(start, start + size), keys)
            result[whole[matching]] = start[matching] + size
            found[whole[matching]] = True
        rows = rows[~found[rows] & ~content[begins[rows] + before]]
    return result


def line_keys(
    words: PieceWords, segments: Segments, segment_ends: Numbers, pieces: Pieces, least: int, least_words: int
) -> Ids:
    """For each conversation the key of the lines of its user turns in any order, without their labels; 0 for fewer than
    `least` lines or `least_words` words. Lines without words do not count.
    """
    opens = np.flatnonzero(segments.is_line)
    begins, ends = segment_ends[:-1][opens], np.append(segment_ends[opens[1:]], segment_ends[-1])[: len(opens)]
    is_asked = (pieces.kinds[segments.pieces[opens]] == USER) & (ends > begins)
    opens, begins, ends = opens[is_asked], begins[is_asked], ends[is_asked]
    rows = pieces.first.searchsorted(segments.pieces[opens], "right") - 1
    several = np.bincount(rows, minlength=len(pieces.first) - 1)[rows] >= least
    opens, begins, ends, rows = opens[several], begins[several], ends[several], rows[several]
    text = segments.texts.buffer.data
    spans = zip(segments.texts.starts[opens].tolist(), segments.texts.ends[opens].tolist(), strict=True)
    begins = begins + np.array([LABEL.match(text, *span) is not None for span in spans], dtype=np.bool_)
    is_filled = ends > begins
    begins, ends, rows = begins[is_filled], ends[is_filled], rows[is_filled]
    bounds = rows.searchsorted(np.arange(len(pieces.first)))
    lines = np.append(np.uint64(0), np.cumsum(words.runs.keys(begins, ends), dtype=np.uint64))
    enough = (np.diff(bounds) >= least) & (np.diff(_offsets_of_sizes(ends - begins)[bounds]) >= least_words)
    return np.where(enough, mixed(np.diff(lines[bounds])) | np.uint64(1), np.uint64(0))


class Answers(NamedTuple):
    """The answers of conversations: all turns of the assistant together, each of several turns, each reasoning."""

    sets: ShingleSets
    """The shingles of each; empty for a short one."""
    keys: Ids
    """The key of the words of each; 0 for one without words, and for short reasoning, which is no short answer."""
    sizes: Shingles
    """The number of words of each."""
    edges: Ids
    """The keys of the first and of the last words of each, one column per end; 0 for a short one and for several turns
    together.
    """
    edge_shingles: Shingles
    """The first and the last shingle of each, one column per end; 0 where `edges` is 0."""
    blocks: Ids
    """The keys of the first and of the last words of each, as many as a block has, one column per end; 0 for one with
    fewer words and for several turns together.
    """
    ends: Numbers
    """The end of the answers of each conversation."""


def answers_of(words: PieceWords, pieces: Pieces, least: int, size: int, block: int) -> Answers:
    """The answers of each conversation. `words`: of all pieces; `least`: number of words below which one is short;
    `block`: number of words of `Answers.blocks`.
    """
    is_reasoning = pieces.kinds == REASONING
    spoken = words.choose(np.isin(pieces.kinds, (ANSWER, CALL)) | is_reasoning, pieces.first)
    rows = len(pieces.first) - 1
    answers, reasonings = np.flatnonzero(pieces.kinds == ANSWER), np.flatnonzero(is_reasoning)
    places = reasonings.searchsorted(pieces.first)
    last = spoken.offsets[pieces.first[1:] - np.diff(places)]  # reasoning is behind the turns
    bounds = answers.searchsorted(pieces.first)
    counts = np.diff(bounds)
    row_of = np.repeat(np.arange(rows), counts)
    begins = spoken.offsets[answers]
    same = np.append(row_of[1:] == row_of[:-1], False)[: len(answers)]
    ends = np.where(same, np.append(begins[1:], 0)[: len(answers)], last[row_of])
    answering, several = np.flatnonzero(counts), counts[row_of] > 1
    owners = np.concatenate([answering, row_of[several], np.repeat(np.arange(rows), np.diff(places))])
    order = owners.argsort(kind="stable")
    begins = np.concatenate([spoken.rows[:-1][answering], begins[several], spoken.offsets[reasonings]])[order]
    ends = np.concatenate([last[answering], ends[several], spoken.offsets[reasonings + 1]])[order]
    keys = mixed(spoken.runs.of(begins, ends))
    long = ends - begins >= least
    keys[(ends == begins) | (~long & (order >= len(owners) - len(reasonings)))] = 0
    together = (order < len(answering)) & (counts[owners[order]] > 1)
    alone = np.flatnonzero(long & ~together)
    edges, edge_shingles = np.zeros((len(keys), 2), dtype=np.uint64), np.zeros((len(keys), 2), dtype=np.uint32)
    for end, start in enumerate((begins[alone], ends[alone] - least)):
        edges[alone, end] = spoken.runs.keys(start, start + least)
        first = start + end * (least - size)
        edge_shingles[alone, end] = shingle_sets(spoken.hashes, first, first + size, size).hashes
    whole, blocks = alone[(ends - begins)[alone] >= block], np.zeros((len(keys), 2), dtype=np.uint64)
    for end, start in enumerate((begins[whole], ends[whole] - block)):
        blocks[whole, end] = spoken.runs.keys(start, start + block)
    sets = shingle_sets(spoken.hashes, begins, np.where(long, ends, begins), size)
    sizes = (ends - begins).astype(np.uint32)
    return Answers(
        sets, keys, sizes, edges, edge_shingles, blocks, _offsets_of_sizes(np.bincount(owners, minlength=rows))
    )
