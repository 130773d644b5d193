"""Texts that link examples by themselves: the first user turn, and the blocks of text in documents and in turns of the
system, the user and tools; `docs/leaks.md` defines both.

A block is compared by its first and by its last words, its runs. A manifest names runs by digests.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

from curate.verify.words import Words

FIRST_TURN_WORDS: Final = 8
"""Minimum number of words of a first user turn that is compared by itself."""
BLOCK_WORDS: Final = 30
"""Minimum number of words of a block, and number of words of a run."""
RUN_DIGEST_BYTES: Final = 8


def digest_of(words: Words) -> int:
    """The digest of a run, which a manifest has in hexadecimal."""
    return int.from_bytes(hashlib.blake2b(" ".join(words).encode(), digest_size=RUN_DIGEST_BYTES).digest())


def runs_of(lines: Sequence[Words]) -> set[int]:
    """The digests of the runs of a text, given the words of each line."""
    words = [word for line in lines for word in line]
    places = {
        place
        for begin, end in _blocks(list(map(len, lines)))
        if end - begin >= BLOCK_WORDS
        for place in (begin, end - BLOCK_WORDS)
    }
    return {digest_of(words[place : place + BLOCK_WORDS]) for place in places}


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
