"""Words, and whether two are one, spelled otherwise: a typing error, or another ending."""

import re
from typing import Final

PIECE: Final = re.compile(r"\w+(?:['’]\w+)*|[-−+]")
"""A word, or a sign that changes a number."""
ENDINGS: Final = ("'s", "’s", "ing", "ed", "es", "s", "d")


def same_word(left: str, right: str, *, name: bool) -> bool:
    """Whether two folded words are one word. Of names, little is forgiven: Iran and Iraq, Michael and Michaela, Christina and Christine are two.

    The first letter has to agree: typing errors seldom hit it, and Gambia is not Zambia.
    """
    if left[0] != right[0]:
        return False
    if _doubled(left) == _doubled(right) or _swapped(left, right):
        return min(len(left), len(right)) >= 3
    if not name and _stem(left) == _stem(right):
        return True
    shorter = min(len(left), len(right))
    if shorter < (6 if name else 4) or left.isdigit() or (name and left[-1] != right[-1]):
        return False
    return _one_edit(left, right, replaced=not name and shorter >= 5)


def _doubled(word: str) -> str:
    """The word with each run of one letter as one letter."""
    return "".join(char for at, char in enumerate(word) if not at or char != word[at - 1])


def _swapped(left: str, right: str) -> bool:
    """Whether two neighbouring letters have changed places."""
    if len(left) != len(right):
        return False
    differing = [at for at in range(len(left)) if left[at] != right[at]]
    return len(differing) == 2 and differing[1] == differing[0] + 1 and left[differing[0]] == right[differing[1]] and left[differing[1]] == right[differing[0]]


def _one_edit(left: str, right: str, *, replaced: bool) -> bool:
    """Whether one letter more, or (`replaced`) one letter for another, makes one word the other."""
    if abs(len(left) - len(right)) > 1:
        return False
    at = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    if len(left) == len(right):
        return replaced and left[at + 1 :] == right[at + 1 :]
    longer, shorter = (left, right) if len(left) > len(right) else (right, left)
    return longer[at + 1 :] == shorter[at:]


def _stem(word: str) -> str:
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
