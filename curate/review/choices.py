"""The effect of keys: from a choice about an entry to a decision about each of its examples."""

from collections.abc import Iterable, Sequence

from curate.review.entry import Choice, Cluster, Entry, MultiConflict, PairConflict, Side
from curate.review.records import VerdictOrEdit
from curate.review.session import ReviewSession
from curate.review.subject_queue import sides_of

STAYS = {"left": (True, False), "right": (False, True), "both": (True, True), "neither": (False, False)}


def verdicts_for(
    session: ReviewSession, entry: Entry, choice: Choice, member: int | None = None
) -> dict[str, VerdictOrEdit]:
    """The decisions for a choice about an entry, or one `member` of a cluster; empty if the choice does not apply.

    Keeping a duplicate also keeps its keeper, which would otherwise be removed in favor of the duplicate.
    """
    if choice not in entry.choices:
        return {}
    if entry.pair:
        words: dict[str, VerdictOrEdit] = {
            example: "keep" if stays else "drop" for example, stays in zip(entry.ids, STAYS[choice], strict=True)
        }
        return _edits_stay(session, entry, words)
    chosen = entry.ids if member is None else (entry.ids[member],)
    words = dict.fromkeys(chosen, "keep" if choice == "keep" else "drop")
    if (
        isinstance(entry.subject, Cluster)
        and choice == "keep"
        and session.verdict(entry.subject.kept.id, entry.target) == "undecided"
    ):
        words[entry.subject.kept.id] = "keep"
    return _edits_stay(session, entry, words)


def _edits_stay(session: ReviewSession, entry: Entry, words: dict[str, VerdictOrEdit]) -> dict[str, VerdictOrEdit]:
    """Keep what was edited here in its edited form."""
    return {
        example: word
        for example, word in words.items()
        if not (word == "keep" and session.verdict(example, entry.target) == "edit")
    }


def as_keeper(cluster: Cluster, member: int) -> dict[str, VerdictOrEdit]:
    """Make another member the keeper of a cluster: it is kept, all others are removed."""
    chosen = cluster.distinct[member].side.id
    words: dict[str, VerdictOrEdit] = {side.id: "drop" for side in sides_of(cluster)}
    return {**words, chosen: "keep"}


def apart_from(session: ReviewSession, cluster: Cluster, marked: Iterable[int]) -> dict[str, VerdictOrEdit]:
    """Split a cluster: the longest marked member is kept for the marked ones, the keeper for the rest."""
    sides = [cluster.distinct[number].side for number in sorted(marked)]
    if not sides:
        return {}
    stays = max(sides, key=lambda side: (_length(session, side), side.id))
    rest = [member.side.id for member in cluster.distinct if member.side not in sides]
    words: dict[str, VerdictOrEdit] = {side.id: "drop" for side in sides}
    return {**words, **dict.fromkeys(rest, "drop"), stays.id: "keep", cluster.kept.id: "keep"}


def _length(session: ReviewSession, side: Side) -> int:
    example = session.example(side)
    return sum(len(message.text) for message in example.messages) if example else 0


def only_group(session: ReviewSession, entry: Entry, conflict: MultiConflict, number: int) -> dict[str, VerdictOrEdit]:
    """Keep one group of answers, remove all other examples."""
    words: dict[str, VerdictOrEdit] = {}
    for at, group in enumerate(conflict.groups):
        for side in group.sides:
            words[side.id] = "keep" if at == number else "drop"
    return _edits_stay(session, entry, words)


def sides_of_entry(entry: Entry) -> Sequence[Side]:
    """The examples of an entry in order: a cluster's keeper first; for a finding, its only example."""
    if isinstance(entry.subject, Cluster | PairConflict | MultiConflict):
        return sides_of(entry.subject)
    return tuple(Side(entry.place, example) for example in entry.ids)
