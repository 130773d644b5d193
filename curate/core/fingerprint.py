"""What a finding is known by when the data changes around it: what it says and of which example, not the line it stands at."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from curate.core.finding import Finding


class Fingerprint(NamedTuple):
    """Equal for the same finding before and after lines were added, removed or moved."""

    code: str
    example: str
    """Id of the example; where a line is none, the file and what was said about it."""
    pointer: str
    nth: int
    """How many findings before it are the same in all of this: copies of an example, lines broken in the same way."""


def fingerprints(findings: Sequence[Finding]) -> list[Fingerprint]:
    """The fingerprint of each finding, in order; no two are equal."""
    seen: Counter[tuple[str, str, str]] = Counter()
    found = []
    for finding in findings:
        key = key_of(finding)
        found.append(Fingerprint(*key, seen[key]))
        seen[key] += 1
    return found


def key_of(finding: Finding) -> tuple[str, str, str]:
    """A finding's fingerprint without its number; about a whole file, only the rule and the file count."""
    if finding.example is not None:
        return finding.code, finding.example, finding.pointer
    return finding.code, f"{finding.file}: {finding.message}" if finding.line else finding.file, finding.pointer
