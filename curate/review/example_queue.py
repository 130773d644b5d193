"""All lines of the files as entries; the first can be displayed while the rest is being indexed."""

from collections.abc import Sequence
from typing import ClassVar

from curate.core.example import Place
from curate.core.finding import Severity
from curate.core.lazy import Array, Flags, Floats, Ids, Rows, np
from curate.quality.signals import DOUBT
from curate.read.index import LineIndex
from curate.review.entry import Entry, Kind, ReviewStatus
from curate.review.events import ExamplesKnown, ScoresKnown
from curate.review.query import COMPARISONS, Query
from curate.review.queue import Queue, file_fits, id_of, in_ranges, key
from curate.review.sources import Share


class ExampleQueue(Queue):
    """Every line of the files. Ids are stored once they are computed; until then they are computed on display."""

    kind: ClassVar[Kind] = "example"
    sorts: tuple[str, ...] = ("line",)

    def __init__(self, lines: LineIndex, share: Share | None = None) -> None:
        """`share`: the lines to show, once their ids are known; by default all."""
        super().__init__()
        self.lines, self.share = lines, share
        self._shown: Flags = np.empty(0, np.bool_)
        self._ids: dict[str, Array] = {}
        self._indexed: set[int] = set()
        self._doubts: Floats = np.empty(0)
        self.scores: ScoresKnown | None = None
        """The quality signals of the examples, if they were named."""

    def grow(self) -> None:
        """Add the lines that were indexed since the last call."""
        more = len(self.lines) - len(self)
        if more > 0:
            self._extend([ReviewStatus.UNDECIDED if self.share is None else ReviewStatus.NOTHING] * more)
            self._shown = np.concatenate([self._shown, np.full(more, self.share is None)])

    def store_ids(self, fact: ExamplesKnown) -> None:
        """Store the ids of a file's examples, all lines of which are indexed; lines without one are undecidable."""
        number = next(position for position, index in enumerate(self.lines.indexes) if index.name == fact.file)
        index, first = self.lines.indexes[number], self.lines.firsts[number]
        rows = index.lines_at(fact.starts) if len(fact.starts) else fact.positions
        rows = rows[rows < index.count][: len(fact.ids)]
        ids_read = fact.ids[: len(rows)]  # the file may have grown since it was indexed
        ids = np.zeros((index.count, 2), np.uint64)
        ids[rows] = ids_read
        self._ids[fact.file] = ids
        none = np.ones(index.count, np.bool_)
        none[rows] = False
        if self.share is not None:
            shared = rows[self.share.contains_ids(ids_read)] + first
            self._shown[shared] = True
            for row in shared.tolist():
                self.set_status(row, ReviewStatus.UNDECIDED)
        for row in (np.flatnonzero(none) + first).tolist():
            self.set_status(row, ReviewStatus.NOTHING)
        numbers = (rows + first).astype(np.int32)
        new = ~np.isin(numbers, list(self._indexed))
        self.example_index.add(ids_read[new, 0], numbers[new])

    def index_entry(self, number: int) -> bool:
        """Add the line with a number to the index by example id, before the ids of all lines are known.

        Returns false if it is already indexed, or holds no example.
        """
        example = None if self.has_ids or number in self._indexed else self.id(number)
        if example is None:
            return False
        self._indexed.add(number)
        self.example_index.add([key(example)], [number])
        return True

    def set_status(self, number: int, status: ReviewStatus) -> None:
        """Set the status of a line, if it is in the share."""
        if self.share is None or self._shown[number]:
            super().set_status(number, status)

    def know_scores(self, fact: ScoresKnown) -> None:
        """Store the quality signals of the examples; from now on, lines can be filtered and sorted by them."""
        self.scores, self.sorts = fact, (*ExampleQueue.sorts, DOUBT)
        self._doubts = np.empty(0)

    @property
    def has_ids(self) -> bool:
        """Whether the ids of all examples are known, and with them the status of each line."""
        return len(self._ids) == len(self.lines.indexes)

    def id(self, number: int) -> str | None:
        """The id of the example on a line; None if there is none."""
        index, position = self.lines.where(number)
        ids = self._ids.get(index.name)
        if ids is not None:
            return id_of(*ids[position].tolist())
        example = index.line(position).example
        return None if example is None else example.id

    def distinct_ids(self) -> Ids:
        """The ids of all examples of the share, two integers each, each once, in order."""
        firsts = dict(zip((index.name for index in self.lines.indexes), self.lines.firsts, strict=False))
        shown = [ids[self._shown[firsts[name] : firsts[name] + len(ids)]] for name, ids in self._ids.items()]
        rows = np.concatenate(shown) if shown else np.empty((0, 2), np.uint64)
        rows = rows[rows.any(axis=1)]
        rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
        new = np.ones(len(rows), np.bool_)
        new[1:] = (rows[1:] != rows[:-1]).any(axis=1)
        return rows[new]

    def place_of(self, example: str) -> Place | None:
        """The place of an example; None if it is not in the files or its id is not known yet."""
        return next(
            (self.lines.place(number) for number in self.example_index.rows(example) if self.id(number) == example),
            None,
        )

    def entry(self, number: int) -> Entry:
        """The line with a number."""
        example = self.id(number)
        return Entry(
            "example", number, "", "", Severity.INFO, self.lines.place(number), (example,) if example else (), None
        )

    def places(self, number: int) -> Sequence[Place]:
        """The place of the line, as a list."""
        return (self.lines.place(number),)

    def head(self, number: int) -> str:
        """The place of the line, as text."""
        return str(self.lines.place(number))

    def order(self, sort: str) -> Rows:
        """The numbers of the lines in file order, or the most doubtful first and those without a score last."""
        if sort == DOUBT:
            return np.argsort(-self.signal(DOUBT), kind="stable").astype(np.int32)
        return np.arange(len(self), dtype=np.int32)

    def signal(self, name: str) -> Floats:
        """The value of a quality signal for each line; NaN where it is not known."""
        values = np.full(len(self), np.nan)
        if self.scores is not None and name in self.scores.columns:
            for example, value in zip(self.scores.examples, self.scores.columns[name], strict=True):
                values[[row for row in self.example_index.rows(example) if row < len(values)]] = value
        return values

    @property
    def doubts(self) -> Floats:
        """The doubt about each line; NaN where it is not known. Computed anew only for more lines."""
        if self.scores is not None and len(self._doubts) != len(self):
            self._doubts = self.signal(DOUBT)
        return self._doubts

    def signals_of(self, example: str) -> dict[str, float]:
        """The quality signals of an example that are known."""
        if self.scores is None or example not in self.scores.examples:
            return {}
        position = self.scores.examples.index(example)
        values = {name: float(column[position]) for name, column in self.scores.columns.items()}
        return {name: value for name, value in values.items() if not np.isnan(value)}

    def mask(self, query: Query) -> Flags:
        """A flag for each line: whether it fits the status, file, line and signal of a query."""
        matches = super().mask(query)
        if self.share is not None:
            shown = self._shown[: len(matches)]  # lines may be added meanwhile
            matches[: len(shown)] &= shown
            matches[len(shown) :] = False
        if query.files or query.lines:
            parts = []
            for index in self.lines.indexes:
                fits = file_fits(index.name, query.files)
                numbers = index.numbers
                parts.append(
                    in_ranges(numbers, query.lines) & fits if query.lines else np.full(len(numbers), fits, np.bool_)
                )
            matches &= np.concatenate(parts)[: len(matches)]
        for test in query.signals:
            matches &= COMPARISONS[test.sign](self.signal(test.path)[: len(matches)], float(test.value))
        if query.codes or query.severities or query.scores or query.fixes:
            matches &= False
        return matches
