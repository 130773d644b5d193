"""`curate remote`: its steps after a job's start."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from curate.cli import remote_options as options
from curate.cli.options import AsJson, Quiet
from curate.core.errors import ExitCode
from curate.core.text import plural, visible
from curate.remote.fetch import fetch as fetch_job
from curate.remote.job import Job, JobEvent
from curate.remote.journal import demand_started
from curate.remote.watch import EVERY, EventLog
from curate.remote.watch import watch as watch_job
from curate.report.console import console, print_json, print_lines
from curate.report.remote import FetchOutput, WatchLine, curves, fetched_text, job_text
from curate.report.remote_progress import JobProgress


def watch(
    job: options.JobId = None,
    target: options.Service = None,
    base_url: options.BaseUrl = None,
    once: Annotated[bool, typer.Option("--once", help="Look once, and do not wait for the end.")] = False,
    show_all: Annotated[bool, typer.Option("--all", help="Show the events that were shown before, too.")] = False,
    every: Annotated[float, typer.Option(min=0, help="Seconds between two looks.")] = EVERY,
    as_json: Annotated[bool, typer.Option("--json", help="Print each event as a line of JSON, and the job as the last one.")] = False,
    quiet: Quiet = False,
) -> None:
    """Follow a job until it is over. Interrupted at any moment, it goes on where it was; the job is not disturbed.

    Exit status: 0 when the job succeeded or still goes on (--once), 1 when it failed or was cancelled, 2 when the service cannot be
    asked.
    """
    place, journal = options.place_of_job(job, target, base_url), options.journal()
    job_id = demand_started(journal, job)
    known = EventLog(journal.job_folder(job_id)).events
    shown = JobProgress(quiet=quiet or as_json)

    def told(events: list[JobEvent], now: Job | None) -> None:
        if not as_json:
            shown.show(events, now)
            return
        for event in events:
            _line(WatchLine(kind="event", event=event))

    try:
        with options.connected(place) as endpoint, shown:
            if known and show_all:
                told(known, None)
            elif known:
                shown.say(f"{plural(len(known), 'event')} shown before; --all shows them again")
                shown.draw(known, None)
            last = watch_job(endpoint, journal, job_id, told, once=once, every=every, trouble=shown.trouble)
    except KeyboardInterrupt:
        console(stderr=True).print(f"{visible(job_id)} goes on at {place.host}; `curate remote watch {visible(job_id)}` goes on here, `cancel` ends it there")
        raise
    if as_json:
        _line(WatchLine(kind="job", job=last))
    else:
        print_lines((*job_text(last), *curves(EventLog(journal.job_folder(job_id)).events)))
        if last.over and not quiet:
            console(stderr=True).print(f"next: curate remote fetch {visible(job_id)}")
    raise typer.Exit(_status(last))


def fetch(
    job: options.JobId = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Folder to write to; else .curate/remote/JOB.", metavar="DIR")] = None,
    target: options.Service = None,
    base_url: options.BaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Fetch what came of a job: record, events, metrics and result files, all of them or none.

    Exit status: 0 when the job succeeded and nothing is missing, 1 when it failed, was cancelled or a result is gone, 2 when it is
    not over or the service cannot be asked.
    """
    place, journal = options.place_of_job(job, target, base_url), options.journal()
    with options.connected(place) as endpoint:
        found = fetch_job(endpoint, journal, demand_started(journal, job), output)
    if as_json:
        print_json(FetchOutput(folder=str(found.folder), files=found.files, record=found.record))
    else:
        print_lines(fetched_text(found))
    raise typer.Exit(ExitCode.FINDINGS if found.missing else _status(found.record.job))


def cancel(
    job: options.JobId = None,
    target: options.Service = None,
    base_url: options.BaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """End a job; what was trained is billed."""
    place, journal = options.place_of_job(job, target, base_url), options.journal()
    with options.connected(place) as endpoint:
        last = endpoint.cancel(demand_started(journal, job))
    if as_json:
        print_json(WatchLine(kind="job", job=last))
        return
    print_lines(job_text(last))


def _status(job: Job) -> ExitCode:
    return ExitCode.FINDINGS if job.over and job.status != "succeeded" else ExitCode.CLEAN


def _line(line: WatchLine) -> None:
    print_json(line)
    sys.stdout.flush()
