"""The form of a private value: a pattern, a check, and what each text with such a value has."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any, Final

from curate.core.lazy import lazy_pattern
from curate.redact.value_patterns import CODE, LINE_GAP, MAX_GAP, STATED_GAP, VIN

MAX_SHORT: Final = 40
"""Characters of texts that are searched once: keys and roles stand in each row."""
SPACED: Final = "0-9A-Za-z_\u00aa\u00b5\u00ba\u00c0-\u0963\u0966-\u0dff\u1e00-\u1fff"
"""Letters and digits that border on no value: words of Chinese, Japanese, Korean and Thai stand beside it."""
BEGIN: Final = f"(?<![{SPACED}-])(?<![0-9]\\.)"
END: Final = f"(?![{SPACED}-])"
"""The borders of a value."""


def stdnum(module: str) -> Callable[[str], bool]:
    """The check function of a module of python-stdnum, which is imported at its first use."""
    return lambda text: bool(import_module(f"stdnum.{module}").is_valid(text))


def compact(module: str) -> Callable[[str], bool]:
    """The check function of a module of python-stdnum for a number with any separators, in any case."""
    is_valid = stdnum(module)
    return lambda text: is_valid(re.sub(r"[\W_]", "", text).upper())


def always(_: str) -> bool:
    """True: the form alone is enough."""
    return True


SPACE_IN_NAME: Final = re.compile(r"(?:(?<=[^\W\d_])|(?<=\))) (?=[^\W\d_]|\()")
DIGIT: Final = re.compile("[0-9]")
SEPARATOR: Final = r"[ ()./\u00a0\u2010-\u2013\u202f-]"
"""A sign between the digits of a phone number; also spaces that do not break and dashes."""
LONG_NUMBER: Final = re.compile(rf"[0-9](?:{SEPARATOR}{{0,3}}[0-9]){{5}}")
CODE_HINT: Final = re.compile(r"(?=[A-Z/-]{0,18}[0-9])[A-Z0-9/-]{6}")


class Hints:
    """Several hints, all of which each text with a value has."""

    def __init__(self, *hints: Any) -> None:
        self.hints = hints

    def search(self, text: str) -> bool:
        """Whether the text has all of them."""
        return all(hint.search(text) for hint in self.hints)


class _NotAscii:
    """A hint: a character outside of ASCII."""

    def search(self, text: str) -> bool:
        """Whether the text has one."""
        return not text.isascii()


NOT_ASCII: Final = _NotAscii()


class HintParts:
    """A hint: a text with a value has one of these parts, written in lower case here and in any case there.

    It takes a tenth of the time of an expression that ignores case.
    """

    def __init__(self, parts: str) -> None:
        self.parts = tuple(dict.fromkeys(parts.split("|")))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HintParts) and self.parts == other.parts

    def __hash__(self) -> int:
        return hash(self.parts)

    def search(self, text: str) -> bool:
        """Whether the text has one of them."""
        return has_any(self.parts, lowered(text))


lowered: Final = lru_cache(maxsize=4)(str.lower)
"""A text in lower case; all hints of a text read it."""


def has_any(parts: tuple[str, ...], text: str) -> bool:
    """Whether a text has one of the parts. A loop takes half the time of `any` with a generator."""
    for part in parts:  # noqa: SIM110
        if part in text:
            return True
    return False


@dataclass(frozen=True, slots=True)
class ValueForm:
    """One form of a kind of private value."""

    kind: str
    pattern: Any
    """A regular expression; its group `value`, or all of it, is the value."""
    is_valid: Callable[[str], bool] = always
    mark: str = ""
    """A part of each text with such a value; if empty, the hint counts."""
    hint: Any = DIGIT
    """A pattern that each text with such a value has; few texts with none are searched further."""
    names: str = ""
    """The pattern of the words that name the value; empty if it is recognized without one."""


def anywhere(kind: str, pattern: str, is_valid: Callable[[str], bool] = always, hint: Any = None) -> ValueForm:
    """A value that is recognized by its form, wherever it stands."""
    return ValueForm(kind, lazy_pattern(rf"{BEGIN}{pattern}{END}"), is_valid, hint=hint or LONG_NUMBER)


def named(
    kind: str,
    words: str,
    value: str,
    is_valid: Callable[[str], bool] = always,
    mark: str = "",
    gap: str = MAX_GAP,
    hint: Any = None,
) -> ValueForm:
    """A value that is recognized after one of the words, with at most `gap` between them, or in the line below.

    A space between two words of a name also stands for `_` and `-`, as keys have them. The ends of words have at most
    30 letters, since a run of words joined by `_` would be read from each of them to its end.
    """
    words = SPACE_IN_NAME.sub("[ _-]", words).replace(r"\w*", r"\w{0,30}").replace(r"\w+", r"\w{1,30}")
    name = rf"(?<![^\W_])(?:{words})(?-i:No|Nr|Num|Number|Id|ID)?(?![^\W_])"
    pattern = rf"(?i){name}(?:{gap}|{LINE_GAP}|{STATED_GAP})(?P<value>{value}){END}"
    hint = hint or (CODE_HINT if value in (CODE, VIN) else LONG_NUMBER)
    return ValueForm(kind, lazy_pattern(pattern), is_valid, mark, hint, rf"(?<![^\W_])(?:{words})(?![^\W_])")


def unspaced(
    kind: str, words: str, value: str, is_valid: Callable[[str], bool] = always, hint: Any = LONG_NUMBER
) -> ValueForm:
    """A value after one of the words of a language without spaces, with at most 12 characters between them."""
    pattern = lazy_pattern(rf"(?:{words})(?:[^\dA-Za-z\n]{{0,12}}|[:：]\s{{0,3}}\n\s{{0,3}})(?P<value>{value}){END}")
    return ValueForm(kind, pattern, is_valid, hint=Hints(NOT_ASCII, hint), names=words)
