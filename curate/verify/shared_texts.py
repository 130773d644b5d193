"""Texts that link examples by themselves: the first user turn, and the blocks of text in turns of the system, the user
and tools; `docs/leaks.md` defines both.

A block is compared by its first and by its last words, its runs. A manifest names runs by digests.
"""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

import numpy as np

from curate.verify.reading import Reading
from curate.verify.words import Hashes, Numbers, mixed, weights, words_of

FIRST_TURN_WORDS: Final = 8
"""Minimum number of words of a first user turn that is compared by itself."""
BLOCK_WORDS: Final = 30
"""Minimum number of words of a block, and number of words of a run."""
DIGEST_BYTES: Final = 8


class Runs(NamedTuple):
    """Keys of the runs of texts, and the text of each."""

    keys: Hashes
    texts: Numbers


def may_have_blocks(text: str) -> bool:
    """Whether a text is long enough; outside of ASCII, a character may be a word."""
    return len(text) >= (2 * BLOCK_WORDS - 1 if text.isascii() else BLOCK_WORDS)


def runs_of(texts: Sequence[str], words: Hashes, counts: Numbers) -> Runs:
    """The runs of texts; words: the hashes of all their words, of which each text has so many."""
    begins = np.cumsum(counts) - counts
    starts: list[int] = []
    owners: list[int] = []
    lines = {at: texts[at].split("\n") for at in np.flatnonzero(counts >= BLOCK_WORDS).tolist()}
    sizes = iter(words_of([line for some in lines.values() for line in some])[1].tolist())
    for at, some in lines.items():
        places = run_places(list(islice(sizes, len(some))))
        starts += [int(begins[at]) + place for place in places]
        owners += [at] * len(places)
    inside = np.arange(BLOCK_WORDS)
    rows = (
        words[np.array(starts, dtype=np.int64)[:, None] + inside] if starts else np.empty((0, BLOCK_WORDS), np.uint64)
    )
    return Runs(mixed((rows * weights(inside)).sum(axis=1, dtype=np.uint64)), np.array(owners, dtype=np.int64))


def run_places(sizes: Sequence[int]) -> list[int]:
    """The first word of each run of a text with lines of these numbers of words."""
    found: set[int] = set()
    for begin, end in _blocks(sizes):
        if end - begin >= BLOCK_WORDS:
            found |= {begin, end - BLOCK_WORDS}
    return sorted(found)


def _blocks(sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The first word and the end of the text, of its lines, and of its paragraphs, which end at lines without words."""
    yield 0, sum(sizes)
    end = paragraph = 0
    for size in [*sizes, 0]:
        if not size:
            yield paragraph, end
            paragraph = end
        yield end, end + size
        end += size


def digest_of(words: Sequence[str]) -> str:
    """The digest of a run, as in a manifest."""
    return hashlib.blake2b(" ".join(words).encode(), digest_size=DIGEST_BYTES).hexdigest()


def words_of_runs(reading: Reading) -> dict[int, list[str]]:
    """The words of the runs of an example, by their keys."""
    found = {}
    for turn in reading.turns:
        if turn.role == "assistant" or not may_have_blocks(turn.text):
            continue
        words, counts = words_of([turn.text])
        places = run_places(words_of(turn.text.split("\n"))[1].tolist())
        keys = runs_of([turn.text], words.hash().to_numpy(), counts).keys.tolist()
        spelled = words.to_list()
        for key, place in zip(keys, places, strict=True):
            found[key] = spelled[place : place + BLOCK_WORDS]
    return found


def first_turn_words(reading: Reading) -> list[str]:
    """The words of the first user turn."""
    text = next(turn.full_text for turn in reading.turns if turn.role == "user")
    spelled: list[str] = words_of([text])[0].to_list()
    return spelled
