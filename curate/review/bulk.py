"""One decision about several entries: a preview, then all changes in one step."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from curate.core.decision import EDIT_SLOT, NOTE_SLOT, RATING_SLOT, Verdict
from curate.core.example import Place
from curate.core.finding import Finding
from curate.core.lazy import Rows
from curate.output.edited import key_of
from curate.review.choices import compared_ids, verdicts_for
from curate.review.entry import Choice, Entry, Kind, ReviewStatus, Target
from curate.review.live_lint import LiveLint, Repaired, still_found
from curate.review.records import Edit, VerdictOrEdit, record
from curate.review.session import ReviewSession

MAX_SAMPLES: Final = 5
"""Number of repairs that are shown before they are applied."""


@dataclass(frozen=True, slots=True)
class Bulk:
    """The effect of a choice on several entries."""

    entries: int
    """Entries that the choice changes."""
    skipped: int
    """Entries that it does not change: already decided, or without anything to decide."""
    changes: Mapping[tuple[str, str], int]
    """Examples by current and new decision."""
    decisions: Mapping[str, VerdictOrEdit]
    """The decision for each example."""
    parts: Sequence[tuple[Target, Mapping[str, VerdictOrEdit]]] = ()
    """The same by what it is about."""


@dataclass(frozen=True, slots=True)
class Repairs(Bulk):
    """The effect of the fixes of several findings."""

    samples: Sequence[tuple[Place, dict[str, Any] | None, Repaired]] = ()
    """Place, object before and effect, of one finding of each rule first."""
    unsafe: int = 0
    """Fixes that may change the meaning."""


def preview(
    session: ReviewSession, kind: Kind, rows: Rows, choice: Choice | Literal["undecided"], *, decided_too: bool = False
) -> Bulk:
    """Preview the changes. Decided entries are skipped unless `decided_too`; contested ones are always skipped."""
    parts: list[tuple[Target, Mapping[str, VerdictOrEdit]]] = []
    changes: dict[str, tuple[str, str]] = {}
    decisions: dict[str, VerdictOrEdit] = {}
    entries = 0
    for entry in _decidable(session, kind, rows, decided_too=decided_too):
        verdicts = _verdicts(session, entry, choice)
        entries += bool(verdicts)
        old = {example: session.verdict(example, entry.target) for example in verdicts}
        new = {
            example: decision
            for example, decision in verdicts.items()
            if old[example] != decision and decisions.get(example) != "drop"
        }
        decisions |= new
        changes |= {example: (old[example], str(decision)) for example, decision in new.items()}
        if new:
            parts.append((entry.target, new))
    return Bulk(entries, len(rows) - entries, Counter(changes.values()), decisions, parts)


def _decidable(session: ReviewSession, kind: Kind, rows: Rows, *, decided_too: bool) -> Iterator[Entry]:
    """The entries in `rows` that may be changed: not contested, and undecided unless `decided_too`."""
    queue = session.queues[kind]
    placed = kind != "example" or session.examples.has_ids
    for number in rows.tolist():
        if not placed:  # an undo finds its entries by their ids
            session.index_entry(number)
        status = ReviewStatus(int(queue.statuses.values[number]))
        if status is not ReviewStatus.CONTESTED and (status.open or decided_too):
            yield queue.entry(number)


def _verdicts(
    session: ReviewSession, entry: Entry, choice: Choice | Literal["undecided"]
) -> Mapping[str, VerdictOrEdit]:
    """The new verdict of each example id; empty if the choice does not apply to the entry."""
    if choice == "undecided":
        return dict.fromkeys(entry.ids, choice)
    return verdicts_for(session, entry, choice) if choice != "right" or len(compared_ids(entry)) == 2 else {}


def repairs(
    session: ReviewSession, lint: LiveLint, rows: Rows, stopped: Callable[[], bool], *, decided_too: bool = False
) -> Repairs:
    """The fixes of findings, one after another where several are about one example; none is recorded.

    `stopped` is called before each finding; once it returns true, the rest is not fixed. Decided entries are skipped
    unless `decided_too`; contested ones are always skipped.
    """
    values: dict[str, dict[str, Any]] = {}
    targets: dict[str, tuple[Target, tuple[str, ...]]] = {}
    samples: dict[str, list[tuple[Place, dict[str, Any] | None, Repaired]]] = {}
    entries = unsafe = 0
    for entry in _decidable(session, "finding", rows, decided_too=decided_too):
        if stopped():
            break
        parsed = session.line(entry.place)
        if parsed is None or not isinstance(entry.subject, Finding) or not entry.subject.fixable:
            continue
        key = key_of(parsed)
        edit = session.log.last(key, EDIT_SLOT)
        value = values.get(key) or (edit.value if edit else None)
        repaired = lint.repaired(parsed, entry.code, value)
        if repaired is None:
            continue
        entries, unsafe = entries + 1, unsafe + (not repaired.safe)
        old = parsed.decoded.value if isinstance(parsed.decoded.value, dict) else None
        samples.setdefault(entry.code, []).append((entry.place, value or old, repaired))
        del samples[entry.code][MAX_SAMPLES:]
        values[key] = repaired.value
        targets[key] = (entry.target, still_found(repaired.findings, old, repaired.value))
    words: dict[str, VerdictOrEdit] = {key: Edit(value, targets[key][1]) for key, value in values.items()}
    changes = Counter[tuple[str, str]]((session.verdict(key, targets[key][0]), "edit") for key in words)
    shown = [sample for i in range(MAX_SAMPLES) for group in samples.values() for sample in group[i : i + 1]]
    parts = [(targets[key][0], {key: word}) for key, word in words.items()]
    return Repairs(entries, len(rows) - entries, changes, words, parts, shown[:MAX_SAMPLES], unsafe)


def decide(session: ReviewSession, bulk: Bulk, why: str = "") -> str:
    """Apply the changes in one step, which is undone as a whole; returns its id. Raises `OutputError`."""
    return session.decide_all(bulk.parts, why)


def annotate(session: ReviewSession, examples: Sequence[str], text: str) -> str:
    """Append a note to the note of each example, in one step; returns the id of the step. Raises `OutputError`."""
    return session.write([
        record(session.log, example, NOTE_SLOT, "undecided", why="; ".join(filter(None, (session.note(example), text))))
        for example in examples
    ])  # fmt: skip


def rate(session: ReviewSession, examples: Sequence[str], rating: str) -> str:
    """Rate examples from 1 to 5 in one step, or remove their ratings if `rating` is empty; returns the id of the step.
    Raises `OutputError`.
    """
    return session.write([record(session.log, example, RATING_SLOT, "undecided", why=rating) for example in examples])


def label(session: ReviewSession, examples: Sequence[str], name: str) -> str:
    """Give a label to examples in one step, or remove it if all have it; returns the id of the step. Raises
    `OutputError`.
    """
    verdict: Verdict = "undecided" if all(name in session.log.labels(example) for example in examples) else "keep"
    return session.write([record(session.log, example, ("label", name), verdict, about=name) for example in examples])
