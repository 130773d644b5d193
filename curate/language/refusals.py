"""Detect refusals at the start of an answer."""

import re
from typing import Final

OPENING_CHARS: Final = 200
"""Number of characters at the start of an answer in which a refusal occurs."""
CANNOT: Final = (
    r"(?:i(?: am|['’]m) (?:unable|not able)|i (?:can(?:no|['’])t|won['’]t)"
    r"|i (?:currently |simply )?do(?: not|n['’]t) have (?:the |any )?(?:\w+ ){0,2}"
    r"(?:access|capabilit(?:y|ies)|abilit(?:y|ies)|capacity|functionality|means|tools?) (?:to|for)\b)"
)
"""After an apology, or after "as an AI"."""
TASKS: Final = (
    "help|assist|answer|fulfil|comply|provide|generate|create|write|discuss|engage|support|do that|do this|offer|share"
    "|give"
)
REFUSAL: Final = (
    r"(?ai)(?:^|[.!?,;:\n—-] *)(?:and |but )?(?:"
    r"i(?: a|['’]?)m (?:very |really |so |truly |deeply )?(?:sorry|afraid)(?: for the inconvenience)?,?(?: but| yet| however,?)? (?:that )?"  # noqa: E501
    rf"(?:as an ai[\w ]{{0,30}}, )?{CANNOT}"
    r"|i (?:can(?:not|['’]t)|am unable to|am not able to|won['’]t(?: be able to)?|will not|must decline to|have to decline to) "  # noqa: E501
    rf"(?:\w+ )?(?:{TASKS})\b(?! but)"
    rf"|i['’]m (?:unable|not able) to (?:{TASKS}|access)\b"
    rf"|(?:sorry|apologies)[,.!]? (?:but |yet )?(?:{CANNOT}|we (?:can(?:not|['’]t)|are unable))"
    r"|i must (?:respectfully )?decline"
    rf"|(?:as|i(?: a|['’])m) an ai[\w ,]{{0,40}} {CANNOT})"
)
REFUSAL_HINTS: Final = (
    "i cannot", "i can't", "i won't", "i will not", "i am unable", "i'm unable", "i am not able", "i'm not able",
    "we cannot", "we can't", "we are unable", "do not have", "don't have",
    "must decline", "have to decline", "respectfully decline",
)  # fmt: skip
"""Every refusal contains one of these, in any case of ASCII letters and with either apostrophe."""


def refuses(opening: str) -> bool:
    """Whether the opening of an answer is a refusal."""
    text = opening.lower()
    # looking for pieces is much cheaper, and most answers have none
    maybe = (
        "canno" in text
        or "n't" in text
        or "n’t" in text
        or "unable" in text
        or "not able" in text
        or "decline" in text
        or "will not" in text
        or "not have" in text
    )
    return maybe and re.search(REFUSAL, opening) is not None  # compiled for the first that may be one: 4 ms
