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
    "help|assist|answer|fulfill?|comply|provide|generate|create|write|discuss|engage|support|do that|do this|offer"
    "|share|give"
)
OTHER_LANGUAGES: Final = (
    r"leider (?:bin ich nicht in der lage|kann ich [^.!?\n]{0,40}\bnicht )"
    r"|(?:es )?tut mir leid,?(?: aber)? ich kann [^.!?\n]{0,40}\bnicht (?:(?:weiter)?helfen|beantworten|erstellen"
    r"|schreiben)"
    r"|(?:lamentablemente|desafortunadamente|lo siento|infelizmente|lamento|desculpe),?(?: pero| mas)? (?:no|não) "
    r"(?:puedo|posso|soy capaz de|sou capaz de) (?:ayudar|responder|proporcionar|generar|crear|escribir|ajudar"
    r"|fornecer|escrever|criar)"
    r"|(?:malheureusement|(?:je suis )?désolée?|je regrette),?(?: mais)? je ne (?:peux|suis) pas (?:en mesure|capable"
    r"|(?:vous |t['’])?(?:aider|répondre|fournir|écrire|créer))"
    r"|抱歉[^。！\n]{0,8}(?:无法|不能)(?:帮|提供|回答|满足|协助|完成)"
)
"""Refusals in German, Spanish, Portuguese, French and Chinese."""
CHINESE_APOLOGY: Final = "歉"
"""Each Chinese refusal contains this character."""
REFUSAL: Final = (
    r"(?ai)(?:^|[.!?,;:\n—-] *)(?:and |but )?(?:unfortunately,? )?(?:"
    r"i(?: a|['’]?)m (?:very |really |so |truly |deeply )?(?:sorry|afraid)(?: for the inconvenience)?,?(?: but| yet| however,?)? (?:that )?"  # noqa: E501
    rf"(?:as an ai[\w ]{{0,30}}, )?{CANNOT}"
    r"|i (?:can(?:not|['’]t)|am unable to|am not able to|won['’]t(?: be able to)?|will not|must decline to|have to decline to) "  # noqa: E501
    rf"(?:\w+ )?(?:{TASKS})\b(?! but)"
    rf"|i['’]m (?:unable|not able) to (?:{TASKS}|access)\b"
    rf"|(?:sorry|apologies|i apologi[sz]e)[,.!]? (?:but |yet )?(?:{CANNOT}|we (?:can(?:not|['’]t)|are unable))"
    r"|i must (?:respectfully )?decline"
    rf"|(?:as|i(?: a|['’])m) an ai[\w ,]{{0,40}} {CANNOT}|{OTHER_LANGUAGES})"
)


def refuses(opening: str) -> bool:
    """Whether the opening of an answer is a refusal."""
    return refusal_start(opening) is not None


def refusal_start(opening: str) -> int | None:
    """Where the refusal in the opening of an answer begins; None without one."""
    text = opening.lower()
    # a search for substrings is much faster, and most answers contain none
    maybe = (
        "canno" in text
        or "n't" in text
        or "n’t" in text
        or "unable" in text
        or "not able" in text
        or "decline" in text
        or "will not" in text
        or "not have" in text
        or "leid" in text
        or "lament" in text
        or "fortunadamente" in text
        or "siento" in text
        or "infelizmente" in text
        or "desculpe" in text
        or "je ne " in text
        or CHINESE_APOLOGY in text
    )
    refusal = re.search(REFUSAL, opening) if maybe else None  # compiled for the first that may be one: 4 ms
    return None if refusal is None else refusal.end() - len(refusal[0].lstrip(".!?,;:\n— -"))
