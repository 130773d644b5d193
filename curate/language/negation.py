"""Yes and no in a text, the number of negations, and opposites."""

import re
from typing import Final

from curate.language.lexicon import DENIES, DOUBTS, OPPOSITES
from curate.language.tokens import plain_words

YES: Final = re.compile(
    r"^\W*(?:yes|yeah|yep|yup|true|correct|absolutely|definitely|that is correct|that's correct|indeed)\b"
    r"(?!\s+(?:answers?|statements?|option|sentence|spelling|version|form)\b)",
    re.IGNORECASE,
)
NO: Final = re.compile(
    r"^\W*(?:no|nope|false|incorrect|that is incorrect|that's incorrect|not true|not (?:really|necessarily)|never)\b"
    r"(?!\s+(?:problem|worries|doubt|one|matter))",
    re.IGNORECASE,
)


def negation_count(text: str, *, outright: bool = False) -> int:
    """Number of negations in a text: "it isn't", "nobody"; and unless only what is said `outright` counts, "it is
    impossible".
    """
    return sum(word in DENIES or (not outright and word in DOUBTS) for word in plain_words(text))


def are_opposites(one: str, other: str) -> bool:
    """Whether two words are opposites: in the list, or one is the other with un-, in-, im-, il-, ir-, dis- or non-
    before it.
    """
    if frozenset((one, other)) in OPPOSITES:
        return True
    shorter, longer = sorted((one, other), key=len)
    return (
        len(shorter) >= 4
        and longer.endswith(shorter)
        and longer[: -len(shorter)].rstrip("-") in ("un", "in", "im", "il", "ir", "dis", "non")
    )
