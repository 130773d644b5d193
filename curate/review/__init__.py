"""The review of a data set as plain objects that any surface can drive: entries, decisions about them, and what is
found while one looks.

- `sources`: what is reviewed; `scan`: checking and comparing, in a process of its own, told as `events`
- `queue` and its kinds: entries as columns; `query`, `search`, `view`: what a list shows of them
- `training_signals`: what a training says of the examples
- `session`: what was decided, undo and redo; `choices`, `bulk`: what a key decides
- `draft`, `live_lint`: an example as text to edit, what the rules say of it, and their repairs
"""

from curate.review.entry import (
    KINDS,
    PAIR,
    SINGLE,
    AnswerGroup,
    Choice,
    Cluster,
    Entry,
    Kind,
    Member,
    MultiConflict,
    PairConflict,
    Progress,
    ReviewStatus,
    Side,
    question,
)
from curate.review.session import Edit, ReviewSession, VerdictOrEdit
from curate.review.sources import Sources, sources_of
from curate.review.view import View, next_open, views

__all__ = [
    "KINDS",
    "PAIR",
    "SINGLE",
    "AnswerGroup",
    "Choice",
    "Cluster",
    "Edit",
    "Entry",
    "Kind",
    "Member",
    "MultiConflict",
    "PairConflict",
    "Progress",
    "ReviewSession",
    "ReviewStatus",
    "Side",
    "Sources",
    "VerdictOrEdit",
    "View",
    "next_open",
    "question",
    "sources_of",
    "views",
]
