"""A filter and an order applied to a queue: the numbers of the entries that a list shows."""

from collections.abc import Iterator

import numpy as np

from curate.review.entry import Kind, ReviewStatus
from curate.review.query import parse
from curate.review.queue import Rows
from curate.review.search import search
from curate.review.session import ReviewSession


class View:
    """Some entries of one kind in an order: what a list shows."""

    __slots__ = ("complete", "kind", "rows", "sort", "text")

    def __init__(self, kind: Kind, rows: Rows, text: str = "", sort: str = "", complete: float = 1.0) -> None:
        self.kind, self.rows, self.text, self.sort, self.complete = kind, rows, text, sort, complete

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, at: int) -> int:
        return int(self.rows[at])

    def index(self, number: int) -> int | None:
        """Where an entry stands."""
        found = np.flatnonzero(self.rows == number)
        return int(found[0]) if len(found) else None


def views(session: ReviewSession, kind: Kind, text: str = "", sort: str = "") -> Iterator[View]:
    """The entries of a kind that fit a filter, in an order: more and more of them while texts are read, the last time
    all.
    """
    queue, query = session.queues[kind], parse(text)
    sort = sort or queue.sorts[0]
    order = queue.order(sort)
    mask = queue.mask(query)
    order = order[order < len(mask)]
    rows = order[mask[order]]
    if not query.text:
        yield View(kind, rows, text, sort)
        return
    for found, share in search(queue, rows, query, session.lines):
        yield View(kind, found, text, sort, share)


def next_open(session: ReviewSession, view: View, after: int = -1) -> int | None:
    """Position in a view of the next entry to decide, past `after` and then from the top; None when all are decided."""
    import numpy as np

    statuses = session.queues[view.kind].statuses.values
    rows = view.rows[view.rows < len(statuses)]
    unsettled = np.flatnonzero(statuses[rows] <= ReviewStatus.CONTESTED)
    if not len(unsettled):
        return None
    at = int(np.searchsorted(unsettled, after, side="right"))
    return int(unsettled[at % len(unsettled)])
