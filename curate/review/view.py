"""A filter and a sort order applied to a queue: the entry numbers that a list shows."""

from collections.abc import Iterator
from glob import escape

import numpy as np

from curate.review.entry import Kind, ReviewStatus
from curate.review.query import UNBOUND, Query, mistake, parse
from curate.review.queue import Flags, Rows
from curate.review.search import search
from curate.review.session import ReviewSession


class View:
    """Filtered and sorted entries of one kind, as shown by a list."""

    __slots__ = ("complete", "kind", "rows", "sort", "text")

    def __init__(self, kind: Kind, rows: Rows, text: str = "", sort: str = "", complete: float = 1.0) -> None:
        self.kind, self.rows, self.text, self.sort, self.complete = kind, rows, text, sort, complete

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, at: int) -> int:
        return int(self.rows[at])

    def index(self, number: int) -> int | None:
        """The position of an entry."""
        found = np.flatnonzero(self.rows == number)
        return int(found[0]) if len(found) else None


def views(session: ReviewSession, kind: Kind, text: str = "", sort: str = "") -> Iterator[View]:
    """The sorted entries that match a filter: more and more while texts are searched, at the end all."""
    queue, query = session.queues[kind], parse(text)
    sort = sort or queue.sorts[0]
    order = queue.order(sort)
    mask = queue.mask(query)
    if query.notes or query.people:
        mask &= _annotated(session, kind, query, len(mask))
    order = order[order < len(mask)]
    rows = order[mask[order]] if not mistake(text) else order[:0]
    if not query.text or not len(rows):
        yield View(kind, rows, text, sort)
        return
    for found, share in search(queue, rows, query, session.lines):
        yield View(kind, found, text, sort, share)


def _annotated(session: ReviewSession, kind: Kind, query: Query, count: int) -> Flags:
    """Which entries have an example with a note or a decision that the terms name."""
    found: Flags = np.zeros(count, np.bool_)
    for example in dict.fromkeys(decision.example for decision in session.log.decisions):
        people = {said.who.casefold() for heads in session.log.slots(example).values() for said in heads}
        note = session.note(example).casefold()
        if all(word in note for word in query.notes) and all(
            any(name in who for who in people) for name in query.people
        ):
            rows = [row for row in session.queues[kind].example_index.rows(example) if row < count]
            found[rows] = True
    return found


def at_line(session: ReviewSession, view: View, file: str, line: int) -> int | None:
    """The position of the entry of a line of a file, else of the next line that has one; None without any.

    `file`: its name, or its path without folders.
    """
    queue = session.queues[view.kind]
    rows = view.rows[view.rows < len(queue)]
    for further in (0, 10, 1_000, 100_000, UNBOUND):
        mask = queue.mask(Query(files=(escape(file),), lines=((line, line + further),)))
        found = np.flatnonzero(mask[rows]).tolist()
        if found:
            return int(min(found, key=lambda at: min(
                place.line for place in queue.places(int(rows[at])) if place.line >= line
            )))  # fmt: skip
    return None


def next_open(session: ReviewSession, view: View, after: int = -1) -> int | None:
    """Position of the next undecided entry in a view, after `after` and then from the top; None if there is none."""
    import numpy as np

    statuses = session.queues[view.kind].statuses.values
    rows = view.rows[view.rows < len(statuses)]
    unsettled = np.flatnonzero(statuses[rows] < ReviewStatus.KEEP)
    if not len(unsettled):
        return None
    at = int(np.searchsorted(unsettled, after, side="right"))
    return int(unsettled[at % len(unsettled)])
