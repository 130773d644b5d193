"""Whether near-duplicates agree in their facts: those of the questions, of the answers, and of function calls, labels
and attachments. `curate.dedup.text_facts` compares the facts of two texts.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from curate.core.example import Example, attachments, canonical
from curate.core.invisible import UNSEEN
from curate.core.lazy import Flags, np
from curate.corpus.boilerplate import Passages, cut_texts
from curate.corpus.corpus import LineReader, LineRef
from curate.corpus.dedup_text import On, compared_texts, context_values, other_sides
from curate.dedup.text_facts import ask_alike, facts_equal

FLAG_TAGS: Final = frozenset(map(chr, range(0xE0020, 0xE0080)))
"""Characters that spell the region of a flag after an emoji."""


class ComparedTexts(NamedTuple):
    """Questions and answers of an example in the compared turns."""

    turns: list[str]
    asked: tuple[str, ...]
    """The questions; if much of the data shares instructions, also the questions without these."""
    answered: str
    rejected: str = ""
    """The rejected answer of a preference pair."""
    beside: tuple[bytes, bytes] = (b"", b"")
    """What else a trainer is given, and attachments; empty for a plain conversation."""


def sides_of(example: Example, on: On, common: Passages = ()) -> ComparedTexts:
    """The sides of an example. `common`: instructions that much of the data shares (see `curate.corpus.boilerplate`).

    Shared instructions make a request longer without adding meaning, so two requests must agree without them too.
    """
    turns, answers = ([_visible_text(text) for text in texts] for texts in compared_texts(example, on))
    asked = "\n".join(turns)
    whole = (asked, *cut_texts([asked], common, 1)) if common else (asked,)
    sides = ComparedTexts(turns, whole, "\n".join(answers))
    if example.plain:
        return sides
    beside = context_values(example, on)
    return sides._replace(
        rejected=_visible_text("\n".join(other_sides(example))) if on != "prompt" else "",
        beside=(canonical(beside) if beside else b"", attachments(example.value)),
    )


def _visible_text(text: str) -> str:
    """A text without characters that show nothing, as shingles are made; tags stay, which make one flag another."""
    return text if text.isascii() else UNSEEN.sub(lambda match: match[0] if match[0] in FLAG_TAGS else "", text)


def facts_agree(one: ComparedTexts, other: ComparedTexts, *, words: bool = False) -> bool:
    """Whether two examples agree in every fact; with `words`, in every word of meaning."""
    for mine, others in zip(one.asked, other.asked, strict=True):
        if mine != others and not facts_equal(mine, others, every=words):
            return False
    if one.rejected and one.answered != other.answered and one.answered == other.rejected:
        return False  # what one prefers, the other rejects
    for mine, others in ((one.answered, other.answered), (one.rejected, other.rejected)):
        if not facts_equal(mine, others, every=words, asked=(one.asked[0], other.asked[0])):
            return False
    if 1 < len(one.turns) == len(other.turns) and not all(map(ask_alike, one.turns, other.turns)):
        return False
    return one.beside == other.beside


class LinePairs(NamedTuple):
    """Pairs of lines whose facts are compared, with all that another process needs for this."""

    lines: Sequence[LineRef]
    pairs: Sequence[Sequence[int]]
    """Two line numbers each."""
    words: bool
    """Whether all words of meaning must agree."""
    on: On
    common: Passages = ()
    """Shared instructions; see `sides_of`."""


def lines_agree(pairs: LinePairs) -> Flags:
    """Whether each pair agrees. Raises `InputError` if lines cannot be read again or have changed."""
    reader = LineReader()
    sides = [sides_of(reader.example(spot), pairs.on, pairs.common) for spot in pairs.lines]
    return np.array(
        [facts_agree(sides[left], sides[right], words=pairs.words) for left, right in pairs.pairs], dtype=np.bool_
    )
