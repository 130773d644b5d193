"""Entries of one kind, such as findings and all lines of the files, as columns for status, filters and sorting; entry
objects are created on display.

Other threads may read the columns while they grow. The index from examples to entries takes 12 bytes per example.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import PurePath
from typing import ClassVar, Final

from curate.core.errors import InputError
from curate.core.example import Place
from curate.core.finding import Finding, Severity, place_of
from curate.core.lazy import Array, Flags, Floats, Ids, Numbers, Rows, np
from curate.quality.signals import DOUBT
from curate.read.index import LineIndex
from curate.review.assignment import Share
from curate.review.entry import Entry, EntryCounts, Kind, ReviewStatus
from curate.review.events import ExamplesKnown, ScoresKnown
from curate.review.query import COMPARISONS, Query, Range

Keys = Ids


class ExampleIndex:
    """Entry numbers by the ids of their examples. The index only grows."""

    def __init__(self) -> None:
        self._parts: list[tuple[Keys, Rows]] = []

    def add(self, keys: Sequence[int] | Keys, rows: Sequence[int] | Rows) -> None:
        """Add pairs of key and entry number."""
        new = np.asarray(keys, np.uint64)
        if not len(new):
            return
        numbers = np.asarray(rows, np.int32)
        while self._parts and len(self._parts[-1][0]) <= 2 * len(new):  # few parts, each twice as long as the next
            old_keys, old_rows = self._parts.pop()
            new, numbers = np.concatenate([old_keys, new]), np.concatenate([old_rows, numbers])
        order = np.argsort(new, kind="stable")
        self._parts.append((new[order], numbers[order]))

    def rows(self, example: str) -> list[int]:
        """The entries that contain an example."""
        example_key = np.uint64(key(example))
        entries: list[int] = []
        for keys, rows in self._parts:
            start, end = np.searchsorted(keys, example_key, "left"), np.searchsorted(keys, example_key, "right")
            entries.extend(rows[start:end].tolist())
        return entries


class Names:
    """Strings and their numbers."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, name: str) -> int:
        """The number of a name; a new name gets the next number."""
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self.all)
            self.all.append(name)
        return number


class ArrayColumn:
    """Numbers of one type, one per entry."""

    def __init__(self, kind: str) -> None:
        """`kind`: a numpy type, such as `uint8`."""
        self._values: Array = np.zeros(1024, kind)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def extend(self, values: Sequence[int | float] | Array) -> None:
        """Append values."""
        need = self._count + len(values)
        if need > len(self._values):
            grown = np.zeros(max(need, 2 * len(self._values)), self._values.dtype)
            grown[: self._count] = self._values[: self._count]
            self._values = grown
        self._values[self._count : need] = values
        self._count = need  # last: a concurrent reader sees only complete values

    @property
    def values(self) -> Array:
        """All values so far, as a view."""
        return self._values[: self._count]


class Queue(ABC):
    """Entries of one kind in order of arrival, which is also their number."""

    kind: ClassVar[Kind]
    sorts: tuple[str, ...]
    """Names of sort orders, the default first."""
    groupings: ClassVar[tuple[str, ...]] = ()
    """What entries can be grouped by."""

    def __init__(self) -> None:
        self.statuses = ArrayColumn("uint8")
        self.example_index = ExampleIndex()
        self.open = 0
        """Number of undecided entries."""
        self.total = 0
        """Number of entries that can be decided."""

    def __len__(self) -> int:
        return len(self.statuses)

    @abstractmethod
    def entry(self, number: int) -> Entry:
        """The entry with a number."""

    @abstractmethod
    def places(self, number: int) -> Sequence[Place]:
        """The places of an entry's examples, whose texts are searched."""

    @abstractmethod
    def head(self, number: int) -> str:
        """The searchable text of an entry besides the texts of its examples."""

    @abstractmethod
    def order(self, sort: str) -> Rows:
        """All entry numbers in a sort order."""

    def group_keys(self, by: str, rows: Rows) -> Array:  # noqa: ARG002
        """The key of the group of each entry. Raises `KeyError` for an unknown grouping."""
        raise KeyError(by)

    def mask(self, query: Query) -> Flags:
        """Which entries match the terms that need no text."""
        statuses = self.statuses.values
        matches: Flags = np.isin(statuses, query.statuses) if query.statuses else np.ones(len(statuses), np.bool_)
        return matches & (not query.signals or self.kind == "example")

    def set_status(self, number: int, status: ReviewStatus) -> None:
        """Set the status of an entry."""
        old = ReviewStatus(int(self.statuses.values[number]))
        self.statuses.values[number] = status
        self.open += status.open - old.open
        if (ReviewStatus.NOTHING in (old, status)) and old is not status:
            self.total += 1 if old is ReviewStatus.NOTHING else -1

    def counts_by_need(self) -> EntryCounts:
        """Number of entries by what is left to do."""
        fix, nothing = (
            int(np.count_nonzero(self.statuses.values == status)) for status in (ReviewStatus.FIX, ReviewStatus.NOTHING)
        )
        return EntryCounts(self.total - self.open, self.open - fix, fix, nothing)

    def _extend(self, statuses: Sequence[int] | Array) -> None:
        """Append statuses, and count the open and the decidable ones."""
        new = np.asarray(statuses, np.uint8)
        self.statuses.extend(new)
        decidable = int(np.count_nonzero(new != ReviewStatus.NOTHING))
        self.open += int(np.count_nonzero(new < ReviewStatus.KEEP))
        self.total += decidable


def in_ranges(values: Array, ranges: Sequence[Range]) -> Flags:
    """A flag for each value: whether it lies in one of the ranges, both ends inclusive."""
    matches: Flags = np.zeros(len(values), np.bool_)
    for low, high in ranges:
        matches |= (values >= low) & (values <= high)
    return matches


def matches_names(values: Array, names: Sequence[str], fits: Sequence[bool]) -> Flags:
    """Which values are numbers of matching names; `fits`: for each name, whether it matches."""
    assert len(names) == len(fits)
    matches: Flags = np.isin(values, np.flatnonzero(np.asarray(fits, np.bool_)))
    return matches


def file_fits(name: str, patterns: Sequence[str]) -> bool:
    """Whether a file's name or path matches one of the patterns; true if there are no patterns."""
    return not patterns or any(fnmatch(name, pattern) or fnmatch(PurePath(name).name, pattern) for pattern in patterns)


def key(example: str) -> int:
    """The first 64 bits of an id.

    In one of 40 million data sets of a million examples, two ids have the same.
    """
    return int(example[:16], 16)


def id_of(high: int, low: int) -> str | None:
    """The id of two integers; None for zeros, which stand for no id."""
    return f"{high:016x}{low:016x}" if high or low else None


SEVERITIES = tuple(Severity)
MAX_COMPARED_LINES: Final = 10_000
"""Maximum number of lines whose ids are compared at once, which takes 0.2 s."""
EXACT_COPY_CODE: Final = "D001"
"""The rule about exact copies, which cannot be decided: decisions are about content."""


class FindingQueue(Queue):
    """Findings in about 30 bytes each, plus their messages, which often repeat."""

    kind: ClassVar[Kind] = "finding"
    sorts = ("severity", "line", "rule", "as found")
    groupings = ("rule", "file", "example")

    def __init__(self) -> None:
        super().__init__()
        self._files, self.codes = Names(), Names()
        self._texts = Names()
        self._columns = {
            name: ArrayColumn(kind)
            for name, kind in (
                ("code", "uint16"),
                ("severity", "uint8"),
                ("file", "uint32"),
                ("line", "uint32"),
                ("fixable", "uint8"),
                ("pointer", "uint32"),
                ("message", "uint32"),
                ("broken", "uint8"),
                ("high", "uint64"),
                ("low", "uint64"),
            )
        }
        self._hints: dict[str, str] = {}

    def add(self, findings: Sequence[Finding], line_ids: Sequence[str], statuses: Sequence[ReviewStatus]) -> None:
        """Add findings; `line_ids`: the ids of lines without an example, empty for the others."""
        ids = [finding.example or line for finding, line in zip(findings, line_ids, strict=True)]
        first = len(self)
        columns: dict[str, list[int]] = {
            "code": [self.codes.number(finding.code) for finding in findings],
            "severity": [finding.severity.rank for finding in findings],
            "file": [self._files.number(finding.file) for finding in findings],
            "line": [finding.line for finding in findings],
            "fixable": [finding.fixable for finding in findings],
            "pointer": [self._texts.number(finding.pointer) for finding in findings],
            "message": [self._texts.number(finding.message) for finding in findings],
            "broken": [bool(line) for line in line_ids],
            "high": [int(id_[:16], 16) if id_ else 0 for id_ in ids],
            "low": [int(id_[16:], 16) if id_ else 0 for id_ in ids],
        }
        for finding in findings:
            self._hints.setdefault(finding.code, finding.hint)
        for name, values in columns.items():
            self._columns[name].extend(values)
        self._extend(statuses)
        with_id = [index for index, id_ in enumerate(ids) if id_ and findings[index].code != EXACT_COPY_CODE]
        self.example_index.add([key(ids[index]) for index in with_id], [first + index for index in with_id])

    def place(self, number: int, line_id: str) -> None:
        """Store the id of a line without an example that was not indexed when its finding was added."""
        if line_id and not self.id(number):
            columns = {"high": int(line_id[:16], 16), "low": int(line_id[16:], 16), "broken": 1}
            for name, value in columns.items():
                self._columns[name].values[number] = value
            self.example_index.add([key(line_id)], [number])

    def _value(self, name: str, number: int) -> int:
        """The value of a finding in a column."""
        return int(self._columns[name].values[number])

    def finding(self, number: int) -> Finding:
        """The finding with a number."""
        code = self.codes.all[self._value("code", number)]
        id_ = self.id(number)
        return Finding(
            code=code,
            severity=SEVERITIES[self._value("severity", number)],
            file=self._files.all[self._value("file", number)],
            line=self._value("line", number),
            pointer=self._texts.all[self._value("pointer", number)],
            message=self._texts.all[self._value("message", number)],
            hint=self._hints[code],
            fixable=bool(self._value("fixable", number)),
            example=None if self._value("broken", number) else id_,
        )

    def id(self, number: int) -> str | None:
        """The id of the example, or of a line without one; None for a finding about no line."""
        return id_of(self._value("high", number), self._value("low", number))

    def entry(self, number: int) -> Entry:
        """The finding with a number as an entry."""
        finding = self.finding(number)
        id_ = self.id(number) if finding.code != EXACT_COPY_CODE else None
        ids = (id_,) if id_ else ()
        return Entry(
            "finding",
            number,
            finding.code,
            finding.code,
            finding.severity,
            finding.place,
            ids,
            finding,
        )

    def places(self, number: int) -> Sequence[Place]:
        """The place of the finding."""
        file, line = self._files.all[self._value("file", number)], self._value("line", number)
        return (place_of(file, line, self._texts.all[self._value("message", number)]),)

    def head(self, number: int) -> str:
        """Code, severity, place and message."""
        finding = self.finding(number)
        return f"{finding.code} {finding.severity} {finding.where} {finding.pointer} {finding.message}"

    def order(self, sort: str) -> Rows:
        """The numbers of the findings by severity, place, rule or arrival; of training dynamics, hardest first."""
        if sort == "as found":
            return np.arange(len(self), dtype=np.int32)
        column = {name: part.values[: len(self)] for name, part in self._columns.items()}
        codes = (
            np.argsort(np.argsort(np.array(self.codes.all or [""])))[column["code"]] if len(self) else column["code"]
        )
        by_line = (column["line"], column["file"])
        keys = {"line": by_line, "rule": (*by_line, codes), "severity": (*by_line, column["severity"])}[sort]
        return np.lexsort(keys).astype(np.int32)

    def group_keys(self, by: str, rows: Rows) -> Array:
        """Numbers of rules or files; for examples, half of the id, or the number of a finding without one."""
        if by == "example":
            high = self._columns["high"].values[rows]
            return np.where(high == 0, rows.astype(np.uint64), high)
        return self._columns[{"rule": "code", "file": "file"}[by]].values[rows]

    def mask(self, query: Query) -> Flags:
        """A flag for each finding: whether it fits the status, code, severity, file, line and repair of a query."""
        matches = super().mask(query)
        column = {name: part.values[: len(matches)] for name, part in self._columns.items()}
        if query.codes:
            matches &= matches_names(
                column["code"], self.codes.all, [code.startswith(query.codes) for code in self.codes.all]
            )
        if query.severities:
            matches &= matches_names(
                column["severity"], SEVERITIES, [severity.value.startswith(query.severities) for severity in SEVERITIES]
            )
        if query.files:
            matches &= matches_names(
                column["file"], self._files.all, [file_fits(name, query.files) for name in self._files.all]
            )
        if query.lines:
            matches &= in_ranges(column["line"], query.lines)
        if query.fixes:
            matches &= column["fixable"] == 1
            fits = [_has_fix(code, query.fixes) for code in self.codes.all]
            matches &= matches_names(column["code"], self.codes.all, fits)
        if query.scores:
            matches &= False
        return matches

    def counts(self) -> dict[str, tuple[Severity, int, int, int]]:
        """Per code: severity, number of findings, of open findings, and of those with nothing to decide."""
        codes, statuses = self._columns["code"].values[: len(self)], self.statuses.values
        totals = np.bincount(codes, minlength=len(self.codes.all))
        undecided = np.bincount(codes[statuses[: len(codes)] < ReviewStatus.KEEP], minlength=len(self.codes.all))
        nothing = np.bincount(codes[statuses[: len(codes)] == ReviewStatus.NOTHING], minlength=len(self.codes.all))
        worst = np.full(len(self.codes.all), len(SEVERITIES) - 1)
        np.minimum.at(worst, codes, self._columns["severity"].values[: len(codes)])
        return {
            code: (SEVERITIES[int(worst[number])], int(totals[number]), int(undecided[number]), int(nothing[number]))
            for number, code in enumerate(self.codes.all)
        }


def _has_fix(code: str, fixes: Sequence[str]) -> bool:
    """Whether the fix of the rule `code` is of one of the kinds `fixes`: `safe`, `unsafe`, `any`."""
    from curate.lint.rules import RULES  # takes 0.2 s that a review without this filter does not need

    rule = RULES.get(code)
    return "any" in fixes or ("safe" if rule and rule.repair and rule.repair.safe else "unsafe") in fixes


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
        self._unread: set[int] = set()
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
        """Store the ids in a file, all lines of which are indexed; lines without one are undecidable."""
        number = next(position for position, index in enumerate(self.lines.indexes) if index.name == fact.file)
        index, first = self.lines.indexes[number], self.lines.firsts[number]
        rows = index.lines_at(fact.starts) if len(fact.starts) else fact.positions
        rows = rows[rows < index.count][: len(fact.ids)]
        ids_read = fact.ids[: len(rows)]  # the file may have grown since it was indexed
        if index.changed and not self._are_shown(first + rows, ids_read):  # ids are computed as lines are displayed
            return
        ids = np.zeros((index.count, 2), np.uint64)
        ids[rows] = ids_read
        self._ids[fact.file] = ids
        none = np.ones(index.count, np.bool_)
        none[rows] = False
        unread = fact.unread[fact.unread < len(rows)]
        if self.share is not None:
            shares = self.share.contains_ids(ids_read)
            shares[unread] = self.share.contains_lines(index.numbers[rows[unread]])
            shared = rows[shares] + first
            self._shown[shared] = True
            for row in shared.tolist():
                self.set_status(row, ReviewStatus.UNDECIDED)
        for row in (np.flatnonzero(none) + first).tolist():
            self.set_status(row, ReviewStatus.NOTHING)
        for row in (rows[unread] + first).tolist():
            self._unread.add(row)
            self.set_status(row, ReviewStatus.FIX)
        numbers = (rows + first).astype(np.int32)
        new = ~np.isin(numbers, list(self._indexed))
        self.example_index.add(ids_read[new, 0], numbers[new])

    def _are_shown(self, numbers: Numbers, ids: Ids) -> bool:
        """Whether lines of a file that changed since have these ids; false for more than can be read at once."""
        return len(numbers) <= MAX_COMPARED_LINES and all(
            self.id(number) in (None, id_of(*id_)) for number, id_ in zip(numbers.tolist(), ids.tolist(), strict=True)
        )

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
        try:
            example = index.line(position).example
        except InputError:  # the file was truncated
            return None
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
        example, place = self.id(number), self.lines.place(number)
        ids = (example,) if example else ()
        return Entry("example", number, "", "", Severity.INFO, place, ids, None, number in self._unread)

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
