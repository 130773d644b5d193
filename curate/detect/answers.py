"""Whether two answers to one question clash, told by rules: where a rule speaks it is precise, where none does it is silent.

Parity of negations is not a rule here: it tells contradictions from paraphrases no better than chance.
"""

import re
from difflib import SequenceMatcher
from typing import Final

from curate.detect.evidence import Evidence
from curate.detect.facts import NUMBER, numbers
from curate.text import normalised, words

# (right + 1) / (called + 2) on 7,930 labelled pairs of public data: right of called were numbers 229 of 237, polarity 32 of 32,
# dates 25 of 25, values 6 of 6, refusal 2 of 3 (python tests/bench/conflict_rules.py FOLDER). Most of these pairs do clash, so it
# says how far a call can be trusted among candidates, not among any two answers.
PRECISION: Final = {"polarity": 0.97, "numbers": 0.96, "dates": 0.96, "values": 0.88, "refusal": 0.6}
YES: Final = re.compile(r"^\W*(?:yes|yeah|yep|true|correct|that is correct|that's correct|indeed)\b", re.IGNORECASE)
NO: Final = re.compile(r"^\W*(?:no|nope|false|incorrect|that is incorrect|that's incorrect|not true)\b(?!\s+(?:problem|worries|doubt))", re.IGNORECASE)
REFUSAL: Final = re.compile(
    r"""^\W*(?: i(?:'m|\ am)\ (?:sorry|unable|afraid|not\ able)
             | sorry,?\ (?:but\ )?i
             | i\ (?:can(?:no|')t|cannot|won't|do\ not|don't)\ (?:help|assist|answer|provide|do|have)
             | unfortunately,?\ i
             | as\ (?:an\ ai|a\ language\ model)\b )""",
    re.IGNORECASE | re.VERBOSE,
)
MONTHS: Final = ["january", "february", "march", "april", "june", "july", "august", "september", "october", "november", "december"]  # "may" is a verb too
DAYS: Final = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
# A request that several answers fulfil: two different ones are no conflict.
OPEN: Final = re.compile(
    r"""^\W*(?:please\s+|can\ you\s+|could\ you\s+)?
    (?: write|generate|create|compose|suggest|brainstorm|imagine|invent|make\ up|come\ up\ with|tell\ me\ a|describe|list|recommend|draft
      | rewrite|rephrase|paraphrase|summari[sz]e
      | (?:give|provide|name|find|think\ of|propose|offer)(?:\ me|\ us)?\ (?:an?|some|any|one|two|three|four|five|several|\d+|example|ideas|tips) )\b""",
    re.IGNORECASE | re.VERBOSE,
)
TOKEN: Final = re.compile(r"\w+(?:[-'’]\w+)*|[^\w\s]")
QUOTES: Final = frozenset("\"'“”‘’`")
OVERLAP: Final = 0.5
"""Share of common words from which two answers are about the same thing, so that their numbers can be compared."""


def is_open(question: str) -> bool:
    """Whether the last request asks for one of many possible answers."""
    return OPEN.search(question) is not None


def clash(question: str, left: str, right: str) -> Evidence | None:
    """The first rule that says that two answers to `question` cannot both hold, with the words that clash; None when none does."""
    refusals = REFUSAL.match(left), REFUSAL.match(right)
    if (refusals[0] is None) != (refusals[1] is None):
        refused, answered = [match.group() if match else _opening(text) for match, text in zip(refusals, (left, right), strict=True)]
        return Evidence("refusal", refused, answered, PRECISION["refusal"])
    if refusals[0] or is_open(question):
        return None
    for one, other in ((YES, NO), (NO, YES)):
        if (a := one.match(left)) and (b := other.match(right)):
            return Evidence("polarity", a.group().strip(), b.group().strip(), PRECISION["polarity"])
    return _names_of_time(left, right) or _numbers(question, left, right) or _values(left, right)


def _opening(text: str) -> str:
    return " ".join(text.split()[:6])


def _names_of_time(left: str, right: str) -> Evidence | None:
    """Different months or weekdays in otherwise like answers."""
    a, b = words(normalised(left)), words(normalised(right))
    if _overlap(a, b) < OVERLAP:
        return None
    for names in (MONTHS, DAYS):
        mine, other = [w for w in a if w in names], [w for w in b if w in names]
        if mine and other and not set(mine) & set(other):
            return Evidence("dates", mine[0], other[0], PRECISION["dates"])
    return None


def _numbers(question: str, left: str, right: str) -> Evidence | None:
    """No number in common in otherwise like answers; numbers that the question gave do not count, roundings of one another are equal."""
    given = set(numbers(normalised(question)))
    a, b = ([n for n in numbers(normalised(text)) if n not in given] for text in (left, right))
    if not a or not b or any(_same(one, other) for one in a for other in b):
        return None
    words_a, words_b = (words(NUMBER.sub(" ", normalised(text))) for text in (left, right))
    if words_a and words_b and _overlap(words_a, words_b) < OVERLAP:
        return None
    return Evidence("numbers", a[0], b[0], PRECISION["numbers"])


def _values(left: str, right: str) -> Evidence | None:
    """Answers equal but for one name or quoted word put in another's place."""
    a, b = TOKEN.findall(left), TOKEN.findall(right)
    plain_a, plain_b = [t.casefold() for t in a], [t.casefold() for t in b]
    changes = [op for op in SequenceMatcher(None, plain_a, plain_b, autojunk=False).get_opcodes() if op[0] != "equal"]
    if len(changes) != 1 or changes[0][0] != "replace":
        return None
    _, a0, a1, b0, b1 = changes[0]
    if not (_is_value(a, a0, a1) and _is_value(b, b0, b1)):
        return None
    return Evidence("values", " ".join(a[a0:a1]), " ".join(b[b0:b1]), PRECISION["values"])


def _is_value(tokens: list[str], start: int, end: int) -> bool:
    """Whether a span is names (capitals, not at the start of the answer) or stands between quotes."""
    quoted = start > 0 and end < len(tokens) and tokens[start - 1] in QUOTES and tokens[end] in QUOTES
    return quoted or (start > 0 and all(token[0].isupper() for token in tokens[start:end]))


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
