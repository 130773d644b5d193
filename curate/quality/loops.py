"""Answers that end in a loop, or repeat a phrase several times in a row."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from curate.core.lazy import Floats, Hashes, Numbers, np
from curate.core.text import text_column

MAX_CHARS: Final = 8_000
"""At the end of an answer."""
MAX_PHRASE_WORDS: Final = 60
MIN_LOOP: Final = 6
HALF_DOUBT_LOOP_WORDS: Final = 20
BLOCK_TEXTS: Final = 1_024
WORD_OR_MARK: Final = r"[\p{L}\p{N}_]+|[^\p{L}\p{N}_\s]"
"""For polars; the words that `_loop_doubt` compares."""


def loops(answers: Sequence[str]) -> Floats:
    """1 without a phrase that occurs three times in a row, near 0 for an answer that consists mostly of repetitions."""
    goodness = np.ones(len(answers))
    for start in range(0, len(answers), BLOCK_TEXTS):
        texts = [answer[-MAX_CHARS:].casefold() for answer in answers[start : start + BLOCK_TEXTS]]
        for index in _with_loops(texts):
            goodness[start + index] = 1 - _loop_doubt(texts[index])
    return goodness


def _with_loops(texts: Sequence[str]) -> list[int]:
    """The positions of the texts that may have a phrase three times in a row, by the hashes of their words."""
    words = text_column(texts).str.extract_all(WORD_OR_MARK)
    owners = np.repeat(np.arange(len(texts), dtype=np.uint64), words.list.len().to_numpy())
    kept = words.explode().drop_nulls()
    codes = kept.hash().to_numpy() ^ (owners * np.uint64(0x9E3779B97F4A7C15))  # no word is equal to one of another text
    looping = [owners[place] for period in range(1, MAX_PHRASE_WORDS + 1) for place in _runs(codes, period)]
    return sorted({int(owner) for owner in looping})


def _runs(codes: Hashes, period: int) -> Iterator[int]:
    """Places of words that are equal to the one `period` words later, at least one of each run that is long enough."""
    length = max(2 * period, MIN_LOOP - period)
    hits = np.flatnonzero(codes[period::length] == codes[: max(0, len(codes) - period) : length]) * length
    runs = 1 + _equal_words(codes, hits, period, 1, length) + _equal_words(codes, hits, period, -1, length)
    yield from hits[runs >= length].tolist()


def _equal_words(codes: Hashes, places: Numbers, period: int, direction: int, limit: int) -> Numbers:
    """The number of words next to each place, in a direction, that are equal to the one `period` words later; at most
    `limit`.
    """
    counts = np.zeros(len(places), dtype=np.int64)
    going = np.arange(len(places))
    for distance in range(1, limit + 1):
        near = places[going] + direction * distance
        inside = (near >= 0) & (near + period < len(codes))
        going, near = going[inside], near[inside]
        going = going[codes[near] == codes[near + period]]
        if not len(going):
            break
        counts[going] = distance
    return counts


def _loop_doubt(text: str) -> float:
    """0 to 1: 0 without a phrase that occurs three times in a row, and higher with the number of words of such a loop.

    A loop that does not reach the end of the answer counts 0.6 times.
    """
    words = re.findall(r"\w+|[^\w\s]", text)
    if len(words) < MIN_LOOP:
        return 0.0
    codes_by_word: dict[str, int] = {}
    codes = np.array([codes_by_word.setdefault(word, len(codes_by_word)) for word in words])
    worst = 0.0
    for period in range(1, min(MAX_PHRASE_WORDS, len(words) // 3) + 1):
        same = codes[period:] == codes[:-period]
        if np.count_nonzero(same) < (2 * period if same[-1] else max(2 * period, MIN_LOOP)):
            continue
        edges = np.flatnonzero(np.diff(np.concatenate(([0], same.view(np.int8), [0]))))
        runs, ends = edges[1::2] - edges[::2], edges[1::2]
        for run, end in zip(runs.tolist(), ends.tolist(), strict=True):
            covered = run + period
            phrase = words[end : end + period]
            if run < 2 * period or covered < MIN_LOOP or not any(len(word) > 1 and word.isalpha() for word in phrase):
                continue
            doubt = covered / (covered + HALF_DOUBT_LOOP_WORDS) * (1.0 if end >= len(same) - 1 else 0.6)
            worst = max(worst, doubt)
    return worst
