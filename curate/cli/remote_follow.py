"""`curate remote`: the steps after a job is started."""

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
from curate.remote.journal import require_started
from curate.remote.services import endpoint_of
from curate.remote.watch import EventLog
from curate.remote.watch import watch as watch_job
from curate.render.console import console, print_json, print_lines, print_result
from curate.render.remote import JobProgress, WatchLine, curves, fetched_text, job_text


def watch(
    job: options.JobId = None,
    target: options.Service = None,
    base_url: options.BaseUrl = None,
    once: Annotated[bool, typer.Option("--once", help="Show the current state and exit.")] = False,
    show_all: Annotated[bool, typer.Option("--all", help="Also show the events of earlier calls.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print each event as a line of JSON, the job last.")] = False,
    quiet: Quiet = False,
) -> None:
    """Follow a job until it ends. It can be interrupted and run again; the job continues.

    Exit status: 0 if the job succeeded or is running (--once), 1 if it failed or was cancelled, 2 if the service cannot
    be asked.
    """
    place, journal = options.place_of_job(job, target, base_url), options.journal()
    job_id = require_started(journal, job)
    past_events = EventLog(journal.job_folder(job_id)).events
    shown = JobProgress(quiet=quiet or as_json)

    def show(events: list[JobEvent], current: Job | None) -> None:
        if not as_json:
            shown.show(events, current)
            return
        for event in events:
            _line(WatchLine(kind="event", event=event))

    try:
        with endpoint_of(place) as endpoint, shown:
            if past_events and show_all:
                show(past_events, None)
            elif past_events:
                shown.say(f"{plural(len(past_events), 'event')} not shown again (--all shows them)")
                shown.draw(past_events, None)
            last = watch_job(endpoint, journal, job_id, show, once=once, trouble=shown.trouble)
    except KeyboardInterrupt:
        console(stderr=True).print(
            f"{visible(job_id)} continues at {place.host}; `curate remote watch {visible(job_id)}` follows it "
            "again, `cancel` stops it"
        )
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
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Write to this folder; if omitted, .curate/remote/JOB.", metavar="DIR"),
    ] = None,
    target: options.Service = None,
    base_url: options.BaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Download the results of a job: record, events, metrics and result files.

    Exit status: 0 if the job succeeded and no result is missing, 1 if it failed, was cancelled or a result is missing,
    2 if it is not over or the service cannot be asked.
    """
    place, journal = options.place_of_job(job, target, base_url), options.journal()
    with endpoint_of(place) as endpoint:
        fetched = fetch_job(endpoint, journal, require_started(journal, job), output)
    print_result(fetched, fetched_text(fetched), as_json=as_json)
    raise typer.Exit(ExitCode.FINDINGS if fetched.missing else _status(fetched.record.job))


def cancel(
    job: options.JobId = None,
    target: options.Service = None,
    base_url: options.BaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Cancel a job; steps already trained are billed."""
    place, journal = options.place_of_job(job, target, base_url), options.journal()
    with endpoint_of(place) as endpoint:
        last = endpoint.cancel(require_started(journal, job))
    print_result(WatchLine(kind="job", job=last), job_text(last), as_json=as_json)


def _status(job: Job) -> ExitCode:
    return ExitCode.FINDINGS if job.over and job.status != "succeeded" else ExitCode.CLEAN


def _line(line: WatchLine) -> None:
    print_json(line)
    sys.stdout.flush()
