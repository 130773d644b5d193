"""The review of a data set as plain objects, independent of the user interface: entries, decisions, scan events.

- `sources`: the data under review; `scan`: check and comparison in a separate process, reported as `events`
- `queue` and its kinds: entries as columns; `query`, `search`, `view`: the entries that a list shows
- `training_signals`: training dynamics of the examples
- `groups`: entries of a list under one line each
- `session`: decisions, undo and redo; `choices`, `bulk`: the effect of keys
- `draft`, `live_lint`: an example as text to edit, with its findings and repairs
"""

from curate.review.entry import (
    KINDS,
    PAIR_CHOICES,
    SINGLE_CHOICES,
    Choice,
    Cluster,
    ClusterMember,
    DecisionTarget,
    Entry,
    Kind,
    MultiConflict,
    PairConflict,
    PlacedAnswerGroup,
    PlacedExample,
    Progress,
    ReviewStatus,
)
from curate.review.records import Edit, VerdictOrEdit
from curate.review.session import ReviewSession
from curate.review.sources import ReviewSources, sources_of
from curate.review.view import View, at_line, next_open, views

__all__ = [
    "KINDS",
    "PAIR_CHOICES",
    "SINGLE_CHOICES",
    "Choice",
    "Cluster",
    "ClusterMember",
    "DecisionTarget",
    "Edit",
    "Entry",
    "Kind",
    "MultiConflict",
    "PairConflict",
    "PlacedAnswerGroup",
    "PlacedExample",
    "Progress",
    "ReviewSession",
    "ReviewSources",
    "ReviewStatus",
    "VerdictOrEdit",
    "View",
    "at_line",
    "next_open",
    "sources_of",
    "views",
]  # fmt: skip
