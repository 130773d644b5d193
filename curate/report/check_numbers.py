"""The numbers that the HTML report draws: turns, lengths and roles of the examples, counted in one more pass over the files."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from curate.errors import InputError
from curate.example import ROLES
from curate.read.dataset import FileFacts, read_file

MANY_TURNS = 12
"""Turns from which conversations are counted together."""


@dataclass(slots=True)
class Numbers:
    """How many examples there are of each kind."""

    turns: Counter[int] = field(default_factory=Counter)
    """By number of turns; `MANY_TURNS` stands for as many or more."""
    lengths: Counter[int] = field(default_factory=Counter)
    """By length of all text in bits: under 2**n characters, but not under 2**(n-1)."""
    roles: Counter[str] = field(default_factory=Counter)
    """Messages by role; roles that are none are counted together."""
    formats: Counter[str] = field(default_factory=Counter)


def numbers(paths: Iterable[Path]) -> Numbers:
    """Count the examples of files; a file that cannot be read again counts nothing."""
    found = Numbers()
    for path in paths:
        if not path.is_file():
            continue
        facts = FileFacts(str(path))
        try:
            for parsed in read_file(path, facts):
                if parsed.example is None:
                    continue
                messages = parsed.example.messages
                found.turns[min(len(messages), MANY_TURNS)] += 1
                found.lengths[sum(len(message.text) for message in messages).bit_length()] += 1
                found.roles.update(message.role if message.role and message.role in ROLES else "other" for message in messages)
        except InputError:
            continue
        found.formats.update(facts.formats)
    return found
