"""What the text rules look for, as pieces of text and kinds of characters that a fast scan can find (see `curate.read.scan`).

A text without any of this is one of which no text rule of ours says anything: a property test holds the two together. Where a rule's
own pattern is finer, the text is looked at by the rule itself, and nothing is said.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache, partial
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from curate.language.refusals import HINTS
from curate.rules.characters import FOLLOWS as FOLLOWED
from curate.rules.characters import LEADS as LED
from curate.rules.characters import UNSEEN
from curate.rules.controls import PIECES
from curate.rules.degenerate_text import SLOP
from curate.rules.frame import NOUNS, POINTERS, texts_frame
from curate.rules.markup import ENTITIES, NOTICES, PLACEHOLDERS, TAGS
from curate.rules.quality import DISCLAIMERS
from curate.rules.rule import Rule
from curate.rules.speakers import OPENERS

if TYPE_CHECKING:
    from curate.read.content import Characters
    from curate.read.scan import Scan, Texts

PLAIN: Final = frozenset(("example", "turn", "role", "text", "content", "called", "media", "joined"))
"""Columns of the frame of messages that are made without looking at a text."""
LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
STOPS: Final = " ,.;:-!?'\"()/*=^|[]}~>$#+"
"""What the scan reads as it is, and no word goes on with."""
IN_ANSWERS: Final = (
    *PLACEHOLDERS, *DISCLAIMERS, *ENTITIES, *NOTICES,
    *(f"<{slash}{tag}{end}" for slash, tag, end in product(("", "/"), TAGS, " />") if slash or tag != "p"),
)  # fmt: skip
SPEAKERS: Final = (
    *(f"##{space}{who}" for space, who in product(("", " "), ("Human", "User", "Assistant", "Instruction", "Response"))),
    *(f"{mark}{what}{end}" for mark, what, end in product(("\n", "#", "# ", ".", ". "), ("Instruction", "Next instruction", "Input", "Task"), " :")),
    *(f"TBD{stop}" for stop in STOPS),
)  # fmt: skip
KEYS: Final = (
    "PRIVATE KEY", "AKIA", "ASIA", "AIza", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "hooks.slack", "k_live_", "npm_",
    *(f"eyJ{letter}" for letter in f"{LETTERS}_-"), *(f"hf_{letter}" for letter in LETTERS), *(f"xox{letter}" for letter in "abeoprs"),
)  # fmt: skip
SEPARATORS: Final = "\u2028\u2029\u0085"


def scanner(apart: Sequence[Rule] = ()) -> "Scan":
    """The scan for these needles, behind which rules that it does not know of, those of users, are asked about what is quiet.

    Compiled at its first use on a machine, which takes a while.
    """
    from curate.read.grams import ADDRESS, ALWAYS, IN_ANSWER, POINTS, REFUSES, WORN, needles
    from curate.read.scan import Scan  # brings numba, which only big files are worth

    pointing = (*(f"{which} {noun}" for which, noun in product(POINTERS, NOUNS)), *(f"{noun} {which}" for noun, which in product(NOUNS, POINTERS[2:])))
    wanted = {
        **dict.fromkeys(IN_ANSWERS, IN_ANSWER),
        **dict.fromkeys(SLOP, WORN),
        **dict.fromkeys(HINTS, REFUSES),
        **dict.fromkeys(pointing, POINTS),
        "http": ADDRESS,
    }
    exact = {**dict.fromkeys(SPEAKERS, IN_ANSWER), **dict.fromkeys((*KEYS, *PIECES, *OPENERS), ALWAYS)}
    alone = {f"sk-{letter}": ALWAYS for letter in f"{LETTERS}_-"}
    found = Scan(needles(wanted, exact, alone), _characters(), partial(_suspects, apart) if apart else None)
    found.load()
    return found


def _suspects(rules: Sequence[Rule], texts: "Texts") -> Any:
    """Which lines (bool, one each) one of some rules says something about."""
    import numpy as np
    import polars as pl  # not before the processes are started that do this: it starts threads

    first = np.append(0, np.cumsum(texts.turns)[:-1])
    asked = pl.any_horizontal(rule.function().is_not_null() for rule in rules)
    frame = texts_frame(*texts, whole=not PLAIN.issuperset(asked.meta.root_names()))
    found = frame.select(asked).to_series()
    return np.logical_or.reduceat(found.to_numpy(), first)


@cache
def _characters() -> "Characters":
    """What each character up to U+FFFF is to the scan."""
    import numpy as np

    from curate.read.content import FOLLOWS, JOINED, JOINS, LEADS, MARK, ODD, OTHER, SPACE, Characters

    points = [*range(128, 0xD800), *range(0xE000, 0x10000)]
    characters = [chr(point) for point in points]
    beyond = "".join(characters)
    flags = np.zeros(len(points), dtype=np.uint8)
    for pattern, flag in ((f"{UNSEEN}|[\ufffd{SEPARATORS}]", ODD), (f"[{LED}]", LEADS), (f"[{FOLLOWED}]", FOLLOWS), (r"\s", SPACE)):
        flags[[match.start() for match in re.finditer(pattern, beyond)]] |= flag
    folds = np.zeros(len(points), dtype=np.uint16)
    apart = "\0".join(characters)  # in one go: nothing is composed across what stands between
    composed, compatible = (unicodedata.normalize(form, apart) for form in ("NFC", "NFKC"))
    joined, joins = _pairs(characters)
    for at, (char, own, other, folded) in enumerate(
        zip(characters, composed.split("\0"), compatible.split("\0"), compatible.casefold().split("\0"), strict=True)
    ):
        if own != char or unicodedata.combining(char) or char in joined or char in joins:
            flags[at] |= ODD * (own != char) | MARK * (unicodedata.combining(char) > 0) | JOINED * (char in joined) | JOINS * (char in joins)
        if other != char:
            flags[at] |= OTHER
        if len(folded) == 1 and ord(folded) < 0x10000 and (own == other or not (other in joined or other in joins or unicodedata.combining(other))):
            folds[at] = ord(folded)
    tables = Characters(np.zeros(0x10000, dtype=np.uint8), np.zeros(0x10000, dtype=np.uint16))
    tables.kinds[points], tables.folds[points] = flags, folds
    return tables


def _pairs(characters: list[str]) -> tuple[set[str], set[str]]:
    """Characters that are composed with others (UAX #15): the first ones, and the second ones."""
    joined = {chr(point) for point in (*range(0x1100, 0x1113), *range(0xAC00, 0xD7A4, 28))}  # letters of Hangul, which are composed by a formula
    joins = {chr(point) for point in (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))}
    for char in characters:
        parts = unicodedata.decomposition(char)
        if " " in parts and not parts.startswith("<") and unicodedata.is_normalized("NFC", char):
            first, second = parts.split()
            joined.add(chr(int(first, 16)))
            joins.add(chr(int(second, 16)))
    return joined, joins
