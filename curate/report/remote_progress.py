"""The progress of a watched job: its events as lines, and a bar on a terminal."""

from typing import TYPE_CHECKING, Self

from curate.core.errors import RemoteError
from curate.core.text import visible
from curate.remote.job import Job, JobEvent
from curate.report.console import console, progress_bar
from curate.report.remote import event_text, steps_of

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


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
        """Update the bar; None for a job without a known state."""
        if self._bar is None or self._task is None:
            return
        status = visible(job.status) if job else "asking"
        self._bar.update(self._task, text=status)
        for event in events:
            if (steps := steps_of(event)) is not None:
                of = f"/{steps[1]}" if steps[1] else ""
                self._bar.update(self._task, completed=steps[0], total=steps[1], text=f"{status}, step {steps[0]}{of}")

    def trouble(self, error: RemoteError, wait: float) -> None:
        """Report that the service could not be reached, and when the next attempt is."""
        self.say(f"{visible(error.message)}; retrying in {wait:.0f} s")

    def say(self, text: str) -> None:
        """Print a message above the bar."""
        if not self._quiet:
            (self._bar.console if self._bar else self._narration).print(text)
