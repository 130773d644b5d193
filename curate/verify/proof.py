"""What a verification came to: point by point what is proved, what is broken, and what could not be looked at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from curate.finding import Finding


class Verdict(StrEnum):
    """How a point stands."""

    PROVED = "proved"
    BROKEN = "broken"
    OPEN = "open"
    """It could not be looked at, and nothing is said about it."""


class Point(NamedTuple):
    """Something that was to be proved."""

    name: str
    verdict: Verdict
    said: str
    """One sentence: what was looked at, or why it could not be."""


@dataclass(frozen=True, slots=True)
class Proof:
    """All points about a folder, and where it breaks them."""

    folder: str
    manifest_sha256: str | None
    """None for splits without a manifest, of which only leaks are looked for."""
    examples: dict[str, int]
    """Of each split, as counted in its file."""
    points: Sequence[Point]
    findings: Sequence[Finding]
    """L001 to L006, L009 and L010."""

    @property
    def holds(self) -> bool:
        """Whether nothing is broken."""
        return all(point.verdict is not Verdict.BROKEN for point in self.points)

    @property
    def complete(self) -> bool:
        """Whether everything is proved."""
        return all(point.verdict is Verdict.PROVED for point in self.points)


def judged(name: str, broken: Iterable[object], proved: str, said: str) -> Point:
    """A point that is broken where there is something in `broken`, with what is said then."""
    return Point(name, Verdict.BROKEN, said) if any(True for _ in broken) else Point(name, Verdict.PROVED, proved)
