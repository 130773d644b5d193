"""What checking and comparing tell while they go on, one immutable fact at a time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from curate.core.datamap import MappedExample
from curate.core.errors import CurateError
from curate.core.finding import Finding
from curate.review.entry import Cluster, MultiConflict, PairConflict

Ids = np.ndarray[Any, np.dtype[np.uint64]]
Numbers = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Advanced:
    """A stage got on: `done` of `total` (None: not known) units."""

    stage: str
    done: int
    total: int | None
    unit: str = "lines"


@dataclass(frozen=True, slots=True)
class FindingsFound:
    """Some more findings, in the order of the lines."""

    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class Checked:
    """All files are checked."""

    lines: int
    examples: int
    suppressed: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ExamplesKnown:
    """The ids of a file's examples."""

    file: str
    starts: Numbers
    """Byte at which each example starts; empty for a document."""
    positions: Numbers
    """Its number among the file's lines that are not blank."""
    ids: Ids
    """Two numbers each."""


@dataclass(frozen=True, slots=True)
class DuplicatesFound:
    """All duplicates, as clusters."""

    clusters: list[Cluster]


@dataclass(frozen=True, slots=True)
class ConflictsFound:
    """All conflicts that are known, the surest first."""

    conflicts: list[PairConflict]
    multi_conflicts: list[MultiConflict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What was not looked for, and why."""


@dataclass(frozen=True, slots=True)
class TrainingKnown:
    """What a training says of its examples."""

    mapped: list[MappedExample]
    """Those worth a look, the hardest first."""
    total: int
    """Examples that were trained on."""


@dataclass(frozen=True, slots=True)
class Broke:
    """A stage could not go on."""

    stage: str
    error: CurateError


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more will come."""


ScanEvent = (
    Advanced
    | FindingsFound
    | Checked
    | ExamplesKnown
    | DuplicatesFound
    | ConflictsFound
    | TrainingKnown
    | Broke
    | Ended
)
Tell = Callable[[ScanEvent], None]
