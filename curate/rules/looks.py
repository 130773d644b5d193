"""A first look at an answer, in the ways that are cheaper one text at a time than in columns: what some rules may find in it."""

import re
from itertools import chain
from typing import Final

from curate.language.lexicon import UNENDED
from curate.language.refusals import OPENING, refuses
from curate.read.pieces import Batch

REPEATS, UNEVEN, DECLINES, CUT = 1, 2, 4, 8
PROBE: Final = 0.6
"""Place in an answer, as a share of its length, before which a piece is looked for in what stands earlier; another stands at its end."""
PIECE: Final = 24
LONG: Final = 200
"""Characters from which an answer may repeat itself though only a piece of it is seen to."""
BRIEF: Final = 40
"""Characters from which a short answer may be a loop: pieces of its middle and of its end stand before them."""
SCRAP: Final = 8
HEAD: Final = 150
USUAL: Final = range(14, 41)
"""Spaces in the first 150 characters of written language."""
ENDS: Final = (",", " (", *UNENDED)
"""What a sentence does not end with."""
STOPPED: Final = re.compile(r"[.!?][^\n]*\Z")
TAIL: Final = 400
"""Characters of an answer in which its last sentence is looked for."""
SENTENCES: Final = 120
"""Characters from which an answer is made of sentences."""
STOPS: Final = frozenset(".!?:;)\"'”*|>]}0123456789")
"""Last characters of most answers, of which none is one of `ENDS`."""
FENCE: Final = re.compile(r"^\s*```", re.MULTILINE)


def looks(batch: Batch) -> list[int]:
    """What may be said of each message of the plain examples of a batch; 0 for those that are no answers."""
    if batch.looks is None:
        roles, texts = chain.from_iterable(batch.roles), chain.from_iterable(batch.texts)
        batch.looks = [look(text) if role == "assistant" else 0 for role, text in zip(roles, texts, strict=True)]
    return batch.looks


def look(text: str) -> int:
    """What may be said of an answer.

    `REPEATS`: a piece of it stands earlier in it too, as in all that repeat much, near enough. `UNEVEN`: its spaces are not those of
    written language. `DECLINES`: it opens with a refusal. `CUT`: it may be cut off, or be broken JSON.
    """
    found = 0
    size = len(text)
    if size > HEAD and text.count(" ", 0, HEAD) not in USUAL:
        found = UNEVEN
    if size > LONG:
        at = int(size * PROBE) - PIECE
        end = size - 2 * PIECE
        if text.find(text[at : at + PIECE], 0, at) >= 0 or text.find(text[end : end + PIECE], 0, end) >= 0:
            found |= REPEATS
    elif size > BRIEF:
        at, end = size // 2, size - SCRAP - 2
        if text.find(text[at : at + SCRAP], 0, at) >= 0 and text.find(text[end : end + SCRAP], 0, end) >= 0:
            found |= REPEATS
    if refuses(text[:OPENING]):
        found |= DECLINES
    last = text[-1:]
    unended = last not in STOPS and (text.endswith(ENDS) or (size > SENTENCES and "a" <= last <= "z" and STOPPED.search(text, size - TAIL) is not None))
    if unended or text.lstrip()[:1] in ("{", "[") or ("```" in text and len(FENCE.findall(text)) % 2):
        found |= CUT
    return found
