"""Base of all screens (tabs, status line, keys, and the session), screens drawn from results alone, and the end of a
queue.
"""

from collections.abc import Iterable
from typing import Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static
from textual.worker import Worker

from curate.review import ReviewSession
from tui.keys import TABS, Key, bindings, rebound
from tui.messages import FilterChosen, ScreenChosen
from tui.review_state import START_OF_TASK, ReviewState, ReviewTask
from tui.screens.ask import Dialog
from tui.timers import ReliableTimers
from tui.widgets import KeyFooter, Nav


class FrameScreen(ReliableTimers, Screen[None]):
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

    def begin(self, task: ReviewTask) -> None:
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


class EndScreen(Dialog[None]):
    """The summary, without keys that decide: an extra key press does not change the last decision."""

    BINDINGS = [  # noqa: RUF012
        Binding("escape,enter", "leave", "Close", tooltip="Return to the list.", id="end-leave"),
    ]

    def __init__(self, title: str, body: Content, keys: Iterable[Key]) -> None:
        super().__init__()
        self._title, self._body = title, body
        table = {key.id: key for key in keys}
        for tab in TABS:
            key = table[f"go-{tab.name}"]
            self._bindings.bind(key.keys, key.action, key.label, show=False)
        go = [table[f"go-{tab.name}"].shown for tab in (TABS[0], TABS[-1])]
        self._help = (
            f"Esc returns to the list, {go[0]} to {go[1]} show another screen, {table['undo'].shown} there undoes"
        )

    def compose(self) -> ComposeResult:
        """The summary."""
        with Vertical(classes="dialog"):
            yield Static(self._title, markup=False, classes="dialog-title")
            with VerticalScroll(id="confirm-body", classes="dialog-body"):
                yield Static(self._body, markup=False)
            yield Static(self._help, markup=False, classes="dialog-help")

    def action_go(self, name: str) -> None:
        """Show another screen."""
        self.dismiss(None)
        self.app.post_message(ScreenChosen(name))


LOADING_NOTE: Final = "Loading …"


class PlainScreen(FrameScreen):
    """Draws one page, which a subclass defines."""

    BINDINGS = bindings("page")

    def body(self) -> ComposeResult:
        """The page."""
        with VerticalScroll(id="page", can_focus=False):
            yield Static(id="page-text", markup=False)

    def on_resize(self) -> None:
        """Draw the page for the new width."""
        if self.is_current and self.is_mounted:
            self.catch_up()

    def draw(self, content: Content) -> None:
        """Draw another page at the same scroll position."""
        self.query_one("#page-text", Static).update(content)

    @property
    def width(self) -> int:
        """Width of a line in cells."""
        return max(40, self.size.width - 4)

    @property
    def height(self) -> int:
        """Number of visible lines."""
        return max(8, self.size.height - 3)

    def action_scroll(self, pages: float) -> None:
        """Scroll the page."""
        scroll = self.query_one("#page", VerticalScroll)
        scroll.scroll_relative(y=pages * max(1, scroll.size.height - 1), animate=False)
