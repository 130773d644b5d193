"""Whether near-duplicates agree in their facts: what is asked, what is answered, and what stands beside it, such as
calls of functions, labels and attachments. What makes two texts differ in a fact stands in `curate.dedup.text_facts`.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from curate.core.arrays import Flags
from curate.core.example import LABELS, Example, attachments
from curate.core.lazy import np
from curate.corpus.boilerplate import Passages, cut_texts
from curate.corpus.corpus import LineReader, LineRef
from curate.corpus.dedup_text import On, called, said_in
from curate.dedup.text_facts import ask_alike, facts_equal


class Sides(NamedTuple):
    """What is asked and what is answered in an example, in the turns that are compared."""

    turns: list[str]
    asked: tuple[str, ...]
    """What is asked and, where much of the data shares instructions, what is asked besides these."""
    answered: str
    beside: tuple[Any, ...] = ([None] * len(LABELS), [], b"")
    """Labels, functions that are called, attachments; a plain conversation has none."""


def sides_of(example: Example, on: On, common: Passages = ()) -> Sides:
    """The sides of an example.

    `common`: instructions that much of the data shares (see `curate.corpus.boilerplate`). A request that is long
    because of it says no more for it: two have to agree without it too.
    """
    turns, answers = said_in(example, on)
    asked = "\n".join(turns)
    whole = (asked, *cut_texts([asked], common, 1)) if common else (asked,)
    sides = Sides(turns, whole, "\n".join(answers))
    if example.plain:
        return sides
    return sides._replace(
        beside=([example.value.get(key) for key in LABELS], called(example, on), attachments(example.value))
    )


def facts_agree(one: Sides, other: Sides, *, words: bool = False) -> bool:
    """Whether two examples agree in every fact; with `words`, in every word of meaning."""
    for mine, others in zip(one.asked, other.asked, strict=True):
        if mine != others and not facts_equal(mine, others, every=words):
            return False
    if not facts_equal(one.answered, other.answered, every=words, asked=(one.asked[0], other.asked[0])):
        return False
    if 1 < len(one.turns) == len(other.turns) and not all(map(ask_alike, one.turns, other.turns)):
        return False
    return one.beside == other.beside


class LinePairs(NamedTuple):
    """Pairs of lines of which it is asked whether they agree in their facts, and all that this takes in another
    process.
    """

    lines: Sequence[LineRef]
    pairs: Sequence[Sequence[int]]
    """Two numbers of lines each."""
    words: bool
    """Whether all words of meaning have to agree."""
    on: On
    common: Passages = ()
    """Shared instructions; see `sides_of`."""


def lines_agree(pairs: LinePairs) -> Flags:
    """Whether each pair agrees. Raises `InputError` where lines cannot be read again, or are others by now."""
    reader = LineReader()
    sides = [sides_of(reader.example(spot), pairs.on, pairs.common) for spot in pairs.lines]
    return np.array(
        [facts_agree(sides[left], sides[right], words=pairs.words) for left, right in pairs.pairs], dtype=np.bool_
    )
