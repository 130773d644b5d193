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


def conflict_marks(text: str, spans: Sequence[str]) -> Marks:
    """The positions of the contradictory words in an answer."""
    found = [(text.find(span), len(span)) for span in spans if span.strip()]
    marks: list[Mark] = []
    for at, length in sorted({place for place in found if place[0] >= 0}):
        if not marks or at >= marks[-1].end:  # ranges of two pieces of evidence may overlap; the first one is used
            marks.append(Mark(at, at + length, CONFLICT_STYLE))
    return tuple(marks)
