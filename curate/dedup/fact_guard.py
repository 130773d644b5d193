"""Whether near-duplicates agree in their facts: what is asked, what is answered, and what stands beside it, such as
calls of functions, labels and attachments. What makes two texts differ in a fact stands in `curate.dedup.text_facts`.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from curate.core.arrays import Flags
from curate.core.example import LABELS, Example, attachments
from curate.core.lazy import np
from curate.corpus.boilerplate import Passages, cut_texts
from curate.corpus.corpus import LineReader, LineRef, changed
from curate.corpus.dedup_text import On, called, said_in, turns_of
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
    sides = _sides(*said_in(example, on), common)
    if example.plain:
        return sides
    return sides._replace(
        beside=([example.value.get(key) for key in LABELS], called(example, on), attachments(example.value))
    )


def _sides(turns: list[str], answers: list[str], common: Passages) -> Sides:
    asked = "\n".join(turns)
    return Sides(turns, (asked, *cut_texts([asked], common, 1)) if common else (asked,), "\n".join(answers))


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
    plain = _plain_sides(reader, pairs)
    sides = [
        plain.get(at) or sides_of(reader.example(spot), pairs.on, pairs.common) for at, spot in enumerate(pairs.lines)
    ]
    return np.array(
        [facts_agree(sides[left], sides[right], words=pairs.words) for left, right in pairs.pairs], dtype=np.bool_
    )


def _plain_sides(reader: LineReader, pairs: LinePairs) -> dict[int, Sides]:
    """The sides of plain lines, by their numbers; these are read by compiled code, all at once."""
    from curate.corpus.plain_features import ids_of
    from curate.read.plain_columns import ROLES, plain_columns

    if any(spot.source.document for spot in pairs.lines):  # an element may span lines
        return {}
    outlined = plain_columns(b"\n".join([*map(reader.data, pairs.lines), b""]))
    if len(outlined.starts) != len(pairs.lines) + 1:
        return {}
    numbers = (outlined.numbers - 1).tolist()
    ids, spots = ids_of(outlined).astype(">u8").tobytes().hex(), [pairs.lines[number] for number in numbers]
    if ids != "".join([spot.id for spot in spots]):
        raise changed(next(spot for row, spot in enumerate(spots) if spot.id != ids[32 * row : 32 * row + 32]).source)
    text, roles = outlined.text.tobytes(), tuple([ROLES[role] for role in outlined.turns[:, 0].tolist()])
    said = [text[start:end].decode() for start, end in outlined.turns[:, 3:5].tolist()]
    found = {}
    for number, (first, count) in zip(numbers, outlined.lines[:, :2].tolist(), strict=True):
        sides: tuple[list[str], list[str]] = ([], [])
        for at in turns_of(roles[first : first + count], pairs.on):
            sides[roles[first + at] == "assistant"].append(said[first + at])
        found[number] = _sides(*sides, pairs.common)
    return found
