"""Write the examples of a review as records of an annotation tool, with what was found and decided as suggestions."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from curate.core.decision import NOTE_SLOT, RATING_SLOT
from curate.core.errors import UsageError
from curate.core.example import Example
from curate.core.text import visible
from curate.project.decision_log import DecisionLog
from curate.read.index import LineIndex
from curate.review.annotation_record import WRITERS, AnnotationRecord, Suggestion, annotated_turns
from curate.review.entry import Cluster, PlacedExample
from curate.review.session import ReviewSession
from curate.review.sources import ReviewSources
from curate.storage.files import replacing
from curate.storage.snapshot import rights_of

DEDUP_AGENT: Final = "curate dedup"
MAX_NAMED_FINDINGS: Final = 20
"""Maximum number of findings of an example in the metadata of its record."""


class ExportedRecords(NamedTuple):
    """The number of records, of those with a suggestion, and of lines without an example."""

    records: int
    suggested: int
    unread: int


def _session_of(sources: ReviewSources) -> ReviewSession:
    """The review session of data files, with their findings and duplicates already found, for use without a screen.
    Raises `CurateError` if the check or the search fails.
    """
    from curate.review.scan import scan  # the rules take 0.2 s to load

    lines = LineIndex.of(sources.files)
    log = DecisionLog(sources.journal, rights_of(sources.files))
    session = ReviewSession(lines, log, sources.reviewer, sources.share)
    session.grow()
    scan(sources, lambda *_: [], session.take)  # conflicts suggest nothing
    for failure in session.failures:
        raise failure.error
    return session


def export_records(sources: ReviewSources, tool: str, path: Path) -> ExportedRecords:
    """Write a record for each distinct example to a new file, as a JSON list with a record per line.

    Raises `UsageError` if the file exists, `OutputError`, `InputError`.
    """
    if path.suffix != ".json":
        raise UsageError(f"{visible(str(path))}: records are written as JSON", "choose a name that ends in .json")
    if path.exists() or path.is_symlink():
        raise UsageError(f"{visible(str(path))}: already exists", "choose another name")
    session = _session_of(sources)
    seen, suggested, unread, write = set[str](), 0, 0, WRITERS[tool]
    with replacing(path, mode=session.log.mode) as file:
        file.write(b"[")
        for number in range(len(session.lines)):
            example = session.lines.line(number).example
            if example is None:
                unread += 1
            elif example.id not in seen:
                record = record_of(session, example)
                file.write(b",\n" if seen else b"\n")
                # escapes: any text has a form in ASCII, lone surrogates too
                file.write(json.dumps(write(record)).encode())
                seen.add(example.id)
                suggested += bool(record.suggestions)
        file.write(b"\n]\n")
    return ExportedRecords(len(seen), suggested, unread)


def record_of(session: ReviewSession, example: Example) -> AnnotationRecord:
    """The record of an example: its conversation, its place and findings as metadata, and the suggested answers."""
    metadata = {"place": str(example.place)}
    if findings := _findings(session, example.id):
        metadata["findings"] = findings
    return AnnotationRecord(example.id, annotated_turns(example), metadata, dict(_suggestions(session, example)))


def _findings(session: ReviewSession, example_id: str) -> str:
    """The codes and messages of the findings about an example_id, as one text; empty if it has none."""
    findings = (session.findings.finding(number) for number in session.findings.example_index.rows(example_id))
    texts = dict.fromkeys(f"{finding.code}: {finding.message}" for finding in findings if finding.example == example_id)
    more = len(texts) - MAX_NAMED_FINDINGS
    return "; ".join([*list(texts)[:MAX_NAMED_FINDINGS], *([f"and {more} more"] if more > 0 else [])])


def _suggestions(session: ReviewSession, example: Example) -> Iterator[tuple[str, Suggestion]]:
    """Pairs of question and suggested answer: what the journal has; for a near-duplicate without a decision, to drop
    it.
    """
    log = session.log
    state, slots = log.state_of(example.id), log.slots(example.id)
    if state is not None and state.verdict in ("keep", "drop"):
        yield "verdict", Suggestion(state.verdict, state.who)
    elif state is None and (removed := _drop_suggestion(session, PlacedExample(example.place, example.id))):
        yield "verdict", removed
    rating, note = log.last(example.id, RATING_SLOT), log.last(example.id, NOTE_SLOT)
    if rating is not None and log.rating(example.id):
        yield "rating", Suggestion(int(rating.why), rating.who)
    if labels := log.labels(example.id):
        yield "labels", Suggestion(list(labels), slots["label", labels[0]][0].who)
    if note is not None:
        yield "note", Suggestion(note.why, note.who)


def _drop_suggestion(session: ReviewSession, side: PlacedExample) -> Suggestion | None:
    """The suggestion to drop a near-duplicate of which another example is kept; None for other examples."""
    for number in session.clusters.example_index.rows(side.id):
        cluster = session.clusters.subjects[number]
        if isinstance(cluster, Cluster) and not cluster.apart and cluster.kept.id != side.id:
            member = next((member for member in cluster.distinct if member.side.id == side.id), None)
            if member is not None:
                return Suggestion("drop", DEDUP_AGENT, round(member.similarity, 4))
    return None
