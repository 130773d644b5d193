"""Identify a finding by message and example instead of line number, so that it is recognized after lines moved."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from curate.core.finding import Finding


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
