"""The part of a text that a finding is about, derived from its message or rule."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from curate.core.finding import Finding
from curate.core.text import UNSAFE

QUOTED_TEXT: Final = re.compile(
    r"'((?:[^'\\]|\\.){1,200})'|\"((?:[^\"\\]|\\.){1,200})\"|`([^`]{1,200})`|\u201c([^\u201d]{1,200})\u201d"
)
CODE_POINT: Final = re.compile(r"U\+([0-9A-F]{4,6})")
OUTER_SPACE: Final = {"C015": re.compile(r"\s+\Z"), "C022": re.compile(r"\A\s+")}
"""The white space that these rules report."""
MAX_SPANS: Final = 50
"""Maximum number of marked places."""
Spans = list[tuple[int, int]]


def spans_of(finding: Finding, text: str) -> Spans:
    """Ordered, disjoint ranges in a text; empty if only the whole turn can be named."""
    spans: Spans = []
    for start, end in sorted(_ranges(finding, text)):
        if start < end and (not spans or start >= spans[-1][1]):
            spans.append((start, end))
        if len(spans) == MAX_SPANS:
            break
    return spans


def _ranges(finding: Finding, text: str) -> Iterator[tuple[int, int]]:
    """The ranges that a finding names by its rule, a code point or quoted words; they may overlap."""
    if finding.code in OUTER_SPACE:
        yield from (match.span() for match in OUTER_SPACE[finding.code].finditer(text))
    if finding.code in ("J005", "Q010", "Q012"):
        yield from (match.span() for match in UNSAFE.finditer(text) if match.group() not in "\n\t")
    for match in CODE_POINT.finditer(finding.message):
        char = chr(int(match.group(1), 16))
        yield from _places(text, char)
    for match in QUOTED_TEXT.finditer(finding.message):
        words = next(group for group in match.groups() if group)
        yield from _places(text, words.removesuffix("…"))


def _places(text: str, words: str) -> Iterator[tuple[int, int]]:
    """The ranges of the words in a text, without regard to case; none for blank words."""
    if words.strip():
        yield from (match.span() for match in islice(re.finditer(re.escape(words), text, re.IGNORECASE), MAX_SPANS))
