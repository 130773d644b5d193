"""Metrics of extraction: whether an answer is JSON, and which of its fields are right."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from curate.core.text import normalised
from train.scores.metric import Expected, Given, Metric, Scorer, mean_of, ratio

FENCE: Final = re.compile(r"```(?:json)?\s*\n?(.*?)```", re.DOTALL)
DECODER: Final = json.JSONDecoder()
Leaf = tuple[str, str]
"""Path and value of a field, in one spelling."""
JSON_VALID = Metric("json_valid", "valid JSON", mean_of(lambda _, given: float(parsed(given.text) is not None)))
FIELD_ACCURACY = Metric(
    "field_accuracy", "field accuracy", lambda _: Scorer(_field_counts, lambda sums: ratio(sums[..., 0], sums[..., 2]))
)
"""Share of the expected fields that are there with the expected value."""
FIELD_F1 = Metric(
    "field_f1",
    "field F1",
    lambda _: Scorer(_field_counts, lambda sums: ratio(2 * sums[..., 0], sums[..., 1] + sums[..., 2])),
)
"""Harmonic mean of precision and recall, which penalizes extra fields."""


def parsed(text: str) -> Any:
    """The object or list of an answer that is JSON, else None."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def json_in_answer(text: str) -> Any:
    """The object or list in an answer: the whole text, a code fence, or the first one in the text; else None."""
    fenced = FENCE.search(text)
    for candidate in (text, fenced.group(1) if fenced else ""):
        if (value := parsed(candidate)) is not None:
            return value
    for match in re.finditer(r"[{\[]", text):
        try:
            value, _ = DECODER.raw_decode(text, match.start())
        except ValueError:
            continue
        except RecursionError:  # so would what is inside, thousands of times
            return None
        return value
    return None


def leaves(value: Any, path: str = "") -> Iterator[Leaf]:
    """All fields with a value: numbers by size, texts normalized. Scalars of a list may come in any order."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{path}/{key}")
        if not value:
            yield path, "{}"
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from leaves(item, f"{path}/{i}" if isinstance(item, dict | list) else f"{path}/*")
        if not value:
            yield path, "[]"
    elif isinstance(value, bool) or value is None:
        yield path, json.dumps(value)
    elif isinstance(value, int | float):
        yield path, f"{float(value):.12g}" if abs(value) < 1e300 else str(value)
    else:
        yield path, f"'{normalised(str(value))}"


def _field_counts(expected: Expected, given: Given) -> Sequence[float]:
    """Right, given and expected fields; an expected answer that is no JSON has one field, its text."""
    wanted_value, got_value = json_in_answer(expected.text), json_in_answer(given.text)
    reference = Counter(leaves(expected.text if wanted_value is None else wanted_value))
    guessed = leaves(given.text) if wanted_value is None else iter(())
    got = Counter(guessed if got_value is None else leaves(got_value))
    return float((reference & got).total()), float(got.total()), float(reference.total())
