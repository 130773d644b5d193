"""Prefilters that are flags of the message frame, and how they are computed for small files.

Per text or in columns, see `curate.lint.rules.message_frame`.
"""

import re
from itertools import chain
from typing import Final

from curate.language.lexicon import UNENDED
from curate.language.refusals import HINTS, OPENING, refuses
from curate.lint.rules import prefilter
from curate.read.chunks import Batch

# Without joiners (emoji, Persian, Hindi) and direction marks (Hebrew, Arabic), which have a use.
NOTHING: Final = "\u200b\u2060-\u2064\ufeff\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f"
"""Characters that show nothing."""
UNSEEN: Final = f"[{NOTHING}\ue000-\uf8ff]"
"""These and characters for private use, which most fonts do not show."""
POINTERS: Final = ("following", "given", "above", "below")
NOUNS: Final = (
    "text", "sentence", "paragraph", "passage", "article", "code", "list", "email", "poem", "story", "data", "table",
    "conversation", "review", "essay",
)  # fmt: skip
SHOWABLE: Final = ("text", "sentence", "paragraph", "passage", "article", "code", "list", "table", "email")
PADDED: Final = prefilter.OuterSpace(flag="padded")
BLANK: Final[tuple[prefilter.Prefilter, ...]] = (PADDED, prefilter.CharacterSet(UNSEEN, flag="padded"))
JOINED: Final = prefilter.Flag(flag="joined")
AGAIN: Final = prefilter.RepeatedTurn(flag="repeated")
ECHOES: Final = prefilter.EchoesQuestion(flag="echoes")
SWITCHED: Final = prefilter.OtherScript(flag="switched")
REPEATS: Final = prefilter.Repeats(flag="repeats")
UNEVEN: Final = prefilter.UnusualText(flag="uneven")
DECLINES: Final = prefilter.Literals(HINTS, prefilter.ANSWER, within=OPENING, flag="declines")
ENDS: Final = prefilter.EndsWith((",", " (", *UNENDED), flag="cut")
CUT: Final[tuple[prefilter.Prefilter, ...]] = (
    PADDED,
    ENDS,
    prefilter.StartsWith("{[", flag="cut"),
    prefilter.OpenFence(flag="cut"),
)
POINTS: Final = prefilter.MissingText(
    (
        *(f"{which} {noun}" for which in POINTERS for noun in NOUNS),
        *(f"{noun} {which}" for noun in SHOWABLE for which in ("below", "above")),
    ),
    flag="points",
)
REPEATING, ODD, REFUSING, UNFINISHED = 1, 2, 4, 8
"""Flags of an answer."""
STOPPED: Final = re.compile(r"[.!?][^\n]*\Z")
STOPS: Final = frozenset(".!?:;)\"'”*|>]}0123456789")
"""Last characters of most answers; none of them matches `ENDS`."""
FENCE: Final = re.compile(r"^\s*```", re.MULTILINE)


def batch_flags(batch: Batch) -> list[int]:
    """The flags of each message of the plain examples of a batch; 0 for messages other than answers."""
    if batch.answer_flags is None:
        roles, texts = chain.from_iterable(batch.roles), chain.from_iterable(batch.texts)
        batch.answer_flags = [
            flags_of(text) if role == "assistant" else 0 for role, text in zip(roles, texts, strict=True)
        ]
    return batch.answer_flags


def flags_of(text: str) -> int:
    """The flags of an answer that are cheaper to compute per text than in columns."""
    size, (fewest, most) = len(text), UNEVEN.spaces
    found = ODD if size > UNEVEN.head and not fewest <= text.count(" ", 0, UNEVEN.head) <= most else 0
    if REPEATS.found(text):
        found |= REPEATING
    if refuses(text[:OPENING]):
        found |= REFUSING
    last = text[-1:]
    unended = last not in STOPS and (
        text.endswith(ENDS.texts)
        or (size > ENDS.sentences and "a" <= last <= "z" and STOPPED.search(text, size - ENDS.tail))
    )
    if unended or text.lstrip()[:1] in ("{", "[") or ("```" in text and len(FENCE.findall(text)) % 2):
        found |= UNFINISHED
    return found
