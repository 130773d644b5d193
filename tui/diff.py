"""The words that differ between two texts, as marks for drawing."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final

from tui.conversation import MAX_MESSAGE_CHARS, Mark

TOKEN: Final = re.compile(r"\w+|\s+|[^\w\s]")
DIFFERENCE_STYLE: Final = "bold underline $text-error"
CONFLICT_STYLE: Final = "bold underline $text-error"

Marks = tuple[Mark, ...]


@lru_cache(maxsize=256)
def word_marks(left: str, right: str) -> tuple[Marks, Marks]:
    """The ranges of words that differ in each text, for the drawn part only."""
    left, right = left[:MAX_MESSAGE_CHARS], right[:MAX_MESSAGE_CHARS]
    tokens = [[match.span() for match in TOKEN.finditer(text)] for text in (left, right)]
    words = [[text[start:end] for start, end in spans] for text, spans in zip((left, right), tokens, strict=True)]
    marks: tuple[list[Mark], list[Mark]] = ([], [])
    for kind, a, b, c, d in SequenceMatcher(None, words[0], words[1], autojunk=len(words[0]) > 1000).get_opcodes():
        if kind == "equal":
            continue
        for side, (first, last) in enumerate(((a, b), (c, d))):
            if first < last:
                marks[side].append(Mark(tokens[side][first][0], tokens[side][last - 1][1], DIFFERENCE_STYLE))
    return tuple(marks[0]), tuple(marks[1])


def conflict_marks(text: str, pairs: Sequence[tuple[str, str]]) -> Marks:
    """The contradictory words in an answer; `pairs`: what it says, and what the other one says, which may be sentences.

    Of a pair, the words that differ are marked; all of it, if every word does or none.
    """
    marks: list[Mark] = []
    places = ((text.find(own), own, other) for own, other in pairs if own.strip())
    for offset, own, other in sorted(place for place in places if place[0] >= 0):
        words = word_marks(own, other)[0] or (Mark(0, len(own), CONFLICT_STYLE),)
        for start, end, _ in words:
            if not marks or offset + start >= marks[-1].end:  # ranges of two pieces of evidence may overlap
                marks.append(Mark(offset + start, offset + end, CONFLICT_STYLE))
    return tuple(marks)


def first_difference(text: str, other: str) -> int:
    """The position in a text of the first word that differs from another text; 0 without one."""
    marks = word_marks(text, other)[0]
    return marks[0].start if marks else 0
