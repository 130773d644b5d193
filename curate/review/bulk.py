"""One decision about all entries of a list: a preview, then all changes in one step."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from curate.review.choices import compared, verdicts_for
from curate.review.entry import Choice, ReviewStatus, Target
from curate.review.records import VerdictOrEdit
from curate.review.session import ReviewSession
from curate.review.view import View


@dataclass(frozen=True, slots=True)
class Bulk:
    """The effect of a choice on a whole list."""

    choice: Choice
    entries: int
    """Entries that the choice changes."""
    passed: int
    """Entries that it does not change: already decided, or without anything to decide."""
    changes: Mapping[tuple[str, str], int]
    """Examples by current and new decision."""
    words: Mapping[str, VerdictOrEdit]
    """The decision for each example."""
    parts: Sequence[tuple[Target, Mapping[str, VerdictOrEdit]]] = ()
    """The same by what it is about."""


def preview(session: ReviewSession, view: View, choice: Choice, *, decided_too: bool = False) -> Bulk:
    """Preview the changes. Decided entries are skipped unless `decided_too`; contested ones are always skipped."""
    queue = session.queues[view.kind]
    parts: list[tuple[Target, Mapping[str, VerdictOrEdit]]] = []
    changes: dict[str, tuple[str, str]] = {}
    words: dict[str, VerdictOrEdit] = {}
    entries = 0
    for number in view.rows.tolist():
        status = ReviewStatus(int(queue.statuses.values[number]))
        if status is ReviewStatus.CONTESTED or not (status.open or decided_too):
            continue
        entry = queue.entry(number)
        said = verdicts_for(session, entry, choice) if choice != "right" or len(compared(entry)) == 2 else {}
        entries += bool(said)
        old = {example: session.verdict(example, entry.target) for example in said}
        new = {example: word for example, word in said.items() if old[example] != word and words.get(example) != "drop"}
        words |= new
        changes |= {example: (old[example], str(word)) for example, word in new.items()}
        if new:
            parts.append((entry.target, new))
    return Bulk(choice, entries, len(view) - entries, Counter(changes.values()), words, parts)


def decide(session: ReviewSession, bulk: Bulk, why: str = "") -> str:
    """Apply the changes in one step, which undo reverts as a whole; returns the step. Raises `OutputError`."""
    return session.decide_all(bulk.parts, why)
