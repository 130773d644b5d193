"""Follow a job's events: each is reported once, also after an interruption.

Events are written to the job's `events.jsonl` before they are reported. Services keep events and list the latest first,
so that missing events can be requested later.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from curate.core.errors import RemoteError
from curate.core.files import append_lines, journal_lines, write_json
from curate.core.validation import parsed_json
from curate.remote.endpoint import Endpoint
from curate.remote.job import Job, JobEvent, event_of
from curate.remote.journal import Journal

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


def new_job_events(endpoint: Endpoint, job_id: str, log: EventLog) -> list[JobEvent]:
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
    endpoint: Endpoint,
    journal: Journal,
    job_id: str,
    show: Callable[[list[JobEvent], Job], None],
    *,
    once: bool = False,
    trouble: Callable[[RemoteError, float], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
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
            sleep(wait)
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
        sleep(min(POLL_SECONDS, 1.0) if job.over else POLL_SECONDS)
