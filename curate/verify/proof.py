"""The result of a verification: which points are proved, broken or could not be checked, and what was not compared."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal, NamedTuple

from curate.core.finding import Finding, Severity
from curate.core.json_output import Output
from curate.core.text import visible
from curate.storage.files import display_name

MAX_SHOWN: Final = 100
"""Lines of one kind that become findings."""
HINTS: Final = {
    "L009": "Copy the folder again from where it was written, or split the data again.",
    "L010": "Split the data again. `curate diff` compares two folders.",
}


class Verdict(StrEnum):
    """The status of a point."""

    PROVED = "proved"
    BROKEN = "broken"
    OPEN = "open"
    """It could not be checked."""


@dataclass(frozen=True, slots=True)
class Point(Output):
    """A property to be proved."""

    name: str
    verdict: Verdict
    """proved; broken; open: it could not be checked."""
    message: str
    """One sentence: the counts, or why it could not be checked."""


@dataclass(frozen=True, slots=True)
class NotChecked(Output):
    """Something that was not compared; no point covers it."""

    name: str
    examples: int
    """Number of examples that it concerns."""
    message: str
    """One sentence: the reason, or the most frequent content."""


class Difference(NamedTuple):
    """A difference from the manifest."""

    file: Path
    message: str
    """One sentence."""
    line: int = 0
    """0 for a whole file."""
    example: str | None = None
    code: Literal["L009", "L010"] = "L009"
    """Whether it concerns a file in the manifest (L009) or a line (L010)."""

    @property
    def finding(self) -> Finding:
        """The difference as a finding."""
        place, message = (display_name(self.file), self.line), visible(self.message)
        return Finding(self.code, Severity.ERROR, *place, "", message, HINTS[self.code], False, self.example)


@dataclass(frozen=True, slots=True)
class VerifyResult(Output):
    """What `curate verify --json` prints."""

    folder: str
    manifest_sha256: str | None
    """Null for splits without a manifest, which are only checked for leaks."""
    holds: bool
    """Whether no point is broken."""
    complete: bool
    """Whether all points are proved."""
    examples: dict[str, int]
    """Number of examples per split."""
    points: list[Point]
    not_checked: list[NotChecked]
    findings: list[Finding]
    """L001 to L003, L005, L006 and L009 to L015."""


def point_of(name: str, broken: Iterable[object], proved: str, text: str) -> Point:
    """A point that is broken if `broken` is not empty, with the message for that case."""
    return Point(name, Verdict.BROKEN, text) if any(True for _ in broken) else Point(name, Verdict.PROVED, proved)
