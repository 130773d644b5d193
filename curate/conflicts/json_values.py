"""Two answers in JSON that give different values under one key, as in the extraction of fields."""

import json
from decimal import Decimal, localcontext
from functools import lru_cache
from typing import Any, Final

from curate.conflicts.evidence import Evidence
from curate.core.lazy import lazy_pattern
from curate.core.text import normalised, words
from curate.core.validation import parsed_json

PRECISION: Final = {"numbers": 0.96, "dates": 0.96, "values": 0.88}
MAX_DEPTH: Final = 8
MAX_VALUE_WORDS: Final = 4
"""Maximum number of words of a text that is a value, such as a name or a label; longer ones may be worded otherwise."""
FREE_KEY: Final = lazy_pattern(
    r"(?i)(?:.*[_\W])?(?:u?u?id|guid|key|hash|confidence|score|probability|reason|reasons|reasoning|explanation|notes?"
    r"|comments?|summary|description|title|timestamp|created|updated|created_at|updated_at|version)"
)
"""A key whose value may differ between two correct answers: an identifier, an estimate or free text."""
ISO_DATE: Final = lazy_pattern(r"\d{4}-\d\d-\d\d")
NUMBER: Final = lazy_pattern(r"-?\d{1,30}(?:\.\d{1,30})?")
DIGITS: Final = lazy_pattern(r"\d+")


@lru_cache(4_096)
def json_answer(answer: str) -> dict[str, Any] | list[Any] | None:
    """The JSON object or list that an answer is, also in a fenced block; None for other answers."""
    text = answer.strip()
    if text.startswith("```") and text.endswith("```"):
        text = text[3:-3].removeprefix("json").lstrip()
    if not text.startswith(("{", "[")):
        return None
    try:
        parsed = parsed_json(text)
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict | list) else None


def other_json_value(left: Any, right: Any, depth: int = 0) -> Evidence | None:
    """The first number, date, truth value or short text that two answers give differently under one key; None
    without one. Lists are compared item by item if they are of one length and hold objects.
    """
    if depth > MAX_DEPTH:
        return None
    if isinstance(left, dict) and isinstance(right, dict):
        pairs = [(left[key], right[key]) for key in left if key in right and not FREE_KEY.fullmatch(key[:100])]
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        pairs = [*zip(left, right, strict=True)] if all(isinstance(item, dict) for item in left + right) else []
    else:
        return _other_scalar(left, right)
    return next((found for pair in pairs if (found := other_json_value(*pair, depth + 1)) is not None), None)


def _other_scalar(left: Any, right: Any) -> Evidence | None:
    """Two values of one kind that differ; a number may be text in one of them."""
    if isinstance(left, bool) and isinstance(right, bool):
        kind = "values" if left != right else None
    elif isinstance(left, bool) or isinstance(right, bool):
        return None
    elif (left_number := _number(left)) is not None and (right_number := _number(right)) is not None:
        kind = None if _are_equal_rounded(left_number, right_number) else "numbers"
    elif isinstance(left, str) and isinstance(right, str):
        kind = _kind_of_texts(left, right)
    else:
        return None
    return Evidence(kind, _shown(left), _shown(right), PRECISION[kind]) if kind else None


def _kind_of_texts(left: str, right: str) -> str | None:
    """The kind of two different values; None for texts that may say the same in other words or another notation."""
    sides = [frozenset(words(normalised(text))) for text in (left, right)]
    if not all(0 < len(side) <= MAX_VALUE_WORDS for side in sides) or sides[0] <= sides[1] or sides[1] <= sides[0]:
        return None
    if not any(character.isdigit() for character in left + right):
        return "values"
    if all(ISO_DATE.fullmatch(text.strip()) for text in (left, right)):
        return "dates"
    shapes = {DIGITS.sub("0", text.strip()) for text in (left, right)}
    return "numbers" if len(shapes) == 1 else None


def _number(value: Any) -> Decimal | None:
    """A finite JSON number, or a text that is one."""
    if isinstance(value, str) and not NUMBER.fullmatch(value.strip()):
        return None
    number = Decimal(str(value)) if isinstance(value, int | float | str) else None
    return number if number is not None and number.is_finite() else None


def _are_equal_rounded(left: Decimal, right: Decimal) -> bool:
    """Whether two numbers are equal with as many decimals as the one that has fewer: 0.333 and 0.33."""
    exponents = [int(number.normalize().as_tuple().exponent) for number in (left, right)]
    with localcontext(prec=60):
        unit = Decimal(1).scaleb(max(exponents)) if max(exponents) < 0 else Decimal(1)
        return abs(left - right) <= (unit / 2 if exponents[0] != exponents[1] and min(exponents) < 0 else 0)


def _shown(value: Any) -> str:
    return value.strip() if isinstance(value, str) else json.dumps(value)
