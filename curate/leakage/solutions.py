"""What solutions in code are compared by: operators, keywords, calls, literals, and pairs of neighbours."""

import keyword
import re
from collections import Counter
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from itertools import pairwise
from math import log
from typing import Final

TOKEN: Final = re.compile(
    r"#[^\n]*|(?P<doc>\"\"\"|''')[\s\S]*?(?P=doc)|(?P<name>[^\W\d]\w*)|\d+(?:\.\d+)?|'[^'\n]*'|\"[^\"\n]*\""
    r"|[=!<>]=|//|\*\*|[-+*/%<>&|^\[\]:]"
)
NAME: Final = "_"
"""Stands for a name that the writer of the code chose."""
UNSEEN: Final = -1
"""Stands for the hash of a token that no solution has."""
KEYWORDS: Final = frozenset(keyword.kwlist)


def code_tokens(code: str) -> set[str]:
    """The tokens of code and the pairs of neighbours, without comments; the names of variables and of functions that
    the code defines are all one.
    """
    tokens: list[str] = []
    defined = set(re.findall(r"\bdef +(\w+)", code))
    for match in TOKEN.finditer(code):
        text, name = match.group(), match["name"]
        if text.startswith(("#", '"""', "'''")):
            continue
        called = code.startswith("(", match.end()) and name not in defined
        tokens.append(text.replace('"', "'") if not name or name in KEYWORDS or called else NAME)
    return {token for token in tokens if token != NAME} | {" ".join(pair) for pair in pairwise(tokens)}


def token_rarities(solutions: Collection[AbstractSet[int]]) -> dict[int, float]:
    """How rare each token is in the solutions: the logarithm of their number by that of those that have it."""
    counts = Counter(token for tokens in solutions for token in tokens)
    return {token: log((len(solutions) + 1) / (count + 0.5)) for token, count in counts.items()} | {
        UNSEEN: log((len(solutions) + 1) / 0.5)
    }


def code_similarity(left: AbstractSet[int], right: AbstractSet[int], rarities: Mapping[int, float]) -> float:
    """The F1 score of two sets of hashed tokens, from 0 to 1; rare tokens weigh more."""
    both, total = (
        sum(rarities.get(token, rarities[UNSEEN]) for tokens in sets for token in tokens)
        for sets in ((left & right,), (left, right))
    )
    return 2 * both / total if total else 0.0
