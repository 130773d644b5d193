"""Prefilters: what a message must contain for a text rule to fire, as in `@rule(..., prefilter=literals(("as an ai",)))`.

A rule only sees messages that one of its prefilters selects. A prefilter is a pattern or a flag of the message frame;
it may select too much, never too little. Polars selects the rows of a frame by them. For many messages, a set of all
patterns selects the lines of which a frame is made at all (`curate.lint.line_selection`), so patterns are written in
what the syntaxes of Rust's engine and of RE2 have in common.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from curate.core.lazy import pl
from curate.lint.rules.polars_text_helpers import any_of_pattern

ROLE_MARKS: Final = {"user": "\x01", "assistant": "\x02"}
OTHER_MARK: Final = "\x00"
"""The character before each message of a line in which patterns are searched together; no plain line contains one."""
MARK: Final = r"[\x00-\x02]"
"""The beginning of a message in a line."""
INSIDE: Final = r"[^\x00-\x02]"
"""A character of a message."""
NON_ASCII: Final = r"\x{80}-\x{10ffff}"
"""A range in a class of characters."""
END: Final = rf"(?:{MARK}|\z)"
"""The end of a message in a line."""


@dataclass(frozen=True, kw_only=True)
class Prefilter:
    """Base class: selects rows of the message frame."""

    ascii: bool = True
    """False if no ASCII text can be selected."""
    spans: bool = False
    """Whether a pattern spans many characters: together with other patterns, its states would multiply."""

    def rows(self) -> "list[pl.Expr]":
        """The selected rows of the message frame, as conditions; a row is selected if any of them is true."""
        raise NotImplementedError

    @property
    def line_patterns(self) -> tuple[str, ...]:
        """Patterns in RE2's syntax, one of which matches each line with a selected message, unless a flag selects it."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Patterns(Prefilter):
    """Texts that one of some patterns matches."""

    texts: tuple[str, ...]
    judge: Callable[[str, str], object] | None = None
    """Selects the answers to such texts, too; without a result for a question and its answer, the rule cannot fire."""

    def rows(self) -> "list[pl.Expr]":
        """The rows that a pattern matches."""
        columns = ("text",) if self.judge is None else ("text", "asked")
        return [pl.col(column).str.contains(pattern) for column in columns for pattern in self.texts]

    @property
    def line_patterns(self) -> tuple[str, ...]:
        """The patterns for RE2, whose classes have ASCII characters only and whose option `i` is for all letters."""
        return tuple(
            pattern.replace("(?i-u:", "(?i:").replace(r"\z", END).replace(r"[^\W_]", f"[0-9A-Za-z{NON_ASCII}]")
            for pattern in self.texts
        )


def patterns(*texts: str, ascii: bool = True) -> Patterns:  # noqa: A002
    """Texts that one of some patterns matches; `ascii`: False if no ASCII text can match."""
    return Patterns(texts=texts, ascii=ascii)


def literals(texts: tuple[str, ...]) -> Patterns:
    """Texts that contain one of some strings, ignoring ASCII case; an apostrophe also matches ’."""
    return patterns(any_of_pattern(*texts, *(text.replace("'", "’") for text in texts if "'" in text)))


@dataclass(frozen=True)
class Flag(Prefilter):
    """Rows with a flag, a boolean column of the message frame."""

    name: str
    patterns: tuple[str, ...] = ()
    """Patterns in RE2's syntax, one of which matches each line with a message that has the flag."""
    answer: int = 0
    """The flag of answers that the messages have (see `curate.lint.rules.message_frame`); 0 for none."""
    related: bool = False
    """Whether it depends on the messages before."""

    def rows(self) -> "list[pl.Expr]":
        """The rows with the flag."""
        return [pl.col(self.name)]

    @property
    def line_patterns(self) -> tuple[str, ...]:
        """The given patterns."""
        return self.patterns
