"""Undo any step of the journal: what it restores, and what stays since later decisions replaced it."""

from collections.abc import Container, Sequence
from functools import partial
from typing import NamedTuple

from curate.commands.review_history import History, Step
from curate.core.decision import Decision
from curate.core.example import Place
from curate.review.entry import KINDS, Cluster, Entry, Kind, MultiConflict, PairConflict, sides_of
from curate.review.records import before
from curate.review.session import ReviewSession


class UndoPlan(NamedTuple):
    """The effect of the undo of a step."""

    records: Sequence[Decision]
    """The new records."""
    replaced_by: Sequence[Decision]
    """Later records that hold a place of the step; these stay."""
    undoes: str
    """The step that holds its content now: itself, or an undo that restored it."""


def undo_plan(history: History, step: Step) -> UndoPlan:
    """The effect of the undo of a step: it changes only values that the step, or an undo that restored them, still
    determines.
    """
    log, records, stays, steps = history.log, list[Decision](), dict[str, Decision](), set[str]()
    for decision in step.decisions:
        own = {head.id: head.step for slot in decision.slots for head in history.heads_like(decision, slot)}
        steps |= set(own.values())
        records += before(log, decision, history.by_id, partial(_is_among, own)) if own else ()
        heads = [head for slot in decision.slots for head in log.slots(decision.example).get(slot, ())]
        stays |= {head.id: head for head in heads if head.id not in own}
    return UndoPlan(records, list(stays.values()), steps.pop() if len(steps) == 1 else step.name)


def _is_among(ids: Container[str], decision: Decision) -> bool:
    return decision.id in ids


def entry_of(session: ReviewSession, example: str, about: str, first: Kind | None = None) -> Entry | None:
    """The entry in which an example was decided; None if the example is in no file.

    It is the entry with the subject `about`; without one, the first entry with the example: one of the kind `first` if
    possible, and of the kind `example` only if there is no other.
    """
    kinds = sorted((*KINDS[1:], KINDS[0]), key=lambda kind: kind != first)
    queues = [session.queues[kind] for kind in kinds]
    entries = [queue.entry(number) for queue in queues for number in queue.example_index.rows(example)]
    return next((entry for entry in entries if entry.about == about), entries[0] if entries else None)


def place_of(session: ReviewSession, example: str) -> Place | None:
    """The place of an example in the files; None if no queue has it."""
    for queue in session.queues.values():
        for number in queue.example_index.rows(example):
            entry = queue.entry(number)
            if isinstance(entry.subject, Cluster | PairConflict | MultiConflict):
                sides = [side.place for side in sides_of(entry.subject) if side.id == example]
            else:
                sides = [entry.place] if example in entry.ids else []
            if sides:
                return sides[0]
    return None
