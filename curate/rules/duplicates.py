"""Family D: duplicates that can be told without a model, while the data streams by."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from curate.example import Place
from curate.finding import Problem, Severity
from curate.rules.profile import Profile
from curate.rules.rule import Scope, rule
from curate.text import visible

Placed = Iterator[tuple[Place | int, Problem]]


@dataclass(slots=True)
class Seen:
    """What was seen so far, over all files: fixed bytes per example."""

    profile: Profile = field(default_factory=Profile)
    memory: dict[str, Any] = field(default_factory=dict)
    """What a rule keeps for its conclusion, under its code."""


@rule("D001", "exact-duplicate", severity=Severity.WARNING, scope=Scope.PROFILE, hint="`curate dedup` removes it and keeps the first.")
def exact_duplicate(profile: Profile) -> Placed:
    """An example is an exact copy of an earlier one.

    Equal content, whatever the order of keys: a copy weighs double in training, and in a test set it measures
    memory.

    Bad:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}

    Good:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    for copy, first in profile.copies():
        yield copy, Problem("", f"exact copy of {visible(str(profile.places[first]))}")


@rule("D002", "same-but-for-spelling", severity=Severity.WARNING, scope=Scope.PROFILE, hint="`curate dedup` removes it and keeps one.")
def same_but_for_spelling(profile: Profile) -> Placed:
    """An example is an earlier one in another case, spacing or form of characters.

    To the model it is the same example again: it weighs double in training, and in a test set it measures memory.

    Bad:

        {"messages": [{"role": "user", "content": "What is 2 + 2?"}, {"role": "assistant", "content": "Four."}]}
        {"messages": [{"role": "user", "content": "what is 2+2?"}, {"role": "assistant", "content": "four."}]}

    Good:

        {"messages": [{"role": "user", "content": "What is 2 + 2?"}, {"role": "assistant", "content": "Four."}]}
        {"messages": [{"role": "user", "content": "What is 2 + 3?"}, {"role": "assistant", "content": "Five."}]}
    """
    for other, first in profile.respelled():
        yield other, Problem("", f"says the same as {visible(str(profile.places[first]))}, in another case, spacing or form of characters")


RULES = (exact_duplicate, same_but_for_spelling)
