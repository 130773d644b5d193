"""Which forms of values are searched for in a text, by what the text has.

Most texts have none of the words and signs of most forms, so the time of a search is that of the hints. Forms with the
same hint are tried together, and those that need a digit or a character outside of ASCII only in texts with one.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from curate.redact.form import CODE_HINT, DIGIT, LONG_NUMBER, NOT_ASCII, HintParts, Hints, ValueForm

NUMBER_HINTS: Final = (DIGIT, LONG_NUMBER, CODE_HINT)
"""Hints of texts with a digit."""


class Mark(NamedTuple):
    """A hint: a part of a text in this case."""

    mark: str

    def search(self, text: str) -> bool:
        """Whether the text has it."""
        return self.mark in text


class SearchGroup(NamedTuple):
    """Forms that are searched for if a text meets all conditions, each with its precedence."""

    conditions: tuple[Any, ...]
    forms: tuple[tuple[int, ValueForm], ...]


def search_groups(forms: Sequence[ValueForm], *, has_digit: bool, is_ascii: bool) -> tuple[SearchGroup, ...]:
    """The forms that a text with or without a digit, in ASCII or not, may have."""
    groups: dict[tuple[Any, ...], list[tuple[int, ValueForm]]] = {}
    for precedence, form in enumerate(forms):
        conditions = (Mark(form.mark),) if form.mark else _conditions(form.hint)
        if (not has_digit and not _NUMBERS.isdisjoint(conditions)) or (is_ascii and NOT_ASCII in conditions):
            continue
        left = (condition for condition in conditions if condition not in (DIGIT, NOT_ASCII))
        groups.setdefault(tuple(sorted(left, key=_cost)), []).append((precedence, form))
    return tuple(SearchGroup(conditions, tuple(group)) for conditions, group in groups.items())


_NUMBERS: Final = frozenset(NUMBER_HINTS)


def _conditions(hint: Any) -> tuple[Any, ...]:
    """The single conditions of a hint."""
    return tuple(part for inner in hint.hints for part in _conditions(inner)) if isinstance(hint, Hints) else (hint,)


def _cost(condition: Any) -> int:
    """The rank of a condition by its time: parts take a tenth of that of an expression."""
    return 0 if isinstance(condition, (Mark, HintParts)) else 1
