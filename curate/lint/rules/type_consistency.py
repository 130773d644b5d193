"""Family J over the data set: keys with different types in different examples."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from curate.core.address import escape
from curate.core.example import Example, Place
from curate.core.finding import PlacedProblems, Problem, Severity
from curate.core.targets import Target
from curate.core.text import excerpt, visible
from curate.lint.rules.dataset_summary import DatasetState
from curate.lint.rules.roles import kind_of
from curate.lint.rules.rule import dataset_rule

PATHS: Final = 2_000
"""Maximum number of key paths with recorded types."""
OTHERS: Final = frozenset(("content", "arguments"))
"""Keys whose types other rules compare: C008 and T016."""

GRAMMAR: Final = frozenset(("/messages", "/messages/*", "/messages/*/role"))
"""Paths whose types M002, M004 and M005 check."""


@dataclass(slots=True)
class Types:
    """Count and first place of each type of a path."""

    count: int
    place: Place


def _kinds(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each key path of an object with its JSON type; list items are under `*`."""
    stack: list[tuple[str, Any]] = [(f"/{escape(key)}", item) for key, item in value.items()]
    while stack:
        path, item = stack.pop()
        if item is not None and path not in GRAMMAR:  # null fits any type
            yield path, kind_of(item)
        if isinstance(item, dict):
            stack += [(f"{path}/{escape(key)}", inner) for key, inner in item.items() if key not in OTHERS]
        elif isinstance(item, list):
            stack += [(f"{path}/*", inner) for inner in item]


@dataset_rule(
    "J023",
    "type-changes",
    Severity.WARNING,
    targets={Target.TRL: Severity.ERROR, Target.OPENAI: Severity.INFO, Target.AZURE: Severity.INFO},
    hint="Use one type in all examples, a string if necessary.",
)
def type_changes(example: Example, state: DatasetState) -> None:
    """A key has different types in different examples.

    Libraries that read the file into columns ("Couldn't cast ...") stop at the first example that differs.
    Bad:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "id": 1}
        {"messages": [{"role": "user", "content": "Bye"}, {"role": "assistant", "content": "See you."}], "id": "2"}
    Good:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "id": "1"}
        {"messages": [{"role": "user", "content": "Bye"}, {"role": "assistant", "content": "See you."}], "id": "2"}
    """
    known: dict[str, dict[str, Types]] = state.memory.setdefault("J023", {})
    for path, kind in _kinds(example.value):
        kinds = known.get(path)
        if kinds is None:
            if len(known) >= PATHS:
                continue
            kinds = known[path] = {}
        if kind in kinds:
            kinds[kind].count += 1
        else:
            kinds[kind] = Types(1, example.place)


@type_changes.finalize
def type_findings(state: DatasetState) -> PlacedProblems:
    """The keys with several types."""
    known: dict[str, dict[str, Types]] = state.memory.get("J023", {})
    for path, kinds in known.items():
        if len(kinds) > 1:
            ordered = sorted(kinds.items(), key=lambda pair: -pair[1].count)
            counts = ", ".join(
                f"{kind} {types.count:,} times (first at {visible(str(types.place))})" for kind, types in ordered
            )
            yield ordered[-1][1].place, Problem("", f"{visible(excerpt(path, 80))} is {counts}")
