"""Start a job exactly once: after a request without a reply, look for its job before another request is sent."""

import time
from typing import Final, NamedTuple

from curate.core.errors import RemoteError
from curate.remote.endpoint import ServiceClient
from curate.remote.job import Job
from curate.remote.journal import JobAsked, JobJournal, JobRefused, JobStarted, order_hash
from curate.remote.settings import Settings
from curate.remote.upload import Sent

ATTEMPTS: Final = 5
FIRST_PAUSE_SECONDS: Final = 1.0
"""Doubled before each further attempt."""
MAX_WAIT_SECONDS: Final = 120.0
"""Maximum wait that a service may request before a retry."""


class Started(NamedTuple):
    """A job, and whether it had been started before."""

    job: Job
    already_started: bool


def start(
    endpoint: ServiceClient,
    journal: JobJournal,
    settings: Settings,
    training: Sent,
    validation: Sent | None,
    *,
    again: bool = False,
) -> Started:
    """Start a job on uploaded files, or find the one that was started with the same content and settings.

    A failed or cancelled job does not count, and with `again` none does. Raises `RemoteError`.
    """
    address = endpoint.place.address
    order = order_hash(address, settings, training.sha256, validation.sha256 if validation else None)
    open_, jobs = journal.last_request(address, order)
    if open_ is not None and (job := _new_job_of(endpoint, journal, open_)) is not None:
        journal.add(JobStarted(address=address, target=endpoint.place.target, order=order, job=job.id))
        return Started(job, already_started=True)
    if not again and (job := _latest_job(endpoint, jobs)) is not None:
        return Started(job, already_started=True)
    request = JobAsked(
        address=address,
        order=order,
        settings=settings,
        training_file=training.file_id,
        validation_file=validation.file_id if validation else None,
        training_sha256=training.sha256,
        validation_sha256=validation.sha256 if validation else None,
        before=tuple(job.id for job in endpoint.jobs_on(training.file_id)),
    )
    journal.add(request)
    try:
        job = _asked_for(endpoint, journal, request)
    except RemoteError as error:
        if error.status is not None and not error.passing:
            journal.add(JobRefused(address=address, order=order))
        raise
    journal.add(JobStarted(address=address, target=endpoint.place.target, order=order, job=job.id))
    return Started(job, already_started=False)


def _asked_for(endpoint: ServiceClient, journal: JobJournal, request: JobAsked) -> Job:
    """Request a job until the service answers; after a request without a reply, only look for its job."""
    for attempt in range(ATTEMPTS):
        try:
            return endpoint.create(request.settings, request.training_file, request.validation_file)
        except RemoteError as error:
            if not error.passing or (error.wait or 0) > MAX_WAIT_SECONDS:
                raise
            if error.status is None:
                return _wait_for_job(endpoint, journal, request, error)
            time.sleep(error.wait if error.wait is not None else FIRST_PAUSE_SECONDS * 2**attempt)
            if error.status != 429 and (job := _new_job_of(endpoint, journal, request)) is not None:
                return job
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("a loop that returns or raises")


def _wait_for_job(endpoint: ServiceClient, journal: JobJournal, request: JobAsked, error: RemoteError) -> Job:
    """The job of a request without a reply, once the service lists it. Raises `RemoteError` if it does not."""
    for attempt in range(ATTEMPTS):
        if (job := _new_job_of(endpoint, journal, request)) is not None:
            return job
        time.sleep(FIRST_PAUSE_SECONDS * 2**attempt)
    hint = "run the command again in a few minutes; it first looks for the job, so that none is started twice"
    raise RemoteError(f"{error.message}; no job found so far", hint, passing=True) from None


def _new_job_of(endpoint: ServiceClient, journal: JobJournal, request: JobAsked) -> Job | None:
    """The job that a request without a reply started, if the service lists it: the first on the request's file with its
    model that neither existed before nor is recorded in the journal. None if the service lists no such job.
    """
    known_jobs = {*request.before, *(started.job for started in journal.all_started())}
    new = [
        job
        for job in endpoint.jobs_on(request.training_file)
        if job.id not in known_jobs and _may_be_same_model(job.model, request.settings.model)
    ]
    return new[0] if new else None


def _may_be_same_model(reported: str, named: str) -> bool:
    """Whether two names may mean one model: services append a date, or report no name."""
    reported, named = reported.lower(), named.lower()
    return reported.startswith(named) or named.startswith(reported)


def _latest_job(endpoint: ServiceClient, jobs: list[str]) -> Job | None:
    """The last of some jobs; None without jobs, or if it failed, was cancelled or no longer exists."""
    if not jobs:
        return None
    try:
        job = endpoint.job(jobs[-1])
    except RemoteError as error:
        if error.status == 404:
            return None
        raise
    return None if job.status in ("failed", "cancelled") else job
