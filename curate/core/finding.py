"""Results of rules: a problem at one place, and the finding that reports it.

A finding never contains a secret of the data: its message passes through `curate.core.masking` when it is created.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Final, NamedTuple

from curate.core.example import Place, where
from curate.core.lazy import lazy_pattern
from curate.core.masking import redact_message, redact_pointer

ELEMENT: Final = lazy_pattern(r"element ([1-9][0-9]{0,9}): ")
"""The beginning of a message about one of several elements on a line, as `Place.message` writes it."""


class Severity(StrEnum):
    """An error breaks or silently corrupts training, a warning should be reviewed, info is a fact."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for errors, 2 for info: the order in reports."""
        return ("error", "warning", "info").index(self.value)


class Problem(NamedTuple):
    """A problem found by a rule: a JSON pointer into the line (RFC 6901; empty for the whole line) and one sentence."""

    pointer: str
    message: str
    offset: int | None = None
    """Byte offset in the line, if it is more precise than the pointer."""


Problems = Iterator[Problem]
PlacedProblems = Iterator[tuple[Place | int, Problem]]
"""Problems, each with its place or the index of its example in the data set."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem in the data. Its JSON form is an interface: it changes only with a version."""

    code: str
    severity: Severity
    file: str
    line: int
    """Physical line, from 1; 0 for a finding about the whole file."""
    pointer: str
    """JSON pointer into the line's object; empty for the whole line."""
    message: str
    hint: str
    fixable: bool
    """True if the rule has a repair for it."""
    example: str | None
    """Id of the example, if the line is one."""

    def __post_init__(self) -> None:
        message, pointer = redact_message(self.message), redact_pointer(self.pointer)
        if message is not self.message:
            object.__setattr__(self, "message", message)
        if pointer is not self.pointer:
            object.__setattr__(self, "pointer", pointer)

    def as_json(self) -> dict[str, Any]:
        """Plain values, in the documented order."""
        return {name: getattr(self, name) for name in NAMES}

    @property
    def where(self) -> str:
        """FILE:LINE, or the file alone."""
        return where(self.file, self.line)

    @property
    def place(self) -> Place:
        """The place; of several elements on one line, that of the element that the message names."""
        return place_of(self.file, self.line, self.message)

    @property
    def order(self) -> tuple[str, int, str, str]:
        """The sort key in a report: file, line, code, pointer."""
        return (self.file, self.line, self.code, self.pointer)


NAMES = tuple(field.name for field in fields(Finding))


def place_of(file: str, line: int, message: str) -> Place:
    """The place of a finding with this message; see `Finding.place`."""
    named = ELEMENT.match(message)
    return Place(file, line, int(named[1]) - 1 if named else 0)


class Fingerprint(NamedTuple):
    """Equal for the same finding before and after lines were added, removed or moved."""

    code: str
    example: str
    """Id of the example; for a line without one, the file and the message."""
    pointer: str
    nth: int
    """Number of earlier findings with equal values: copies of an example, or lines with the same defect."""

    @property
    def digest(self) -> str:
        """128 bits as hexadecimal digits, for reports that other programs compare."""
        text = "/".join(map(str, self)).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, digest_size=16).hexdigest()


def fingerprints(findings: Sequence[Finding]) -> list[Fingerprint]:
    """The fingerprint of each finding, in order; no two are equal."""
    counts: Counter[tuple[str, str, str]] = Counter()
    result = []
    for finding in findings:
        key = finding_key(finding)
        result.append(Fingerprint(*key, counts[key]))
        counts[key] += 1
    return result


def finding_key(finding: Finding) -> tuple[str, str, str]:
    """What a finding's fingerprint is made of: its rule, the id of its example, and its JSON pointer.

    Without an example, the second one is the file and the message, or the file alone if the finding has no line.
    """
    if finding.example is not None:
        return finding.code, finding.example, finding.pointer
    return finding.code, f"{finding.file}: {finding.message}" if finding.line else finding.file, finding.pointer
