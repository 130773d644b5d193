"""Detect refusals at the start of an answer."""

import re
from typing import Final

OPENING: Final = 200
"""Characters at the start of an answer in which a refusal occurs."""
REFUSAL: Final = re.compile(
    r"(?ai)(?:^|[.!?,;:\n—-] *)(?:i['’]?m (?:very |really |so |truly |deeply )?(?:sorry|afraid),?(?: but| yet| however,?)? (?:that )?"  # noqa: E501
    r"i (?:can(?:no|['’])t|am unable|am not able|won['’]t)"
    r"|i (?:can(?:not|['’]t)|am unable to|am not able to|won['’]t(?: be able to)?|will not|must decline to|have to decline to) "  # noqa: E501
    r"(?:\w+ )?(?:help|assist|answer|fulfil|comply|provide|generate|create|write|discuss|engage|support|do that|do this|offer|share|give)\b(?! but)"  # noqa: E501
    r"|i['’]m (?:unable|not able) to (?:help|assist|answer|fulfil|comply|provide|generate|create|write|discuss|access|offer)"  # noqa: E501
    r"|(?:sorry|apologies)[,.!]? (?:but |yet )?(?:i|we) (?:can(?:not|['’]t)|am unable)|i must (?:respectfully )?decline"
    r"|as an ai[\w ,]{0,40} i (?:can(?:not|['’]t)|am unable|am not able|won['’]t))"
)
HINTS: Final = (
    "i cannot", "i can't", "i won't", "i will not", "i am unable", "i'm unable", "i am not able", "i'm not able",
    "we cannot", "we can't", "we am unable",
    "must decline", "have to decline", "respectfully decline",
)  # fmt: skip
"""One of these, in any case of the letters of ASCII and with either apostrophe, is in every refusal."""


def refuses(opening: str) -> bool:
    """Whether the opening of an answer is a refusal."""
    said = opening.lower()
    # looking for pieces is much cheaper, and most answers have none
    maybe = (
        "canno" in said
        or "n't" in said
        or "n’t" in said
        or "unable" in said
        or "not able" in said
        or "decline" in said
        or "will not" in said
    )
    return maybe and REFUSAL.search(opening) is not None
