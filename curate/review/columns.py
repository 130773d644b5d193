"""Columns of a list that a person chooses: what one holds for an entry, and the order by it."""

from collections.abc import Iterator
from time import monotonic
from typing import Final

from curate.core.example import canonical, value_at
from curate.core.finding import Finding
from curate.core.lazy import Rows, np
from curate.review.entry import Entry, Kind
from curate.review.session import ReviewSession
from curate.review.subject_queue import score_of

COLUMNS: Final = ("question", "answer", "length", "score", "rating", "note")
FIELD: Final = "field:"
"""Beginning of a column with the value at dotted keys or a JSON pointer of the line."""
UP, DOWN = " ↑", " ↓"
"""Ends of the names of sort orders by a column."""
SORTED_BYTES: Final = 24
"""Bytes of a text that an order compares; a million take 24 MB."""
PROGRESS_SECONDS: Final = 0.2
Value = str | float | None


def wrong_column(name: str) -> bool:
    """Whether a name is not the name of a column."""
    return name not in COLUMNS and not (name.startswith(FIELD) and len(name) > len(FIELD))


def column_value(session: ReviewSession, entry: Entry, name: str) -> Value:
    """The value of a column for an entry; for a cluster or conflict, that of its first example. None if it has none."""
    if name in ("rating", "note"):
        values = [(session.log.rating if name == "rating" else session.note)(example) for example in entry.ids[:1]]
        return values[0] if values else None
    if name == "score":
        return _score(session, entry)
    number = session.lines.find(entry.place)
    if number is None:
        return None
    if name == "length":
        index, position = session.lines.where(number)
        start, end = index.span(position)
        return end - start
    if name.startswith(FIELD):
        parsed = session.read(entry.place)
        line = parsed.decoded.value if parsed is not None else None
        value = value_at(line, name.removeprefix(FIELD)) if isinstance(line, dict) else None
        if value is None or isinstance(value, str | int | float):
            return str(value).lower() if isinstance(value, bool) else value
        return canonical(value).decode("utf-8", "replace")
    example = session.example(entry)
    if example is None:
        return None
    return example.question if name == "question" else example.answer.text if example.answer is not None else None


def _score(session: ReviewSession, entry: Entry) -> float | None:
    """Similarity of a cluster, confidence of a conflict, doubt about an example; None for findings and before it is
    known.
    """
    if entry.kind == "example":
        doubt = session.examples.doubts
        return float(doubt[entry.number]) if entry.number < len(doubt) and doubt[entry.number] >= 0 else None
    return None if entry.subject is None or isinstance(entry.subject, Finding) else score_of(entry.subject)


def column_of(sort: str) -> tuple[str, bool]:
    """The column of a sort order, and whether the largest come first; an empty name for other orders."""
    name = sort.removesuffix(UP).removesuffix(DOWN)
    return (name, sort.endswith(DOWN)) if name != sort else ("", False)


def by_column(session: ReviewSession, kind: Kind, rows: Rows, sort: str) -> Iterator[tuple[Rows, float]]:
    """Yields the entries as they are and the share of values that is read; at the end, the entries in order.

    Entries without a value come last.
    """
    name, descending = column_of(sort)
    queue, yielded = session.queues[kind], monotonic()
    numbers, texts = np.zeros(len(rows)), np.zeros(len(rows), f"S{SORTED_BYTES}")
    rank = np.full(len(rows), 2, np.uint8)  # numbers, texts, entries without a value
    for position in _valued(session, kind, rows, name):
        value = column_value(session, queue.entry(int(rows[position])), name)
        if isinstance(value, str):
            texts[position] = value[:SORTED_BYTES].casefold().encode("utf-8", "replace")
            rank[position] = 1 if value else 2
        elif value is not None:
            numbers[position], rank[position] = value, 0
        if monotonic() - yielded > PROGRESS_SECONDS:
            yielded = monotonic()
            yield rows, position / len(rows)
    order = np.lexsort((texts, numbers, rank))
    count = int(np.count_nonzero(rank < 2))
    yield rows[np.concatenate([order[:count][:: -1 if descending else 1], order[count:]])], 1.0


def _valued(session: ReviewSession, kind: Kind, rows: Rows, name: str) -> Iterator[int]:
    """The positions of the entries that may have a value: of ratings and notes, those in the journal."""
    if name not in ("rating", "note"):
        yield from range(len(rows))
        return
    index = session.queues[kind].example_index
    noted = [row for example in {one.example for one in session.log.decisions} for row in index.rows(example)]
    yield from np.flatnonzero(np.isin(rows, noted)).tolist()
