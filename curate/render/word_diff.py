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


def word_diff(removed: str, kept: str) -> list[DiffSpan]:
    """The pieces of both texts in order.

    Those of the kinds `same` and `gone` form `removed`, those of `same` and `kept` form `kept`.
    """
    from rapidfuzz.distance import Postfix, Prefix  # loaded as by `differing_spans`

    left, right = tokens(removed), tokens(kept)
    start = Prefix.similarity(left, right)
    a, b = left[start:], right[start:]
    end = Postfix.similarity(a, b)
    a, b = a[: len(a) - end], b[: len(b) - end]
    changed = differing_spans(a, b) if len(a) * len(b) <= MAX_PRODUCT else [(0, len(a), 0, len(b))]
    pieces, offset = [DiffSpan("same", "".join(left[:start]))], 0
    for i, i_end, j, j_end in changed:
        pieces += [
            DiffSpan("same", "".join(a[offset:i])),
            DiffSpan("gone", "".join(a[i:i_end])),
            DiffSpan("kept", "".join(b[j:j_end])),
        ]
        offset = i_end
    pieces.append(DiffSpan("same", "".join(left[start + offset :])))
    return [piece for piece in pieces if piece.text]


def with_context_only(pieces: Sequence[DiffSpan]) -> list[DiffSpan]:
    """The pieces with long common texts shortened to some words next to the differences."""
    shortened = []
    for index, piece in enumerate(pieces):
        if piece.kind != "same":
            shortened.append(piece)
            continue
        words = tokens(piece.text)
        head = words[:CONTEXT_WORDS] if index else []
        tail = words[-CONTEXT_WORDS:] if index < len(pieces) - 1 else []
        is_short = len(words) <= len(head) + len(tail) + 1
        shortened.append(piece if is_short else DiffSpan("same", "".join([*head, "…", *tail])))
    return shortened


def turn_diffs(removed: Example, kept: Example) -> Iterator[tuple[str, list[DiffSpan]]]:
    """The turns of two examples side by side, word by word and without secrets.

    A turn that only one example has belongs to that side completely.
    """
    for left, right in zip_longest(removed.messages, kept.messages):
        if left is not None and right is not None and left.role == right.role:
            yield masked(left.role or "?"), word_diff(masked(left.text), masked(right.text))
            continue
        if left is not None:
            yield masked(left.role or "?"), [DiffSpan("gone", masked(left.text))]
        if right is not None:
            yield masked(right.role or "?"), [DiffSpan("kept", masked(right.text))]
