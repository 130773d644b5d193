"""The result of a run so far; each stage returns a new one."""

from dataclasses import dataclass, field
from typing import Any

from curate.conflicts.conflict import Conflict
from curate.core.errors import UsageError
from curate.core.finding import Finding
from curate.core.manifest import Manifest
from curate.dedup.cluster_resolution import DuplicateRemoval


@dataclass(frozen=True, slots=True)
class RunResult:
    """The results of the stages that were run or are up to date."""

    findings: list[Finding] = field(default_factory=list)
    losses: list[DuplicateRemoval] = field(default_factory=list)
    """Removed duplicates."""
    conflicts: list[Conflict] = field(default_factory=list)
    not_understood: int = 0
    """Lines of the data without an example in a known format; the splits contain none of them."""
    undecided: int = 0
    """Conflicts without a decision about either side; their examples are kept."""
    apart: int = 0
    """Pairs of near-duplicates that differ in a fact; both are kept."""
    manifest: Manifest | None = None
    """None if no split was wanted."""
    manifest_sha256: str | None = None
    notes: list[str] = field(default_factory=list)
    stages: dict[str, str] = field(default_factory=dict)
    """Each stage: done, unchanged, skipped or, in a dry run, would run."""
    training: dict[str, Any] | None = None
    """The report of the training; None if there is no recipe."""

    @property
    def written(self) -> Manifest:
        """The manifest of a run that wrote splits. Raises `UsageError` for another one."""
        if self.manifest is None:
            raise UsageError("this run ended before the splits", "run the stage split as well")
        return self.manifest
