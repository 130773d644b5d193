"""Download the results of a job: record, events, metrics as CSV and result files. All are written, or none."""

import base64
import binascii
import csv
import io
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from curate import __version__
from curate.core.errors import UsageError
from curate.core.files import json_text
from curate.core.json_output import NotPrinted, Output
from curate.core.limits import read_regular
from curate.core.transaction import ReplaceableFiles, recover, replacing_together
from curate.remote.endpoint import Endpoint
from curate.remote.job import SAFE_ID, Job, JobEvent
from curate.remote.journal import JobAsked, Journal
from curate.remote.watch import EVENTS_FILE, EventLog, new_job_events

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


def fetch(endpoint: Endpoint, journal: Journal, job_id: str, folder: Path | None = None) -> FetchResult:
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
