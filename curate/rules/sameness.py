"""Rules that compare examples with earlier ones by what they say (D002) and by the types of their keys (J023)."""

import unicodedata
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from curate.example import Example, Place
from curate.finding import Problem, Severity
from curate.read.locate import escape
from curate.rules.duplicates import Seen
from curate.rules.profile import Places, digest, turns_of
from curate.rules.rule import Scope, rule
from curate.targets import Target
from curate.text import excerpt, visible

Problems = Iterator[Problem]
Placed = Iterator[tuple[Place, Problem]]
PATHS: Final = 2_000
"""Different paths of keys whose types are kept."""
OTHERS: Final = frozenset(("content", "arguments"))
"""Keys whose types other rules compare: C008 and T016."""

GRAMMAR: Final = frozenset(("/messages", "/messages/*", "/messages/*/role"))
"""Paths whose types M002, M004 and M005 judge."""


@dataclass(slots=True)
class Texts:
    """Hashes of what each example says, and of the whole of it: 20 bytes an example."""

    said: "array[int]" = field(default_factory=lambda: array("Q"))
    ids: "array[int]" = field(default_factory=lambda: array("Q"))
    places: Places = field(default_factory=Places)


def _plain(text: Any) -> str:
    """A text without its spaces, in one case and one form of characters."""
    if not isinstance(text, str):
        return repr(text)
    return "".join((text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()).split())


@rule("D002", "same-but-for-spelling", severity=Severity.WARNING, scope=Scope.DATASET, hint="`curate dedup` removes it and keeps one.")
def same_but_for_spelling(example: Example, seen: Seen) -> Problems:
    """An example is an earlier one in another case, spacing or form of characters.

    To the model it is the same example again: it weighs double in training, and in a test set it measures memory.

    Bad:

        {"messages": [{"role": "user", "content": "What is 2 + 2?"}, {"role": "assistant", "content": "Four."}]}
        {"messages": [{"role": "user", "content": "what is 2+2?"}, {"role": "assistant", "content": "four."}]}

    Good:

        {"messages": [{"role": "user", "content": "What is 2 + 2?"}, {"role": "assistant", "content": "Four."}]}
        {"messages": [{"role": "user", "content": "What is 2 + 3?"}, {"role": "assistant", "content": "Five."}]}
    """
    known: Texts | None = seen.memory.get("D002")
    if known is None:
        known = seen.memory["D002"] = Texts()
    if example.plain:
        said = "\0".join([f"{turn['role']}\1{_plain(turn['content'])}" for turn in example.value["messages"]])
    else:
        rest = {key: item for key, item in example.value.items() if key != "messages"}
        turns = [
            f"{turn.get('role')}\1{_plain(turn.get('content'))}\1{sorted((k, repr(v)) for k, v in turn.items() if k not in ('role', 'content'))}"
            for turn in turns_of(example)
        ]
        said = "\0".join([*turns, repr(sorted(rest.items(), key=lambda pair: pair[0]))])
    known.said.append(digest(said))
    known.ids.append(int(example.id[:16], 16))
    known.places.add(example.place)
    return iter(())


@same_but_for_spelling.concluded_by
def told_same(seen: Seen) -> Placed:
    """Which examples say what an earlier one says, and are not its exact copy."""
    known: Texts | None = seen.memory.get("D002")
    if known is None or len(known.ids) == len(set(known.said)):
        return
    import numpy as np  # a twentieth of a second that a file without such examples need not pay

    said = np.frombuffer(known.said, dtype=np.uint64)
    order = np.argsort(said, kind="stable")
    alike = np.flatnonzero(said[order][1:] == said[order][:-1]) + 1
    first: dict[int, int] = {}
    shown: dict[int, set[int]] = {}
    found: list[tuple[int, int]] = []
    for at in alike.tolist():
        left, right = int(order[at - 1]), int(order[at])
        start = first[right] = first.get(left, left)
        ids = shown.setdefault(start, {known.ids[start]})
        if known.ids[right] not in ids:
            ids.add(known.ids[right])
            found.append((right, start))
    for right, start in sorted(found):
        yield known.places[right], Problem("", f"says the same as {visible(str(known.places[start]))}, in another case, spacing or form of characters")


@dataclass(slots=True)
class Types:
    """How often a path has a type, and where first."""

    count: int
    place: Place


def _kind(value: Any) -> str | None:
    """The type of a value as columns have it; None for null, which fits all."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true or false"
    return {str: "a string", int: "a number", float: "a number", list: "a list", dict: "an object"}[type(value)]


def _kinds(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each path of keys in an object with the type found there; items of lists stand under `*`."""
    stack: list[tuple[str, Any]] = [(f"/{escape(key)}", item) for key, item in value.items()]
    while stack:
        path, item = stack.pop()
        kind = _kind(item)
        if kind is None:
            continue
        if path not in GRAMMAR:
            yield path, kind
        if isinstance(item, dict):
            stack += [(f"{path}/{escape(key)}", inner) for key, inner in item.items() if key not in OTHERS]
        elif isinstance(item, list):
            stack += [(f"{path}/*", inner) for inner in item]


@rule(
    "J023",
    "type-changes",
    severity=Severity.WARNING,
    scope=Scope.DATASET,
    targets={Target.TRL: Severity.ERROR, Target.OPENAI: Severity.INFO, Target.AZURE: Severity.INFO},
    hint="Write it with one type in all examples; as a string if need be.",
)
def type_changes(example: Example, seen: Seen) -> Problems:
    """A key has one type in some examples and another one in others.

    Libraries that read the file into columns ("Couldn't cast ...") stop at the first example that differs, which
    may be the millionth.

    Bad:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "id": 1}
        {"messages": [{"role": "user", "content": "Bye"}, {"role": "assistant", "content": "See you."}], "id": "2"}

    Good:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "id": "1"}
        {"messages": [{"role": "user", "content": "Bye"}, {"role": "assistant", "content": "See you."}], "id": "2"}
    """
    if example.plain:
        return iter(())
    known: dict[str, dict[str, Types]] = seen.memory.setdefault("J023", {})
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
    return iter(())


@type_changes.concluded_by
def told_types(seen: Seen) -> Placed:
    """Which keys have several types."""
    known: dict[str, dict[str, Types]] = seen.memory.get("J023", {})
    for path, kinds in known.items():
        if len(kinds) > 1:
            ordered = sorted(kinds.items(), key=lambda pair: -pair[1].count)
            counts = ", ".join(f"{kind} {types.count:,} times (first at {visible(str(types.place))})" for kind, types in ordered)
            yield ordered[-1][1].place, Problem("", f"{visible(excerpt(path, 80))} is {counts}")


RULES = (
    same_but_for_spelling,
    type_changes,
)
