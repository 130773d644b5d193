"""The words of a text that carry its meaning: without grammar and politeness, and without the endings of plurals and verbs."""

import re
from functools import lru_cache
from typing import Final

from curate.text import normalised, words

STOPWORDS: Final = frozenset(
    """a an and are as at be been but by can could did do does for from had has have how i if in into is it its me my of on or our please shall
    should so some tell that the their them there these they this those to us was we were what when where which who whom whose why will with
    would you your""".split()  # noqa: SIM905  (a list of words reads better as words)
)
POSSESSIVE: Final = re.compile(r"['’]s\b")


@lru_cache(4_096)  # each answer is compared with several others
def content_words(text: str) -> frozenset[str]:
    """The stems of a text's words without stopwords."""
    return frozenset(stem(word) for word in words(normalised(POSSESSIVE.sub("", text))) if word not in STOPWORDS)


def stem(word: str) -> str:
    """A word without the ending of a plural or a verb, if three letters or more are left."""
    for ending in ("ing", "es", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
