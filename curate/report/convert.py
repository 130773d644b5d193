"""The result of a conversion, for people and as JSON."""

from collections.abc import Iterator
from typing import Any, Final

from curate.core.text import plural, visible
from curate.pipeline.convert import ConvertResult
from curate.report.part import Part, at, plain

SHOWN: Final = 20
"""Notes shown; the rest is counted."""


class NoteOutput(Part):
    """A part of a line that was not converted."""

    file: str = at("place", "file")
    line: int = at("place", "line")
    why: str


class ConvertOutput(Part, title="ConvertResult"):
    """The JSON of `curate convert --json`."""

    read: int
    """Non-blank lines, or elements of a document."""
    converted: int
    not_understood: int
    """Lines without an example in a known format: not converted, or messages without text."""
    aside: int
    """Lines in the file next to the output (out.unconverted.jsonl); converted + aside = read."""
    formats: dict[str, int]
    """Converted lines by input format."""
    reasons: dict[str, int]
    """Lines that were not converted, by code."""
    added: int
    """Output lines beyond one per converted line."""
    rejected: int
    """Preference pairs of which only the chosen side was converted."""
    omitted: dict[str, int]
    """Keys and details that the written form has no place for, with the number of lines."""
    unmatched: int
    """Edits and drops of the review about examples that are not in the files."""
    notes: list[NoteOutput]
    """Lines that were converted except for a part that stayed text."""


def convert_json(report: ConvertResult) -> dict[str, Any]:
    """The report as plain values."""
    return plain(ConvertOutput, report, aside=report.aside.total(), reasons=report.aside)


def convert_text(report: ConvertResult, output: str, aside: str) -> Iterator[str]:
    """The lines of the summary, safe to print."""
    for note in report.notes[:SHOWN]:
        yield f"{visible(str(note.place))}: {visible(note.why)}"
    if len(report.notes) > SHOWN:
        yield f"{len(report.notes) - SHOWN:,} more notes not shown (--json has all)"
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
        reasons = ", ".join(f"{code} × {count:,}" for code, count in report.aside.most_common())
        lines = plural(report.aside.total(), "line")
        yield f"{lines} not converted, written to {visible(aside)} with the reason: {reasons}"
