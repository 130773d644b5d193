"""Answers without the usual format of the file: JSON, and the keys and sections of nine in ten answers."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from curate.core.lazy import Floats, np
from curate.core.text import text_column

REQUIRED_SHARE: Final = 0.9
"""Share of the answers from which a part of the format is required."""
REQUIRED_JSON_SHARE: Final = 0.6
"""Share of JSON answers from which an answer must be JSON."""
MIN_GROUP_SIZE: Final = 20
"""Number of examples with one system prompt from which their answers have a format of their own."""
HEADING: Final = (
    r"(?m)^[ \t]*(?:#{1,6} [^\n]{1,60}|\*\*[^*\n]{1,40}\*\*:?|[A-Z][\p{L}\p{N}_ ]{0,30}:(?: |$)|#{4})"
    r"|(?:<[a-z_]{2,20}>|<<|####|```\w*|\bSELECT\b|\bFROM\b)"
)
"""The mark of a section: a heading, a label at the start of a line, a tag, a fence, SQL keywords; for polars."""
HEADING_NEEDLES: Final = ("#", "**", ":", "<", "```", "SELECT", "FROM")
"""Each match of `HEADING` contains one of these."""
NO_NAME: Final = re.compile(r"\W+$|\d+")


def formats(systems: Sequence[str], answers: Sequence[str]) -> Floats:
    """The share of the file's format that each answer has: the lowest of its parts; 1 if the file has no format."""
    sizes = Counter(systems)
    scores = np.ones(len(answers))
    by_key: dict[str | None, list[int]] = {}
    for index, system in enumerate(systems):
        by_key.setdefault(system if sizes[system] >= MIN_GROUP_SIZE else None, []).append(index)
    for members in by_key.values():
        scores[members] = _format_scores([answers[index] for index in members])
    return scores


def _format_scores(answers: Sequence[str]) -> list[float]:
    """The format score of each answer of a group; 1 for each if there are fewer than `MIN_GROUP_SIZE`."""
    if len(answers) < MIN_GROUP_SIZE:
        return [1.0] * len(answers)
    parsed = [_json_answer(answer) for answer in answers]
    is_json = [isinstance(value, dict | list) for value in parsed]
    if sum(is_json) >= REQUIRED_JSON_SHARE * len(answers):
        present = _present(list(map(_keys_with_types, parsed)))
        return [have if good else 0.05 for good, have in zip(is_json, present, strict=True)]
    return _present(list(map(_section_marks, answers, _headings(answers))))


def _headings(answers: Sequence[str]) -> list[Sequence[str]]:
    """The matches of `HEADING` in each answer."""
    headings: list[Sequence[str]] = [()] * len(answers)
    texts = text_column(answers)
    candidates = texts.str.contains_any([*HEADING_NEEDLES]).arg_true()
    matches = texts.gather(candidates).str.extract_all(HEADING).to_list()
    for index, of_answer in zip(candidates.to_list(), matches, strict=True):
        headings[index] = of_answer
    return headings


def _present(every: Sequence[frozenset[str]]) -> list[float]:
    """The format score of each answer, given its parts: 1 with all parts that nine in ten answers have, else .3 divided
    by the number of missing ones.
    """
    counts = Counter(part for have in every for part in have)
    required = {part for part, count in counts.items() if count >= REQUIRED_SHARE * len(every)}
    return [0.3 / len(required - have) if required - have else 1.0 for have in every]


def _section_marks(answer: str, headings: Iterable[str]) -> frozenset[str]:
    """The headings without digits and closing punctuation, and `^` with the first character if it is a mark."""
    marks = {NO_NAME.sub("", heading.strip()) or heading for heading in headings}
    first = answer.strip()[:1]
    return frozenset(marks if first.isalnum() else marks | {f"^{first}"})


def _json_answer(answer: str) -> Any:
    """The object or list of an answer in JSON, also in a code block; None if it is neither."""
    text = answer.strip()
    if text.startswith("```"):
        text = text.strip("`").partition("\n")[2]
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _keys_with_types(value: Any) -> frozenset[str]:
    """The keys of a JSON object, or of the objects in a list, each with the type of its value: `answer:str`."""
    if isinstance(value, list):
        return frozenset().union(*(_keys_with_types(item) for item in value[:20])) if value else frozenset(("[]",))
    if isinstance(value, dict):
        return frozenset(f"{key}:{type(item).__name__}" for key, item in value.items())
    return frozenset()
