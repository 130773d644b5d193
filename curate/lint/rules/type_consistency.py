"""Family J over the data set: keys with different types in different examples."""

from collections.abc import Iterator
from typing import Any, Final

from curate.core.example import Example, escape, kind_of
from curate.core.finding import PlacedProblems, Problem, Severity
from curate.core.targets import Target
from curate.core.text import excerpt, visible
from curate.lint.rules.dataset_summary import DatasetState
from curate.lint.rules.example_places import Count
from curate.lint.rules.rule import dataset_rule

PATHS: Final = 2_000
"""Maximum number of key paths with recorded types."""
OTHERS: Final = frozenset(("content", "arguments"))
"""Keys whose types other rules compare: C008 and T016."""

GRAMMAR: Final = frozenset(("/messages", "/messages/*", "/messages/*/role"))
"""Paths whose types M002, M004 and M005 check."""


def _key_types(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
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
    any_key=True,
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
    known: dict[str, dict[str, Count]] = state.memory.setdefault("J023", {})
    for path, kind in _key_types(example.value):
        if path in known or len(known) < PATHS:
            kinds = known.setdefault(path, {})
            count, first = kinds.get(kind, (0, example.place))
            kinds[kind] = (count + 1, first)


@type_changes.finalize
def type_findings(state: DatasetState) -> PlacedProblems:
    """The keys with several types."""
    known: dict[str, dict[str, Count]] = state.memory.get("J023", {})
    for path, kinds in known.items():
        if len(kinds) > 1:
            ordered = sorted(kinds.items(), key=lambda pair: -pair[1][0])
            counts = ", ".join(
                f"{kind} {count:,} times (first at {visible(str(first))})" for kind, (count, first) in ordered
            )
            yield ordered[-1][1][1], Problem("", f"{visible(excerpt(path, 80))} is {counts}")
