"""The result of reading traces, for people and as JSON."""

from collections.abc import Iterator
from typing import Final

from curate.core.text import plural, visible
from curate.pipeline.ingest import IngestResult
from curate.report.convert import NoteOutput
from curate.report.part import Part

SHOWN: Final = 20


class IngestOutput(Part, title="IngestResult"):
    """The JSON of `curate ingest --json`."""

    read: int
    """Non-blank lines, or elements of a document."""
    calls: int
    """Model calls in them; written + low + calls in notes = calls."""
    written: int
    low: int
    """Calls below a minimum score, or without it."""
    other: int
    """Spans and runs that are no model calls."""
    scores: int
    """Rows with scores alone, joined to their calls."""
    aside: int
    """Lines in the file next to the output (out.unconverted.jsonl): no export, or with a call that was not written."""
    sources: dict[str, int]
    """Written conversations by tracer."""
    notes: list[NoteOutput]
    """Lines and calls without a conversation."""


def ingest_text(report: IngestResult, output: str, aside: str) -> Iterator[str]:
    """The lines of the summary, safe to print."""
    for note in report.notes[:SHOWN]:
        yield f"{visible(str(note.place))}: {visible(note.why)}"
    if len(report.notes) > SHOWN:
        yield f"{len(report.notes) - SHOWN:,} more not shown (--json has all)"
    sources = ", ".join(f"{count:,} {name}" for name, count in report.sources.most_common())
    read = f"{plural(report.read, 'line')} read, {plural(report.calls, 'model call')}"
    yield f"{read}: {report.written:,} written to {visible(output)}" + (f" ({sources})" if sources else "")
    if report.low:
        yield f"{plural(report.low, 'call')} with a low or no score not written"
    if report.other:
        yield f"{plural(report.other, 'span')} that called no model"
    if report.aside:
        yield f"{plural(report.aside, 'line')} with calls that were not written, in {visible(aside)}"
