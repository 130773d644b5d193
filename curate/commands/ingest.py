"""Conversion of traces to conversations: one line per model call, with its ids and scores in `metadata`."""

import operator
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from curate.core.errors import InputError, require_all_lines
from curate.core.example import Place
from curate.core.files import display_name
from curate.core.json_output import Note, Output
from curate.core.output_pair import replacing_both
from curate.core.removed import Reason, removal, removed_line
from curate.core.snapshot import snapshot
from curate.core.text import json_line
from curate.output.apply import unreadable
from curate.read.accounts import account_calls
from curate.read.dataset import ParsedLine, read_lines
from curate.read.formats import SHAPE_ERRORS
from curate.read.joined_rows import JoinedRows
from curate.read.traces import ModelCall, NoConversationError, Scores, calls_in, score_row

EXPORTS: Final = (
    "Langfuse, LangSmith, OpenTelemetry, a batch, OpenAssistant's messages, ChatGPT, Claude, Open WebUI or LM Studio"
)
NO_EXPORT: Final = f"no export of {EXPORTS}"


@dataclass(slots=True)
class IngestResult(Output):
    """What `curate ingest --json` prints."""

    read: int = 0
    """Lines that are not blank, or elements of a document."""
    calls: int = 0
    """Model calls in them; written + low + calls in notes = calls."""
    written: int = 0
    low: int = 0
    """Calls below a minimum score, or without it."""
    other: int = 0
    """Spans and runs other than model calls, such as tools and chains."""
    joined: int = 0
    """Rows that belong to a call in another row: scores, requests of a batch, replies of a thread."""
    aside: int = 0
    """Lines in the file next to the output (out.unconverted.jsonl): no export, or with a call that was not written."""
    sources: Counter[str] = field(default_factory=Counter)
    """Written conversations by their source."""
    left_out: Counter[str] = field(default_factory=Counter)
    """What written conversations of accounts leave out, such as other branches, also in their metadata."""
    notes: list[Note] = field(default_factory=list)
    """Lines and calls without a conversation."""


def ingest_paths(
    paths: Sequence[Path],
    output: Path,
    aside: Path,
    *,
    minima: Mapping[str, float],
    overwrite: bool = False,
    progress: Callable[[int], None] | None = None,
) -> IngestResult:
    """Write the conversations of traces to `output`, and lines with a call that is not written to `aside`. Raises
    `InputError` for a file that cannot be read or changes meanwhile, and if no line is an export.
    """
    seen = [snapshot(path) for path in dict.fromkeys(paths)]
    report = IngestResult()
    scores, rows = _joined(paths)
    with replacing_both(output, aside, overwrite=overwrite, seen=seen) as (out, rest):
        for parsed in read_lines(paths, progress):
            report.read += 1
            whys = []
            for line, why in _lines(parsed, scores, rows, minima, report):
                if why is None:
                    out.write(json_line(line) + b"\n")
                else:
                    whys.append(why)
            if whys:
                report.aside += 1
                reason = Reason("J025", "; ".join(dict.fromkeys(whys)), "rule")
                rest.write(removed_line(removal(parsed.place, None, reason, parsed.line.data)))
        if report.read and not report.calls + report.other + report.joined:
            raise InputError(
                f"{', '.join(map(display_name, paths[:3]))}: no line is of an export of {EXPORTS}",
                "pass exported JSON or JSON Lines files",
            )
        require_all_lines(
            report.calls, report.written + report.low, sum(1 for note in report.notes if note.why != NO_EXPORT)
        )
        require_all_lines(report.written + report.aside, out.lines, rest.lines)
    return report


def _joined(paths: Sequence[Path]) -> tuple[dict[str, Scores], JoinedRows]:
    """Rows that belong to calls in other rows: scores by the id of their trace or observation, and the others."""
    found, rows = dict[str, Scores](), JoinedRows()
    for parsed in read_lines(paths):
        if isinstance(parsed.decoded.value, dict):
            row = score_row(parsed.decoded.value)
            if row is not None:
                found.setdefault(row[0], {}).update(row[1])
            else:
                rows.add(parsed.decoded.value)
    rows.end()
    return found, rows


def _lines(
    parsed: ParsedLine,
    scores: Mapping[str, Scores],
    rows: JoinedRows,
    minima: Mapping[str, float],
    report: IngestResult,
) -> list[tuple[dict[str, Any], str | None]]:
    """The conversations of a line; for those that are not written, the reason."""
    value = parsed.decoded.value
    if not isinstance(value, dict):
        why = unreadable(parsed).why if parsed.example is None else NO_EXPORT
        report.notes.append(Note.of(parsed.place, NO_EXPORT))
        return [({}, why)]
    if score_row(value) is not None or rows.is_joined(value):
        report.joined += 1
        return []
    try:
        calls = rows.calls(value) or account_calls(value) or calls_in(value)
    except (*SHAPE_ERRORS, ValueError):
        calls = []
    if not calls:
        report.notes.append(Note.of(parsed.place, NO_EXPORT))
        return [({}, NO_EXPORT)]
    return [line for call in calls for line in _line(call, parsed.place, scores, minima, report)]


def _line(
    call: ModelCall, place: Place, scores: Mapping[str, Scores], minima: Mapping[str, float], report: IngestResult
) -> list[tuple[dict[str, Any], str | None]]:
    if not call.is_call:
        report.other += 1
        return []
    report.calls += 1
    owners = (call.ids.get("trace_id"), call.ids.get("id"))
    given = {name: item for owner in owners for name, item in scores.get(str(owner), {}).items()} | call.scores
    for name, least in minima.items():
        score = given.get(name)
        if not isinstance(score, int | float) or operator.lt(score, least):
            report.low += 1
            text = "missing" if score is None else "text" if isinstance(score, str) else score
            return [({}, f"score {name} is {text}, not a number of at least {least:g}")]
    try:
        value = call.conversation()
    except (NoConversationError, *SHAPE_ERRORS) as error:
        why = str(error) if isinstance(error, NoConversationError) else "a value has another type than expected"
        report.notes.append(Note.of(place, why))
        return [({}, why)]
    report.written += 1
    report.sources[call.source] += 1
    left_out = dict(+call.left_out)
    report.left_out.update(left_out)
    metadata = {"source": call.source, **call.ids, **({"scores": given} if given else {})}
    metadata |= {"left_out": left_out} if left_out else {}
    return [({**value, "metadata": metadata}, None)]
