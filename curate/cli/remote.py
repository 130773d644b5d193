"""`curate remote`: from the check of the data to the results of a job."""

import sys
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from curate.cli import remote_options as options
from curate.cli.options import (
    Agree,
    AgreeToSend,
    AsJson,
    ChatTemplate,
    Quiet,
    check_combination,
    output_option,
    progress,
)
from curate.commands.check import check
from curate.core.errors import DataError, ExitCode, UsageError
from curate.core.finding import Severity
from curate.core.targets import KEYS
from curate.core.text import plural, visible
from curate.lint.runner import CheckResult
from curate.remote.endpoint import ServiceAddress, ServiceClient
from curate.remote.estimate import EstimateResult, FileNumbers, TokenCounter, counter_of, estimated, measure
from curate.remote.fetch import EventLog
from curate.remote.fetch import fetch as fetch_job
from curate.remote.fetch import watch as watch_job
from curate.remote.job import Job, JobEvent
from curate.remote.journal import require_started
from curate.remote.services import SERVICE, endpoint_of, service_key
from curate.remote.settings import Settings, price_of, require_fit
from curate.remote.start import start as start_job
from curate.remote.upload import Sent, require_sendable, send
from curate.render.check_formats import FORMAT_HELP, OutputFormat, formatted_report, write_report
from curate.render.check_text import MAX_SHOWN
from curate.render.console import console, print_json, print_lines, print_result
from curate.render.remote import (
    JobProgress,
    StartOutput,
    UploadOutput,
    WatchLine,
    cost_text,
    curves,
    estimate_text,
    fetched_text,
    job_text,
    sent_text,
)
from curate.storage.files import sha256
from curate.storage.snapshot import Snapshot, require_unchanged, snapshot
from curate.storage.transaction import locked

PERSONAL_FAMILY: Final = "S"
"""The rules about secrets and personal data: reported at any severity, since the data is about to be sent."""
NoCheck = Annotated[bool, typer.Option("--no-check", help="Send the data without validating it.")]
OPEN_SERVICES: Final = [service for service in SERVICE.values() if not service.own]
KEY_VARIABLES: Final = ", ".join(KEYS[service.target].variable for service in OPEN_SERVICES)

remote = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=f"""Fine-tune at a service: {", ".join(service.name for service in OPEN_SERVICES)}, or any OpenAI-compatible API by --base-url.

    validate and estimate send nothing. upload, start, watch, fetch and cancel connect to the service. Data is sent only after
    confirmation. Keys are read from the environment (CURATE_REMOTE_KEY, or the service's own: {KEY_VARIABLES}) or the
    keyring, and are never written. Uploads and jobs are recorded in .curate/remote/, so that nothing is uploaded or started twice.

    OpenAI closes self-serve fine-tuning to everyone on 2027-01-06: no job can be started at api.openai.com from then on.
    """,  # noqa: E501
)


@remote.command()
def validate(
    data: options.Data,
    validation: options.Validation = None,
    target: options.Service = None,
    method: options.Method = None,
    output_format: Annotated[OutputFormat, typer.Option(help=FORMAT_HELP, metavar="FORMAT")] = OutputFormat.CONCISE,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, as --output-format json does.")] = False,
    show_all: Annotated[
        bool, typer.Option("--all", help=f"Show every finding, not only the first {MAX_SHOWN} of each rule.")
    ] = False,
    yes: Agree = False,
    quiet: Quiet = False,
) -> None:
    """Check the files against the rules of the service; sends nothing.

    Exit status: 0 without errors and warnings, 1 with errors or warnings, 2 if a file cannot be read or does not suit
    the method.
    """
    check_combination(apart=[("as_json", "output_format")])
    resolved = options.resolve_options(data, target, None, connected=False, yes=yes, method=method)
    files = [path for path in options.files_of(data, validation) if path is not None]
    report = _check_files(files, resolved, quiet=quiet)
    kind = OutputFormat.JSON if as_json else output_format
    write_report(formatted_report(report, kind, files, None if show_all else MAX_SHOWN), None)
    training_settings = Settings(model=resolved.remote.model, method=resolved.remote.method)
    for path in files:
        require_fit(training_settings, measure(path, counter_of("")).formats, str(path))
    raise typer.Exit(ExitCode.FINDINGS if report.failed else ExitCode.CLEAN)


@remote.command()
def estimate(
    data: options.Data,
    validation: options.Validation = None,
    target: options.Service = None,
    model: options.Model = None,
    method: options.Method = None,
    epochs: options.Epochs = None,
    price: options.PerMillion = None,
    hours: options.Hours = None,
    tokenizer: options.Tokenizer = None,
    chat_template: ChatTemplate = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Estimate the tokens and the cost of a training; sends nothing."""
    resolved = options.resolve_options(
        data, target, None, connected=False, used=(), model=model, method=method, epochs=epochs
    )
    job_settings = options.settings(resolved.remote, None, None, ordered=False)
    result = _count_and_estimate(
        job_settings,
        options.files_of(data, validation),
        resolved,
        price=price,
        hours=hours,
        counter=counter_of(job_settings.model, tokenizer or "", chat_template or ""),
        quiet=quiet,
    )
    print_result(result, estimate_text(result), as_json=as_json)


@remote.command(short_help="Upload the files; none is sent twice.")
def upload(
    data: options.Data,
    validation: options.Validation = None,
    target: options.Service = None,
    base_url: options.BaseUrl = None,
    no_check: NoCheck = False,
    as_json: AsJson = False,
    yes: AgreeToSend = False,
    quiet: Quiet = False,
) -> None:
    """Upload the files; `start` does so by itself. A file with the same content is not sent twice.

    Exit status: 0 if the service has the files, 1 if they have errors, 2 if they cannot be sent.
    """
    resolved = options.resolve_options(data, target, base_url, connected=True, yes=yes)
    files = [path for path in options.files_of(data, validation) if path is not None]
    snapshots = _require_valid(files, resolved, unchecked=no_check, quiet=quiet)
    service_key(resolved.place)  # before asking for consent
    options.print_closing_notice(resolved.place)
    ask = partial(options.require_consent, place=resolved.place, yes=yes, as_json=as_json)
    if new := _unsent(files, resolved.place):
        ask(_files_with_sizes(new))
    with endpoint_of(resolved.place) as endpoint, _folder_lock():
        require_unchanged(snapshots)
        sent = [_upload(endpoint, path, None if path in new else ask, quiet=quiet) for path in files]
    print_result(UploadOutput(address=resolved.place.address, files=sent), sent_text(sent), as_json=as_json)


@remote.command(short_help="Validate and upload the files, then start a job.")
def start(
    data: options.Data,
    validation: options.Validation = None,
    target: options.Service = None,
    base_url: options.BaseUrl = None,
    model: options.Model = None,
    method: options.Method = None,
    epochs: options.Epochs = None,
    batch_size: options.BatchSize = None,
    learning_rate_multiplier: options.LearningRate = None,
    beta: options.Beta = None,
    others: options.Others = None,
    suffix: options.Suffix = None,
    seed: options.Seed = None,
    grader: options.Grader = None,
    price: options.PerMillion = None,
    hours: options.Hours = None,
    tokenizer: options.Tokenizer = None,
    chat_template: ChatTemplate = None,
    again: Annotated[
        bool, typer.Option("--again", help="Start another job even if one with the same data and settings exists.")
    ] = False,
    no_check: NoCheck = False,
    as_json: AsJson = False,
    yes: AgreeToSend = False,
    quiet: Quiet = False,
) -> None:
    """Validate, estimate and upload the files, then start a job. The cost is shown first.

    Run again, it finds the job it started: the same data with the same settings is not billed twice. OpenAI closes
    self-serve fine-tuning to everyone on 2027-01-06.

    Exit status: 0 if the job was started, 1 if the data has errors, 2 if the job cannot be started.
    """
    resolved = options.resolve_options(
        data, target, base_url, connected=True, yes=yes, model=model, method=method, epochs=epochs,
        batch_size=batch_size, learning_rate_multiplier=learning_rate_multiplier, beta=beta, suffix=suffix, seed=seed,
    )  # fmt: skip
    job_settings = options.settings(resolved.remote, others, grader)
    inputs = options.files_of(data, validation)
    files = [path for path in inputs if path is not None]
    snapshots = _require_valid(files, resolved, unchecked=no_check, quiet=quiet)
    counter = counter_of(job_settings.model, tokenizer or "", chat_template or "")
    cost_estimate = _count_and_estimate(
        job_settings, inputs, resolved, price=price, hours=hours, counter=counter, quiet=quiet
    )
    service_key(resolved.place)  # before asking for consent
    options.print_closing_notice(resolved.place)
    _print_estimate(cost_estimate, resolved.place)
    ask = partial(options.require_consent, place=resolved.place, yes=yes, as_json=as_json)
    new = _unsent(files, resolved.place)
    ask(f"{_files_with_sizes(new)} and the request for a job" if new else "the request for a job")
    with endpoint_of(resolved.place) as endpoint, _folder_lock():
        endpoint.require_takes(job_settings)
        require_unchanged(snapshots)
        sent = [_upload(endpoint, path, None if path in new else ask, quiet=quiet) for path in files]
        job, already_started = start_job(
            endpoint, options.journal(), job_settings, sent[0], sent[1] if len(sent) > 1 else None, again=again
        )
    result = StartOutput(
        address=resolved.place.address, job=job, found=already_started, files=sent, estimate=cost_estimate
    )
    print_result(result, (*sent_text(sent), *job_text(job)), as_json=as_json)
    if as_json:
        return
    if already_started:
        console(stderr=True).print("already started with the same data and settings; --again starts another one")
    command = options.job_command("watch", job.id, target, base_url)
    console(stderr=True).print(f"next: {command}", markup=False, soft_wrap=True)


@remote.command()
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
            _print_line(WatchLine(kind="event", event=event))

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
            f"{visible(job_id)} continues at {place.host}; `{options.job_command('watch', job_id, target, base_url)}` "
            "follows it again, `cancel` stops it",
            markup=False,
        )
        raise
    if as_json:
        _print_line(WatchLine(kind="job", job=last))
    else:
        print_lines((*job_text(last), *curves(EventLog(journal.job_folder(job_id)).events)))
        if last.over and not quiet:
            command = options.job_command("fetch", job_id, target, base_url)
            console(stderr=True).print(f"next: {command}", markup=False, soft_wrap=True)
    raise typer.Exit(_exit_code_of(last))


@remote.command(short_help="Download the results of a job.")
def fetch(
    job: options.JobId = None,
    output: Annotated[
        Path | None,
        output_option("Write to this folder; if omitted, .curate/remote/JOB.", "DIR"),
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
    raise typer.Exit(ExitCode.FINDINGS if fetched.missing else _exit_code_of(fetched.record.job))


@remote.command()
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


def _exit_code_of(job: Job) -> ExitCode:
    """FINDINGS if a job ended without success; else CLEAN."""
    return ExitCode.FINDINGS if job.over and job.status != "succeeded" else ExitCode.CLEAN


def _print_line(line: WatchLine) -> None:
    print_json(line)
    sys.stdout.flush()


def _check_files(files: list[Path], resolved: options.RemoteOptions, *, quiet: bool) -> CheckResult:
    with progress("checking", "lines", quiet=quiet, waits=True) as advance:
        return check(replace(resolved.work, files=files), advance)


def _require_valid(
    files: list[Path], resolved: options.RemoteOptions, *, unchecked: bool, quiet: bool
) -> list[Snapshot]:
    """The state of each file when it was checked; `unchecked`: whether errors are accepted. Raises `UsageError` for
    files that cannot be sent, `DataError` for errors by the rules of the service.
    """
    for path in files:
        require_sendable(path)
    snapshots = [snapshot(path) for path in files]
    if unchecked:
        return snapshots
    report = _check_files(files, resolved, quiet=quiet)
    if errors := report.severities[Severity.ERROR]:
        first = next(finding for finding in report.findings if finding.severity is Severity.ERROR)
        text = (
            f"{plural(errors, 'error')} against the rules of {resolved.place.target}; first: {first.where}: "
            f"{first.code} {first.message}"
        )
        raise DataError(text, "`curate remote validate` lists them; --no-check sends the data anyway")
    tally = Counter(
        finding.code
        for finding in report.findings
        if finding.severity is Severity.WARNING or finding.code.startswith(PERSONAL_FAMILY)
    )
    if tally:
        counts = ", ".join(f"{report.rules[code].name} ({code}) {count:,}" for code, count in tally.most_common())
        console(stderr=True).print(f"findings: {counts}; `curate remote validate` lists them")
    return snapshots


def _count_and_estimate(
    job_settings: Settings,
    files: tuple[Path, Path | None],
    resolved: options.RemoteOptions,
    *,
    price: float | None,
    hours: float | None,
    counter: TokenCounter,
    quiet: bool,
) -> EstimateResult:
    """The estimate of a job, after counting the tokens of its files with progress. Raises `UsageError` if there is no
    price by the hour.
    """
    numbers: list[FileNumbers | None] = []
    for path in files:
        with progress("counting", "lines", quiet=quiet) as advance:
            numbers.append(None if path is None else measure(path, counter, advance))
    training, measured_on = numbers
    assert training is not None
    for part in filter(None, numbers):
        require_fit(job_settings, part.formats, part.path)
    cost = price_of(
        resolved.place.service.prices, job_settings.model, job_settings.method, resolved.remote.prices, price
    )
    if hours is not None and (cost is None or cost.unit != "hour"):
        raise UsageError("--hours: no price by the hour is known for this model", "leave it out")
    return estimated(resolved.place, job_settings, training, measured_on, counter, cost, hours)


def _print_estimate(result: EstimateResult, place: ServiceAddress) -> None:
    prefix = "" if result.exact else "about "
    tokens = f"{prefix}{plural(result.tokens, 'token')} in {plural(result.epochs, 'epoch')}"
    text = f"{visible(result.settings.model)} at {place.host}, {result.settings.method}: {tokens}, {cost_text(result)}"
    console(stderr=True).print(text + (f" ({result.price_source})" if result.price_source else ""))


def _unsent(files: list[Path], place: ServiceAddress) -> list[Path]:
    """The files whose content is not in the journal of uploads."""
    return [path for path in files if options.journal().file(place.address, sha256(path)) is None]


def _files_with_sizes(files: list[Path]) -> str:
    """The names of files with their sizes, in words."""
    return " and ".join(f"{visible(str(path))} ({path.stat().st_size:,} bytes)" for path in files)


def _folder_lock() -> AbstractContextManager[None]:
    """The lock of the folder against other processes that send files or start jobs. Raises `UsageError` if another one
    holds it.
    """
    folder = options.journal().folder
    folder.mkdir(parents=True, exist_ok=True)
    return locked(folder)


def _upload(endpoint: ServiceClient, path: Path, ask: Callable[[str], None] | None, *, quiet: bool) -> Sent:
    """Upload a file unless the service has it; `ask` gets a question first if the service deleted an earlier upload."""
    confirm = None if ask is None else lambda: ask(f"{_files_with_sizes([path])}, which the service no longer has,")
    with progress(f"sending {path.name}", "bytes", quiet=quiet, total=path.stat().st_size, waits=True) as advance:
        return send(endpoint, options.journal(), path, advance, before=confirm)
