"""A random sample of the examples that a person judges good or bad; the journal holds it, and what was judged."""

from collections.abc import Sequence
from random import Random
from typing import Final, Literal

from curate.commands.review_history import audit_slot
from curate.core.decision import BAD, GOOD, IN_SAMPLE
from curate.core.lazy import Ids, np
from curate.review.entry import ReviewStatus
from curate.review.query import Query
from curate.review.queue import id_of
from curate.review.records import record
from curate.review.session import ReviewSession

Population = Literal["all", "kept"]
DEFAULT_SIZE: Final = 200
"""Number of examples of a sample: of 200 good ones, the upper end of the interval is below 2%."""
JUDGEMENTS: Final = {1: GOOD, 2: BAD, 0: IN_SAMPLE}
"""What the digits of an audit mean."""


def why_not_ready(session: ReviewSession, population: Population) -> str:
    """Why no sample can be drawn yet; empty if it can."""
    if not (session.lines.complete and session.examples.has_ids):
        return "the examples are being read"
    return "" if session.ended or population == "all" else "the check is running"


def population_of(session: ReviewSession, population: Population, dropped_codes: Sequence[str]) -> Ids:
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


def start_audit(session: ReviewSession, population: Population, size: int, seed: int, codes: Sequence[str]) -> str:
    """Draw a random sample of `size` examples and record it in one step, unless it is already recorded; returns the
    name of the audit, empty if there is no example. Raises `OutputError`.
    """
    ids = population_of(session, population, codes)
    rows = Random(seed).sample(range(len(ids)), min(size, len(ids)))  # noqa: S311
    sample = [example for row in rows if (example := id_of(*ids[row].tolist()))]
    name = f"{population}-{len(sample)}-of-{len(ids)}-seed-{seed}"
    slot = audit_slot(name)
    if sample and not any(session.log.last(example, slot) for example in sample):
        session.write(
            [record(session.log, example, slot, "undecided", about=name, why=IN_SAMPLE) for example in sample]
        )
    return name if sample else ""


def judge(session: ReviewSession, example: str, name: str, word: str) -> str:
    """Record the judgement `word` (good, bad or open) about an example of the audit `name`; returns the id of the step.
    Raises `OutputError`.
    """
    return session.write([record(session.log, example, audit_slot(name), "undecided", about=name, why=word)])
