"""Progress of a pipeline: one display of all stages on a terminal, else one line per completed stage."""

from time import monotonic
from typing import TYPE_CHECKING, Self

from curate.core.events import Event, RunPlanned, StageAdvanced, StageFinished, StageStarted
from curate.render.console import console, progress_bar

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class StageProgress:
    """Listens to the events of a pipeline and shows progress on stderr during the block."""

    def __init__(self, *, quiet: bool) -> None:
        self.out = None if quiet else console(stderr=True)
        self.bar: Progress | None = None
        self.task: TaskID | None = None
        self.whole: TaskID | None = None
        self.planned: tuple[str, ...] = ()
        self.started = monotonic()

    def __enter__(self) -> Self:
        if self.out is not None and self.out.is_terminal:
            self.bar = progress_bar(self.out, "{task.fields[stage]:<10}", None, "{task.fields[text]}")
            self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the display of progress, as before a question at the terminal."""
        if self.bar is not None:
            self.bar.stop()

    def listen(self, event: Event) -> None:
        """Show one event."""
        if self.out is None:
            return
        if isinstance(event, RunPlanned):
            self.planned = event.stages
            if self.bar is not None:
                self.whole = self.bar.add_task(
                    "", total=len(event.stages), stage="run", text=_progress_text(0, event.stages)
                )
        elif isinstance(event, StageStarted):
            self.started = monotonic()
            if self.bar is not None:
                self.task = self.bar.add_task("", total=None, stage=event.stage, text="")
        elif isinstance(event, StageAdvanced):
            if self.bar is not None and self.task is not None:
                progress = f"{event.done:,}/{event.total:,}" if event.total else f"{event.done:,}"
                self.bar.update(self.task, completed=event.done, total=event.total, text=f"{progress} {event.text}")
        else:
            self._finished(event)

    def _finished(self, event: StageFinished) -> None:
        """Remove the bar of a stage, and print its summary and duration."""
        if self.bar is not None and self.task is not None:
            self.bar.remove_task(self.task)
            self.task = None
        if self.bar is not None and self.whole is not None and event.stage in self.planned:
            done = self.planned.index(event.stage) + 1
            self.bar.update(self.whole, completed=done, text=_progress_text(done, self.planned))
        duration = "unchanged" if event.reused else f"{monotonic() - self.started:.1f} s"
        if self.out is not None:
            self.out.print(f"{event.stage:<10} {event.summary} ({duration})")


def _progress_text(done: int, stages: tuple[str, ...]) -> str:
    """The progress of a stage, and the remaining time."""
    remaining = ", ".join(stages[done:])
    return f"{done} of {len(stages)} stages" + (f"; {remaining}" if remaining else "")
