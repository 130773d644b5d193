"""The result of reading traces for people."""

from collections.abc import Iterator
from typing import Final

from rich.text import Text

from curate.core.example import where
from curate.core.text import plural, visible
from curate.pipeline.ingest import IngestResult
from curate.report.console import more_lines

SHOWN: Final = 20


def ingest_text(report: IngestResult, output: str, aside: str) -> Iterator[str | Text]:
    """The lines of the summary, safe to print."""
    for note in report.notes[:SHOWN]:
        yield f"{visible(where(note.file, note.line))}: {visible(note.why)}"
    yield from more_lines(len(report.notes), SHOWN, " notes", "--json")
    sources = ", ".join(f"{count:,} {name}" for name, count in report.sources.most_common())
    read = f"{plural(report.read, 'line')} read, {plural(report.calls, 'model call')}"
    yield f"{read}: {report.written:,} written to {visible(output)}" + (f" ({sources})" if sources else "")
    if report.low:
        yield f"{plural(report.low, 'call')} with a low or no score not written"
    if report.other:
        yield f"{plural(report.other, 'span')} that called no model"
    if report.aside:
        yield f"{plural(report.aside, 'line')} with calls that were not written, in {visible(aside)}"
