"""Family D: duplicates that can be told without a model, while the data streams by."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from curate.example import Example, Place
from curate.finding import Problem, Severity
from curate.rules.rule import Scope, rule
from curate.text import visible

Problems = Iterator[Problem]


@dataclass(slots=True)
class Seen:
    """What was seen so far, over all files: fixed bytes per example."""

    first: dict[str, Place] = field(default_factory=dict)
    """Id of an example to where it stood first."""
    memory: dict[str, Any] = field(default_factory=dict)
    """What a rule keeps for its conclusion, under its code."""


@rule("D001", "exact-duplicate", severity=Severity.WARNING, scope=Scope.DATASET, hint="`curate dedup` removes it and keeps the first.")
def exact_duplicate(example: Example, seen: Seen) -> Problems:
    """An example is an exact copy of an earlier one.

    Equal content, whatever the order of keys: a copy weighs double in training, and in a test set it measures
    memory.

    Bad:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}

    Good:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    first = seen.first.setdefault(example.id, example.place)
    if first != example.place:
        yield Problem("", f"exact copy of {visible(str(first))}")


RULES = (exact_duplicate,)
