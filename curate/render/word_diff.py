"""Word-by-word comparison of two texts, for reviewing a removal.

The common beginning and end are removed; a longest common subsequence of words in the rest counts as equal.
"""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Final, Literal, NamedTuple

from curate.core.example import Example
from curate.core.masking import masked
from curate.language.tokens import differing_spans, tokens

MAX_PRODUCT: Final = 100_000_000
"""Maximum product of two lengths in words; beyond it (in bytes, an eighth), the whole middle counts as different."""
CONTEXT_WORDS: Final = 8


class DiffSpan(NamedTuple):
    """A piece of text: in both examples, only in the removed one, or only in the kept one."""

    kind: Literal["same", "gone", "kept"]
    text: str


def word_diff(gone: str, kept: str) -> list[DiffSpan]:
    """The pieces of both texts in order: without the `kept` ones they form `gone`, without the `gone` ones `kept`."""
    from rapidfuzz.distance import Postfix, Prefix  # loaded as by `differing_spans`

    left, right = tokens(gone), tokens(kept)
    start = Prefix.similarity(left, right)
    a, b = left[start:], right[start:]
    end = Postfix.similarity(a, b)
    a, b = a[: len(a) - end], b[: len(b) - end]
    changed = differing_spans(a, b) if len(a) * len(b) <= MAX_PRODUCT else [(0, len(a), 0, len(b))]
    pieces, at = [DiffSpan("same", "".join(left[:start]))], 0
    for i, i_end, j, j_end in changed:
        pieces += [
            DiffSpan("same", "".join(a[at:i])),
            DiffSpan("gone", "".join(a[i:i_end])),
            DiffSpan("kept", "".join(b[j:j_end])),
        ]
        at = i_end
    pieces.append(DiffSpan("same", "".join(left[start + at :])))
    return [piece for piece in pieces if piece.text]


def with_context_only(pieces: Sequence[DiffSpan]) -> list[DiffSpan]:
    """The pieces with long common stretches shortened to the context of differences."""
    found = []
    for at, piece in enumerate(pieces):
        if piece.kind != "same":
            found.append(piece)
            continue
        words = tokens(piece.text)
        head = words[:CONTEXT_WORDS] if at else []
        tail = words[-CONTEXT_WORDS:] if at < len(pieces) - 1 else []
        whole = len(words) <= len(head) + len(tail) + 1
        found.append(piece if whole else DiffSpan("same", "".join([*head, "…", *tail])))
    return found


def turn_diffs(gone: Example, kept: Example) -> Iterator[tuple[str, list[DiffSpan]]]:
    """The turns of two examples side by side, word by word and without secrets.

    A turn that only one example has belongs to that side completely.
    """
    for mine, other in zip_longest(gone.messages, kept.messages):
        if mine is not None and other is not None and mine.role == other.role:
            yield masked(mine.role or "?"), word_diff(masked(mine.text), masked(other.text))
            continue
        if mine is not None:
            yield masked(mine.role or "?"), [DiffSpan("gone", masked(mine.text))]
        if other is not None:
            yield masked(other.role or "?"), [DiffSpan("kept", masked(other.text))]
