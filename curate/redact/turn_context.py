"""What a turn asks for, by which the value in the short answer to it is recognized."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from curate.redact.folding import folded
from curate.redact.person_records import is_personal_name

MAX_ANSWER: Final = 60
"""Characters of an answer that may be a value alone."""
MAX_REQUEST: Final = 300
"""Characters at the end of a turn that are read for what it asks for."""
REQUEST: Final = re.compile(r"[^.?!。？！\n]{3,160}[.?!。？！:：]?\s*$")
POLITE: Final = re.compile(
    r"(?i)[,\s]*(?:please|thanks|bitte|danke|por favor|s['’]il vous pla[iî]t|merci|first|again|now|per favore|prego|"
    r"[?!.:。？！：])\s*$"
)
NAME_REQUEST: Final = re.compile(
    r"(?i)\b(?:(?:full|last|first|your|the) names?|(?:ihr|dein|voller) name|vollständiger name|(?:su|tu) nombre|"
    r"(?:votre|ton) nom|(?:o )?(?:seu|teu) nome|(?:il tuo|il suo) nome)$|姓名$|名字$"
)


class Request(str):
    """What a turn asks for, as the key of the answer to it."""

    __slots__ = ()


def requests_before(turns: Sequence[Any]) -> Iterator[Request]:
    """For each turn of a list what the turn before it asks for, as the key of its value; empty if it asks for nothing
    or the turn is no short answer.
    """
    before = ""
    for turn in turns:
        content = turn.get("content", turn.get("value")) if isinstance(turn, dict) else None
        text = content if isinstance(content, str) else ""
        yield Request(_request(before, text.strip()) if before and 2 < len(text) <= MAX_ANSWER else "")
        before = text


def _request(before: str, answer: str) -> str:
    """The last sentence of a turn without its sign and polite words; `person_name` if it asks for a name."""
    match = REQUEST.search(folded(before[-MAX_REQUEST:]).text)
    if not match:
        return ""
    request = match.group().strip()
    while (shorter := POLITE.sub("", request)) != request:
        request = shorter
    if NAME_REQUEST.search(request):
        return "person_name" if is_personal_name(answer.rstrip(".")) and " " in answer else ""
    return request
