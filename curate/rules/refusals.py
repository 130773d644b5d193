"""What a refusal looks like at the start of an answer."""

import re
from typing import Final

OPENING: Final = 200
"""Characters of an answer in which a refusal stands when it is one."""
REFUSAL: Final = re.compile(
    r"(?i)(?:^|[.!?,;:\n—-] *)(?:i['’]?m (?:very |really |so |truly |deeply )?(?:sorry|afraid)(?:,? but)? (?:that )?i (?:can(?:no|['’])t|am unable|am not able|won['’]t)"
    r"|i (?:can(?:not|['’]t)|am unable to|am not able to|won['’]t(?: be able to)?|will not|must decline to|have to decline to) (?:\w+ )?(?:help|assist|answer|fulfil|comply|provide|generate|create|write|discuss|engage|support|do that|do this|offer|share|give)\b(?! but)"
    r"|i['’]m (?:unable|not able) to (?:help|assist|answer|fulfil|comply|provide|generate|create|write|discuss|access|offer)"
    r"|(?:sorry|apologies)[,.!]? (?:but )?(?:i|we) (?:can(?:not|['’]t)|am unable)|i must (?:respectfully )?decline|as an ai[\w ,]{0,40} i (?:can(?:not|['’]t)|am unable|am not able|won['’]t))"
)
PIECES: Final = ("n't", "n’t", "not", "nable", "orry", "ologies", "ecline")
"""What one of is in every refusal; looking for them is cheaper."""


def refuses(opening: str) -> bool:
    """Whether an answer that opens like this is a refusal."""
    return any(piece in opening for piece in PIECES) and REFUSAL.search(opening) is not None
