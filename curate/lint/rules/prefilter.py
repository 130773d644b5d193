"""Prefilters: what a message must contain for a text rule to fire, as in `@rule(..., prefilter=Literals("as an ai"))`.

A rule only sees messages that one of its prefilters selects. For small files, prefilters select rows of the message
frame by fast patterns or flags. For large files, the prefilters of all rules become the tables of one compiled scan
(`curate.lint.rules.prefilter_tables`), which skips lines where none of them matches. A prefilter may select too much,
never too little.
"""

from dataclasses import dataclass, field

from curate.core.lazy import pl
from curate.lint.rules.polars_text_helpers import any_of_pattern

ANYONE, ANSWER = "anyone", "assistant"
"""Roles whose texts a prefilter applies to."""


@dataclass(frozen=True, kw_only=True)
class Prefilter:
    """Base class: selects rows of the message frame."""

    pattern: str | tuple[str, ...] | None = None
    """Fast patterns (in Rust's syntax), one of which matches every text on which the rule can fire; none if another
    prefilter of the rule has them.
    """
    flag: str = ""
    """A boolean column of the frame that selects the rows; it takes precedence over patterns."""
    ascii: bool = True
    """False if no ASCII text can match."""

    def rows(self) -> "list[pl.Expr]":
        """The selected rows of the message frame, as conditions; a row is selected if any of them is true."""
        if self.flag:
            return [pl.col(self.flag)]
        patterns = (self.pattern,) if isinstance(self.pattern, str) else self.pattern or ()
        return [pl.col("text").str.contains(pattern) for pattern in patterns]


class Flag(Prefilter):
    """A flag that no plain question or answer has: the compiled scan has nothing to search for."""


@dataclass(frozen=True)
class Literals(Prefilter):
    """Texts that contain one of some strings, ignoring ASCII case by default; an apostrophe also matches ’.

    A string has three bytes or more, or begins with one of `< & %`.
    """

    texts: tuple[str, ...]
    of: str = ANYONE
    cased: bool = False
    begins_word: bool = False
    """Whether it may not follow a letter or digit."""
    times: int = 1
    """How many of them an answer must contain."""
    within: int = 0
    """In how many first characters an answer must contain it; 0: anywhere."""

    def rows(self) -> "list[pl.Expr]":
        """The rows with one of the strings, unless a finer pattern is given."""
        return [pl.col("text").str.contains(self.hint)] if self.pattern is None and not self.flag else super().rows()

    @property
    def hint(self) -> str:
        """A fast pattern for the strings."""
        return any_of_pattern(*self.texts, *(text.replace("'", "’") for text in self.texts if "'" in text))


@dataclass(frozen=True)
class CharacterSet(Prefilter):
    """Texts that contain a character of a non-ASCII character class, given in brackets."""

    chars: str
    ascii: bool = field(default=False, kw_only=True)

    def rows(self) -> "list[pl.Expr]":
        """The rows with one of the characters, unless a flag is given."""
        return super().rows() if self.flag else [pl.col("text").str.contains(self.chars)]


@dataclass(frozen=True)
class CharacterPairs(Prefilter):
    """Texts with a character of one class right after one of another; both non-ASCII, given without brackets."""

    leads: str
    follows: str
    ascii: bool = field(default=False, kw_only=True)

    def rows(self) -> "list[pl.Expr]":
        """The rows with such a pair."""
        return [pl.col("text").str.contains(f"[{self.leads}][{self.follows}]")]


class NotComposed(Prefilter):
    """Texts that may not be in Unicode normalization form C."""


class Variables(Prefilter):
    """Texts with a name in braces, as in templates: `{{name}}`, `{name}` or `${name}`."""


class WrittenBreaks(Prefilter):
    """Texts with a backslash and an n."""


@dataclass(frozen=True)
class PersonalNumbers(Prefilter):
    """Texts with a personal number: runs of digits separated by at most two spaces, hyphens, dots or brackets."""

    groups: tuple[tuple[int, ...], ...] = ()
    """Lengths of two to four consecutive runs."""
    alone: tuple[int, ...] = ()
    """Lengths of a run that stands alone and begins with a digit in `first`."""
    first: str = "0123456789"
    plus: int = 0
    """Minimum number of digits in all runs after a plus sign."""
    dotted: int = 0
    """Number of consecutive runs joined by dots."""
    capitals: int = 0
    """Number of digits of a run right after a word of two capitals."""


@dataclass(frozen=True)
class Addresses(Prefilter):
    """Texts with an @ that may be part of an e-mail address, unless its domain starts with one of some names."""

    example_domains: tuple[str, ...] = ()


class Passwords(Prefilter):
    """Texts with an @ after a colon, as in a URL with a password."""


class OuterSpace(Prefilter):
    """Texts that are empty, or start or end with white space."""


class RepeatedTurn(Prefilter):
    """Texts that repeat one of the two previous messages."""


@dataclass(frozen=True)
class ShortAnswers(Prefilter):
    """Answers of few bytes that begin with one of some characters, or whose question does, ignoring ASCII case."""

    answers: str = ""
    questions: str = ""
    most: int = 40


@dataclass(frozen=True)
class StartsWith(Prefilter):
    """Answers that begin with one of some ASCII characters and exceed a length."""

    chars: str
    longer: int = 0


@dataclass(frozen=True)
class EndsWith(Prefilter):
    """Answers that end with one of some ASCII strings, or in lower case after a sentence in the last line."""

    texts: tuple[str, ...]
    sentences: int = 120
    """Minimum length in characters of an answer with sentences."""
    tail: int = 400
    """Number of last characters in which the end of a sentence is searched for."""


class OpenFence(Prefilter):
    """Answers with an unclosed code block."""


@dataclass(frozen=True)
class Repeats(Prefilter):
    """Answers in which a piece occurs earlier, too: one of two pieces in long ones, both in short ones."""

    piece: int = 24
    share: float = 0.6
    """End of the first piece, as a share of the answer's length; the other piece is at the answer's end."""
    long: int = 200
    """Minimum length in characters of an answer that counts as repeating with one repeated piece."""
    brief: int = 40
    """Minimum length in characters of a short loop: pieces of its middle and of its end must both occur earlier."""
    scrap: int = 8


@dataclass(frozen=True)
class UnusualText(Prefilter):
    """Answers whose start has few or many spaces or many digits and marks, and whose words are unusual."""

    head: int = 150
    spaces: tuple[int, int] = (14, 40)
    """Range of the number of spaces in the head of prose."""
    marks: int = 16
    """Number of digits, # and … in the head that is too high."""
    words: int = 50
    """Minimum number of words of a checked answer."""
    marked: float = 0.1
    """Maximum share of # and ... per word of usual text."""
    length: tuple[int, int] = (3, 10)
    """Range of the mean word length of usual text."""
    lettered: float = 0.5
    """Minimum share of words with a letter in usual text."""


@dataclass(frozen=True)
class EchoesQuestion(Prefilter):
    """Answers that begin with their question."""

    shared: int = 12
    """Number of characters, or all of a shorter question."""


@dataclass(frozen=True)
class OtherScript(Prefilter):
    """Answers whose characters take more, or fewer, bytes than those of the question."""

    wide: float = 1.3
    """Bytes per character above which a text is not in Latin script."""


@dataclass(frozen=True)
class MissingText(Prefilter):
    """Short questions that refer to a text by one of some strings but contain none, or contain a URL."""

    texts: tuple[str, ...]
    links: tuple[str, ...] = ("http",)
    shown: str = "\n:\"“”'‘`{("
    """Characters that show that a text is there, besides a capital after a lower-case letter or a sentence."""
    short: int = 160
    """Size in bytes below which a question is short."""
