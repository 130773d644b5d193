"""Prefilters: what a message must contain for a text rule to fire, as in `@rule(..., prefilter=literals(("as an ai",)))`.

A rule only sees messages that one of its prefilters selects. A prefilter is a pattern or a flag of the message frame;
it may select too much, never too little. Polars selects the rows of a frame by them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, reduce
from operator import or_
from typing import Final

from curate.core.lazy import lazy_pattern, pl
from curate.language.refusals import APOLOGY_PIECES
from curate.lint.rules.polars_text_helpers import any_of_pattern

QUOTING: Final = r'[:"“”«„]|[!-~]\n+[!-~]'
"""Quotation marks, colons and line breaks inside a text, where a question contains another one."""
FEW_BYTES: Final = 1 << 18
"""Size of texts up to which strings are searched for as strings. A pattern of many strings searches twice as fast, but
takes some milliseconds to compile."""
ANY_CASE: Final = "(?i-u:"
"""The start of a pattern that ignores ASCII case."""
PATTERN_PARTS: Final = lazy_pattern(r"(?s)\\.|\[\^?(?:\\.|[^\\\]])+\]|.")
PLAIN_STRING: Final = lazy_pattern(r"(?:\\[^0-9A-Za-z]|[^\\.^$*+?{}\[\]()|])+")
"""A pattern that only matches one string."""
SET_FLAGS: Final = lazy_pattern(r"\(\?[a-zA-Z-]+\)")


class Among(StrEnum):
    """The rows that a prefilter looks at; it selects no others."""

    ALL = "all"
    FOREIGN = "foreign"
    """Texts that are not all ASCII."""
    SHARED = "shared"
    """Texts in which one of the patterns that are searched for together occurs (`shared_patterns`)."""
    ANSWERS = "answers"
    """Messages of the assistant, for rules that read no others."""
    APOLOGIES = "apologies"
    """The same, for rules about apologies."""
    GIVEN = "given"
    """Messages that are no answers."""
    ASKED = "asked"
    """Answers to a user's message."""
    ASKED_ALONE = "asked-alone"
    """Answers to a user's message that contains no other text (`QUOTING`)."""

    def conditions(self, shared: Sequence[Sequence[str]], *, few: bool) -> "tuple[pl.Expr, ...]":
        """The conditions that the rows meet; each is checked for the rows that meet those before it.

        `shared`: the shared patterns in groups that are searched for together. `few` as in `searches`.
        """
        request, answer = pl.col("asked"), pl.col("role") == "assistant"
        # a search for words in each answer costs more than the pattern, once that is compiled
        apologetic = pl.col("text").str.contains_any([*APOLOGY_PIECES], ascii_case_insensitive=True)
        conditions: dict[Among, tuple[pl.Expr, ...]] = {
            Among.ALL: (),
            Among.FOREIGN: (pl.col("foreign"),),
            Among.SHARED: (reduce(or_, searches(pl.col("text"), shared, few=few), pl.lit(value=False)),),
            Among.ANSWERS: (answer,),
            Among.APOLOGIES: (answer, apologetic) if few else (answer,),
            Among.GIVEN: (pl.col("role") != "assistant",),
            Among.ASKED: (request.is_not_null(),),
            Among.ASKED_ALONE: (request.is_not_null(), ~request.str.contains(QUOTING)),
        }
        return conditions[self]


@dataclass(frozen=True, kw_only=True)
class Prefilter:
    """Base class: selects rows of the message frame."""

    among: Among = Among.ALL

    def rows(self, *, few: bool) -> "list[pl.Expr]":
        """The selected rows of the message frame, as conditions; a row is selected if any of them is true. `few` as in
        `searches`, which changes no result.
        """
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Patterns(Prefilter):
    """Texts that one of some patterns matches."""

    texts: tuple[str, ...]
    columns: tuple[str, ...] = ("text",)
    """The columns of the message frame that are searched."""

    def rows(self, *, few: bool) -> "list[pl.Expr]":
        """The rows that a pattern matches."""
        groups = [self.texts] if self.among is Among.SHARED else [(text,) for text in self.texts]
        return [condition for column in self.columns for condition in searches(pl.col(column), groups, few=few)]


def searches(column: "pl.Expr", groups: Sequence[Sequence[str]], *, few: bool) -> "list[pl.Expr]":
    """Conditions of which one is true for a text exactly if one of the patterns matches it.

    The patterns of a group are searched for together. `few`: the texts are short (`FEW_BYTES`), so the strings among
    the patterns of all groups are searched for as strings.
    """
    if not few:
        return [column.str.contains(_any_of(group)) for group in groups]
    split = [[strings_of(pattern) for pattern in group] for group in groups]
    others = [[parts.others for parts in group if parts.others] for group in split]
    conditions = [column.str.contains(_any_of(group)) for group in others if group]
    every = [parts for group in split for parts in group]
    for ignores_case, strings in (
        (False, [string for parts in every for string in parts.exact]),
        (True, [string for parts in every for string in parts.any_case]),
    ):
        if strings:
            conditions.append(column.str.contains_any(strings, ascii_case_insensitive=ignores_case))
    return conditions


def _any_of(patterns: Sequence[str]) -> str:
    return patterns[0] if len(patterns) == 1 else "|".join(f"(?:{pattern})" for pattern in patterns)


@dataclass(frozen=True, slots=True)
class Strings:
    """The alternatives of a pattern."""

    exact: tuple[str, ...]
    """Strings."""
    any_case: tuple[str, ...]
    """Strings, ignoring ASCII case."""
    others: str
    """A pattern of the others; "" if there are none."""


@cache
def strings_of(pattern: str) -> Strings:
    """The strings among the alternatives of a pattern."""
    if SET_FLAGS.search(pattern):
        return Strings((), (), pattern)
    exact: list[str] = []
    any_case: list[str] = []
    others: list[str] = []
    for alternative in _alternatives(pattern):
        if not alternative.startswith(ANY_CASE):
            strings, start, end = [alternative], "", ""
        elif _ends_group(alternative):
            strings, start, end = [*_alternatives(alternative[len(ANY_CASE) : -1])], ANY_CASE, ")"
        else:
            strings, start, end = [], "", ""
            others.append(alternative)
        plain = [string for string in strings if PLAIN_STRING.fullmatch(string)]
        (any_case if start else exact).extend(re.sub(r"\\(.)", r"\1", string) for string in plain)
        if rest := "|".join(string for string in strings if string not in plain):
            others.append(f"{start}{rest}{end}")
    return Strings(tuple(exact), tuple(any_case), "|".join(others))


def _alternatives(pattern: str) -> Iterator[str]:
    """The alternatives of a pattern that are in no group."""
    depth = start = 0
    for part in PATTERN_PARTS.finditer(pattern):
        depth += (part[0] == "(") - (part[0] == ")")
        if part[0] == "|" and not depth:
            yield pattern[start : part.start()]
            start = part.end()
    yield pattern[start:]


def _ends_group(pattern: str) -> bool:
    """Whether the group that a pattern begins with ends at the pattern's end."""
    depth = 0
    for part in PATTERN_PARTS.finditer(pattern):
        depth += (part[0] == "(") - (part[0] == ")")
        if not depth:
            return part.end() == len(pattern)
    return False


def patterns(*texts: str, among: Among = Among.ALL, columns: tuple[str, ...] = ("text",)) -> Patterns:
    """Texts that one of some patterns matches; `columns`: those of the message frame that are searched."""
    return Patterns(texts=texts, among=among, columns=columns)


def answer_patterns(*texts: str) -> Patterns:
    """Answers that one of some patterns matches."""
    return patterns(*texts, among=Among.ANSWERS)


def foreign_patterns(*texts: str) -> Patterns:
    """Texts that one of some patterns matches, if no pattern matches a text that is all ASCII."""
    return patterns(*texts, among=Among.FOREIGN)


def shared_patterns(*texts: str) -> Patterns:
    """Texts that one of some patterns matches, for patterns that are searched for together with those of other rules.

    One search for all takes as long as two searches for one. A pattern with a word boundary or a counted repetition of
    a class makes it up to a hundred times slower, so it is searched for by itself (`patterns`).
    """
    return patterns(*texts, among=Among.SHARED)


def literals(texts: tuple[str, ...]) -> Patterns:
    """Texts that contain one of some strings, ignoring ASCII case; an apostrophe also matches ’."""
    return shared_patterns(any_of_pattern(*texts, *(text.replace("'", "’") for text in texts if "'" in text)))


@dataclass(frozen=True)
class Flag(Prefilter):
    """Rows with a flag, a boolean column of the message frame."""

    name: str

    def rows(self, *, few: bool) -> "list[pl.Expr]":  # noqa: ARG002
        """The rows with the flag."""
        return [pl.col(self.name)]
