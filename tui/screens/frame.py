"""Base of all screens: tabs at the top, status line and keys at the bottom, and the session."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static
from textual.worker import Worker

from curate.review import ReviewSession
from tui.keys import rebound
from tui.messages import FilterChosen, ScreenChosen
from tui.review_state import START_OF_TASK, ReviewState, Task
from tui.widgets.key_footer import KeyFooter
from tui.widgets.nav import Nav


class FrameScreen(Screen[None]):
    """A screen with a tab."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012
    NAME = ""
    """Its name in the table of tabs."""

    def __init__(self, state: ReviewState) -> None:
        super().__init__()
        self.state = state
        self._bindings = rebound(self._bindings, state.keys)

    @property
    def session(self) -> ReviewSession:
        """The review."""
        return self.state.session

    def compose(self) -> ComposeResult:
        """Tabs, content, status line, keys."""
        yield Nav(self.NAME)
        yield from self.body()
        with Vertical(id="bottom"):
            yield from self.above_status()
            yield Static("", id="status", markup=False)
            yield KeyFooter()

    def body(self) -> ComposeResult:
        """The content between tabs and status line."""
        yield from ()

    def above_status(self) -> ComposeResult:
        """Widgets directly above the status line."""
        yield from ()

    def say(self, text: Content | str) -> None:
        """Set the status line."""
        self.query_one("#status", Static).update(
            Content(text) if isinstance(text, str) else text, layout=False
        )  # always one line

    def on_screen_resume(self) -> None:
        """Redraw, since other screens may have changed the state."""
        if self.is_mounted:
            self.catch_up()

    def catch_up(self) -> None:
        """Draw the facts known so far."""
        session = self.session
        queues = {
            "examples": session.examples,
            "findings": session.findings,
            "duplicates": session.clusters,
            "conflicts": session.conflicts,
        }
        self.query_one(Nav).counts = {name: len(queue) for name, queue in queues.items()}

    def begin(self, task: Task) -> None:
        """Show the list of a task at its first entry."""
        self.state.task, self.state.pointed[task.kind] = task, START_OF_TASK
        self.app.post_message(FilterChosen(task.kind, task.filter, go=True))

    def forget(self) -> None:
        """Drop what was derived from the files, because they are read again."""

    @on(Worker.StateChanged)
    def _worker_changed(self, message: Worker.StateChanged) -> None:
        """Pass it on: it does not bubble, and the application reports errors."""
        self.app.post_message(Worker.StateChanged(message.worker, message.state))

    @on(Nav.Chosen)
    def _chosen(self, message: Nav.Chosen) -> None:
        self.post_message(ScreenChosen(message.name))
