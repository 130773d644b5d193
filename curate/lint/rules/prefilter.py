"""Prefilters: what a message must contain for a text rule to fire, as in `@rule(..., prefilter=literals(("as an ai",)))`.

A rule only sees messages that one of its prefilters selects. A prefilter is a pattern or a flag of the message frame;
it may select too much, never too little. Polars selects the rows of a frame by them.
"""

from dataclasses import dataclass

from curate.core.lazy import pl
from curate.lint.rules.polars_text_helpers import any_of_pattern


@dataclass(frozen=True, kw_only=True)
class Prefilter:
    """Base class: selects rows of the message frame."""

    ascii: bool = True
    """False if no ASCII text can be selected."""

    def rows(self) -> "list[pl.Expr]":
        """The selected rows of the message frame, as conditions; a row is selected if any of them is true."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Patterns(Prefilter):
    """Texts that one of some patterns matches."""

    texts: tuple[str, ...]
    answered: bool = False
    """Whether only answers to a user's message are selected, by either text."""

    def rows(self) -> "list[pl.Expr]":
        """The rows that a pattern matches."""
        text, asked = pl.col("text"), pl.col("asked")
        columns = (pl.when(asked.is_not_null()).then(text), asked) if self.answered else (text,)
        return [column.str.contains(pattern) for column in columns for pattern in self.texts]


def patterns(*texts: str, ascii: bool = True, answered: bool = False) -> Patterns:  # noqa: A002
    """Texts that one of some patterns matches; `ascii`: False if no ASCII text can match; `answered`: only answers to a
    user's message, by either text.
    """
    return Patterns(texts=texts, ascii=ascii, answered=answered)


def literals(texts: tuple[str, ...]) -> Patterns:
    """Texts that contain one of some strings, ignoring ASCII case; an apostrophe also matches ’."""
    return patterns(any_of_pattern(*texts, *(text.replace("'", "’") for text in texts if "'" in text)))


@dataclass(frozen=True)
class Flag(Prefilter):
    """Rows with a flag, a boolean column of the message frame."""

    name: str

    def rows(self) -> "list[pl.Expr]":
        """The rows with the flag."""
        return [pl.col(self.name)]
