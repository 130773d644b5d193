"""Convert a choice about an entry to decisions about its examples."""

from collections.abc import Iterable, Sequence

from curate.core.example import Place
from curate.output.edited import key_of
from curate.review.entry import Choice, Cluster, Entry, MultiConflict, PairConflict, Side
from curate.review.records import VerdictOrEdit
from curate.review.session import ReviewSession
from curate.review.subject_queue import sides_of

KEPT_SIDES = {"left": (True, False), "right": (False, True), "both": (True, True), "neither": (False, False)}


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


def _text_chars(session: ReviewSession, side: Side) -> int:
    """Number of characters in the messages of an example; 0 if its line holds no example."""
    example = session.example(side)
    return sum(len(message.text) for message in example.messages) if example else 0


def first_change(session: ReviewSession, sides: Iterable[Side]) -> Place | None:
    """The first place whose line in the file differs from the line that was checked and is shown; None without one."""
    for side in sides:
        current, shown = session.read(side.place), session.line(side.place)
        if side.id and (current is None or shown is None or current.line != shown.line or key_of(current) != side.id):
            return side.place
    return None


def sides_shown(entry: Entry, other: int) -> Sequence[Side]:
    """The examples that are shown: A, and B number `other` of the others; for other entries the only one."""
    if not isinstance(entry.subject, Cluster | PairConflict | MultiConflict):
        return [Side(entry.place, entry.ids[0] if entry.ids else "")]
    parts = compared_ids(entry)
    shown = [parts[0], *parts[1:][other : other + 1]]
    return [next(side for side in sides_of(entry.subject) if side.id in part) for part in shown]
