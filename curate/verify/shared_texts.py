"""Texts that link examples by themselves: the first user turn, and the blocks of text in documents and in turns of the
system, the user and tools; `docs/leaks.md` defines both.

A block is compared by its runs of words that begin with a line or a sentence, or end with a line. A manifest names
runs by digests.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Final

from curate.verify.words import Words

FIRST_TURN_WORDS: Final = 8
"""Minimum number of words of a first user turn that is compared by itself."""
BLOCK_WORDS: Final = 30
"""Number of words of a run."""
SENTENCE: Final = re.compile("(?<=[.!?\u061f\u0964] )|(?<=[\u3002\uff01\uff1f])")
"""Where a sentence begins: behind a mark and a space, or behind a full-width mark."""
RUN_DIGEST_BYTES: Final = 8


def digest_of(words: Words) -> int:
    """The digest of a run, which a manifest has in hexadecimal."""
    return int.from_bytes(hashlib.blake2b(" ".join(words).encode(), digest_size=RUN_DIGEST_BYTES).digest())


def segments_of(line: str) -> list[str]:
    """The parts of a line, cut where a sentence begins."""
    return SENTENCE.split(line)


def runs_of(lines: Sequence[Sequence[Words]]) -> set[int]:
    """The digests of the runs of a text, given the words of the segments of each line."""
    words, places = list[str](), set[int]()
    for line in lines:
        for segment in filter(None, line):
            places.add(len(words))
            words += segment
        if any(line):
            places.add(len(words) - BLOCK_WORDS)
    return {digest_of(words[place : place + BLOCK_WORDS]) for place in places if 0 <= place <= len(words) - BLOCK_WORDS}


def edge_runs_of(words: Words) -> set[int]:
    """The digests of the first and of the last words of an answer; none of one that is shorter than a run."""
    return runs_of([[words]])
