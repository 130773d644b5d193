"""What texts state, compared the plain way: whole texts, word by word. `curate.dedup.text_facts` looks only where they
differ.
"""

import re
from collections import Counter

from curate.core.characters import UNSPACED
from curate.core.example import Example
from curate.core.text import normalised
from curate.corpus.dedup_text import On
from curate.dedup.blocks import have_equal_nesting
from curate.dedup.fact_guard import facts_agree, sides_of
from curate.dedup.symbols import SYMBOL, VERSION
from curate.dedup.text_facts import _same_words
from curate.language.quantities import numbers
from curate.language.tokens import WORD_OR_SIGN


def same_facts(left: Example, right: Example, on: On = "conversation", *, words: bool = False) -> bool:
    """Whether two examples agree in every fact."""
    return facts_agree(sides_of(left, on), sides_of(right, on), words=words)


def texts_equal(left: str, right: str, *, every: bool, asked: tuple[str, str] | None) -> bool:
    """`curate.dedup.text_facts.facts_equal`."""
    if left == right:
        return True
    if not have_equal_nesting(left, right):
        return False
    figures = [
        (re.findall(r"\d+", normalised(text)), re.findall(r"\d+(?:[.,]\d+)+", normalised(text)))
        for text in (left, right)
    ]
    separated = [found for _, found in figures]
    divided = len(separated[0]) == len(separated[1]) and separated[0] != separated[1]
    if (figures[0][0] != figures[1][0] or divided) and not same_numbers(left, right):
        return False
    if sorted(SYMBOL.findall(left)) != sorted(SYMBOL.findall(right)):
        return False
    mine, others = Counter(_tokens(left)), Counter(_tokens(right))
    return _same_words(
        mine - others, others - mine, left, right, every=every, request_text="\n".join(asked) if asked else None
    )


def same_numbers(left: str, right: str) -> bool:
    """Whether two texts have the same numbers, in order; of versions, 3.1 is not 3.10."""
    mine, others = (numbers(normalised(text)) for text in (left, right))
    return mine == others and sorted(VERSION.findall(left)) == sorted(VERSION.findall(right))


def _tokens(text: str) -> list[str]:
    if not re.search(UNSPACED, text):
        return text.split()
    return [
        piece for token in WORD_OR_SIGN.findall(text) for piece in (token if re.search(UNSPACED, token) else (token,))
    ]
