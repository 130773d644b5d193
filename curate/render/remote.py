"""The output of `curate remote`: estimates, uploads, jobs and their events, for people and programs."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import TYPE_CHECKING, Final, Literal, Self

from rich.text import Text

from curate.core.errors import RemoteError
from curate.core.json_output import OutputModel
from curate.core.text import plural, visible
from curate.remote.estimate import EstimateResult
from curate.remote.fetch import METRICS_FILE, FetchResult
from curate.remote.job import Job, JobEvent
from curate.remote.upload import Sent
from curate.render.console import LEVELS, console, progress_bar

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

STYLES: Final = {"error": "bold red", "warn": "yellow", "warning": "yellow"}
FINAL_STYLES: Final = {"succeeded": "bold green", "failed": "bold red", "cancelled": "bold yellow"}
CURVE_COLUMNS: Final = 60
STEP_MESSAGE: Final = re.compile(r"\b[Ss]tep (\d+)/(\d+)")


class UploadOutput(OutputModel):
    """What `curate remote upload --json` prints."""

    address: str
    files: list[Sent]


class StartOutput(OutputModel):
    """What `curate remote start --json` prints."""

    address: str
    job: Job
    found: bool
    """Whether the job had been started before, so no new one was started."""
    files: list[Sent]
    estimate: EstimateResult


class WatchLine(OutputModel):
    """A line of `curate remote watch --json`: an event, or at the end the job."""

    kind: Literal["event", "job"]
    event: JobEvent | None = None
    job: Job | None = None


def estimate_text(estimate: EstimateResult) -> Iterator[str]:
    """An estimate as lines."""
    prefix = "" if estimate.exact else "about "
    for name, file in (("training", estimate.training), ("validation", estimate.validation)):
        if file is not None:
            tokens = f"{prefix}{plural(file.tokens, 'token')}, longest {file.longest:,}"
            yield f"{name:<11}{visible(file.path)}: {plural(file.examples, 'example')}, {tokens}"
    how = (
        f"counted by {visible(estimate.tokens_by)}"
        if estimate.exact
        else "estimated as bytes / 4; --tokenizer NAME or the package tiktoken counts them"
    )
    yield f"{'tokens':<11}{how}"
    chosen = "as given" if estimate.epochs_named else "the service's default for this number of examples"
    yield f"{'epochs':<11}{estimate.epochs} ({chosen}): {prefix}{plural(estimate.tokens, 'token')} in total"
    yield f"{'cost':<11}{cost_text(estimate)}"
    if estimate.price is not None:
        yield (
            f"{'price':<11}${estimate.price:,g} for {'an' if estimate.unit == 'hour' else 'a'} {estimate.unit}: "
            f"{estimate.price_source}"
        )
    if estimate.cut:
        limit = f"{estimate.longest:,} tokens that the model trains on"
        yield f"{'note':<11}{plural(estimate.cut, 'example')} longer than the {limit} are truncated"
    images = estimate.training.with_images
    if images:
        yield f"{'note':<11}{plural(images, 'example')} with images, whose tokens are not counted"


def cost_text(estimate: EstimateResult) -> str:
    """The cost, in a few words."""
    if estimate.cost is not None:
        return f"about ${estimate.cost:,.2f}"
    if estimate.price is not None:
        return f"${estimate.price:,g} per hour; --hours N gives the total"
    unknown = f"no known price for {visible(estimate.settings.model)} at {estimate.target}"
    return f"{unknown}; set one for 1,000,000 tokens with --price, or in curate.toml under [remote.prices]"


def sent_text(files: Sequence[Sent]) -> Iterator[str]:
    """The location of files."""
    for file in files:
        yield (
            f"{visible(file.path)}: {visible(file.file_id)} "
            f"({'already uploaded' if file.reused else f'{file.bytes:,} bytes sent'})"
        )


def event_text(event: JobEvent) -> Text:
    """An event as a line."""
    time = (
        datetime.fromtimestamp(event.created_at, UTC).strftime("%Y-%m-%d %H:%M:%S")
        if event.created_at is not None
        else " " * 19
    )
    return Text.assemble(
        (time, "dim"), "  ", (visible(event.message or str(event.numbers)), STYLES.get(event.level, ""))
    )


def job_text(job: Job) -> Iterator[Text]:
    """The state of a job, as lines."""
    yield Text.assemble(
        (visible(job.id), "bold"),
        " ",
        (visible(job.status), FINAL_STYLES.get(job.status, "cyan")),
        f"  {visible(job.model)}",
    )
    if job.error is not None and (job.error.message or job.error.code):
        where = f" ({visible(job.error.param)})" if job.error.param else ""
        yield Text(f"  {visible(job.error.code or 'error')}: {visible(job.error.message or '')}{where}", style="red")
    if job.fine_tuned_model:
        yield Text.assemble("  model  ", (visible(job.fine_tuned_model), "bold"))
    if job.trained_tokens:
        yield Text(f"  {plural(job.trained_tokens, 'token')} billed")
    if job.unread:
        yield Text(f"  not understood: {visible(', '.join(job.unread))}", style="yellow")


def curves(events: Sequence[JobEvent]) -> Iterator[Text]:
    """The loss curves, one line each."""
    for name in ("train_loss", "valid_loss", "full_valid_loss"):
        values = [value for event in events if (value := event.numbers.get(name)) is not None and isfinite(value)]
        if len(values) > 1:
            yield Text.assemble(
                f"  {name:<16}",
                (curve(values), "cyan"),
                f"  {values[0]:.3g} → {values[-1]:.3g}, least {min(values):.3g}",
            )


def curve(values: Sequence[float], width: int = CURVE_COLUMNS) -> str:
    """A text of block characters, at most `width` wide; each character shows the mean of an interval of `values`."""
    parts = min(width, len(values))
    means = []
    for index in range(parts):
        share = values[index * len(values) // parts : (index + 1) * len(values) // parts]
        means.append(sum(share) / len(share))
    low, span = min(means), (max(means) - min(means)) or 1.0
    return "".join(LEVELS[min(len(LEVELS) - 1, int((mean - low) / span * len(LEVELS)))] for mean in means)


def steps_of(event: JobEvent) -> tuple[int, int | None] | None:
    """The step that an event names, and the number of all steps or None; None if the event names no step."""
    if match := STEP_MESSAGE.search(event.message):
        return int(match[1]), int(match[2])
    step, total = event.numbers.get("step"), event.numbers.get("total_steps")
    return None if step is None else (int(step), int(total) if total else None)


def fetched_text(result: FetchResult) -> Iterator[Text]:
    """The downloaded files, as lines."""
    yield from job_text(result.record.job)
    yield from curves(result.events)
    yield Text(f"{visible(result.folder)}: {', '.join(map(visible, result.files))}")
    for name in result.missing:
        instead = f"; {METRICS_FILE} is written from the events" if result.record.metrics_from == "events" else ""
        yield Text(f"{visible(name)}: the service no longer has this result{instead}", style="yellow")


class JobProgress:
    """Shows events on stdout and a progress bar below them, on stdout or stderr, whichever is a terminal."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._out = console()
        self._narration = console(stderr=True)
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        # two consoles on one terminal would overwrite each other
        drawn_on = self._out if self._out.is_terminal else self._narration
        if not self._quiet and drawn_on.is_terminal:
            self._bar = progress_bar(drawn_on, "{task.fields[text]}", None)
            self._task = self._bar.add_task("", total=None, text="asking")
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, events: list[JobEvent], job: Job | None) -> None:
        """Print events, and update the bar."""
        for event in events:
            self._out.print(event_text(event))
        self.draw(events, job)

    def draw(self, events: list[JobEvent], job: Job | None) -> None:
        """Update the bar; `job` is None if its state is not known."""
        if self._bar is None or self._task is None:
            return
        status = visible(job.status) if job else "asking"
        self._bar.update(self._task, text=status)
        for event in events:
            if (steps := steps_of(event)) is not None:
                total = f"/{steps[1]}" if steps[1] else ""
                self._bar.update(
                    self._task, completed=steps[0], total=steps[1], text=f"{status}, step {steps[0]}{total}"
                )

    def trouble(self, error: RemoteError, wait: float) -> None:
        """Report that the service could not be reached; `wait`: seconds until the next attempt."""
        self.say(f"{visible(error.message)}; retrying in {wait:.0f} s")

    def say(self, text: str) -> None:
        """Print a message above the bar."""
        if not self._quiet:
            (self._bar.console if self._bar else self._narration).print(text)
