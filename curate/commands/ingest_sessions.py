"""Agent sessions among the files of `curate ingest`: the lines of each session, and its rows."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Final, NamedTuple

from curate.output.apply import unreadable
from curate.read.dataset import ParsedLine, read_lines
from curate.read.forms.form import Object
from curate.read.sessions.rows import DROPPED, SessionCounts, SessionOptions, calls_of, format_of, read_session
from curate.read.sessions.session import SessionFormat
from curate.read.traces import ModelCall

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
    """What the lines of a session have in common: the file, or for files of single events their folder."""
    path = PurePath(file)
    return str(path.parent) if EVENT_FILE.fullmatch(path.name) else file


def lines_and_sessions(
    paths: Iterable[Path], forms: dict[str, SessionFormat], progress: Callable[[int], None] | None
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
    """Remember the format of a session by one of its records; whether the file is one of a session."""
    key = session_key(parsed.place.file)
    if key not in forms and isinstance(parsed.decoded.value, dict):
        form = format_of(parsed.decoded.value)
        if form is not None:
            forms[key] = form
    return key in forms


def rows_of_lines(session: SessionLines, options: SessionOptions, counts: SessionCounts) -> SessionRows:
    """The rows of the session of some lines."""
    readable = [index for index, parsed in enumerate(session.lines) if isinstance(parsed.decoded.value, dict)]
    records = [session.lines[index].decoded.value for index in readable]
    rows = session_rows(session.form, {}, records, session.key, options, counts)
    reasons = {readable[index]: reason for index, reason in rows.whys.items()}
    reasons |= {
        index: _why_unreadable(parsed) for index, parsed in enumerate(session.lines) if index not in set(readable)
    }
    return rows._replace(whys=reasons, odd_id=None if rows.odd_id is None else readable[rows.odd_id])


def _why_unreadable(parsed: ParsedLine) -> str:
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
