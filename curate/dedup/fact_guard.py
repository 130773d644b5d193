"""Whether near-duplicates agree in their facts: those of the questions, of the answers, and of function calls, labels
and attachments. `curate.dedup.text_facts` compares the facts of two texts.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from string import ascii_letters, digits
from typing import Final, NamedTuple
from unicodedata import normalize

from curate.core.characters import UNSEEN
from curate.core.example import Example, attachments, canonical
from curate.core.lazy import Flags, np
from curate.corpus.boilerplate import Passages, cut_texts
from curate.corpus.corpus import LineReader, LineRef
from curate.corpus.dedup_text import On, compared_texts, context_values, other_sides
from curate.dedup.text_facts import differ_in_names, facts_equal, may_be_same_question, spellings_of

FLAG_TAGS: Final = frozenset(map(chr, range(0xE0020, 0xE0080)))
"""Characters that spell the region of a flag after an emoji."""

OTHER_FORMS: Final = {0x130: "I"} | {ord(char) + 0xFEE0: char for char in ascii_letters + digits + "#$%&*+-./<=>@^~"}
"""Full-width letters, digits and signs of numbers with those that they stand for, and the Turkish capital İ, which case
folding makes two characters.
"""

MIN_PAIRS_FOR_NAMES: Final = 4
"""Number of pairs of a line from which its names are listed once, which is slower than one comparison of facts."""


class ComparedTexts(NamedTuple):
    """Questions and answers of an example in the compared turns."""

    turns: list[str]
    questions: tuple[str, ...]
    """The questions; if much of the data shares instructions, also the questions without these."""
    answered: str
    rejected: str = ""
    """The rejected answer of a preference pair."""
    context: tuple[bytes, bytes] = (b"", b"")
    """What else a trainer is given, and attachments; empty for a plain conversation."""


def sides_of(example: Example, on: On, common: Passages = ()) -> ComparedTexts:
    """The sides of an example. `common`: instructions that much of the data shares (see `curate.corpus.boilerplate`).

    Shared instructions make a request longer without adding information, so two requests must agree without them too.
    """
    turns, answers = ([_visible_text(text) for text in texts] for texts in compared_texts(example, on))
    questions = "\n".join(turns)
    question_variants = (questions, *cut_texts([questions], common, 1)) if common else (questions,)
    sides = ComparedTexts(turns, question_variants, "\n".join(answers))
    if example.plain:
        return sides
    context = context_values(example, on)
    return sides._replace(
        rejected=_visible_text("\n".join(other_sides(example))) if on != "prompt" else "",
        context=(canonical(context) if context else b"", attachments(example.value)),
    )


def _visible_text(text: str) -> str:
    """A text in Unicode's form C without invisible characters, as for shingles, except tags, which distinguish flags;
    full-width letters, digits and signs, and the Turkish capital İ, as ASCII.
    """
    if text.isascii():
        return text
    visible_text = UNSEEN.sub(lambda match: match[0] if match[0] in FLAG_TAGS else "", text)
    return normalize("NFC", visible_text).translate(OTHER_FORMS)


def facts_agree(left: ComparedTexts, right: ComparedTexts, *, words: bool = False) -> bool:
    """Whether two examples agree in every fact; with `words`, in every content word."""
    for left_text, right_text in zip(left.questions, right.questions, strict=True):
        if left_text != right_text and not facts_equal(left_text, right_text, every=words):
            return False
    if left.rejected and left.answered != right.answered and left.answered == right.rejected:
        return False  # the preferred answer of one is the rejected answer of the other
    for left_text, right_text in ((left.answered, right.answered), (left.rejected, right.rejected)):
        if not facts_equal(left_text, right_text, every=words, requests=(left.questions[0], right.questions[0])):
            return False
    if 1 < len(left.turns) == len(right.turns) and not all(map(may_be_same_question, left.turns, right.turns)):
        return False
    return left.context == right.context


class LinePairs(NamedTuple):
    """Pairs of lines whose facts are compared, with the data that another process needs."""

    lines: Sequence[LineRef]
    pairs: Sequence[Sequence[int]]
    """Two line numbers each."""
    words: bool
    """Whether all content words must agree."""
    on: On
    common: Passages = ()
    """Shared instructions; see `sides_of`."""


def lines_agree(pairs: LinePairs) -> Flags:
    """Whether each pair agrees. Raises `InputError` if lines cannot be read again or have changed."""
    reader = LineReader()
    reader.read_ahead(line[:3] for line in pairs.lines)
    sides = [sides_of(reader.example(spot), pairs.on, pairs.common) for spot in pairs.lines]
    pair_counts = Counter(chain.from_iterable(pairs.pairs))
    spellings = [
        spellings_of(side.answered) if pair_counts[line] >= MIN_PAIRS_FOR_NAMES else None
        for line, side in enumerate(sides)
    ]
    return np.array(
        [
            not differ_in_names(spellings[left], spellings[right])
            and facts_agree(sides[left], sides[right], words=pairs.words)
            for left, right in pairs.pairs
        ],
        dtype=np.bool_,
    )
