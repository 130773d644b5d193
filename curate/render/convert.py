"""The results of conversions (`curate convert`, `ingest` and `apply`) for people."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from shlex import quote
from typing import Final

from rich.text import Text

from curate.commands.apply import ApplyResult
from curate.commands.convert import ConvertResult
from curate.commands.ingest import IngestResult
from curate.core.example import where
from curate.core.json_output import Note
from curate.core.text import plural, visible
from curate.output.apply import unmatched_note
from curate.read.sessions.rows import SessionCounts
from curate.render.console import more_lines

MAX_SHOWN: Final = 20


def _notes(notes: Sequence[Note]) -> Iterator[str | Text]:
    """The first notes with their places, and the number of the others."""
    for note in notes[:MAX_SHOWN]:
        yield f"{visible(where(note.file, note.line))}: {visible(note.why)}"
    yield from more_lines(len(notes), MAX_SHOWN, " notes", "--json")


def _kinds(label: str, counts: Counter[str]) -> str:
    """`, formats: alpaca (12), messages (3)`, the most frequent first; empty if there are none."""
    return f", {label}: {_counted(dict(counts.most_common()))}" if counts else ""


def _counted(counts: Mapping[str, int]) -> str:
    """`id (12), source (3)`, safe to print."""
    return ", ".join(f"{visible(name)} ({count:,})" for name, count in counts.items())


def convert_text(report: ConvertResult, output: str, aside: str) -> Iterator[str | Text]:
    """The lines of the summary, safe to print; `output` and `aside`: names of the written files."""
    yield from _notes(report.notes)
    read = plural(report.read, "line")
    yield f"{read} read: {report.converted:,} written to {visible(output)}{_kinds('formats', report.formats)}"
    if report.renamed:
        yield f"{plural(report.renamed, 'line')} with aliases of roles, which were renamed as `curate check --fix` does"
    if report.added:
        yield f"{plural(report.added, 'line')} added: each instance of an instruction or answer of a pair is a line"
    if report.joined:
        yield f"{plural(report.joined, 'line')} joined with the line before: two labelled answers became a pair"
    if report.omitted:
        names = _counted(dict(report.omitted.most_common()))
        yield f"not written, since the form has no place for it (number of lines): {names}"
    if report.unused:
        names = _counted(dict(report.unused.most_common(MAX_SHOWN)))
        more = f" and {len(report.unused) - MAX_SHOWN:,} more" if len(report.unused) > MAX_SHOWN else ""
        yield f"in none of the texts, and kept beside the messages (number of lines): {names}{more}"
    yield from unmatched_note(report.unmatched)
    if report.rejected:
        yield f"{plural(report.rejected, 'preference pair')}: chosen side converted, rejected side omitted"
    if report.aside:
        reasons = ", ".join(f"{code} × {count:,}" for code, count in report.reasons.most_common())
        lines = plural(report.aside, "line")
        yield f"{lines} not converted, written to {visible(aside)} with the reason: {reasons}"
        for code, why in report.first_reasons.items():
            if code != "decision":
                yield f"{code}: {visible(why)}"


def ingest_text(report: IngestResult, output: str, aside: str) -> Iterator[str | Text]:
    """The lines of the summary, safe to print; `output` and `aside`: names of the written files."""
    yield from _notes(report.notes)
    read = f"{plural(report.read, 'line')} read, {plural(report.calls, 'model call')}"
    yield f"{read}: {report.written:,} written to {visible(output)}{_kinds('sources', report.sources)}"
    yield from _session_text(report.sessions)
    if report.left_out:
        names = _counted(dict(report.left_out.most_common()))
        yield f"left out of these conversations, and counted in their metadata: {names}"
    if report.low:
        yield f"{plural(report.low, 'call')} with a low or no score not written"
    if report.joined:
        yield f"{plural(report.joined, 'line')} joined to these, such as the requests of a batch"
    if report.other:
        yield f"{plural(report.other, 'span')} that called no model"
    if report.aside:
        yield f"{plural(report.aside, 'line')} with calls that were not written, in {visible(aside)}"
    if report.written:
        path = visible(quote(output))
        split = f", then curate split {path} -o splits" if report.sessions.tools else ""
        yield f"next: curate check {path}{split}"


def _session_text(counts: SessionCounts) -> Iterator[str]:
    """The lines about sessions: how much of each kind was read, written and left out; none if there are no sessions."""
    if not counts.tools:
        return
    yield f"{plural(counts.tools.total(), 'session')}{_kinds('tools', counts.tools)}:"
    for kind in counts.read:
        read, written, left_out = (counter[kind] for counter in (counts.read, counts.written, counts.left_out))
        yield f"  {kind}: {read:,} read, {written:,} written, {left_out:,} left out"
    if noticed := {name: count for name, count in counts.noticed.items() if count}:
        yield f"  noticed: {_counted(noticed)}"
    if counts.system_prompts:
        rows = counts.system_prompts.total()
        yield f"  {plural(len(counts.system_prompts), 'system prompt')} in {plural(rows, 'row')}"


def apply_text(result: ApplyResult, output: str, removed: str) -> Iterator[str]:
    """The lines of the summary, safe to print; `output`: the file of kept lines, `removed`: that of dropped lines."""
    yield (
        f"{plural(result.read, 'line')} read: {result.kept:,} written to {visible(output)}, {result.edited:,} of them "
        f"edited; {result.dropped:,} dropped, written to {visible(removed)}"
    )
    if result.labelled:
        yield f"{plural(result.labelled, 'line')} with labels or a rating, in `metadata`"
    if result.replaced:
        yield f"{plural(result.replaced, 'line')} of these had other labels or another rating there, which are replaced"
    yield from unmatched_note(result.unmatched)
