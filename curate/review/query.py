"""Filter queries: words and terms like `is:undecided code:M0 severity:error line:10-20 -word "a phrase"`."""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from curate.review.entry import ReviewStatus

TERM: Final = re.compile(r'(-?)(?:(\w+):)?(?:"([^"]*)"?|(\S+))')
KEYS: Final = ("is", "code", "severity", "file", "line", "score", "fix", "note", "by")
ALIASES: Final = {"dropped": "drop", "kept": "keep", "edited": "edit", "correct": "fix"}
RANGE: Final = re.compile(r"([0-9.]*)(-?)([0-9.]*)")
TERMS: Final = "is:undecided code:M0 severity:error file:*.jsonl line:10-20 score:0.8-0.9 fix:safe note:WORD by:NAME"
HELP: Final = f'words, "a phrase", -without; {TERMS}'
UNBOUND: Final = float("inf")
Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Query:
    """Terms that must all match; several of one key are alternatives."""

    words: tuple[str, ...] = ()
    """Case-folded words that an entry must contain."""
    without: tuple[str, ...] = ()
    """Case-folded words that an entry must not contain."""
    statuses: tuple[ReviewStatus, ...] = ()
    codes: tuple[str, ...] = ()
    """Prefixes of codes."""
    severities: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """File name patterns."""
    lines: tuple[Range, ...] = ()
    scores: tuple[Range, ...] = ()
    """Similarity of duplicates, confidence of conflicts."""
    fixes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """Case-folded words of notes."""
    people: tuple[str, ...] = ()
    """Case-folded names of reviewers."""

    @property
    def text(self) -> bool:
        """Whether texts have to be read."""
        return bool(self.words or self.without)


def parse(text: str) -> Query:
    """Parse a query; unknown terms are words, so any input is valid (see `mistake`)."""
    found: dict[str, list[str]] = {key: [] for key in KEYS}
    words: list[str] = []
    without: list[str] = []
    for match in TERM.finditer(text):
        minus, key, phrase, word = match.groups()
        value = phrase if phrase is not None else word
        if key in KEYS and value and not minus and _makes_sense(key, value):
            found[key].append(value)
        elif value and (phrase is not None or word != "-"):
            (without if minus else words).append((f"{key}:{value}" if key else value).casefold())
    return Query(
        words=tuple(words),
        without=tuple(without),
        statuses=tuple(status for value in found["is"] for status in _statuses(value)),
        codes=tuple(value.upper() for value in found["code"]),
        severities=tuple(value.lower() for value in found["severity"]),
        files=tuple(found["file"]),
        lines=tuple(_range(value) for value in found["line"]),
        scores=tuple(_range(value) for value in found["score"]),
        fixes=tuple(value.lower() for value in found["fix"]),
        notes=tuple(value.casefold() for value in found["note"]),
        people=tuple(value.casefold() for value in found["by"]),
    )


def mistake(text: str) -> str:
    """The first term of a query that cannot be meant as written, with a suggestion; empty if there is none."""
    for match in TERM.finditer(text):
        _, key, phrase, word = match.groups()
        value = phrase if phrase is not None else word
        if not key or not value:
            continue
        if key in KEYS and not _makes_sense(key, value):
            if key != "is":
                return f"{key}:{value}: not a number or a range; write {key}:10-20"
            names = [status.name.lower() for status in ReviewStatus] + ["open", "decided"]
            near = get_close_matches(value.lower(), names, n=1)
            return f"is:{value}: no such status; " + (f"did you mean is:{near[0]}?" if near else ", ".join(names))
        if key not in KEYS and (near := get_close_matches(key.lower(), KEYS, n=1)):
            return f"{key}:{value}: no such term; did you mean {near[0]}:{value}?"
    return ""


def _makes_sense(key: str, value: str) -> bool:
    if key == "is":
        return bool(_statuses(value))
    return bool(RANGE.fullmatch(value)) if key in ("line", "score") else True


def _statuses(value: str) -> tuple[ReviewStatus, ...]:
    """The statuses of a term; `open` and `decided` stand for several."""
    name = ALIASES.get(value.lower(), value.lower())
    if name == "open":
        return tuple(status for status in ReviewStatus if status.open)
    if name == "decided":
        return tuple(status for status in ReviewStatus if not status.open and status is not ReviewStatus.NOTHING)
    return tuple(status for status in ReviewStatus if status.name.lower() == name)


def _range(value: str) -> Range:
    match = RANGE.fullmatch(value)
    low, dash, high = match.groups() if match else ("", "", "")
    try:
        first = float(low) if low else 0.0
        return first, float(high) if high else (UNBOUND if dash else first)
    except ValueError:  # as "1.2.3"
        return 0.0, UNBOUND
