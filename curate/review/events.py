"""Events of a scan (check and comparison), immutable."""

from collections.abc import Callable
from dataclasses import dataclass, field

from curate.core.datamap import MappedExample
from curate.core.errors import CurateError
from curate.core.events import StageAdvanced
from curate.core.finding import Finding
from curate.core.lazy import Ids, Numbers, np
from curate.review.entry import Cluster, MultiConflict, PairConflict


@dataclass(frozen=True, slots=True)
class JournalNotApplied:
    """A journal above the project has decisions about the data, which are not applied."""

    note: str


@dataclass(frozen=True, slots=True)
class FindingsFound:
    """More findings, in line order."""

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
    """The ids of a file's examples, and of lines that do not count as examples: about these can be decided, too."""

    file: str
    starts: Numbers
    """Byte offset of each example; empty for a document."""
    positions: Numbers
    """Number of each example among the file's non-blank lines, of a document only."""
    ids: Ids
    """Two integers each."""
    unread: Numbers = field(default_factory=lambda: np.empty(0, np.int64))
    """Which of the ids, by position, are hashes of lines that cannot be read as an example."""


@dataclass(frozen=True, slots=True)
class DuplicatesFound:
    """More duplicates, as clusters."""

    clusters: list[Cluster]
    more: bool = False
    """Whether others follow."""


@dataclass(frozen=True, slots=True)
class ConflictsFound:
    """All known conflicts, highest confidence first."""

    conflicts: list[PairConflict]
    multi_conflicts: list[MultiConflict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What was not searched for, and why."""


@dataclass(frozen=True, slots=True)
class TrainingKnown:
    """The training dynamics of the examples."""

    mapped: list[MappedExample]
    """Those to review, hardest first."""
    total: int
    """Number of training examples."""


@dataclass(frozen=True, slots=True)
class ScoresKnown:
    """The quality signals of examples, as `curate score -o` writes them."""

    examples: list[str]
    """Their ids."""
    columns: dict[str, list[float]]
    """The values of each signal; NaN where there is none."""


@dataclass(frozen=True, slots=True)
class StageFailed:
    """A stage failed."""

    stage: str
    error: CurateError


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of the scan."""


ScanEvent = (
    StageAdvanced
    | JournalNotApplied
    | FindingsFound
    | Checked
    | ExamplesKnown
    | DuplicatesFound
    | ConflictsFound
    | TrainingKnown
    | ScoresKnown
    | StageFailed
    | Ended
)
Notify = Callable[[ScanEvent], None]
