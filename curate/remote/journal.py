"""The journal of uploads and jobs: an append-only file, so that nothing is uploaded or paid for twice after a crash.

It has a line for each uploaded file, each job that is about to be started and each that was started: names, hashes, ids
and settings; no keys, and no data.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from curate.core.errors import InputError, RemoteError, UsageError
from curate.core.example import content_id
from curate.core.targets import Target
from curate.core.validation import parsed_json
from curate.remote.job import SAFE_ID
from curate.remote.settings import Settings
from curate.storage.files import append_lines, journal_lines

JOURNAL_FILE: Final = "journal.jsonl"


class JournalLine(BaseModel):
    """A line of the journal."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    at: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    address: str
    """Base URL of the service's API."""


class FileSent(JournalLine):
    """A file was uploaded completely."""

    kind: Literal["file"] = "file"
    path: str
    sha256: str
    bytes: int
    file_id: str


class FileGone(JournalLine):
    """The service no longer has a file, or could not read it."""

    kind: Literal["file-gone"] = "file-gone"
    file_id: str


class JobAsked(JournalLine):
    """A job is about to be requested; a later line records whether it was started."""

    kind: Literal["job-asked"] = "job-asked"
    order: str
    """Hash of address, settings and content of the files."""
    settings: Settings
    training_file: str
    validation_file: str | None
    training_sha256: str
    validation_sha256: str | None
    before: tuple[str, ...]
    """Ids of jobs on the same file that existed before."""


class JobRefused(JournalLine):
    """The service refused the last request for a job."""

    kind: Literal["job-refused"] = "job-refused"
    order: str


class JobStarted(JournalLine):
    """A job was started."""

    kind: Literal["job"] = "job"
    target: Target
    """The service whose rules, prices and API apply."""
    order: str
    job: str


Line = FileSent | FileGone | JobAsked | JobRefused | JobStarted
LINE_ADAPTER: Final[TypeAdapter[Line]] = TypeAdapter(Annotated[Line, Field(discriminator="kind")])


class JobJournal:
    """The journal of a working folder, `.curate/remote/`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / JOURNAL_FILE

    def add(self, entry: Line) -> None:
        """Append a line and sync it to disk. Raises `OutputError`."""
        append_lines(self.path, [LINE_ADAPTER.dump_json(entry)])

    def entries(self) -> list[Line]:
        """All records, without a line that a crash truncated. Raises `InputError` for an invalid one."""
        lines = []
        for number, line in enumerate(journal_lines(self.path), start=1):
            try:
                if line:
                    lines.append(LINE_ADAPTER.validate_json(line))
            except ValidationError:
                if _is_json(line):  # else a crash truncated it, before the recorded action
                    raise InputError(
                        f"{self.path}:{number}: not a record of this journal",
                        "update curate if a newer version wrote it; otherwise delete the line",
                    ) from None
        return lines

    def file(self, address: str, sha256: str) -> FileSent | None:
        """The last upload of a content to an address that the service still has; None without one."""
        sent: dict[str, FileSent] = {}
        for entry in self.entries():
            if isinstance(entry, FileSent) and (entry.address, entry.sha256) == (address, sha256):
                sent[entry.file_id] = entry
            elif isinstance(entry, FileGone) and entry.address == address:
                sent.pop(entry.file_id, None)
        return next(reversed(sent.values()), None)

    def last_request(self, address: str, order: str) -> tuple[JobAsked | None, list[str]]:
        """The last request of an order if its outcome is unknown, else None; and the ids of the jobs that the order
        started.
        """
        open_: JobAsked | None = None
        jobs = []
        for entry in self.entries():
            if (
                entry.address != address
                or not isinstance(entry, JobAsked | JobRefused | JobStarted)
                or entry.order != order
            ):
                continue
            open_ = entry if isinstance(entry, JobAsked) else None
            if isinstance(entry, JobStarted):
                jobs.append(entry.job)
        return open_, jobs

    def all_started(self) -> list[JobStarted]:
        """All jobs started from this folder."""
        return [entry for entry in self.entries() if isinstance(entry, JobStarted)]

    def started(self, job_id: str | None = None) -> JobStarted | None:
        """A job started from this folder, or None if it was not; the last one if no id is given."""
        return next((entry for entry in reversed(self.all_started()) if job_id in (None, entry.job)), None)

    def order_of(self, job_id: str) -> JobAsked | None:
        """The request of a job that was started from this folder; None for another job."""
        order = next((entry.order for entry in self.all_started() if entry.job == job_id), None)
        return next(
            (entry for entry in reversed(self.entries()) if isinstance(entry, JobAsked) and entry.order == order), None
        )

    def job_folder(self, job_id: str) -> Path:
        """The folder of a job's events and results. Raises `RemoteError` for an id that cannot be a name."""
        return self.folder / safe_id(job_id)


def safe_id(name: str) -> str:
    """An id that is safe as a file name. Raises `RemoteError` for any other."""
    if not SAFE_ID.fullmatch(name):
        raise RemoteError(f"{name!r}: not the id of a job or a file", "an id has only letters, digits and . _ : -")
    return name


def order_hash(address: str, settings: Settings, training: str, validation: str | None) -> str:
    """The hash that identifies an order; `training` and `validation` are SHA-256 of the files."""
    return content_id([address, settings.model_dump(mode="json"), training, validation])


def require_started(journal: JobJournal, job_id: str | None) -> str:
    """The given id, else that of the last job started from this folder. Raises `UsageError` if there is none,
    `RemoteError` for an invalid id.
    """
    if job_id is not None:
        return safe_id(job_id)
    last = journal.started()
    if last is None:
        raise UsageError("no job was started from this folder", "pass the id of a job; the service lists them")
    return last.job


def _is_json(line: bytes) -> bool:
    try:
        parsed_json(line)
    except ValueError:
        return False
    return True
