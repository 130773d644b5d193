"""The result of a conversion for people."""

from collections.abc import Iterator
from typing import Final

from rich.text import Text

from curate.core.example import where
from curate.core.text import plural, visible
from curate.pipeline.convert import ConvertResult
from curate.report.console import more_lines

SHOWN: Final = 20
"""Notes shown; the rest is counted."""


def convert_text(report: ConvertResult, output: str, aside: str) -> Iterator[str | Text]:
    """The lines of the summary, safe to print."""
    for note in report.notes[:SHOWN]:
        yield f"{visible(where(note.file, note.line))}: {visible(note.why)}"
    yield from more_lines(len(report.notes), SHOWN, " notes", "--json")
    formats = ", ".join(f"{count:,} {name}" for name, count in report.formats.most_common())
    yield f"{plural(report.read, 'line')} read: {report.converted:,} written to {visible(output)}" + (
        f" ({formats})" if formats else ""
    )
    if report.added:
        yield f"{plural(report.added, 'line')} added: each instance of an instruction became one conversation"
    if report.omitted:
        names = ", ".join(f"{visible(name)} ({count:,})" for name, count in report.omitted.most_common())
        yield f"not written, since the form has no place for it (number of lines): {names}"
    if report.unmatched:
        yield f"{plural(report.unmatched, 'decision')} about examples that are not in these files"
    if report.rejected:
        yield f"{plural(report.rejected, 'preference pair')}: chosen side converted, rejected side omitted"
    if report.aside:
        reasons = ", ".join(f"{code} × {count:,}" for code, count in report.reasons.most_common())
        lines = plural(report.aside, "line")
        yield f"{lines} not converted, written to {visible(aside)} with the reason: {reasons}"
