"""Undo any step of the journal: what it restores, and what stays since later decisions replaced it; and random samples
of examples that a person judges good or bad, which the journal holds with the judgements.
"""

from collections.abc import Container, Sequence
from functools import partial
from random import Random
from typing import Final, Literal, NamedTuple

from curate.commands.review_history import History, Step, audit_slot
from curate.core.decision import BAD, GOOD, IN_SAMPLE, Decision
from curate.core.example import Place
from curate.core.lazy import Ids, np
from curate.review.entry import KINDS, Cluster, Entry, Kind, MultiConflict, PairConflict, ReviewStatus, sides_of
from curate.review.query import Query
from curate.review.queue import id_of
from curate.review.records import before, record
from curate.review.session import ReviewSession

Population = Literal["all", "kept"]
DEFAULT_SIZE: Final = 200
"""Number of examples of a sample: of 200 good ones, the upper end of the interval is below 2%."""
JUDGEMENTS: Final = {1: GOOD, 2: BAD, 0: IN_SAMPLE}
"""What the digits of an audit mean."""


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


def why_not_ready(session: ReviewSession, population: Population) -> str:
    """Why no sample can be drawn yet; empty if it can."""
    if not (session.lines.complete and session.examples.has_ids):
        return "the examples are being read"
    return "" if session.ended or population == "all" else "the check is running"


def population_of(session: ReviewSession, population: Population, dropped_codes: Sequence[str] = ()) -> Ids:
    """The ids of all examples, or of those that would be kept: without what was dropped, what has an error or a rule of
    `dropped_codes`, and near-duplicates, unless somebody decided otherwise.
    """
    ids = session.examples.distinct_ids()
    if population == "all":
        return ids
    removed = {example for example, state in session.log.verdicts().items() if state.verdict == "drop"}
    findings = session.findings
    errors = findings.mask(Query(severities=("error",)))
    if dropped_codes:
        errors |= findings.mask(Query(codes=tuple(dropped_codes)))
    accepted = np.isin(findings.statuses.values, (ReviewStatus.KEEP, ReviewStatus.EDIT))
    removed |= {findings.id(number) or "" for number in np.flatnonzero(errors & ~accepted).tolist()}
    for number in range(len(session.clusters)):
        cluster = session.clusters.subjects[number]
        for member in () if cluster.apart else cluster.distinct:
            state = session.log.state_of(member.side.id)
            if state is None or not (state.stays or state.verdict == "edit"):
                removed.add(member.side.id)
    prefixes = np.array([int(example[:16], 16) for example in removed if example], np.uint64)
    kept = ~np.isin(ids[:, 0], prefixes)
    for row in np.flatnonzero(~kept).tolist():
        kept[row] = id_of(*ids[row].tolist()) not in removed
    return ids[kept]


def start_audit(session: ReviewSession, population: Population, size: int, seed: int, codes: Sequence[str] = ()) -> str:
    """Draw a random sample of `size` examples and record it in one step, unless it is already recorded; returns the
    name of the audit, empty if there is no example. Raises `OutputError`.
    """
    ids = population_of(session, population, codes)
    rows = Random(seed).sample(range(len(ids)), min(size, len(ids)))  # noqa: S311
    sample = [example for row in rows if (example := id_of(*ids[row].tolist()))]
    name = f"{population}-{len(sample)}-of-{len(ids)}-seed-{seed}"
    slot = audit_slot(name)
    if sample and not any(session.log.last(example, slot) for example in sample):
        session.write([record(session.log, one, slot, "undecided", about=name, why=IN_SAMPLE) for one in sample])
    return name if sample else ""


def judge(session: ReviewSession, example: str, name: str, word: str) -> str:
    """Record the judgement `word` (good, bad or open) about an example of the audit `name`; returns the id of the step.
    Raises `OutputError`.
    """
    return session.write([record(session.log, example, audit_slot(name), "undecided", about=name, why=word)])
