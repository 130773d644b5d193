"""Prefilters: what a message must contain for a text rule to fire, as in `@rule(..., prefilter=literals(("as an ai",)))`.

A rule only sees messages that one of its prefilters selects. A prefilter is a pattern or a flag of the message frame;
it may select too much, never too little. Polars selects the rows of a frame by them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from curate.core.lazy import pl
from curate.lint.rules.polars_text_helpers import any_of_pattern

QUOTING: Final = r'[:"“”«„]|[!-~]\n+[!-~]'
"""Quotation marks, colons and line breaks inside a text, where a question contains another one."""
ANY_CASE: Final = "(?i-u:"
"""The start of a pattern that ignores ASCII case."""


class Among(StrEnum):
    """The rows that a prefilter looks at; it selects no others."""

    ALL = "all"
    FOREIGN = "foreign"
    """Texts that are not all ASCII."""
    SHARED = "shared"
    """Texts in which one of the patterns that are searched for together occurs (`shared_patterns`)."""
    ANSWERS = "answers"
    """Messages of the assistant, for rules that read no others."""
    GIVEN = "given"
    """Messages that are no answers."""
    ASKED = "asked"
    """Answers to a user's message."""
    ASKED_ALONE = "asked-alone"
    """Answers to a user's message that contains no other text (`QUOTING`)."""

    def conditions(self, shared: Sequence[str]) -> "tuple[pl.Expr, ...]":
        """The conditions that the rows meet; each is checked for the rows that meet those before it.

        `shared`: patterns of which one matches each text that a shared pattern matches.
        """
        request = pl.col("asked")
        conditions: dict[Among, tuple[pl.Expr, ...]] = {
            Among.ALL: (),
            Among.FOREIGN: (pl.col("foreign"),),
            Among.SHARED: (pl.any_horizontal(pl.lit(value=False), *map(pl.col("text").str.contains, shared)),),
            Among.ANSWERS: (pl.col("role") == "assistant",),
            Among.GIVEN: (pl.col("role") != "assistant",),
            Among.ASKED: (request.is_not_null(),),
            Among.ASKED_ALONE: (request.is_not_null(), ~request.str.contains(QUOTING)),
        }
        return conditions[self]


@dataclass(frozen=True, kw_only=True)
class Prefilter:
    """Base class: selects rows of the message frame."""

    among: Among = Among.ALL

    def rows(self) -> "list[pl.Expr]":
        """The selected rows of the message frame, as conditions; a row is selected if any of them is true."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Patterns(Prefilter):
    """Texts that one of some patterns matches."""

    texts: tuple[str, ...]
    columns: tuple[str, ...] = ("text",)
    """The columns of the message frame that are searched."""

    def rows(self) -> "list[pl.Expr]":
        """The rows that a pattern matches."""
        searched = [any_of(self.texts)] if self.among is Among.SHARED else self.texts
        return [pl.col(column).str.contains(pattern) for column in self.columns for pattern in searched]


def any_of(patterns: Sequence[str]) -> str:
    """A pattern that matches what one of some patterns matches."""
    return patterns[0] if len(patterns) == 1 else "|".join(f"(?:{pattern})" for pattern in patterns)


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

    def rows(self) -> "list[pl.Expr]":
        """The rows with the flag."""
        return [pl.col(self.name)]
