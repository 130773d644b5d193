"""What was sent to services: an append-only file, so that nothing is uploaded or paid for twice, whatever happened to
the process that did it.

One line for each file that arrived, each job that is about to be started and each that was. The file holds names,
hashes, ids and settings; no key, and nothing of the data.
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from curate.core.errors import InputError, RemoteError, UsageError
from curate.core.example import content_id
from curate.core.files import append_line, journal_lines
from curate.core.targets import Target
from curate.core.validation import parsed_json
from curate.remote.settings import Settings

NAME: Final = "journal.jsonl"
SAFE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,199}")
"""Ids that may name a folder."""


class Entry(BaseModel):
    """A line of the journal."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    at: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    address: str
    """Base of the service's interface."""


class FileSent(Entry):
    """A file arrived, whole."""

    kind: Literal["file"] = "file"
    path: str
    sha256: str
    bytes: int
    file_id: str


class FileGone(Entry):
    """The service has a file no more, or could not read it."""

    kind: Literal["file-gone"] = "file-gone"
    file_id: str


class JobAsked(Entry):
    """A job is about to be asked for: whether it was started is not known before a line says so."""

    kind: Literal["job-asked"] = "job-asked"
    order: str
    """Hash of what is asked: place, settings and the files' content."""
    settings: Settings
    training_file: str
    validation_file: str | None
    training_sha256: str
    validation_sha256: str | None
    before: tuple[str, ...]
    """Jobs on the same file that the service had already."""


class JobRefused(Entry):
    """A job was not started: the service said no to what was asked last."""

    kind: Literal["job-refused"] = "job-refused"
    order: str


class JobStarted(Entry):
    """A job was started."""

    kind: Literal["job"] = "job"
    target: Target
    """Whose rules and prices count, and whose interface is spoken."""
    order: str
    job: str


Line = FileSent | FileGone | JobAsked | JobRefused | JobStarted
LINE: Final[TypeAdapter[Line]] = TypeAdapter(Annotated[Line, Field(discriminator="kind")])


class Journal:
    """The journal of a working folder, `.curate/remote/`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / NAME

    def add(self, entry: Line) -> None:
        """Write a line; it is on the disk when this returns. Raises `OutputError`."""
        append_line(self.path, LINE.dump_json(entry))

    def entries(self) -> list[Line]:
        """All lines; one that a crash tore is none. Raises `InputError` for one that says what no journal says."""
        found = []
        for number, line in enumerate(journal_lines(self.path), start=1):
            try:
                if line:
                    found.append(LINE.validate_json(line))
            except ValidationError:
                if _is_json(
                    line
                ):  # else it was cut short: what it was to say had not happened yet, or is asked for again
                    raise InputError(
                        f"{self.path}:{number}: not a record of this journal",
                        "update curate if a newer version wrote it; otherwise delete the line",
                    ) from None
        return found

    def file(self, address: str, sha256: str) -> FileSent | None:
        """The upload of a content to an address that the service still had when it was last asked."""
        sent: dict[str, FileSent] = {}
        for entry in self.entries():
            if isinstance(entry, FileSent) and (entry.address, entry.sha256) == (address, sha256):
                sent[entry.file_id] = entry
            elif isinstance(entry, FileGone) and entry.address == address:
                sent.pop(entry.file_id, None)
        return next(reversed(sent.values()), None)

    def asked(self, address: str, order: str) -> tuple[JobAsked | None, list[str]]:
        """The last time that something was asked for and nobody knows yet whether it was started; and the jobs that
        were.
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
        """All jobs that were started from here."""
        return [entry for entry in self.entries() if isinstance(entry, JobStarted)]

    def started(self, job_id: str | None = None) -> JobStarted | None:
        """A job that was started from here; the last one when none is named."""
        return next((entry for entry in reversed(self.all_started()) if job_id in (None, entry.job)), None)

    def order_of(self, job_id: str) -> JobAsked | None:
        """What a job was asked to be, where it was started from here."""
        order = next((entry.order for entry in self.all_started() if entry.job == job_id), None)
        return next(
            (entry for entry in reversed(self.entries()) if isinstance(entry, JobAsked) and entry.order == order), None
        )

    def job_folder(self, job_id: str) -> Path:
        """Where what a job told is kept. Raises `RemoteError` for an id that is no name."""
        return self.folder / safe_id(job_id)


def safe_id(name: str) -> str:
    """An id as the name of a file. Raises `RemoteError` for one that could lead elsewhere."""
    if not SAFE.fullmatch(name):
        raise RemoteError(f"{name!r}: not the id of a job or a file", "an id has only letters, digits and . _ : -")
    return name


def order_hash(address: str, settings: Settings, training: str, validation: str | None) -> str:
    """What tells one training that is asked for from another; files are named by their SHA-256."""
    return content_id([address, settings.model_dump(mode="json"), training, validation])


def demand_started(journal: Journal, job_id: str | None) -> str:
    """The id of the job that is meant: the last one started here when none is named. Raises `UsageError` where there is
    none, `RemoteError` for what is no id.
    """
    if job_id is not None:
        return safe_id(job_id)
    last = journal.started()
    if last is None:
        raise UsageError("no job was started from this folder", "pass the id of a job; the service lists them")
    return last.job


def _is_json(line: bytes) -> bool:
    """Whether a line is whole."""
    try:
        parsed_json(line)
    except ValueError:
        return False
    return True
