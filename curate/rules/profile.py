"""What the rules over the data set keep of each example: a few bytes, taken once, whichever of them run."""

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import xxhash

from curate.example import Example, Place, content_text
from curate.rules.duplicates import Seen
from curate.rules.quality import OPENING, REFUSAL

DISTINCT: Final = 2_000
"""Different system prompts, and different short answers, that are kept."""
LABEL: Final = 40
"""Characters of an answer up to which it may be the name of a class."""
MAYBE_REFUSAL: Final = ("n't", "n’t", "not", "nable", "orry", "ologies", "ecline")


@dataclass(slots=True)
class Places:
    """Where examples stand: four bytes each, and each file's name once."""

    lines: "array[int]" = field(default_factory=lambda: array("L"))
    starts: list[int] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    def add(self, place: Place) -> None:
        """Keep the place of the next example."""
        if not self.files or self.files[-1] != place.file:
            self.files.append(place.file)
            self.starts.append(len(self.lines))
        self.lines.append(place.line)

    def __getitem__(self, at: int) -> Place:
        return Place(self.files[bisect_right(self.starts, at) - 1], self.lines[at])


@dataclass(slots=True)
class Profile:
    """The data set so far."""

    last: Example | None = None
    places: Places = field(default_factory=Places)
    lengths: "array[int]" = field(default_factory=lambda: array("L"))
    """Characters of each example."""
    turns: Counter[int] = field(default_factory=Counter)
    systems: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    """Final answers that are short."""
    answers: int = 0
    refusals: int = 0

    def add(self, example: Example) -> None:
        """Take down what there is to know of an example."""
        self.last = example
        answer, system, length = None, None, 0
        turns = turns_of(example)
        for turn in turns:
            role, content = turn.get("role"), turn.get("content")
            text = content if isinstance(content, str) else content_text(content)
            length += len(text)
            if role == "assistant":
                answer = text
            elif role == "system" and system is None:
                system = text
        self.places.add(example.place)
        self.lengths.append(length)
        self.turns[len(turns)] += 1
        if system is not None and (system in self.systems or len(self.systems) < DISTINCT):
            self.systems[system] += 1
        if answer:
            self.answers += 1
            if len(answer) <= LABEL and (answer in self.labels or len(self.labels) < DISTINCT):
                self.labels[answer] += 1
            head = answer[:OPENING]
            if any(piece in head for piece in MAYBE_REFUSAL) and REFUSAL.search(head):
                self.refusals += 1


def turns_of(example: Example) -> list[dict[str, Any]]:
    """The turns of an example that are objects."""
    turns = example.value.get("messages")
    if example.plain:
        return turns  # type: ignore[return-value]  # seen to be so
    return [turn for turn in turns if isinstance(turn, dict)] if isinstance(turns, list) else []


def profile(seen: Seen) -> Profile:
    """The profile of what was seen."""
    found: Profile | None = seen.memory.get("F")
    if found is None:
        found = seen.memory["F"] = Profile()
    return found


def noted(example: Example, seen: Seen) -> Iterator[Any]:
    """Take an example into the profile, once; no problems come of it before the end."""
    known = profile(seen)
    if known.last is not example:
        known.add(example)
    return iter(())


def digest(text: str) -> int:
    """64 bits of a text."""
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"))
