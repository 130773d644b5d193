"""A filter, a sort order and groups applied to a queue: the entry numbers that a list shows."""

from collections.abc import Collection, Iterator, Sequence
from glob import escape
from time import monotonic
from typing import Final, NamedTuple

from curate.commands.review_history import in_audit
from curate.core.expression import REGEX_FLAGS, SCORE, AllOf, fields_of
from curate.core.lazy import Array, Flags, Rows, np, pl
from curate.core.text import casefolded, text_column
from curate.read.condition import ReviewFacts, line_text, matches
from curate.read.index import LineIndex
from curate.review.columns import by_column, column_of
from curate.review.entry import Kind, ReviewStatus
from curate.review.query import INFINITY, Query, mistake_in, parse
from curate.review.queue import Queue
from curate.review.session import ReviewSession
from curate.review.similar import like

Numbers = Array


class Group(NamedTuple):
    """The entries of one rule, file or example."""

    key: int
    """What they share, as a number that does not change while entries are added."""
    rows: Numbers
    """Their numbers, in the order of the list."""
    opened: bool


class EntryGroups:
    """The groups of some entries, in the order of their first entry; two arrays, whatever their number."""

    def __init__(self, rows: Numbers, keys: Numbers, opened: Collection[int] = ()) -> None:
        """`keys`: the key of each row; `opened`: the keys of opened groups."""
        self.keys, first, inverse, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
        order = np.argsort(first)
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        self.keys, counts = self.keys[order], counts[order]
        self.rows = rows[np.argsort(place[inverse], kind="stable")]
        self.ends = np.cumsum(counts)
        self.open = np.isin(self.keys, np.array(list(opened), self.keys.dtype))

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, number: int) -> Group:
        start = int(self.ends[number - 1]) if number else 0
        return Group(int(self.keys[number]), self.rows[start : int(self.ends[number])], bool(self.open[number]))

    def lines(self) -> Numbers:
        """The lines of a list: -1 - n for the heading of group n, followed by the numbers of its entries if the group
        is opened.
        """
        heads = -1 - np.arange(len(self), dtype=np.int64)
        if not self.open.any():
            return heads
        parts = [np.concatenate([[heads[n]], self[n].rows]) if self.open[n] else heads[n : n + 1]
                 for n in range(len(self))]  # fmt: skip
        return np.concatenate(parts)

    def group_of(self, number: int) -> int | None:
        """The group that contains an entry; None if no group does."""
        positions = np.flatnonzero(self.rows == number)
        return int(np.searchsorted(self.ends, positions[0], side="right")) if len(positions) else None

    def groups_with(self, flags: Numbers) -> Numbers:
        """A flag for each group: whether one of its entries is flagged; `flags`: one for each of `rows`."""
        return np.add.reduceat(flags, np.concatenate([[0], self.ends[:-1]])) > 0 if len(self) else self.open


BATCH_ENTRIES: Final = 500
"""Entries per batch; other threads run in between."""
BLOCK_ENTRIES: Final = 10_000
"""Entries among which the next undecided one is looked for at once."""
PROGRESS_SECONDS: Final = 0.2
"""Seconds between progress reports."""
MAX_LINE_GAP: Final = 4
"""Maximum gap in lines for two lines to be read together."""
UNFOLDED: Final = (b"\\u00", b"\\u0130", "\u0130".encode())
"""Escaped ASCII characters, and the Turkish capital İ, which is compared as i; a line with one is parsed."""


def search(
    queue: Queue, rows: Rows, query: Query, lines: LineIndex, facts: ReviewFacts
) -> Iterator[tuple[Rows, float]]:
    """Yields the matching entries so far and the share that was searched; at the end, all of them."""
    matching: list[int] = []
    yielded = monotonic()
    fits = _Matcher(queue, query, lines, facts)
    for start in range(0, len(rows), BATCH_ENTRIES):
        numbers = rows[start : start + BATCH_ENTRIES].tolist()
        if queue.kind == "example" and fits.bytes and not query.without:
            numbers = may_hold(lines, numbers, fits.bytes)
        numbers = [number for number in numbers if fits(number)]
        if query.needs_lines:
            numbers = fits.passing(numbers)
        matching.extend(fits.matching(numbers) if query.patterns or query.without_patterns else numbers)
        if monotonic() - yielded > PROGRESS_SECONDS:
            yielded = monotonic()
            yield np.array(matching, np.int32), (start + BATCH_ENTRIES) / len(rows)
    yield np.array(matching, np.int32), 1.0


def may_hold(lines: LineIndex, numbers: Sequence[int], words: Sequence[bytes]) -> list[int]:
    """The lines, in order, whose bytes contain all words or possible escapes; neighbouring lines are read together."""
    parts: list[list[int]] = []
    for number in numbers:
        if (
            not parts
            or number - parts[-1][-1] > MAX_LINE_GAP
            or lines.where(number)[0] is not lines.where(parts[-1][0])[0]
        ):
            parts.append([])
        parts[-1].append(number)
    return [number for part in parts for number in _may_hold(lines, part, words)]


def _may_hold(lines: LineIndex, numbers: Sequence[int], words: Sequence[bytes]) -> Iterator[int]:
    """Those of some neighbouring lines whose bytes contain all words or possible escapes."""
    index, first = lines.where(numbers[0])
    offset = numbers[0] - first
    spans = [index.span(number - offset) for number in numbers]
    start = spans[0][0]
    text = index.read_range(start, spans[-1][1]).lower()
    unfolded = [sign for sign in UNFOLDED if text.find(sign) >= 0]
    if not unfolded and not all(text.find(word) >= 0 for word in words):
        return
    for number, (begin, end) in zip(numbers, spans, strict=True):
        if all(text.find(word, begin - start, end - start) >= 0 for word in words) or any(
            text.find(sign, begin - start, end - start) >= 0 for sign in unfolded
        ):
            yield number


class _Matcher:
    def __init__(self, queue: Queue, query: Query, lines: LineIndex, facts: ReviewFacts) -> None:
        self.queue, self.query, self.lines, self.facts = queue, query, lines, facts
        plain = all(word.isascii() and word.isprintable() and not set(word) & set('"\\/') for word in query.words)
        self.bytes = [word.encode() for word in query.words] if plain else []
        beginning = query.beginnings[0].split() if len(query.beginnings) == 1 else []
        self.bytes += [word.encode() for word in beginning if word.isascii() and word.isalnum()]

    def __call__(self, number: int) -> bool:
        """Whether an entry and its examples together contain all words and none of the excluded ones."""
        head = casefolded(self.queue.head(number))
        words = [word for word in self.query.words if word not in head]
        if any(word in head for word in self.query.without):
            return False
        if not words and not self.query.without and not self.bytes:
            return True
        lines = self._lines(number)
        if self.bytes and not self.query.without and not self._may_hold(lines, [word.encode() for word in words]):
            return False
        if not words and not self.query.without:
            return True
        text = casefolded("\n".join(line_text(self.lines.line(line)) for line in lines))
        return all(word in text for word in words) and not any(word in text for word in self.query.without)

    def passing(self, numbers: Sequence[int]) -> list[int]:
        """The entries of which one line passes all tests of the query, and none a test of `where_not`."""
        owners = [(number, line) for number in numbers for line in self._lines(number)]
        parsed = [self.lines.line(line) for _, line in owners]
        fits = [True] * len(owners)
        if self.query.where:
            fits = matches(AllOf(self.query.where), parsed, self.facts)
        passing = {number for (number, _), fit in zip(owners, fits, strict=True) if fit}
        passing |= set() if self.query.where else set(numbers)
        for node in self.query.where_not:
            fits = matches(node, parsed, self.facts)
            passing -= {number for (number, _), fit in zip(owners, fits, strict=True) if fit}
        return [number for number in numbers if number in passing]

    def matching(self, numbers: Sequence[int]) -> list[int]:
        """The entries that match all regular expressions, in time linear in the length of their texts."""
        texts = text_column([self._searched_text(number) for number in numbers])
        mask = pl.Series([True] * len(numbers), dtype=pl.Boolean)
        for pattern in self.query.patterns:
            mask &= texts.str.contains(REGEX_FLAGS + pattern)
        for pattern in self.query.without_patterns:
            mask &= ~texts.str.contains(REGEX_FLAGS + pattern)
        return [number for number, fits in zip(numbers, mask.to_list(), strict=True) if fits]

    def _searched_text(self, number: int) -> str:
        """The text of an entry and of its lines, in which words are searched."""
        texts = [self.queue.head(number), *(line_text(self.lines.line(line)) for line in self._lines(number))]
        return "\n".join(texts)

    def _lines(self, number: int) -> list[int]:
        """The numbers of the lines of an entry."""
        if self.queue.kind == "example":
            return [number]
        return [line for place in self.queue.places(number) if (line := self.lines.find(place)) is not None]

    def _may_hold(self, lines: Sequence[int], words: Sequence[bytes]) -> bool:
        """Whether some lines together contain all words, or a possible escape."""
        missing = list(words)
        for line in lines:
            index, position = self.lines.where(line)
            data = index.data(position).lower()
            if any(sign in data for sign in UNFOLDED):
                return True
            missing = [word for word in missing if word not in data]
            if not missing:
                return True
        return False


class View:
    """Filtered and sorted entries of one kind, as shown by a list, one a line or in groups."""

    __slots__ = ("complete", "groups", "kind", "known", "lines", "rows", "sort", "text")

    def __init__(
        self, kind: Kind, rows: Rows, text: str = "", sort: str = "", complete: float = 1.0, known_count: int = 0
    ) -> None:
        """`known_count`: the number of entries of the queue when they were filtered."""
        self.known = known_count
        self.kind, self.rows, self.text, self.sort, self.complete = kind, rows, text, sort, complete
        self.groups: EntryGroups | None = None
        self.lines: Numbers = rows
        """Numbers of entries; for groups see `EntryGroups.lines`."""

    def group(self, keys: Numbers | None, opened: Collection[int]) -> None:
        """Show entries with the same key as one line, unless it is opened; None: one line for each entry."""
        self.groups = None if keys is None else EntryGroups(self.rows, keys, opened)
        self.lines = self.rows if self.groups is None else self.groups.lines()

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, index: int) -> int:
        return int(self.lines[index])

    def group_at(self, line: int) -> Group | None:
        """The group in a line; None for an entry."""
        return self.groups[-1 - self[line]] if self.groups is not None and line < len(self) and self[line] < 0 else None

    def index(self, number: int) -> int | None:
        """The line of an entry, or of the closed group that contains it; None if neither is shown."""
        positions = np.flatnonzero(self.lines == number)
        if not len(positions) and self.groups is not None and (group := self.groups.group_of(number)) is not None:
            positions = np.flatnonzero(self.lines == -1 - group)
        return int(positions[0]) if len(positions) else None

    def index_of_group(self, key: int) -> int | None:
        """The line of the group with a key; None if there is no such group."""
        if self.groups is None or not len(positions := np.flatnonzero(self.groups.keys == key)):
            return None
        return int(np.flatnonzero(self.lines == -1 - positions[0])[0])


def views(session: ReviewSession, kind: Kind, text: str = "", sort: str = "") -> Iterator[View]:
    """The sorted entries that match a filter: more and more while texts are searched, at the end all."""
    queue, query = session.queues[kind], parse(text)
    sort = sort or queue.sorts[0]
    if column_of(sort)[0]:
        yield from _by_column(session, kind, text, sort)
        return
    order = queue.order(sort)
    mask = queue.mask(query)
    mask &= _related(session, kind, query, len(mask))
    if query.needs_journal:
        mask &= _annotated(session, kind, query, len(mask))
    for term in query.excluded:
        named = queue.mask(term)[: len(mask)]  # entries may be added meanwhile
        named = named & _related(session, kind, term, len(mask))
        mask &= ~(named & _annotated(session, kind, term, len(mask)) if term.needs_journal else named)
    order = order[order < len(mask)]
    rows = order[mask[order]] if not mistake_in(text) else order[:0]
    if not query.needs_texts or not len(rows):
        yield View(kind, rows, text, sort, known_count=len(mask))
        return
    for matching, share in search(queue, rows, query, session.lines, _facts(session, query)):
        yield View(kind, matching, text, sort, share, len(mask))


def _by_column(session: ReviewSession, kind: Kind, text: str, sort: str) -> Iterator[View]:
    """The matching entries in the order of a column, once their values are read."""
    for view in views(session, kind, text):
        if view.complete < 1:
            yield View(kind, view.rows, text, sort, view.complete, view.known)
            continue
        for rows, share in by_column(session, kind, view.rows, sort):
            yield View(kind, rows, text, sort, share, view.known)


def _related(session: ReviewSession, kind: Kind, query: Query, count: int) -> Flags:
    """A flag for each of the first `count` entries: whether one of its examples is named by the terms `cluster` or
    `similar`, or related to one; all true without such terms.
    """
    if not query.clusters and not query.near:
        return np.ones(count, np.bool_)
    matches: Flags = np.zeros(count, np.bool_)
    for example in like(session, query.clusters, query.near):
        matches[[row for row in session.queues[kind].example_index.rows(example) if row < count]] = True
    return matches


def _signals_in(query: Query) -> list[str]:
    """The names of the quality signals that a query compares."""
    tests = AllOf((*query.where, *query.where_not))
    return [name.removeprefix(SCORE) for name in fields_of(tests) if name.startswith(SCORE)]


def _facts(session: ReviewSession, query: Query) -> ReviewFacts:
    """The journal and the quality signals that a query compares, by example id."""
    scores = session.examples.scores
    columns = {name: scores.columns[name] for name in _signals_in(query) if name in scores.columns} if scores else {}
    by_example = (
        {name: dict(zip(scores.examples, column, strict=True)) for name, column in columns.items()} if scores else {}
    )
    return ReviewFacts(session.log, by_example)


def why_unscored(session: ReviewSession, text: str) -> str:
    """Why a filter by quality signals matches nothing: no signals were loaded. Empty for any other reason or filter."""
    query = parse(text)
    if session.examples.scores is None and (query.signals or _signals_in(query)):
        return "no signals are known: start with --scores FILE, which curate score -o FILE writes"
    return ""


def _annotated(session: ReviewSession, kind: Kind, query: Query, count: int) -> Flags:
    """Which entries have an example with a note, label, rating or decision that the terms name."""
    matches: Flags = np.zeros(count, np.bool_)
    for example in dict.fromkeys(decision.example for decision in session.log.decisions):
        people = {casefolded(head.who) for heads in session.log.slots(example).values() for head in heads}
        note = casefolded(session.note(example))
        rating = session.log.rating(example)
        if query.ratings and not any(rating is not None and low <= rating <= high for low, high in query.ratings):
            continue
        if query.labels and not {casefolded(name) for name in session.log.labels(example)} & set(query.labels):
            continue
        if query.audits and not any(in_audit(session.log, example, term) for term in query.audits):
            continue
        if all(word in note for word in query.notes) and all(
            any(name in who for who in people) for name in query.people
        ):
            rows = [row for row in session.queues[kind].example_index.rows(example) if row < count]
            matches[rows] = True
    return matches


def at_line(session: ReviewSession, view: View, file: str, line: int) -> int | None:
    """The position of the entry of a line of a file, or its group; else of the next line that has one; None without.

    `file`: its name, or its path without folders.
    """
    queue = session.queues[view.kind]
    rows = view.rows[view.rows < len(queue)]
    for further in (0, 10, 1_000, 100_000, INFINITY):
        mask = queue.mask(Query(files=(escape(file),), lines=((line, line + further),)))
        positions = np.flatnonzero(mask[rows]).tolist()
        if positions:
            return view.index(int(rows[min(positions, key=lambda position: min(
                place.line for place in queue.places(int(rows[position])) if place.line >= line
            ))]))  # fmt: skip
    return None


def next_open(session: ReviewSession, view: View, after: int = -1) -> int | None:
    """Position of the next undecided entry in a view, after `after` and then from the top; None if there is none."""
    index = _next_open(session, view, after)
    while index is not None and view.kind == "example" and view[index] >= 0:
        session.index_entry(view[index])
        if session.examples.statuses.values[view[index]] < ReviewStatus.KEEP:
            break
        index = _next_open(session, view, index)
    return index


def _next_open(session: ReviewSession, view: View, after: int) -> int | None:
    """The same as `next_open`, as far as the statuses are known."""
    statuses = session.queues[view.kind].statuses.values
    closed: Numbers = np.empty(0, np.int64)
    if view.groups is not None:
        undecided = view.groups.groups_with(statuses[view.groups.rows] < ReviewStatus.KEEP)
        closed = -1 - np.flatnonzero(undecided & ~view.groups.open)
    for first, end in ((after + 1, len(view.lines)), (0, after + 1)):
        for start in range(
            first, end, BLOCK_ENTRIES
        ):  # the next one is near: nobody waits for a look at all of a million
            lines = view.lines[start : min(start + BLOCK_ENTRIES, end)]
            unsettled = np.isin(lines, closed)
            entries = (lines >= 0) & (lines < len(statuses))
            unsettled[entries] = statuses[lines[entries]] < ReviewStatus.KEEP
            if unsettled.any():
                return start + int(np.argmax(unsettled))
    return None
