"""The application: starts the loading, owns the screens, and turns errors into words."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from textual import on, work
from textual.app import App, SystemCommand
from textual.screen import Screen
from textual.worker import Worker, WorkerState, get_current_worker

from curate.errors import CurateError
from curate.review import ReviewSession
from curate.text import visible
from tui.abandon import abandonable
from tui.keys import KEYS, bindings
from tui.messages import Failed, LoadProgressed, ReviewOpened
from tui.screens.help import HelpScreen
from tui.screens.review import ReviewScreen

Opener = Callable[[], Iterator[str | ReviewSession]]
"""Yields what is being done, in words, and at the end the session."""
DARK, LIGHT = "textual-dark", "textual-light"


class CurateApp(App[None]):
    """The review of one data set."""

    TITLE = "curate review"
    CSS_PATH = "app.tcss"
    BINDINGS = bindings("app")

    def __init__(self, opener: Opener) -> None:
        super().__init__()
        self.animation_level = "none"  # a hundred decisions an hour, and over slow lines
        self.opener = opener
        self.review = ReviewScreen()
        self.crash: Exception | None = None
        """What ended the application, when that was a bug."""

    def on_mount(self) -> None:
        """Show the screen at once and load behind it."""
        self.push_screen(self.review)
        self.open_review()

    @work(exclusive=True, exit_on_error=False, group="load")
    async def open_review(self) -> None:
        """Check and compare, away from the screen."""
        worker = get_current_worker()

        def load() -> None:
            for news in self.opener():
                if worker.is_cancelled:
                    return
                self.post_message(ReviewOpened(news) if isinstance(news, ReviewSession) else LoadProgressed(news))

        await abandonable(load)

    @on(LoadProgressed)
    def _progressed(self, message: LoadProgressed) -> None:
        self.review.say(f"{message.doing} …")

    @on(ReviewOpened)
    def _opened(self, message: ReviewOpened) -> None:
        self.review.session = message.session

    @on(Worker.StateChanged)
    def _worker_changed(self, message: Worker.StateChanged) -> None:
        if message.state is WorkerState.ERROR:
            error = message.worker.error
            if not isinstance(error, CurateError):
                raise error or RuntimeError("a worker failed without an error")
            self.post_message(Failed(error))

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        error = message.error
        if self.review.session is None:  # without data there is nothing else to show
            self.review.give_up(error)
            return
        text = "\n".join(filter(None, (error.message, error.hint and f"next: {error.hint}")))
        self.notify(visible(text, keep_newlines=True), title="Not done", severity="error", timeout=30, markup=False)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette: the table of keys, as far as it does something now."""
        for key in KEYS:
            if key.scope == "app" or (key.scope == "review" and screen is self.review):
                yield SystemCommand(f"{key.label} ({key.shown})", key.tooltip, lambda action=key.action: self.run_action(action, self.screen))

    def action_help(self) -> None:
        """Show every key."""
        self.push_screen(HelpScreen())

    def action_toggle_theme(self) -> None:
        """Change between dark and light."""
        self.theme = LIGHT if self.current_theme.dark else DARK

    def _fatal_error(self) -> None:
        """Leave the terminal clean: Textual would print a traceback with local variables, and these hold the user's data."""
        self.crash = self._exception
        self._close_messages_no_wait()
