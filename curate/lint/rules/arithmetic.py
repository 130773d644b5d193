"""Family Q, arithmetic: equations of an answer that are wrong."""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Final

from curate.core.finding import Severity
from curate.core.lazy import lazy_pattern, pl
from curate.core.text import quoted
from curate.lint.rules.polars_text_helpers import answer, asked, judged_by, matching
from curate.lint.rules.prefilter import answer_patterns
from curate.lint.rules.rule import text_rule

NUMBER: Final = r"[$€£]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,9})"
EQUATION: Final = lazy_pattern(
    rf"(?<![\w.,%$€£^])(?P<left>{NUMBER}) ?(?P<sign>[-−–+*×x]) ?(?P<right>{NUMBER}) ?= ?"
    rf"(?P<result>[-−]?{NUMBER})(?![\w%^!°'\"/]|[.,:][0-9]|[ \u00a0\u2009\u202f][0-9]{{3}}\b| ?[-−–+*×x·/÷^=≠%!?(]| mod\b)"
)
"""Whole numbers only: other results are rounded, and division has remainders."""
EARLIER_TERM: Final = lazy_pattern(
    r"(?:[-−–+*×·/÷^=%√()\]}]|[0-9]|\b\w|\\[A-Za-z]+) ?\Z"
    r"|(?i:\b(?:times|plus|minus|by|mod|if|mal|durch|hoch|por|entre|fois|par|menos|moins|half|twice|double|triple|sin|cos|tan|log|ln|sqrt)"
    r"|(?:%|\b(?:half|third|quarter|fifth|tenth|percent|square|cube|root)s?) of) \Z"
)
"""What shows that the left side begins before the match."""
OTHER_FORM: Final = lazy_pattern(
    r"\A ?(?:(?:and|or|plus|minus|times|multiplied by|divided by) [0-9]|(?:groups?|rows?|sets?|lots?|columns?) of\b|points?\b)"
)
"""The result in parts, as in `8 + 7 = 8 and 2 and 5`, or a score."""
UNIT: Final = lazy_pattern(r"\A ?(?:[^\W\d_]|€)")
MIN_CONVERSION: Final = 2
"""The least factor between units: a result in another unit (`45 + 30 = 1 hour 15 minutes`) is at most half as large."""
TAKEN_BACK: Final = lazy_pattern(
    r"(?i)\b(?:wait|no|not|oops|hmm|actually|instead|should|wrong\w*|incorrect\w*|mistakes?|errors?|false|falsch|approx\w*|about|roughly|rounded"
    r"|binary|octal|hexadecimal|base|modulo|overflow\w*|wraps?|\d+-bit)\b"
)
"""What is said behind an equation that is corrected at once, or meant otherwise."""
AFTER_CHARS: Final = 40
WRITTEN_SIGNS: Final = str.maketrans("−", "-", "$€£,")
LIST_ITEM: Final = lazy_pattern(r"(?:^|\n)[ \t]*(?:[-–*•] ?|[0-9]{1,3}[.)] |[0-9]{1,3}\) ?)\Z")
OTHER_ARITHMETIC: Final = lazy_pattern(
    r"(?i)\b(?:binary|octal|hexadecimal|base[- ](?:\d+|two|eight|twelve|sixteen)|mod(?:ul\w*)?|clock|xor|bitwise|\d+-bit|z_\d+|ℤ|gf|finite field|boolean|matri\w*|vector|overflow|string|concat\w*"
    r"|puzzle|riddle|pattern|joke|synergy|trick|operator|pretend|suppose|wrong\w*|incorrect\w*|mistakes?|errors?|false|falsch|fehler|correct\w*|approx\w*|about|roughly|rounded)\b"
)
"""Texts in which an equation may be meant otherwise, or be shown as a mistake."""
BEFORE_CHARS: Final = 60
OPERATORS: Final[Mapping[str, Callable[[int, int], int]]] = {
    "+": operator.add, "-": operator.sub, "−": operator.sub, "–": operator.sub,
    "*": operator.mul, "×": operator.mul, "x": operator.mul,
}  # fmt: skip
EQUATION_HINT: Final = r"[0-9] ?[-−–+*×x] ?[$€£]?[0-9][0-9,]* ?= ?[-−]?[$€£]?[0-9]"


@text_rule(
    "Q042",
    "wrong-arithmetic",
    Severity.INFO,
    prefilter=answer_patterns(EQUATION_HINT),
    hint="Correct the calculation and what follows from it, or remove the example.",
)
def wrong_arithmetic() -> "pl.Expr":
    """An answer contains a sum, a difference or a product of whole numbers with a wrong result.

    Equations of two numbers count, such as `17 + 25 = 52`; longer ones, fractions, divisions and percentages are
    skipped, and so are ranges, results in another unit, equations of the question, those that are taken back and texts
    about mistakes, other number systems or puzzles. The 4
    findings in 18,313 examples of real files are right, read by hand.
    Bad: {"messages": [{"role": "user", "content": "What is 17 + 26?"}, {"role": "assistant", "content": "17 + 26 = 53"}]}
    Good: {"messages": [{"role": "user", "content": "What is 17 + 26?"}, {"role": "assistant", "content": "17 + 26 = 43"}]}
    """
    return judged_by(matching(answer(), EQUATION_HINT), _wrong_equation, asked())


def _wrong_equation(prompt: str, text: str) -> str | None:
    """The message for the first wrong equation; None if there is none, or equations may be meant otherwise."""
    for match in EQUATION.finditer(text):
        left, right, result = (_whole_number(match[name]) for name in ("left", "right", "result"))
        right_result = OPERATORS[match["sign"]](left, right)
        if result == right_result or match.group() in prompt or _is_range(match, right_result):
            continue
        if (left, match["sign"], right) == (1, "+", 1) or (left, right, result) == (2, 2, 5):  # proverbial
            continue
        after = text[match.end() : match.end() + AFTER_CHARS]
        is_converted = 0 < result * MIN_CONVERSION <= right_result and UNIT.match(after)
        if is_converted or OTHER_FORM.match(after) or TAKEN_BACK.search(after):
            continue
        before = text[max(0, match.start() - BEFORE_CHARS) : match.start()]
        if EARLIER_TERM.search(before) and not LIST_ITEM.search(before):
            continue
        if OTHER_ARITHMETIC.search(prompt) or OTHER_ARITHMETIC.search(before):
            return None
        return f"{quoted(match.group(), 40)} is wrong: it is {right_result:,}"
    return None


def _is_range(match: re.Match[str], difference: int) -> bool:
    """Whether a hyphen stands between the ends of a range, or in a date, a score or a phone number."""
    if match["sign"] not in "-−–":
        return False
    is_narrow = match["left"] + match["sign"] + match["right"] + " =" in match.group()
    return difference < 0 <= _whole_number(match["result"]) or is_narrow or match["right"].startswith("0")


def _whole_number(text: str) -> int:
    """The value of a number as it is written, with its sign."""
    return int(text.translate(WRITTEN_SIGNS))
