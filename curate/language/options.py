"""Options that a request gives to choose from: "(A) left (B) right". A letter in an answer means what stands behind it."""

import re
from typing import Final, NamedTuple

from curate.text import normalised, words

MARK: Final = re.compile(r"(?:(?<=[\s,;:])|(?<=[\s,;:]\()|(?<=[\s,;:]\[)|^[(\[]?)([A-Za-z]|\d{1,2})[).:\]](?=\s)")
"""What stands before an option: a letter or a number with a full stop, a colon or a bracket behind it."""


class Option(NamedTuple):
    """An option of a list."""

    label: str
    words: tuple[str, ...]


def options(text: str) -> list[Option]:
    """The options of all lists in a text, in order: labels that follow one another from the first one on, A, a or 1, each with its words up to the
    next one, or to the end of its line.
    """
    if not _MAY_LIST.search(text):  # most do not
        return []
    found: list[Option] = []
    run: list[re.Match[str]] = []
    for mark in (*MARK.finditer(text), None):
        if mark is not None and run and _follows(run[-1].group(1), mark.group(1)):
            run.append(mark)
            continue
        if len(run) > 1:
            ends = [*(other.start() for other in run[1:]), len(text)]
            found += [_option(at, text[at.end() : end]) for at, end in zip(run, ends, strict=True)]
        run = [mark] if mark is not None and mark.group(1) in ("A", "a", "1") else []
    return found


_MAY_LIST: Final = re.compile(r"(?:^|[\s,;:(\[])(?:[Bb]|2)[).:\]]\s")


def _follows(label: str, other: str) -> bool:
    if label.isdigit():
        return other.isdigit() and int(other) == int(label) + 1
    return not other.isdigit() and ord(other) == ord(label) + 1


def _option(mark: re.Match[str], text: str) -> Option:
    said, *_ = text.strip().splitlines() or [""]
    return Option(mark.group(1).casefold(), tuple(words(normalised(said))))
