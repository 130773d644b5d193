"""Follow a job, and download its results: record, events, metrics as CSV and result files. All are written, or none.

Events are written to the job's `events.jsonl` before they are reported. Services keep events and list the latest first,
so that missing events can be requested later.
"""

import base64
import binascii
import csv
import io
import json
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from curate import __version__
from curate.core.errors import RemoteError, UsageError
from curate.core.json_output import NotPrinted, Output
from curate.core.limits import read_regular
from curate.core.validation import parsed_json
from curate.remote.endpoint import ServiceClient
from curate.remote.job import SAFE_ID, Job, JobEvent, event_of
from curate.remote.journal import JobAsked, JobJournal
from curate.storage.files import append_lines, journal_lines, json_text, write_json
from curate.storage.transaction import ReplaceableFiles, recover, replacing_together

EVENTS_FILE: Final = "events.jsonl"
JOB_FILE: Final = "job.json"
POLL_SECONDS: Final = 10.0
MAX_FAILING_SECONDS: Final = 1800.0
"""Seconds for which requests are repeated while the service cannot be reached."""
MAX_POLL_SECONDS: Final = 60.0
"""Maximum number of seconds between two of these requests."""
POLLS_AFTER_END: Final = 3
"""Number of polls after the end of a job, for late events."""
MAX_PAGES: Final = 1_000
"""Maximum number of pages, since a service may list pages without end."""


class EventLog:
    """The known events of a job."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / EVENTS_FILE
        self.events = list(_stored_events(self.path))
        self._seen = {event.id for event in self.events}

    def is_new(self, event: JobEvent) -> bool:
        """Whether an event is new."""
        return event.id not in self._seen

    def add(self, events: list[JobEvent]) -> None:
        """Append events in their order and sync them to disk. Raises `OutputError`."""
        if events:
            append_lines(self.path, (json.dumps(event.model_dump(mode="json")).encode() for event in events))
            self.events += events
            self._seen.update(event.id for event in events)


RECORD_FILE: Final = "record.json"
METRICS_FILE: Final = "metrics.csv"


class Record(BaseModel):
    """The record of a finished job: `record.json`."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    curate: str
    """Version of curate that wrote it."""
    address: str
    """Base URL of the service's API."""
    job: Job
    """The service's record of the job."""
    asked: JobAsked | None
    """The request, with the hashes of the files; null for a job that was not started from this folder."""
    checkpoints: list[dict[str, Any]]
    """The service's records of checkpoints."""
    events: int
    """Number of events."""
    results: dict[str, str | None]
    """File of each result, by its id at the service; null if the service no longer has it or the id is invalid."""
    metrics_from: str | None
    """Source of `metrics.csv`: the id of a result, or `events`; null without metrics."""


@dataclass(frozen=True, slots=True)
class FetchResult(Output):
    """What `curate remote fetch --json` prints."""

    folder: str
    files: list[str]
    record: Record
    events: NotPrinted[list[JobEvent]]

    @property
    def missing(self) -> list[str]:
        """Ids of results that the service no longer has, and invalid ones."""
        return [name for name, path in self.record.results.items() if path is None]


def fetch(endpoint: ServiceClient, journal: JobJournal, job_id: str, folder: Path | None = None) -> FetchResult:
    """Download the results of a finished job to a folder; if None, to that of the job in `.curate/remote/`.

    Raises `UsageError` for a job that is not over and where a file exists that no fetch of this job wrote,
    `RemoteError`, `OutputError`.
    """
    job_folder = journal.job_folder(job_id)
    job = endpoint.job(job_id)
    if not job.over:
        raise UsageError(f"{job_id}: is {job.status}", f"wait with `curate remote watch {job_id}`")
    log = EventLog(job_folder)
    log.add(new_job_events(endpoint, job_id, log))
    contents = {name: endpoint.content(name) if SAFE_ID.fullmatch(name) else None for name in job.result_files}
    tables = {name: _unwrapped(data) for name, data in contents.items() if data is not None}
    named = {
        name: f"result-{name}{'.csv' if _is_table(tables[name]) else '.dat'}" if name in tables else None
        for name in contents
    }
    source = next((name for name, data in tables.items() if _is_table(data)), None)
    table = tables[source] if source is not None else _metrics_of_events(log.events)
    record = Record(
        curate=__version__,
        address=endpoint.place.address,
        job=job,
        asked=journal.order_of(job_id),
        checkpoints=endpoint.checkpoints(job_id),
        events=len(log.events),
        results=named,
        metrics_from=source or ("events" if table else None),
    )
    files = {RECORD_FILE: json_text(record.model_dump(mode="json")).encode("utf-8", "surrogatepass")}
    files |= {METRICS_FILE: table} if table else {}
    files |= {path: tables[name] for name, path in named.items() if path is not None}
    target, replaceable = folder or job_folder, None
    if target.resolve() != job_folder.resolve():
        files[EVENTS_FILE] = log.path.read_bytes() if log.events else b""
        recover(target)
        replaceable = ReplaceableFiles(
            _files_of_earlier_fetch(target, job_id),
            f"exists and was not written by a fetch of {job_id}",
            "choose another folder",
        )
        replaceable.check(target, files)
    with replacing_together(target, own=replaceable) as stage:
        for name, data in files.items():
            (stage / name).write_bytes(data)
    return FetchResult(str(target), sorted(files), record, log.events)


def _files_of_earlier_fetch(folder: Path, job_id: str) -> Collection[str]:
    """The names of the files in a folder that an earlier fetch of the job wrote; empty without its record."""
    with suppress(OSError, ValueError):
        old = Record.model_validate_json(read_regular(folder / RECORD_FILE))
        if old.job.id == job_id:
            return {RECORD_FILE, EVENTS_FILE, *filter(None, (old.metrics_from and METRICS_FILE, *old.results.values()))}
    return ()


def _unwrapped(data: bytes) -> bytes:
    """The content of a result, decoded: OpenAI sends metrics in base64."""
    try:
        plain = base64.b64decode(data.strip(), validate=True)
    except (binascii.Error, ValueError):
        return data
    return plain if _is_table(plain) else data


def _is_table(data: bytes) -> bool:
    """Whether the bytes of a result are metrics as CSV, by the first column."""
    return data.lstrip(b"\xef\xbb\xbf").startswith(b"step,")


def _metrics_of_events(events: list[JobEvent]) -> bytes:
    """The numbers of the events as CSV; empty if they have none."""
    rows = [event.numbers for event in events if event.numbers]
    names = list(dict.fromkeys(name for row in rows for name in row))
    if not names:
        return b""
    names.sort(key=lambda name: name != "step")
    file = io.StringIO()
    writer = csv.DictWriter(file, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def _stored_events(path: Path) -> list[JobEvent]:
    """The events in a journal, the first of each id; invalid and truncated lines are skipped."""
    by_id: dict[str, JobEvent] = {}
    for line in journal_lines(path):
        try:
            event = event_of(parsed_json(line))
        except (ValueError, RemoteError):  # blank, or truncated by a crash: the service still has it
            continue
        by_id.setdefault(event.id, event)
    return list(by_id.values())


def new_job_events(endpoint: ServiceClient, job_id: str, log: EventLog) -> list[JobEvent]:
    """The events that are not in the log, the earliest first. Raises `RemoteError`.

    If the service lists the latest event first, pages are requested until one has nothing new, else all of them.
    """
    by_id: dict[str, JobEvent] = {}
    falling = True
    after: str | None = None
    for _ in range(MAX_PAGES):
        page = endpoint.events(job_id, after)
        new = [event for event in page.events if log.is_new(event) and event.id not in by_id]
        by_id.update((event.id, event) for event in new)
        times = [event.created_at for event in page.events if event.created_at is not None]
        falling = falling and (len(times) < 2 or times[0] >= times[-1])
        certain = len(times) >= 2 and times[0] > times[-1]
        if not page.more or not page.events or page.events[-1].id == after or (not new and falling and certain):
            break
        after = page.events[-1].id
    else:
        raise RemoteError(
            f"{job_id}: the service lists events on more than {MAX_PAGES:,} pages",
            "check that the address is the base URL of an OpenAI-compatible API",
        )
    ordered = list(by_id.values())
    if falling:
        ordered.reverse()
    return sorted(ordered, key=lambda event: event.created_at or 0)  # stable: the order within a second is kept


def watch(
    endpoint: ServiceClient,
    journal: JobJournal,
    job_id: str,
    show: Callable[[list[JobEvent], Job], None],
    *,
    once: bool = False,
    trouble: Callable[[RemoteError, float], None] | None = None,
) -> Job:
    """Report a job's new events to `show` until it ends, or `once`; returns its last state.

    While the service cannot be reached, requests are repeated for up to half an hour; `trouble` is called with the
    error and the seconds to the next one. Raises `RemoteError` after that, and for errors that do not pass.
    """
    folder = journal.job_folder(job_id)
    log = EventLog(folder)
    failing, endings = 0.0, 0
    last: Job | None = None
    while True:
        try:
            job = endpoint.job(job_id)  # before its events: after its end, all of them exist
            new = new_job_events(endpoint, job_id, log)
        except RemoteError as error:
            wait = max(min(MAX_POLL_SECONDS, POLL_SECONDS + failing), error.wait or 0)
            if once or not error.passing or failing + wait > MAX_FAILING_SECONDS:
                raise
            if trouble is not None:
                trouble(error, wait)
            failing += wait
            time.sleep(wait)
            continue
        failing = 0.0
        log.add(new)
        if job != last:
            write_json(folder / JOB_FILE, job.model_dump(mode="json"))
        last = job
        show(new, job)
        if once or (job.over and (endings == POLLS_AFTER_END or (endings and not new))):
            return job
        endings += job.over
        time.sleep(min(POLL_SECONDS, 1.0) if job.over else POLL_SECONDS)
