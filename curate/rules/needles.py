"""What the text rules look for, as pieces of text and kinds of characters that a fast scan can find (see `curate.read.scan`).

A text without any of this is one of which no text rule of ours says anything: a property test holds the two together. Where a rule's
own pattern is finer, the text is looked at by the rule itself, and nothing is said.
"""

import unicodedata
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from curate.rules.characters import MOJIBAKE, UNSEEN
from curate.rules.markup import PLACEHOLDERS
from curate.rules.parts import COMPOSED
from curate.rules.quality import DISCLAIMERS
from curate.rules.repetition import SLOP

if TYPE_CHECKING:
    from collections.abc import Callable

    from curate.read.scan import Scanned

COVERED: Final = frozenset(
    ("C003", "C004", "C015", "C016", "C017", "M025", "Q001", "Q002", "Q003", "Q004", "Q005", "Q006", "Q007", "Q008", "Q009", "Q010", "Q011", "Q012",
     "Q013", "Q014", "Q015", "Q016", "Q017", "Q019", "Q022", "S001", "S002", "S003")
)  # fmt: skip
"""Text rules that the scan knows of."""
TAGS: Final = ("div", "span", "font", "br", "td", "tr", "table", "p", "ul", "li", "strong", "em")
SPEAKERS: Final = ("human", "user", "assistant", "instruction", "response", "next instruction", "input", "task")
ANYWHERE: Final = ("{{", "%s", "<|", "inst]", "sys>>", "_of_turn>")
IN_ANSWERS: Final = (
    *PLACEHOLDERS, *DISCLAIMERS, *(f"<{slash}{tag}" for tag in TAGS for slash in ("", "/")), *(f"#{space}{who}" for who in SPEAKERS for space in ("", " ")),
    *(f"\n{what}" for what in ("instruction", "next instruction", "input", "task")),
    "&nbsp;", "&amp;", "&lt;", "&gt;", "&quot;", "&#", "click here to", "cookie", "rights reserved", "our newsletter",
)  # fmt: skip
REFUSALS: Final = ("canno", "n't", "unable", "not able", "decline", "will not")
POINTERS: Final = ("following", "given", "above", "below")
TO_THE_LETTER: Final = {
    **dict.fromkeys(
        ("PRIVATE KEY", "AKIA", "ASIA", "AIza", "eyJ", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "hooks.slack", "k_live_", "hf_", "npm_",
         "xox", "Human: ", "USER: ", "ASSISTANT: ", "User: "),
        False,
    ),
    "sk-": True,
}  # fmt: skip
"""Needles that are looked for letter for letter, and whether no letter or digit may stand before them."""
SEPARATORS: Final = "\u2028\u2029\u0085"


def scanner() -> "Callable[[bytes, int], Scanned]":
    """The scan for these needles: takes the bytes of whole lines and their number. Compiled at its first use on a machine, which takes a while."""
    from curate.read.automaton import ADDRESS, ALWAYS, IN_ANSWER, POINTS, REFUSES, WORN, needles
    from curate.read.scan import scan  # brings numba, which only big files are worth

    folded = {
        **dict.fromkeys(IN_ANSWERS, IN_ANSWER),
        **dict.fromkeys(SLOP, WORN),
        **dict.fromkeys(REFUSALS, REFUSES),
        **dict.fromkeys(POINTERS, POINTS),
        "http": ADDRESS,
        **dict.fromkeys(ANYWHERE, ALWAYS),
    }
    exact = {text: (0, alone) for text, alone in TO_THE_LETTER.items()}
    return partial(scan, known=needles(folded, exact), kinds=_kinds())


def _kinds() -> Any:
    """What each character up to U+FFFF is to the scan."""
    import numpy as np
    import polars as pl

    from curate.read.quiet import FOLLOWS, LEADS, LIKE_ITSELF, ODD, SPACE

    points = [point for point in range(128, 0x10000) if not 0xD800 <= point < 0xE000]
    characters = [chr(point) for point in points]
    leads, follows = MOJIBAKE.split("][")
    column = pl.Series(characters)
    flags = np.zeros(len(points), dtype=np.uint8)
    flags[column.str.contains(f"{COMPOSED}|{UNSEEN}|[\ufffd{SEPARATORS}]").to_numpy()] |= ODD
    flags[column.str.contains(leads + "]").to_numpy()] |= LEADS
    flags[column.str.contains("[" + follows).to_numpy()] |= FOLLOWS
    flags[[char.isspace() for char in characters]] |= SPACE
    flags[[not char.isspace() and unicodedata.normalize("NFKC", char).casefold() == char for char in characters]] |= LIKE_ITSELF
    kinds = np.zeros(0x10000, dtype=np.uint8)
    kinds[points] = flags
    return kinds
