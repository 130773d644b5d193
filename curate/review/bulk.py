"""Decisions about one entry or several: what a choice changes, a preview, then all changes in one step."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from curate.core.decision import EDIT_SLOT, NOTE_SLOT, RATING_SLOT, Verdict
from curate.core.example import Place
from curate.core.finding import Finding
from curate.core.lazy import Rows
from curate.output.edited import decided_id
from curate.review.entry import (
    Choice,
    Cluster,
    DecisionTarget,
    Entry,
    Kind,
    MultiConflict,
    PairConflict,
    PlacedExample,
    ReviewStatus,
    sides_of,
)
from curate.review.live_lint import LiveLint, Repaired, still_found
from curate.review.records import Edit, VerdictOrEdit, record
from curate.review.session import ReviewSession

KEPT_SIDES = {"left": (True, False), "right": (False, True), "both": (True, True), "neither": (False, False)}
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
    parts: Sequence[tuple[DecisionTarget, Mapping[str, VerdictOrEdit]]] = ()
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
    parts: list[tuple[DecisionTarget, Mapping[str, VerdictOrEdit]]] = []
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
    targets: dict[str, tuple[DecisionTarget, tuple[str, ...]]] = {}
    samples: dict[str, list[tuple[Place, dict[str, Any] | None, Repaired]]] = {}
    entries = unsafe = 0
    for entry in _decidable(session, "finding", rows, decided_too=decided_too):
        if stopped():
            break
        parsed = session.line(entry.place)
        if parsed is None or not isinstance(entry.subject, Finding) or not entry.subject.fixable:
            continue
        key = decided_id(parsed)
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


def verdicts_for(
    session: ReviewSession, entry: Entry, choice: Choice, other: int = 0, *, whole: bool = True
) -> dict[str, VerdictOrEdit]:
    """The verdict or edit of each example id for a choice about an entry; empty if the choice does not apply.

    Of a cluster or a question, A is the keeper or the first answer, and B number `other` of the others. With `whole`,
    the others are kept if both A and B are, else dropped.
    """
    if choice not in entry.choices:
        return {}
    if choice in ("keep", "drop"):
        return _keep_edits(session, entry, dict.fromkeys(entry.ids, choice))
    parts = compared_ids(entry)
    kept_parts = {0: KEPT_SIDES[choice][0], other + 1: KEPT_SIDES[choice][1]}
    if whole:
        kept_parts = {number: kept_parts.get(number, choice == "both") for number in range(len(parts))}
    decisions: dict[str, VerdictOrEdit] = {example: "drop" for number in kept_parts for example in parts[number]}
    decisions |= {example: "keep" for number, keeps in kept_parts.items() if keeps for example in parts[number]}
    return _keep_edits(session, entry, decisions)


def compared_ids(entry: Entry) -> Sequence[Sequence[str]]:
    """The compared examples, A first: the sides of a pair, a keeper and its duplicates, or groups of answers."""
    if isinstance(entry.subject, MultiConflict):
        return [[side.id for side in group.sides] for group in entry.subject.groups]
    if isinstance(entry.subject, Cluster):
        return [[entry.subject.kept.id], *([member.side.id] for member in entry.subject.distinct)]
    return [[example] for example in entry.ids]


def next_compared(session: ReviewSession, entry: Entry, after: int = -1) -> int | None:
    """The number of the next undecided B, after number `after` and then from the first; None if all are decided."""
    alternatives = compared_ids(entry)[1:]
    return next(
        (
            number % len(alternatives)
            for number in range(after + 1, after + 1 + len(alternatives))
            if any(
                session.verdict(example, entry.target) == "undecided"
                for example in alternatives[number % len(alternatives)]
            )
        ),
        None,
    )


def _keep_edits(session: ReviewSession, entry: Entry, decisions: dict[str, VerdictOrEdit]) -> dict[str, VerdictOrEdit]:
    """The decisions without `keep` for examples that were edited in this entry: their edit stays in effect."""
    return {
        example: word
        for example, word in decisions.items()
        if not (word == "keep" and session.verdict(example, entry.target) == "edit")
    }


def apart_from(session: ReviewSession, cluster: Cluster, marked: Iterable[int]) -> dict[str, VerdictOrEdit]:
    """The decisions that split a cluster: the longest marked member is kept for the marked ones, the keeper for the
    rest. `marked`: positions of members.
    """
    sides = [cluster.distinct[number].side for number in sorted(marked)]
    if not sides:
        return {}
    longest = max(sides, key=lambda side: (_text_chars(session, side), side.id))
    dropped = [member.side.id for member in cluster.distinct if member.side not in sides]
    decisions: dict[str, VerdictOrEdit] = {side.id: "drop" for side in sides}
    return {**decisions, **dict.fromkeys(dropped, "drop"), longest.id: "keep", cluster.kept.id: "keep"}


def _text_chars(session: ReviewSession, side: PlacedExample) -> int:
    """Number of characters in the messages of an example; 0 if its line holds no example."""
    example = session.example(side)
    return sum(len(message.text) for message in example.messages) if example else 0


def first_change(session: ReviewSession, sides: Iterable[PlacedExample]) -> Place | None:
    """The first place whose line in the file differs from the line that was checked and is shown; None without one."""
    for side in sides:
        current, shown = session.read(side.place), session.line(side.place)
        if side.id and (
            current is None or shown is None or current.line != shown.line or decided_id(current) != side.id
        ):
            return side.place
    return None


def sides_shown(entry: Entry, other: int) -> Sequence[PlacedExample]:
    """The examples that are shown: A, and B number `other` of the others; for other entries the only one."""
    if not isinstance(entry.subject, Cluster | PairConflict | MultiConflict):
        return [PlacedExample(entry.place, entry.ids[0] if entry.ids else "")]
    parts = compared_ids(entry)
    shown = [parts[0], *parts[1:][other : other + 1]]
    return [next(side for side in sides_of(entry.subject) if side.id in part) for part in shown]
