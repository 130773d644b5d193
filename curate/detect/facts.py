"""Facts that make near-duplicates two examples: "What is 2 + 3?" and "What is 2 + 4?" differ in one character and in their meaning."""

import re
from collections import Counter
from typing import Final

from curate.example import Example
from curate.text import normalised

# A number with its sign, separators and decimals. A sign counts only where no word or bracket stands before it.
NUMBER: Final = re.compile(r"(?<![\w.,)\]])[-−+]?\d+(?:[.,]\d+)*|\d+(?:[.,]\d+)*")
NEGATION: Final = re.compile(r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|\w+n['’]t)\b")
THOUSANDS: Final = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")


def numbers(text: str) -> list[str]:
    """The numbers in a text, in order, each in one spelling: no thousands separators, no zeros after the decimals, no plus."""
    return [_plain(match.group()) for match in NUMBER.finditer(text)]


def _plain(number: str) -> str:
    number = number.replace("−", "-").lstrip("+")
    if THOUSANDS.fullmatch(number.lstrip("-")):
        number = number.replace(",", "")
    if number.count(".") == 1 and "," not in number:
        number = number.rstrip("0").rstrip(".")
    return number


def facts(text: str) -> Counter[str]:
    """The numbers and negations of a text, each as often as it stands there."""
    plain = normalised(text)
    return Counter([*numbers(plain), *(f"not:{match.group()}" for match in NEGATION.finditer(plain))])


def same_facts(left: Example, right: Example) -> bool:
    """Whether two examples agree in every number and negation, turn by turn."""
    a, b = ([facts(message.text) for message in example.messages if message.role not in ("system", "developer")] for example in (left, right))
    return a == b
