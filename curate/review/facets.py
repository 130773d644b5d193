"""Facets of a list: rules, sources, labels, ratings and reviewers of its entries, each with its count and filter."""

from collections import Counter
from collections.abc import Iterator
from glob import escape
from typing import Final, NamedTuple

from curate.core.lazy import Array, Rows, np
from curate.review.columns import column_value
from curate.review.entry import Kind
from curate.review.query import term
from curate.review.session import ReviewSession

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
