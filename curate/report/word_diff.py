"""What two texts have in common and where they differ, word by word, for a person who must judge a removal.

The words are matched by Ratcliff and Obershelp's method (difflib), after their common beginning and end were taken off.
"""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Final, Literal, NamedTuple

from curate.example import Example
from curate.masking import masked
from curate.text import UNSPACED

TOKENS: Final = re.compile(r"\w+|\s+|[^\w\s]")
MOST: Final = 4_000_000
"""Product of two lengths in words up to which texts are matched; beyond it, what is not their common beginning or end differs as a whole."""
AROUND: Final = 8
"""Words, spaces and marks that are shown before and after a difference."""


class Piece(NamedTuple):
    """Some text, and whether it is in both, only in the one that goes, or only in the one that stays."""

    kind: Literal["same", "gone", "kept"]
    text: str


def word_diff(gone: str, kept: str) -> list[Piece]:
    """The pieces of both texts in order: all but the `kept` ones make up `gone`, all but the `gone` ones `kept`."""
    left, right = _tokens(gone), _tokens(kept)
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    end = 0
    while end < min(len(left), len(right)) - start and left[-1 - end] == right[-1 - end]:
        end += 1
    a, b = left[start : len(left) - end], right[start : len(right) - end]
    pieces = [Piece("same", "".join(left[:start])), *_middle(a, b), Piece("same", "".join(left[len(left) - end :]))]
    return [piece for piece in pieces if piece.text]


def _middle(left: Sequence[str], right: Sequence[str]) -> Iterator[Piece]:
    if len(left) * len(right) > MOST:
        yield from (Piece("gone", "".join(left)), Piece("kept", "".join(right)))
        return
    for kind, i, i_end, j, j_end in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if kind == "equal":
            yield Piece("same", "".join(left[i:i_end]))
        else:
            yield from (Piece("gone", "".join(left[i:i_end])), Piece("kept", "".join(right[j:j_end])))


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    for match in TOKENS.finditer(text):
        word = match.group()
        if re.search(UNSPACED, word):
            found.extend(word)
        else:
            found.append(word)
    return found


def folded(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces with long common stretches cut down to what stands around the differences."""
    found = []
    for at, piece in enumerate(pieces):
        if piece.kind != "same":
            found.append(piece)
            continue
        tokens = _tokens(piece.text)
        head = tokens[:AROUND] if at else []
        tail = tokens[-AROUND:] if at < len(pieces) - 1 else []
        whole = len(tokens) <= len(head) + len(tail) + 1
        found.append(piece if whole else Piece("same", "".join([*head, "…", *tail])))
    return found


def turn_diffs(gone: Example, kept: Example) -> Iterator[tuple[str, list[Piece]]]:
    """The turns of two examples side by side: a role with its pieces, secrets taken out. A turn that only one has is all of that one's."""
    for mine, other in zip_longest(gone.messages, kept.messages):
        if mine is not None and other is not None and mine.role == other.role:
            yield masked(mine.role or "?"), word_diff(masked(mine.text), masked(other.text))
            continue
        if mine is not None:
            yield masked(mine.role or "?"), [Piece("gone", masked(mine.text))]
        if other is not None:
            yield masked(other.role or "?"), [Piece("kept", masked(other.text))]
