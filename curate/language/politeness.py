"""Remove polite phrases from requests: "Hi! Could you please tell me: what's the capital of Peru? Thanks!" is the same
request as "What is the capital of Peru".
"""

import re
from typing import Final

from curate.core.text import normalised
from curate.language.lexicon import FILLER_WORDS, QUESTION_WORDS
from curate.language.tokens import plain_words

POLITE_START: Final = re.compile(
    r"""^(?:\W*(?:hi(?:\ there)?|hello|hey|good\ (?:morning|afternoon|evening)|(?:a\ )?quick\ question|question|please|kindly|thanks|ok(?:ay)?|so|well
      | sorry|excuse\ me
      | i\ (?:have|had)\ a\ (?:quick\ )?question|i(?:'d|\ would)\ (?:like|love|want)\ to\ (?:know|ask)(?:\ (?:this|you|something))?
      | i\ (?:want|need)\ to\ know(?:\ this)?|i(?:'m|\ am|\ was)\ (?:just\ )?(?:wondering|curious)|just\ (?:wondering|curious)
      | (?:can|could|would|will)\ you\ (?:please\ |kindly\ )?(?:tell\ me|let\ me\ know)|(?:can|could|would|will)\ you\ (?:please|kindly)
      | do\ you\ (?:happen\ to\ )?know(?=,?\ (?:who|whom|whose|what|which|where|when|why|how|if|whether)\b)|tell\ me|let\ me\ know|any\ idea
    )\b[\s,.:;!?-]*)+""",  # noqa: E501
    re.VERBOSE,
)
POLITE_END: Final = re.compile(
    r"(?:[\s,.!?]*\b(?:please|thanks(?: a lot| in advance| so much)?|thank you(?: so much| very much)?|cheers))+[\s.!?]*$"  # noqa: E501
)
POLITE_END_WORDS: Final = ("please", "thanks", "lot", "advance", "much", "you", "cheers")
"""Last characters of polite phrases at the end."""
ARTICLES: Final = frozenset(("a", "an", "the"))
MIN_WORDS: Final = 2
"""Number of content words and interrogatives below which the whole request may be a polite phrase."""


def without_politeness(request: str) -> str:
    """The words of a request without politeness before and after it, articles, punctuation and contractions.

    Politeness is kept if fewer than `MIN_WORDS` content words would be left: "Sorry bot" and "Good evening bot" are
    different requests.
    """
    plain = normalised(request).replace("’", "'")
    bare = POLITE_START.sub("", plain, count=1)
    if bare.rstrip(" .!?").endswith(POLITE_END_WORDS):  # seldom, and looking for more takes long
        bare = POLITE_END.sub("", bare, count=1)
    left = _words(bare)
    if bare != plain and sum(word not in FILLER_WORDS or word in QUESTION_WORDS for word in left) < MIN_WORDS:
        left = _words(plain)
    return " ".join(left) or plain


def _words(text: str) -> list[str]:
    return [word for word in plain_words(text) if word not in ARTICLES]
