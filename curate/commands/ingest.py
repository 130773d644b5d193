"""Conversion of traces and sessions to conversations, with their ids and scores in `metadata`."""

import operator
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from curate.commands.ingest_sessions import (
    SessionLines,
    SessionRows,
    learn_format,
    lines_and_sessions,
    rows_of_lines,
    session_rows,
)
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
from curate.read.forms.form import Object
from curate.read.joined_rows import JoinedRows
from curate.read.request_logs import logged_calls
from curate.read.sessions.rows import DEFAULTS, SessionCounts, SessionOptions, unpacked
from curate.read.sessions.session import SessionFormat
from curate.read.traces import ModelCall, NoConversationError, Scores, calls_in, score_row

EXPORTS: Final = (
    "Langfuse, LangSmith, OpenTelemetry, Helicone, OpenPipe, OpenAI Responses, a batch, OpenAssistant's messages, "
    "ChatGPT, Claude, Open WebUI or LM Studio, and no session of Claude Code, Codex, Pi, OpenHands or SWE-agent"
)
ODD_ID: Final = "an id that is no text: branches of this session are not told apart, so the rows have all of them"
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
    sessions: SessionCounts = field(default_factory=SessionCounts)
    """What was read of agents' sessions."""
    notes: list[Note] = field(default_factory=list)
    """Lines and calls without a conversation, records of sessions that are not known, and the first of a session with
    an id that is no text.
    """


def ingest_paths(
    paths: Sequence[Path],
    output: Path,
    aside: Path,
    *,
    minima: Mapping[str, float],
    options: SessionOptions = DEFAULTS,
    overwrite: bool = False,
    progress: Callable[[int], None] | None = None,
) -> IngestResult:
    """Write the conversations of traces to `output`, and lines with a call that is not written to `aside`. Raises
    `InputError` for a file that cannot be read or changes meanwhile, and if no line is an export.
    """
    snapshots = [snapshot(path) for path in dict.fromkeys(paths)]
    report = IngestResult()
    joined = _joined(paths)
    reading = _Reading(joined, minima, options, report)
    with replacing_both(output, aside, overwrite=overwrite, seen=snapshots) as (out, aside_output):
        for item in lines_and_sessions(paths, joined.forms, progress):
            written, unwritten = reading.of_session(item) if isinstance(item, SessionLines) else reading.of_line(item)
            for line in written:
                out.write(json_line(line) + b"\n")
            for parsed, reasons in unwritten:
                report.aside += 1
                reason = Reason("J025", "; ".join(dict.fromkeys(reasons)), "rule")
                aside_output.write(removed_line(removal(parsed.place, None, reason, parsed.line.data)))
        if report.read and not report.calls + report.other + report.joined + report.sessions.tools.total():
            raise InputError(
                f"{', '.join(map(display_name, paths[:3]))}: no line is of an export of {EXPORTS}",
                "pass exported JSON or JSON Lines files",
            )
        require_all_lines(report.calls, report.written + report.low, reading.without_conversation)
        if not report.low:
            for kind, count in report.sessions.read.items():
                require_all_lines(count, report.sessions.written[kind], report.sessions.left_out[kind])
        require_all_lines(report.written + report.aside, out.lines, aside_output.lines)
    return report


class _Joined(NamedTuple):
    """What a first reading of all files finds."""

    scores: dict[str, Scores]
    """Scores by the id of their trace or observation."""
    rows: JoinedRows
    """Other rows that belong to calls in other rows."""
    forms: dict[str, SessionFormat]
    """The formats of sessions of agents by their file or folder."""


def _joined(paths: Sequence[Path]) -> _Joined:
    joined = _Joined({}, JoinedRows(), {})
    for parsed in read_lines(paths):
        if isinstance(parsed.decoded.value, dict) and not learn_format(parsed, joined.forms):
            row = score_row(parsed.decoded.value)
            if row is not None:
                joined.scores.setdefault(row[0], {}).update(row[1])
            else:
                joined.rows.add(parsed.decoded.value)
    joined.rows.end()
    return joined


Unwritten = list[tuple[ParsedLine, list[str]]]
"""Lines that are set aside, with the reasons."""


@dataclass(slots=True)
class _Reading:
    """The second reading, which gives conversations and counts them."""

    joined: _Joined
    minima: Mapping[str, float]
    options: SessionOptions
    report: IngestResult
    without_conversation: int = 0
    """Calls in notes."""

    def of_line(self, parsed: ParsedLine) -> tuple[list[Object], Unwritten]:
        """The conversations of a line; and the line with the reasons why some are not written."""
        self.report.read += 1
        value = parsed.decoded.value
        if not isinstance(value, dict):
            self.report.notes.append(Note.of(parsed.place, NO_EXPORT))
            return [], [(parsed, [unreadable(parsed).why if parsed.example is None else NO_EXPORT])]
        if score_row(value) is not None or self.joined.rows.is_joined(value):
            self.report.joined += 1
            return [], []
        if (session := unpacked(value)) is not None:
            return self._of_rows(
                session_rows(*session, parsed.place.file, self.options, self.report.sessions), [parsed]
            )
        try:
            calls = self.joined.rows.calls(value) or account_calls(value) or logged_calls(value) or calls_in(value)
        except (*SHAPE_ERRORS, ValueError):
            calls = []
        if not calls:
            self.report.notes.append(Note.of(parsed.place, NO_EXPORT))
            return [], [(parsed, [NO_EXPORT])]
        written, reasons = self._conversations(calls, parsed.place)
        return written, [(parsed, reasons)] if reasons else []

    def of_session(self, session: SessionLines) -> tuple[list[Object], Unwritten]:
        """The rows of a session; and the records that are not known, or all if it has no row."""
        self.report.read += len(session.lines)
        return self._of_rows(rows_of_lines(session, self.options, self.report.sessions), session.lines)

    def _of_rows(self, rows: SessionRows, lines: Sequence[ParsedLine]) -> tuple[list[Object], Unwritten]:
        last = len(lines) - 1  # a line may hold all records of a session
        for index, reason in rows.whys.items():
            self.report.notes.append(Note.of(lines[min(index, last)].place, reason))
        if rows.odd_id is not None:
            self.report.notes.append(Note.of(lines[min(rows.odd_id, last)].place, ODD_ID))
        written, shared_reasons = self._conversations(rows.calls, lines[0].place)
        if rows.unwritten:
            self.report.left_out.update(rows.left_out)
            if not rows.dropped:
                self.report.notes.append(Note.of(lines[0].place, rows.unwritten))
            shared_reasons.append(rows.unwritten)
        reasons = {index: [*shared_reasons, *filter(None, [rows.whys.get(index)])] for index in range(len(lines))}
        if len(lines) == 1:  # it holds the session as a whole
            reasons[0] = [*shared_reasons, *rows.whys.values()]
        return written, [(lines[index], line_reasons) for index, line_reasons in reasons.items() if line_reasons]

    def _conversations(self, calls: Sequence[ModelCall], place: Place) -> tuple[list[Object], list[str]]:
        written, reasons = list[Object](), list[str]()
        for call in calls:
            value = self._conversation(call, place)
            if isinstance(value, str):
                reasons.append(value)
            elif value is not None:
                written.append(value)
        return written, reasons

    def _conversation(self, call: ModelCall, place: Place) -> Object | str | None:
        """A call as it is written; the reason why it is not; None for a span that called no model."""
        report = self.report
        if not call.is_call:
            report.other += 1
            return None
        report.calls += 1
        owners = (call.ids.get("trace_id"), call.ids.get("id"))
        scores = {name: item for owner in owners for name, item in self.joined.scores.get(str(owner), {}).items()}
        scores |= call.scores
        for name, minimum in self.minima.items():
            score = scores.get(name)
            if not isinstance(score, int | float) or operator.lt(score, minimum):
                report.low += 1
                text = "missing" if score is None else "text" if isinstance(score, str) else score
                return f"score {name} is {text}, not a number of at least {minimum:g}"
        try:
            value = call.conversation()
        except (NoConversationError, *SHAPE_ERRORS) as error:
            reason = str(error) if isinstance(error, NoConversationError) else "a value has another type than expected"
            self.without_conversation += 1
            report.notes.append(Note.of(place, reason))
            return reason
        report.written += 1
        report.sources[call.source] += 1
        left_out = dict(+call.left_out)
        report.left_out.update(left_out)
        metadata = {"source": call.source, **call.ids, **({"scores": scores} if scores else {})}
        metadata |= {"left_out": left_out} if left_out else {}
        return {**value, "metadata": metadata}
