"""Whether two answers to one question clash, told by rules: where a rule speaks it is precise, where none does it is silent.

Measured elsewhere before this was written: opposite yes/no openings were right in 99 of 100 cases, clashing numbers in 91;
parity of negations was no better than chance, so it is not a rule here.
"""

import re
from typing import Final

from curate.detect.evidence import Evidence
from curate.detect.facts import NUMBER, numbers
from curate.text import normalised, words

YES: Final = re.compile(r"^\W*(?:yes|yeah|yep|true|correct|that is correct|that's correct|indeed)\b", re.IGNORECASE)
NO: Final = re.compile(r"^\W*(?:no|nope|false|incorrect|that is incorrect|that's incorrect|not true)\b(?!\s+(?:problem|worries|doubt))", re.IGNORECASE)
REFUSAL: Final = re.compile(
    r"^\W*(?:i(?:'m| am) (?:sorry|unable|afraid|not able)|sorry,? (?:but )?i|i (?:can(?:no|')t|cannot|won't|do not|don't) (?:help|assist|answer|provide|do|have)"
    r"|unfortunately,? i|as an ai\b|as a language model)",
    re.IGNORECASE,
)
MONTHS: Final = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"]
DAYS: Final = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
# A request that several answers fulfil: two different ones are no conflict.
OPEN: Final = re.compile(
    r"^\W*(?:please\s+|can you\s+|could you\s+)?(?:write|generate|create|compose|suggest|brainstorm|imagine|invent|make up|come up with|tell me a|describe|list|recommend"
    r"|draft|rewrite|rephrase|paraphrase|summari[sz]e|(?:give|provide|name|find|think of|propose|offer)\b(?: me| us)? (?:an?|some|any|one|two|three|four|five|several|\d+|example|ideas|tips))\b",
    re.IGNORECASE,
)
OVERLAP: Final = 0.5
"""Share of common words from which two answers are about the same thing, so that their numbers can be compared."""


def is_open(question: str) -> bool:
    """Whether the last request asks for one of many possible answers."""
    return OPEN.search(question) is not None


def clash(question: str, left: str, right: str) -> Evidence | None:
    """The first rule that says that two answers to `question` cannot both hold, with the words that clash; None when none does."""
    refusals = REFUSAL.match(left), REFUSAL.match(right)
    if (refusals[0] is None) != (refusals[1] is None):
        return Evidence("refusal", *(m.group() if m else _opening(text) for m, text in zip(refusals, (left, right), strict=True)), 0.9)
    if refusals[0] or is_open(question):
        return None
    for one, other in ((YES, NO), (NO, YES)):
        if (a := one.match(left)) and (b := other.match(right)):
            return Evidence("polarity", a.group().strip(), b.group().strip(), 0.99)
    return _names_of_time(left, right) or _numbers(question, left, right)


def _opening(text: str) -> str:
    return " ".join(text.split()[:6])


def _names_of_time(left: str, right: str) -> Evidence | None:
    """Different months or weekdays in otherwise like answers."""
    a, b = words(normalised(left)), words(normalised(right))
    if _overlap(a, b) < OVERLAP:
        return None
    for names in (MONTHS, DAYS):
        mine, other = [w for w in a if w in names and w != "may"], [w for w in b if w in names and w != "may"]
        if mine and other and not set(mine) & set(other):
            return Evidence("dates", mine[0], other[0], 0.9)
    return None


def _numbers(question: str, left: str, right: str) -> Evidence | None:
    """Different numbers in otherwise like answers; numbers that the question gave do not count, nor do roundings of one another."""
    given = set(numbers(normalised(question)))
    a, b = ([n for n in numbers(normalised(text)) if n not in given] for text in (left, right))
    if not a or not b or _agree(a, b) or _agree(b, a):
        return None
    words_a, words_b = (words(NUMBER.sub(" ", normalised(text))) for text in (left, right))
    if words_a and words_b and _overlap(words_a, words_b) < OVERLAP:
        return None
    clashing = next(n for n in a if not _agree([n], b)), next(n for n in b if not _agree([n], a))
    return Evidence("numbers", *clashing, 0.91)


def _agree(some: list[str], all_of: list[str]) -> bool:
    """Whether each of `some` is also in `all_of`, up to rounding."""
    return all(any(_same(one, other) for other in all_of) for one in some)


def _same(one: str, other: str) -> bool:
    if one == other:
        return True
    places = min(_decimals(one), _decimals(other))
    try:
        return f"{float(one):.{places}f}" == f"{float(other):.{places}f}"
    except ValueError:  # a version, a date: no number to round
        return False


def _decimals(number: str) -> int:
    return len(number.partition(".")[2])


def _overlap(a: list[str], b: list[str]) -> float:
    left, right = set(a), set(b)
    return len(left & right) / max(1, min(len(left), len(right)))
