"""Upload files to a service: each content once and completely."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from curate.core.errors import InputError, RemoteError, UsageError
from curate.core.events import Advance
from curate.remote.endpoint import ServiceClient
from curate.remote.job import UploadedFile
from curate.remote.journal import FileGone, FileSent, JobJournal
from curate.storage.files import STDIN, display_name, packing, sha256

ATTEMPTS: Final = 3
READY_STATES: Final = frozenset(("processed", "uploaded", "succeeded"))
FAILED_STATES: Final = frozenset(("error", "failed", "deleted", "deleting", "expired"))
POLL_SECONDS: Final = 2.0
MAX_WAIT_SECONDS: Final = 900.0


@dataclass(frozen=True, slots=True)
class Sent:
    """A file at a service."""

    path: str
    sha256: str
    bytes: int
    file_id: str
    reused: bool
    """Whether the same content had been uploaded before."""


def require_sendable(path: Path) -> None:
    """Raise `UsageError` unless the path is an uncompressed regular file."""
    if path == STDIN or not path.is_file():
        raise UsageError(f"{path}: not a regular file", "write the data to a .jsonl file; it is read more than once")
    if packed := packing(path):
        raise UsageError(
            f"{path}: is {packed}; services take plain .jsonl",
            "decompress it first" if packed == "compressed" else "convert it with `curate convert`",
        )


def send(
    endpoint: ServiceClient,
    journal: JobJournal,
    path: Path,
    advance: Advance | None = None,
    *,
    before: Callable[[], None] | None = None,
) -> Sent:
    """Upload a file unless the service has its content, and wait until the service has processed it.

    `before` is called before an upload, and may raise to prevent it. Raises `RemoteError` if the file does not arrive
    completely or the service cannot read it, `InputError` if it changes meanwhile.
    """
    digest, size = sha256(path), path.stat().st_size
    address = endpoint.place.address
    earlier = journal.file(address, digest)
    if earlier is not None:
        stored = endpoint.file(earlier.file_id)
        if stored is not None and (stored.status or "") not in FAILED_STATES and stored.bytes in (None, size):
            _await_read(endpoint, journal, stored, path)
            return Sent(display_name(path), digest, size, earlier.file_id, reused=True)
        journal.add(FileGone(address=address, file_id=earlier.file_id))
    if before is not None:
        before()
    file = _upload_completely(endpoint, path, size, advance)
    if (path.stat().st_size, sha256(path)) != (size, digest):
        endpoint.delete(file.id)
        raise InputError(
            f"{path}: changed during the upload",
            "run the command again when the file is complete; the upload is deleted at the service",
        )
    journal.add(FileSent(address=address, path=display_name(path), sha256=digest, bytes=size, file_id=file.id))
    _await_read(endpoint, journal, file, path)
    return Sent(display_name(path), digest, size, file.id, reused=False)


def _upload_completely(endpoint: ServiceClient, path: Path, size: int, advance: Advance | None) -> UploadedFile:
    """Upload a file until it has arrived completely, as far as the service reports its size. Raises `RemoteError`."""
    arrived = 0
    for _ in range(ATTEMPTS):
        file = endpoint.upload(path, advance)
        if "bytes" in file.unread:
            raise RemoteError(
                f"{path}: the service reports a size of {file.id} that is not a number",
                "check that the address is the base URL of an OpenAI-compatible API",
            )
        if file.bytes in (None, size):
            return file
        arrived = file.bytes or 0
        endpoint.delete(file.id)
    raise RemoteError(
        f"{path}: {arrived:,} of {size:,} bytes arrived in each of {ATTEMPTS} attempts; the uploads were deleted",
        "run the command again on a better connection",
    )


def _await_read(endpoint: ServiceClient, journal: JobJournal, file: UploadedFile, path: Path) -> None:
    """Wait until the service has processed a file. Raises `RemoteError` if that takes too long or fails; a failure is
    recorded in the journal.
    """
    waited = 0.0
    current: UploadedFile | None = file
    while current is not None and current.status and current.status not in READY_STATES | FAILED_STATES:
        if waited >= MAX_WAIT_SECONDS:
            raise RemoteError(
                f"{path}: the service is still processing {file.id} ({current.status})",
                "run the command again later; the file is not sent again",
            )
        time.sleep(POLL_SECONDS)
        waited += POLL_SECONDS
        current = endpoint.file(file.id)
    if current is None or current.status in FAILED_STATES:
        journal.add(FileGone(address=endpoint.place.address, file_id=file.id))
        why = (current.status_details if current else None) or "it was deleted"
        raise RemoteError(
            f"{path}: the service could not read {file.id}: {why}", "run `curate remote validate` on the file"
        )
