"""Conversion of traces and sessions to conversations, with their ids and scores in `metadata`."""

import operator
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Final, NamedTuple

from curate.core.errors import InputError, require_all_lines
from curate.core.events import Advance
from curate.core.example import Place
from curate.core.json_output import Note, Output
from curate.core.removed import Reason, removed_line
from curate.core.text import json_line
from curate.output.apply import unreadable
from curate.read.accounts import account_calls
from curate.read.dataset import ParsedLine, read_lines
from curate.read.formats import SHAPE_ERRORS
from curate.read.forms.form import Object
from curate.read.joined_rows import JoinedRows, logged_calls
from curate.read.sessions.rows import (
    DEFAULTS,
    DROPPED,
    SessionCounts,
    SessionOptions,
    calls_of,
    format_of,
    read_session,
    unpacked,
)
from curate.read.sessions.session import SessionFormat
from curate.read.traces import ModelCall, NoConversationError, Scores, calls_in, score_row
from curate.storage.files import display_name
from curate.storage.output_pair import replacing_both
from curate.storage.snapshot import snapshots_of

EXPORTS: Final = (
    "Langfuse, LangSmith, OpenTelemetry, Helicone, OpenPipe, OpenAI Responses, a batch, OpenAssistant's messages, "
    "ChatGPT, Claude, Open WebUI or LM Studio, and no session of Claude Code, Codex, Pi, OpenHands or SWE-agent"
)
ODD_ID: Final = "an id that is no text: branches of this session are not told apart, so the rows have all of them"
NO_EXPORT: Final = f"no export of {EXPORTS}"


EVENT_FILE: Final = re.compile(r"(?:event-)?\d+(?:-[\w-]+)?\.json")
"""Names of files of OpenHands that hold one event each."""


class SessionRows(NamedTuple):
    """The rows of a session, or why it has none."""

    calls: list[ModelCall]
    whys: dict[int, str]
    """By the position of a record, why it was not understood."""
    odd_id: int | None
    """The position of the first record with an id that is no text."""
    unwritten: str
    """Why the session has no row; empty if it has one."""
    dropped: bool
    """Whether an option is the reason that it has none."""
    left_out: dict[str, int]
    """What a session without a row leaves out."""


@dataclass(slots=True)
class SessionLines:
    """The lines of one session, in order, or of several in one file."""

    form: SessionFormat
    key: str
    lines: list[ParsedLine] = field(default_factory=list)
    id: object = None
    """The id that its records have so far."""


@lru_cache(maxsize=16)  # asked for each line of a file
def session_key(file: str) -> str:
    """The key under which the lines of a session are joined: the file, or the folder if a file holds a single event."""
    path = PurePath(file)
    return str(path.parent) if EVENT_FILE.fullmatch(path.name) else file


def lines_and_sessions(
    paths: Iterable[Path], forms: dict[str, SessionFormat], progress: Advance | None
) -> Iterator[ParsedLine | SessionLines]:
    """The lines of files, but those of sessions together. `forms`: the formats of sessions by their keys."""
    current: SessionLines | None = None
    for parsed in read_lines(paths, progress):
        key = session_key(parsed.place.file)
        form = forms.get(key)
        value = parsed.decoded.value
        session_id = form.session_id(value) if form is not None and isinstance(value, dict) else None
        another = session_id is not None and current is not None and current.id not in (None, session_id)
        if current is not None and (another or current.key != key):
            yield current
            current = None
        if form is None:
            yield parsed
            continue
        current = current or SessionLines(form, key)
        current.id = session_id or current.id
        current.lines.append(parsed)
    if current is not None:
        yield current


def learn_format(parsed: ParsedLine, forms: dict[str, SessionFormat]) -> bool:
    """Record the format of a session in `forms` if this line shows it; returns whether the format of its session is
    known.
    """
    key = session_key(parsed.place.file)
    if key not in forms and isinstance(parsed.decoded.value, dict):
        form = format_of(parsed.decoded.value)
        if form is not None:
            forms[key] = form
    return key in forms


def rows_of_lines(session: SessionLines, options: SessionOptions, counts: SessionCounts) -> SessionRows:
    """The rows of a session that is read from lines; the reasons are given by line."""
    readable = [index for index, parsed in enumerate(session.lines) if isinstance(parsed.decoded.value, dict)]
    records = [session.lines[index].decoded.value for index in readable]
    rows = session_rows(session.form, {}, records, session.key, options, counts)
    reasons = {readable[index]: reason for index, reason in rows.whys.items()}
    reasons |= {
        index: _why_unreadable(parsed) for index, parsed in enumerate(session.lines) if index not in set(readable)
    }
    return rows._replace(whys=reasons, odd_id=None if rows.odd_id is None else readable[rows.odd_id])


def _why_unreadable(parsed: ParsedLine) -> str:
    """Why a line is no record of a session."""
    return unreadable(parsed).why if parsed.example is None else "no record of a session"


def session_rows(
    form: SessionFormat, ids: Object, records: list[Object], key: str, options: SessionOptions, counts: SessionCounts
) -> SessionRows:
    """The rows of a session; one without an id is named after its file or folder."""
    session, reasons = read_session(form, records, ids)
    odd_id = next(iter(session.odd_ids), None)
    session.know(id=re.sub(r"(\.traj)?\.\w+$", "", PurePath(key).name))
    calls = calls_of(session, options, counts)
    if calls:
        return SessionRows(calls, reasons, odd_id, "", False, {})
    by_option = next((kind for kind in session.left_out if kind.endswith(DROPPED)), "")
    dropped = bool(by_option)
    reason = f"{by_option} are dropped" if dropped else "no answer of a model in this session"
    return SessionRows(calls, reasons, odd_id, reason, dropped, dict(session.left_out))


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
    overwrite: bool,
    progress: Advance | None = None,
) -> IngestResult:
    """Write the conversations of traces to `output`, and lines with a call that is not written to `aside`. Raises
    `InputError` for a file that cannot be read or changes meanwhile, and if no line is an export.
    """
    snapshots = snapshots_of(paths)
    report = IngestResult()
    joined = _read_joined_rows(paths)
    reading = _ConversationReading(joined, minima, options, report)
    with replacing_both(output, aside, overwrite=overwrite, seen=snapshots) as (out, aside_output):
        for item in lines_and_sessions(paths, joined.forms, progress):
            written, unwritten = reading.of_session(item) if isinstance(item, SessionLines) else reading.of_line(item)
            for line in written:
                out.write(json_line(line) + b"\n")
            for parsed, reasons in unwritten:
                report.aside += 1
                reason = Reason("J025", "; ".join(dict.fromkeys(reasons)), "rule")
                aside_output.write(removed_line(parsed.place, None, reason, parsed.line.data))
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


def _read_joined_rows(paths: Sequence[Path]) -> _Joined:
    """The formats of sessions, the scores, and the rows that are joined with others: all that is read before anything
    is converted.
    """
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
class _ConversationReading:
    """The second reading, which gives conversations and counts them."""

    joined: _Joined
    minima: Mapping[str, float]
    options: SessionOptions
    report: IngestResult
    without_conversation: int = 0
    """Calls in notes."""

    def of_line(self, parsed: ParsedLine) -> tuple[list[Object], Unwritten]:
        """The conversations of a line as objects to write; and the line with the reasons, if some are not written."""
        self.report.read += 1
        value = parsed.decoded.value
        if not isinstance(value, dict):
            self.report.notes.append(Note.of(parsed.place, NO_EXPORT))
            return [], [(parsed, [unreadable(parsed).why if parsed.example is None else NO_EXPORT])]
        if score_row(value) is not None or self.joined.rows.is_joined(value):
            self.report.joined += 1
            return [], []
        if (session := unpacked(value)) is not None:
            return self._written_rows(
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
        """The rows of a session, and the records that are not understood with the reasons; all records if it has no
        row.
        """
        self.report.read += len(session.lines)
        return self._written_rows(rows_of_lines(session, self.options, self.report.sessions), session.lines)

    def _written_rows(self, rows: SessionRows, lines: Sequence[ParsedLine]) -> tuple[list[Object], Unwritten]:
        """The rows of a session as objects to write, and the lines with the reasons why they are not written or only in
        part.
        """
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
        """The objects to write for calls, and for each other call the reason why it has none."""
        written, reasons = list[Object](), list[str]()
        for call in calls:
            value = self._conversation(call, place)
            if isinstance(value, str):
                reasons.append(value)
            elif value is not None:
                written.append(value)
        return written, reasons

    def _conversation(self, call: ModelCall, place: Place) -> Object | str | None:
        """The object to write for a call; as a string, the reason why it is not written; None for a span that called no
        model.
        """
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
