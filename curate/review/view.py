"""A filter and a sort order applied to a queue: the entry numbers that a list shows."""

from collections.abc import Collection, Iterator
from glob import escape

import numpy as np

from curate.review.entry import Kind, ReviewStatus
from curate.review.groups import Group, Groups, Numbers
from curate.review.query import UNBOUND, Query, mistake, parse
from curate.review.queue import Flags, Rows
from curate.review.search import search
from curate.review.session import ReviewSession


class View:
    """Filtered and sorted entries of one kind, as shown by a list, one a line or in groups."""

    __slots__ = ("complete", "groups", "kind", "lines", "rows", "sort", "text")

    def __init__(self, kind: Kind, rows: Rows, text: str = "", sort: str = "", complete: float = 1.0) -> None:
        self.kind, self.rows, self.text, self.sort, self.complete = kind, rows, text, sort, complete
        self.groups: Groups | None = None
        self.lines: Numbers = rows
        """Numbers of entries; for groups see `Groups.lines`."""

    def group(self, keys: Numbers | None, opened: Collection[int]) -> None:
        """Show entries with the same key as one line, unless it is opened; None: one line for each entry."""
        self.groups = None if keys is None else Groups(self.rows, keys, opened)
        self.lines = self.rows if self.groups is None else self.groups.lines()

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, at: int) -> int:
        return int(self.lines[at])

    def group_at(self, at: int) -> Group | None:
        """The group in a line; None for an entry."""
        return self.groups[-1 - self[at]] if self.groups is not None and at < len(self) and self[at] < 0 else None

    def index(self, number: int) -> int | None:
        """The line of an entry, or of the closed group that contains it."""
        found = np.flatnonzero(self.lines == number)
        if not len(found) and self.groups is not None and (group := self.groups.group_of(number)) is not None:
            found = np.flatnonzero(self.lines == -1 - group)
        return int(found[0]) if len(found) else None

    def index_of_group(self, key: int) -> int | None:
        """The line of a group."""
        if self.groups is None or not len(found := np.flatnonzero(self.groups.keys == key)):
            return None
        return int(np.flatnonzero(self.lines == -1 - found[0])[0])


def views(session: ReviewSession, kind: Kind, text: str = "", sort: str = "") -> Iterator[View]:
    """The sorted entries that match a filter: more and more while texts are searched, at the end all."""
    queue, query = session.queues[kind], parse(text)
    sort = sort or queue.sorts[0]
    order = queue.order(sort)
    mask = queue.mask(query)
    if query.journal:
        mask &= _annotated(session, kind, query, len(mask))
    order = order[order < len(mask)]
    rows = order[mask[order]] if not mistake(text) else order[:0]
    if not query.text or not len(rows):
        yield View(kind, rows, text, sort)
        return
    for found, share in search(queue, rows, query, session.lines):
        yield View(kind, found, text, sort, share)


def unscored(session: ReviewSession, text: str) -> str:
    """Why a filter by signals matches nothing; empty if they are known."""
    if session.examples.scores is None and parse(text).signals:
        return "no signals are known: start with --scores FILE, which curate score -o FILE writes"
    return ""


def _annotated(session: ReviewSession, kind: Kind, query: Query, count: int) -> Flags:
    """Which entries have an example with a note, label, rating or decision that the terms name."""
    found: Flags = np.zeros(count, np.bool_)
    for example in dict.fromkeys(decision.example for decision in session.log.decisions):
        people = {said.who.casefold() for heads in session.log.slots(example).values() for said in heads}
        note = session.note(example).casefold()
        rating = session.log.rating(example)
        if query.ratings and not any(rating is not None and low <= rating <= high for low, high in query.ratings):
            continue
        if query.labels and not {name.casefold() for name in session.log.labels(example)} & set(query.labels):
            continue
        if all(word in note for word in query.notes) and all(
            any(name in who for who in people) for name in query.people
        ):
            rows = [row for row in session.queues[kind].example_index.rows(example) if row < count]
            found[rows] = True
    return found


def at_line(session: ReviewSession, view: View, file: str, line: int) -> int | None:
    """The position of the entry of a line of a file, or its group; else of the next line that has one; None without.

    `file`: its name, or its path without folders.
    """
    queue = session.queues[view.kind]
    rows = view.rows[view.rows < len(queue)]
    for further in (0, 10, 1_000, 100_000, UNBOUND):
        mask = queue.mask(Query(files=(escape(file),), lines=((line, line + further),)))
        found = np.flatnonzero(mask[rows]).tolist()
        if found:
            return view.index(int(rows[min(found, key=lambda at: min(
                place.line for place in queue.places(int(rows[at])) if place.line >= line
            ))]))  # fmt: skip
    return None


def next_open(session: ReviewSession, view: View, after: int = -1) -> int | None:
    """Position of the next undecided entry in a view, after `after` and then from the top; None if there is none."""
    statuses = session.queues[view.kind].statuses.values
    lines = view.lines[view.lines < len(statuses)]
    unsettled = np.flatnonzero((lines >= 0) & (statuses[lines] < ReviewStatus.KEEP))
    if view.groups is not None:
        closed = np.flatnonzero(
            view.groups.groups_with(statuses[view.groups.rows] < ReviewStatus.KEEP) & ~view.groups.open
        )
        unsettled = np.union1d(unsettled, np.flatnonzero(np.isin(lines, -1 - closed)))
    if not len(unsettled):
        return None
    at = int(np.searchsorted(unsettled, after, side="right"))
    return int(unsettled[at % len(unsettled)])
