"""One decision about all entries of a list: a preview, then all changes in one step."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from curate.review.choices import verdicts_for
from curate.review.entry import Choice, ReviewStatus
from curate.review.session import ReviewSession, VerdictOrEdit
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


def preview(session: ReviewSession, view: View, choice: Choice, *, decided_too: bool = False) -> Bulk:
    """Preview the changes. Decided entries are skipped unless `decided_too`; contested ones are always skipped."""
    queue = session.queues[view.kind]
    words: dict[str, VerdictOrEdit] = {}
    entries = 0
    for number in view.rows.tolist():
        status = ReviewStatus(int(queue.statuses.values[number]))
        if status is ReviewStatus.CONTESTED or not (status.open or decided_too):
            continue
        said = verdicts_for(session, queue.entry(number), choice)
        entries += bool(said)
        words.update(said)
    words = {example: word for example, word in words.items() if session.verdict(example) != word}
    changes: Counter[tuple[str, str]] = Counter(
        (session.verdict(example), str(word)) for example, word in words.items()
    )
    return Bulk(choice, entries, len(view) - entries, changes, words)


def decide(session: ReviewSession, bulk: Bulk, why: str = "") -> str:
    """Apply the changes in one step, which undo reverts as a whole; returns the step. Raises `OutputError`."""
    return session.decide(bulk.words, "bulk", why)
