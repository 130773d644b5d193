"""The texts that link examples which share them (docs/leaks.md): the first user turn, a nearly equal question, and a
document, which is a block of text in a turn of a role other than the assistant.

`curate.corpus.link_kernels` computes the keys; this module gives the words of the texts of these keys.
"""

import hashlib
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from curate.core.example import Example
from curate.core.lazy import np
from curate.core.text import words
from curate.similarity.shingles import letters, normal

FIRST_TURN_WORDS: Final = 8
"""Minimum number of words of a first user turn that is compared separately."""
QUESTION_WORDS: Final = 6
"""Minimum number of words of nearly equal questions."""
BLOCK_WORDS: Final = 30
"""Minimum number of words of a block of text, and number of its first and of its last words that are compared."""
SMALL_WORDS: Final = frozenset(
    (
        "a", "an", "the", "please", "kindly", "der", "die", "das", "den", "dem", "des", "ein", "eine", "einen",
        "einem", "einer", "eines", "bitte", "le", "la", "les", "l", "un", "une", "el", "los", "las", "il",
        "lo", "una",
    )
)  # fmt: skip
"""Articles and polite words, which do not count in nearly equal questions."""
DIGEST_BYTES: Final = 8


class Run(NamedTuple):
    """A run of words that is compared."""

    words: tuple[str, ...]
    text: str
    """The beginning of the text that has it, as written."""

    @property
    def digest(self) -> str:
        """The hash of the words, by which a manifest identifies the run."""
        spelled = " ".join(self.words).encode("utf-8", "replace")
        return hashlib.blake2b(spelled, digest_size=DIGEST_BYTES).hexdigest()


def words_of(text: str) -> list[str]:
    """The words of a text as docs/leaks.md defines them."""
    if text.isascii():
        return words(text.lower())
    classes, folded = letters(), normal(text)
    kinds = classes[np.frombuffer(folded.encode("utf-32-le", "surrogatepass"), dtype="<u4")].tolist()
    result: list[str] = []
    begin = 0
    for end, kind in enumerate([*kinds, 0]):
        if kind == 0:
            run = folded[begin:end]
            result += run if 2 in kinds[begin:end] else [run] * bool(run)
            begin = end + 1
    return result


def asked_words(example: Example) -> tuple[str, ...]:
    """The words of the user turns."""
    return tuple(word for message in example.messages if message.role == "user" for word in words_of(message.text))


def first_turn_of(example: Example) -> Run:
    """The first user turn."""
    text = next(message.text for message in example.messages if message.role == "user")
    return Run(tuple(words_of(text)), text)


def runs_of(example: Example) -> list[Run]:
    """The runs of words whose hashes are the keys of an example's blocks, in the order of these keys."""
    return [run for text in _block_turns(example) for run in _runs(text)]


def _block_turns(example: Example) -> Iterator[str]:
    """The texts of the turns that may have blocks."""
    for message in example.messages:
        if message.role != "assistant":
            yield message.text


def _runs(text: str) -> Iterator[Run]:
    lines = [words_of(line) for line in text.split("\n")]
    ends = [0]
    for line in lines:
        ends.append(ends[-1] + len(line))
    every, total = [word for line in lines for word in line], ends[-1]
    if total < BLOCK_WORDS:
        return
    written = text.split("\n")

    def both(begin: int, end: int, line: int) -> Iterator[Run]:
        shown = "\n".join(written[line:])
        yield Run(tuple(every[begin : begin + BLOCK_WORDS]), shown)
        yield Run(tuple(every[end - BLOCK_WORDS : end]), shown)

    yield from both(0, total, 0)
    paragraph, first = 0, 0
    for number, (before, end) in enumerate([*pairwise(ends), (total, total)]):
        if end > before:
            if BLOCK_WORDS <= end - before < total:
                yield from both(before, end, number)
            continue
        if BLOCK_WORDS <= before - paragraph < total:
            yield from both(paragraph, before, first)
        paragraph, first = before, number + 1
