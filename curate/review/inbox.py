"""What is to be decided, as one list of tasks: errors, then duplicates, then conflicts."""

from typing import Final, NamedTuple

from curate.core.lazy import Numbers, np
from curate.review.entry import Kind, Progress, ReviewStatus
from curate.review.query import parse
from curate.review.session import ReviewSession


class InboxStep(NamedTuple):
    """Entries of a kind that a filter shows."""

    kind: Kind
    filter: str
    noun: str


STAGES: Final = (
    InboxStep("finding", "severity:error", "error"),
    InboxStep("cluster", "", "duplicate"),
    InboxStep("conflict", "", "conflict"),
)


class Inbox:
    """The open entries of each stage; the entries of a stage are looked for again only when there are more."""

    def __init__(self, session: ReviewSession) -> None:
        self.session = session
        self._rows: dict[Kind, tuple[int, Numbers]] = {}

    def progress(self, stage: InboxStep) -> Progress:
        """Number of decided entries of a stage, and of all that can be decided."""
        queue = self.session.queues[stage.kind]
        if not stage.filter:
            return self.session.progress(stage.kind)
        if self._rows.get(stage.kind, (-1,))[0] != len(queue):
            self._rows[stage.kind] = len(queue), np.flatnonzero(queue.mask(parse(stage.filter)))
        statuses = queue.statuses.values[self._rows[stage.kind][1]]
        total = int(np.count_nonzero(statuses != ReviewStatus.NOTHING))
        return Progress(total - int(np.count_nonzero(statuses < ReviewStatus.KEEP)), total)

    def open(self, stage: InboxStep) -> int:
        """Number of open entries of a stage."""
        decided, total = self.progress(stage)
        return total - decided

    @property
    def whole(self) -> Progress:
        """The progress of all stages."""
        parts = [self.progress(stage) for stage in STAGES]
        return Progress(sum(part.decided for part in parts), sum(part.total for part in parts))

    def next_stage(self) -> InboxStep | None:
        """The first stage with an open entry; None if nothing is left to decide."""
        return next((stage for stage in STAGES if self.open(stage)), None)
