"""Columns and facets of a list: what each holds for an entry, the order by it, counts and filters."""

from collections import Counter
from collections.abc import Iterator
from glob import escape
from time import monotonic
from typing import Final, NamedTuple

from curate.core.example import canonical, value_at
from curate.core.finding import Finding
from curate.core.lazy import Array, Rows, np
from curate.review.entry import Entry, Kind
from curate.review.query import term
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


def is_unknown_column(name: str) -> bool:
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
    noted = [row for example in {decision.example for decision in session.log.decisions} for row in index.rows(example)]
    yield from np.flatnonzero(np.isin(rows, noted)).tolist()


MAX_READ: Final = 2_000
"""Maximum number of entries whose lines are read; of more, a sample is read, and counts are estimates."""
MAX_VALUES: Final = 12
"""Maximum number of values of a facet, the most frequent ones."""
SOURCE_FIELDS: Final = ("source", "metadata.source", "meta.source")


class Facet(NamedTuple):
    """A value that entries share."""

    name: str
    value: str
    filter: str
    """The term that matches it."""
    entries: int
    estimated: bool = False


def facets(session: ReviewSession, kind: Kind, rows: Rows) -> Iterator[Facet]:
    """The facets of some entries, the most frequent values of each first; a facet with no value is left out."""
    queue = session.queues[kind]
    sample = rows[:: -(-len(rows) // MAX_READ) or 1]
    entries = [queue.entry(int(row)) for row in sample]
    scale = len(rows) / max(1, len(sample))
    if kind == "finding":
        codes = Counter[str]()
        for number, count in zip(*_numbers_with_counts(queue.group_keys("rule", rows)), strict=True):
            codes[session.findings.codes.all[number]] = count
        yield from _facet("rule", codes, "code")
    else:
        yield from _facet("rule", Counter(entry.code for entry in entries if entry.code), "code", scale)
    if len(session.lines.indexes) > 1:
        yield from _facet("source", Counter(entry.place.file for entry in entries), "file", scale)
    for path in SOURCE_FIELDS:
        values = Counter(column_value(session, entry, f"field:{path}") for entry in entries)
        named = Counter({value: count for value, count in values.items() if isinstance(value, str) and value})
        yield from _facet(path, named, f"field:{path}", scale)
    listed = np.zeros(len(queue), np.bool_)
    listed[rows[rows < len(queue)]] = True
    said = _journal_counts(session, kind, listed)
    for name, key in (("label", "label"), ("rating", "rating"), ("reviewer", "by")):
        yield from _facet(name, said[key], key)


def _numbers_with_counts(values: Array) -> tuple[list[int], list[int]]:
    """The distinct values in ascending order, and how often each occurs."""
    numbers, counts = np.unique(values, return_counts=True)
    return numbers.tolist(), counts.tolist()


def _facet(name: str, counts: Counter[str], key: str, scale: float = 1.0) -> Iterator[Facet]:
    """The most frequent values as facets; `key`: the key of their filter term; `scale`: the factor from a sample to all
    entries.
    """
    for value, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MAX_VALUES]:
        shown = escape(value) if key == "file" or key.startswith("field:") else value
        yield Facet(name, value, term(key, shown), round(count * scale), scale > 1)


def _journal_counts(session: ReviewSession, kind: Kind, listed: Array) -> dict[str, Counter[str]]:
    """The numbers of listed entries by label, by rating and by reviewer in the journal; `listed`: a flag for each
    entry.
    """
    log, index = session.log, session.queues[kind].example_index
    said: dict[str, Counter[str]] = {"label": Counter(), "rating": Counter(), "by": Counter()}
    for example in dict.fromkeys(decision.example for decision in log.decisions):
        entries = sum(bool(listed[row]) for row in index.rows(example) if row < len(listed))
        if entries:
            rating = log.rating(example)
            people = {head.who for heads in log.slots(example).values() for head in heads}
            for key, values in (("label", log.labels(example)), ("rating", [str(rating)] if rating else []),
                                ("by", people)):  # fmt: skip
                said[key].update(dict.fromkeys(values, entries))
    return said
