"""The part of a question that says what is asked, and whether an answer says yes or no."""

import re
from typing import Final

from curate.language.negation import NO, YES

FUNCTION: Final = re.compile(r"\bdef +(\w+)")
DOCUMENTATION: Final = re.compile(r"\"\"\"([\s\S]*?)\"\"\"|'''([\s\S]*?)'''")
EXAMPLE: Final = re.compile(r"\s*(?:>>>|(?:for )?(?:examples?|e\.g\.|input)\b[ \w]*:?\s*$|assert\b)", re.IGNORECASE)
"""A line with which the examples of a documentation string begin."""
CALL: Final = re.compile(r"\s*\w+\([^\n]*\)\s*(?:==|=|-+>|=+>|➞|→|returns?\b|should\b)")
"""A line that says what a call returns."""
MIN_DESCRIPTION_CHARS: Final = 15
YES_ABROAD: Final = re.compile(
    r"\W*(?:(?:ja|jawohl|oui|sí|si|sì|sim|да|tak)\b(?!\W*\w+\?)|是|对|会|能|可以|はい)", re.IGNORECASE
)
NO_ABROAD: Final = re.compile(r"\W*(?:(?:nein|nee|non|não|нет|nie)\b|不|否|没|いいえ)", re.IGNORECASE)


def described(text: str) -> str:
    """What a task in code asks for: the name of its last function and the documentation string, without examples; any
    other text as it is.
    """
    strings = DOCUMENTATION.findall(text)
    if not strings or not (functions := FUNCTION.findall(text)):
        return text
    lines: list[str] = []
    for line in "".join(strings[-1]).strip().splitlines():
        if lines and EXAMPLE.match(line):
            break
        if not CALL.match(line) and not EXAMPLE.match(line):
            lines.append(line.strip())
    description = " ".join(line for line in lines if line)
    return f"{functions[-1].replace('_', ' ')}: {description}" if len(description) >= MIN_DESCRIPTION_CHARS else text


def says_yes(answer: str) -> int:
    """1 if an answer opens with yes, -1 if it opens with no, 0 for another one."""
    if YES.match(answer) or YES_ABROAD.match(answer):
        return 1
    return -1 if NO.match(answer) or NO_ABROAD.match(answer) else 0
