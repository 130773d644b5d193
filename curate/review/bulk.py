"""One decision about all entries of a list: first what would happen, then all of it in one step."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from curate.review.choices import verdicts_for
from curate.review.entry import Choice, ReviewStatus
from curate.review.session import ReviewSession, VerdictOrEdit
from curate.review.view import View


@dataclass(frozen=True, slots=True)
class Bulk:
    """What a choice about a whole list comes to."""

    choice: Choice
    entries: int
    """Entries of the list that the choice is about."""
    passed: int
    """Entries that it is not about: there is nothing to decide, or they are decided already."""
    changes: Mapping[tuple[str, str], int]
    """Examples by what counts about them now, and what would."""
    words: Mapping[str, VerdictOrEdit]
    """What is said about each example."""


def preview(session: ReviewSession, view: View, choice: Choice, *, decided_too: bool = False) -> Bulk:
    """What would happen. Entries that are decided are left alone unless `decided_too`; what is contested is always left
    to a closer look.
    """
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
    """Do it, in one step that is undone as a whole; returns the step. Raises `OutputError`."""
    return session.decide(bulk.words, "bulk", why)
