"""Answers that are the beginning or the end of a longer one, as defined in `docs/leaks.md`.

Candidates have the same first or last words; and of the shorter one, the shingle at its other end is one of the longer
one. They are read again and compared word by word.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import xxhash

from curate.verify.reading import ParsedContent
from curate.verify.similarity_index import BLOCK_HASHES, Flags, HashSets, slices
from curate.verify.words import SHINGLE_WORDS, Hashes, Numbers, Words, words_of

MIN_ANSWER_WORDS: Final = 20
"""Minimum number of words of an answer that is compared by itself."""
FILTER_SIZE: Final = 1 << 20
"""Number of classes of shingles; one of a class without an edge is not looked up."""
BUCKET_FACTOR: Final = np.uint64(0x9E3779B97F4A7C15)


class Edges(NamedTuple):
    """The beginning and the end of an answer, hashed."""

    first_words: int
    last_words: int
    first_shingle: int
    last_shingle: int
    size: int
    """Number of words."""


NO_EDGES: Final = Edges(0, 0, 0, 0, 0)
"""For an answer that is not compared in this way."""


def edges_of(words: Words) -> Edges:
    """The edges of an answer of `MIN_ANSWER_WORDS` words or more."""
    runs = (words[:MIN_ANSWER_WORDS], words[-MIN_ANSWER_WORDS:], words[:SHINGLE_WORDS], words[-SHINGLE_WORDS:])
    first_words, last_words, first, last = (xxhash.xxh3_64_intdigest(" ".join(run).encode()) for run in runs)
    return Edges(first_words, last_words, first, last, len(words))


def cut_candidates(edges: Hashes, sets: HashSets, splits: Numbers) -> Flags:
    """Which answers may be the beginning or the end of one in another split, or the reverse.

    edges: those of each answer, one column per field; sets: its shingles; splits: its split number.
    """
    candidates = np.zeros(len(edges), dtype=np.bool_)
    for end in (0, 1):
        rows, buckets = _shared_edges(edges, end, splits)
        sizes = edges[rows, 4]
        codes = edges[rows, 3 - end] + buckets.astype(np.uint64) * BUCKET_FACTOR
        targets, target_of = np.unique(codes, return_inverse=True)
        shortest = np.full(len(targets), np.iinfo(np.uint64).max, dtype=np.uint64)
        np.minimum.at(shortest, target_of, sizes)
        is_cut = np.zeros(len(targets), dtype=np.bool_)
        may_be_target = np.zeros(FILTER_SIZE, dtype=np.bool_)
        may_be_target[edges[rows, 3 - end] % np.uint64(FILTER_SIZE)] = True
        for part in slices(sets.sizes[rows], BLOCK_HASHES):
            block = sets.chosen(rows[part])
            likely = np.flatnonzero(may_be_target[block.hashes % np.uint64(FILTER_SIZE)])
            owners = part.start + block.owners[likely]
            shingles = block.hashes[likely] + buckets[owners].astype(np.uint64) * BUCKET_FACTOR
            positions = np.minimum(np.searchsorted(targets, shingles), len(targets) - 1)
            hits = (targets[positions] == shingles) & (shortest[positions] < sizes[owners])
            # the last shingle of an answer that repeats none is at its end only
            repeating = block.sizes[owners - part.start] + (SHINGLE_WORDS - 1) < sizes[owners].astype(np.int64)
            hits &= repeating | (shingles != codes[owners])
            candidates[rows[owners[hits]]] = True
            is_cut[positions[hits]] = True
        candidates[rows[is_cut[target_of]]] = True
    return candidates


def _shared_edges(edges: Hashes, end: int, splits: Numbers) -> tuple[Numbers, Numbers]:
    """The answers, by row, with first words (end 0) or last words (end 1) that several splits have, and a number for
    these words.
    """
    rows = np.flatnonzero(edges[:, 4])
    _, buckets, counts = np.unique(edges[rows, end], return_inverse=True, return_counts=True)
    earliest, latest = np.full(len(counts), splits.max(initial=0)), np.zeros(len(counts), dtype=np.int64)
    np.minimum.at(earliest, buckets, splits[rows])
    np.maximum.at(latest, buckets, splits[rows])
    shared = earliest[buckets] < latest[buckets]
    return rows[shared], buckets[shared]


def cut_answers(readings: Mapping[int, ParsedContent], splits: Mapping[int, int]) -> dict[int, int]:
    """For each example with an answer that is the beginning or the end of one in an earlier split, or the reverse, the
    first such earlier example; examples by place.

    splits: the split number of each place.
    """
    answers = [(place, answer) for place in sorted(readings) for answer in _long_answers(readings[place])]
    sizes = sorted({len(answer) for _, answer in answers})
    pairs: dict[int, int] = {}
    for step in (1, -1):  # beginnings, then ends
        for place, earlier in _cut_pairs([(place, answer[::step]) for place, answer in answers], sizes):
            if splits[earlier] < splits[place]:
                pairs[place] = min(earlier, pairs.get(place, earlier))
    return pairs


def _long_answers(reading: ParsedContent) -> list[Words]:
    """The words of each assistant turn and of each reasoning that is compared by itself."""
    turns = [turn for turn in reading.turns if turn.role == "assistant"]
    texts = [*(turn.full_text for turn in turns), *(text for turn in turns for text in turn.reasoning)]
    return [words for words in words_of(texts) if len(words) >= MIN_ANSWER_WORDS]


def _cut_pairs(answers: Sequence[tuple[int, Words]], sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """For each answer, its place and the first place of an answer that it begins with, or that begins with it.

    `sizes`: the numbers of words of the answers, ascending. Answers are in the order of their places.
    """
    beginnings = [(place, _digests(answer, sizes)) for place, answer in answers]
    whole: dict[int, int] = {}
    longer: dict[int, int] = {}
    for place, digests in beginnings:
        whole.setdefault(digests[-1], place)
    for place, digests in beginnings:
        for digest in digests[:-1]:
            if digest in whole:
                longer.setdefault(digest, place)
                yield place, whole[digest]
    for place, digests in beginnings:
        if digests[-1] in longer:
            yield place, longer[digests[-1]]


def _digests(words: Words, sizes: Sequence[int]) -> list[int]:
    """The digests of the beginnings of an answer that have one of these numbers of words, up to the whole answer."""
    running, digests, start = xxhash.xxh3_64(), list[int](), 0
    for size in sizes[: bisect_right(sizes, len(words))]:
        running.update("".join(f"{word} " for word in words[start:size]).encode())
        digests.append(running.intdigest())
        start = size
    return digests
