"""Which stages of a run are wanted, and its result so far; each stage returns a new one."""

import difflib
from collections import Counter
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from pydantic import PlainSerializer

from curate.conflicts.conflict import Conflict
from curate.core.errors import UsageError
from curate.core.finding import Finding
from curate.core.json_output import NotPrinted, Output
from curate.dedup.cluster_resolution import DuplicateRemoval
from curate.project.manifest import Manifest

STAGES: Final = ("check", "dedup", "conflicts", "split", "train")
"""All stages, in their order."""


@dataclass(frozen=True, slots=True)
class StageSelection:
    """The stages of a run that are wanted."""

    only: tuple[str, ...] = ()
    """Stages to run; empty: all."""
    skip: tuple[str, ...] = ()
    """Stages to skip."""
    again: tuple[str, ...] = ()
    """Stages to repeat even if nothing has changed."""
    until: str = ""
    """The last stage to run; empty: the last of all."""
    dry: bool = False
    """Whether to report what would be done without writing anything."""

    def __post_init__(self) -> None:
        until = (self.until,) if self.until else ()
        for option, names in (("only", self.only), ("skip", self.skip), ("again", self.again), ("until", until)):
            for name in names:
                if name not in STAGES:
                    matches = difflib.get_close_matches(name, STAGES, n=1)
                    text = f"--{option} {name!r}: no such stage" + (
                        f"; did you mean {matches[0]!r}?" if matches else ""
                    )
                    raise UsageError(text, f"the stages are {', '.join(STAGES)}")

    def wants(self, stage: str) -> bool:
        """Whether a stage is wanted."""
        if self.until and STAGES.index(stage) > STAGES.index(self.until):
            return False
        return stage not in self.skip and (not self.only or stage in self.only)


@dataclass(frozen=True, slots=True)
class RunResult(Output):
    """What `curate run --json` prints."""

    stages: dict[str, str] = field(default_factory=dict)
    """Each stage: done, unchanged, skipped or, in a dry run, would run."""
    manifest_sha256: str | None = None
    manifest: Manifest | None = None
    """Null if the run ended before the splits."""
    findings: Annotated[
        list[Finding],
        PlainSerializer(
            lambda findings: dict(sorted(Counter(finding.code for finding in findings).items())), dict[str, int]
        ),
    ] = field(default_factory=list)
    """Number of findings by code."""
    conflicts: Annotated[list[Conflict], PlainSerializer(len, return_type=int)] = field(default_factory=list)
    not_understood: int = 0
    """Lines without an example in a known format; the splits contain none of them."""
    undecided: int = 0
    """Conflicts without a decision about either side; their examples are kept."""
    apart: int = 0
    """Pairs of near-duplicates that differ in a fact; both are kept."""
    same_words: int = 0
    """Pairs of short examples with the same content words and a similarity below the threshold; both are kept."""
    alike: int = 0
    """Paraphrases (D004) that the model of `[dedup]` found; both are kept."""
    notes: list[str] = field(default_factory=list)
    training: dict[str, Any] | None = None
    """The report of the training; null without a recipe."""
    duplicates: NotPrinted[list[DuplicateRemoval]] = field(default_factory=list)
    """Removed duplicates."""

    @property
    def written(self) -> Manifest:
        """The manifest of a run that wrote splits. Raises `UsageError` for another one."""
        if self.manifest is None:
            raise UsageError("this run ended before the splits", "run the stage split as well")
        return self.manifest
