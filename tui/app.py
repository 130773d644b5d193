"""The application: starts background work, owns the screens, and reports errors. Its theme is for dark and for light
terminals: every color with a meaning comes with a sign.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, BinaryIO, Final, cast

from textual import on, work
from textual.app import SystemCommand
from textual.binding import Binding
from textual.css.stylesheet import CssSource, Stylesheet
from textual.css.types import CSSLocation
from textual.notifications import Notify
from textual.screen import Screen
from textual.theme import Theme
from textual.worker import Worker, WorkerState, get_current_worker

from curate.core.decision import Decision
from curate.core.errors import CurateError
from curate.core.text import plural, visible
from curate.review import Kind, ReviewSession, ReviewSources, views
from curate.review.events import JournalNotApplied, ScanEvent
from curate.review.history import entry_of
from curate.review.overview import measure
from curate.review.similar import Likeness
from tui.abandon import cancellable
from tui.key_queue import KeyQueue
from tui.keys import KEY_SYMBOLS, TAB_OF, TABS, bindings, rebound
from tui.messages import (
    DecisionReverted,
    Exported,
    Failed,
    FilesChanged,
    FilterChosen,
    LinesFound,
    Narrowed,
    ResultComputed,
    ScreenChosen,
    TerminalClosed,
)
from tui.render.rows import openings
from tui.review_state import At, ReviewState
from tui.screens.ask import Dialog, discard_screen
from tui.screens.frame import FrameScreen, PlainScreen
from tui.screens.help import HelpScreen
from tui.screens.history import HistoryScreen
from tui.screens.overview import OverviewScreen
from tui.screens.queue import QueueScreen
from tui.screens.splits import SplitsScreen
from tui.screens.training import EvaluateScreen, TrainingScreen

DARK: Final = "curate-dark"
LIGHT: Final = "curate-light"
THEMES: Final = (
    Theme(
        name=DARK,
        primary="#7aa2f7",
        secondary="#9ece6a",
        accent="#bb9af7",
        warning="#e0af68",
        error="#f7768e",
        success="#9ece6a",
        foreground="#c8d0e8",
        background="#16181f",
        surface="#1b1e27",
        panel="#232733",
        dark=True,
        # Textual's 60 % is too faint on the row of the cursor: contrast 4.0 to 1, readable from 4.5
        variables={
            "foreground-muted": "#9da6c0",
            "footer-key-foreground": "#e0af68",
            "input-selection-background": "#7aa2f7 30%",
            "border": "#3b4252",
            "scrollbar": "#3b4252",
        },
    ),
    Theme(
        name=LIGHT,
        primary="#2f5fd0",
        secondary="#3f7d20",
        accent="#7a3fc4",
        warning="#8f5a00",
        error="#c0264b",
        success="#2f7a1f",
        foreground="#22252e",
        background="#fbfaf7",
        surface="#f3f1ec",
        panel="#e6e3dc",
        dark=False,
        # Textual's 60 % is too faint on a light background: contrast 3.8 to 1, readable from 4.5
        variables={
            "foreground-muted": "#5b5d64",
            "footer-key-foreground": "#8f5a00",
            "input-selection-background": "#2f5fd0 25%",
            "border": "#b9b4a8",
            "scrollbar": "#c9c4b8",
        },
    ),
)


class ThemeStylesheet(Stylesheet):
    """A stylesheet that is parsed again only for another theme or more styles. Textual parses it for each new screen,
    which then takes twice as long to open.
    """

    def __init__(self, variables: dict[str, str]) -> None:
        super().__init__(variables=variables)
        self._theme = variables
        self._parsed: dict[CSSLocation, CssSource] | None = None

    def set_variables(self, variables: dict[str, str]) -> None:
        """Set the colors of a theme."""
        if variables != self._theme:
            super().set_variables(variables)
            self._theme, self._parsed = variables, None

    def reparse(self) -> None:
        """Parse what changed."""
        if self._parsed != self.source:
            self.parse()
            self._parsed = dict(self.source)


SCREENS: Final[Mapping[str, Callable[[ReviewState], FrameScreen]]] = {
    **{tab.name: partial(QueueScreen, kind) for kind, tab in TAB_OF.items()},
    **{screen.NAME: screen for screen in (OverviewScreen, SplitsScreen, TrainingScreen, EvaluateScreen)},
}
"""The screens by the names of their tabs."""
POLL_SECONDS = 0.5
"""Seconds between checks for new facts."""
FILE_POLL_SECONDS = 2.0
"""Seconds between checks of the files on disk."""


ScanFunction = Callable[[ReviewSources, Callable[[ScanEvent], None], Callable[[], bool]], None]
"""Checks and compares, reports each fact, and polls whether to stop."""


class CurateApp(KeyQueue):
    """The review of one data set."""

    TITLE = "curate review"
    CSS_PATH = "app.tcss"
    BINDINGS = bindings("app")
    DEFAULT_MODE = "overview"

    def __init__(
        self, sources: ReviewSources, facts: ScanFunction, merged: int = 0, at: At | None = None, filtered: str = ""
    ) -> None:
        """`facts` runs the check; `merged`: decisions just merged from another journal; `at`: the first view;
        `filtered`: the filter of each list at the start.

        Raises `InputError` for missing files.
        """
        super().__init__()
        self.animation_level = "none"  # costs too much over slow connections
        self.state, self.at = ReviewState(sources, at, filtered), at
        self.crash: Exception | None = None
        """The error that ended the application, if it was a bug."""
        self.abandoned = False
        """Whether the application ended because its terminal was closed."""
        self._bindings = rebound(self._bindings, self.state.keys)
        self._facts, self._merged = facts, merged
        self._stale = True
        self._reported_changes: list[str] = []
        for name, screen in SCREENS.items():
            self.add_mode(name, partial(screen, self.state))
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = DARK
        self.stylesheet = ThemeStylesheet(self.get_css_variables())

    @property
    def session(self) -> ReviewSession:
        """The review."""
        return self.state.session

    @property
    def results(self) -> dict[str, Any]:
        """Results computed for screens, by name."""
        return self.state.results

    def on_mount(self) -> None:
        """Show the screen at once, and read in the background."""
        self.set_interval(POLL_SECONDS, self._catch_up)
        self.set_interval(FILE_POLL_SECONDS, self._check_for_changes)
        self._start_workers()
        if self.at is not None:
            self.call_after_refresh(self.action_go, TAB_OF[self.at.kind].name)
        if self._merged:
            contested = len(self.session.log.contested())
            text = f"{plural(self._merged, 'decision')} merged; " + (
                f"{contested:,} contested: filter is:contested" if contested else "none is contested"
            )
            self.notify(text, timeout=10, markup=False)

    def on_notify(self, event: Notify) -> None:
        """Ignore a notice that equals one on the screen."""
        new = event.notification
        if any((shown.message, shown.title) == (new.message, new.title) for shown in self._notifications):
            event.prevent_default()

    def _check_for_changes(self) -> None:
        """Check whether files and journal changed since they were read; takes microseconds per file."""
        log = self.session.log
        try:
            log.follow()
        except CurateError as error:
            self.post_message(Failed(error))
        self._stale |= self.session.follow_journal()
        if lost := log.lost:
            log.lost = 0
            text = f"another program changed {log.path}: {plural(lost, 'record')} missing from it, and not in effect"
            self.notify(visible(text), severity="warning", timeout=20, markup=False)
        changed = self.session.lines.changed
        if changed != self.state.changed:
            self.post_message(FilesChanged(changed))

    # Background work

    def _start_workers(self) -> None:
        self.index_lines(self.session)
        self.find_facts(self.session)

    @work(exclusive=True, exit_on_error=False, group="index")
    async def index_lines(self, session: ReviewSession) -> None:
        """Index the lines of all files in the background; each step posts `LinesFound`."""
        worker = get_current_worker()

        def find() -> None:
            for count in session.lines.build():
                if worker.is_cancelled:
                    return
                self.post_message(LinesFound(count, session.lines.complete))
            self.post_message(LinesFound(len(session.lines), complete=True))

        await cancellable(find)

    @work(exclusive=True, exit_on_error=False, group="facts")
    async def find_facts(self, session: ReviewSession) -> None:
        """Run the check and the comparisons in the background, and pass their results to the session."""
        worker = get_current_worker()

        def take(fact: ScanEvent) -> None:
            if not worker.is_cancelled and session is self.session:
                session.take(fact)
                self._stale = True
                if isinstance(fact, JournalNotApplied):
                    self.notify(visible(fact.note), severity="warning", timeout=20, markup=False)

        def tell(fact: ScanEvent) -> None:
            self.call_from_thread(take, fact)  # waits until it is taken: keys pressed meanwhile go between two facts

        await cancellable(lambda: self._facts(self.state.sources, tell, lambda: worker.is_cancelled))

    @work(thread=True, exclusive=True, exit_on_error=False, group="measure")
    def measure_data(self, session: ReviewSession) -> None:
        """Measure lengths, roles and so on."""
        self.post_message(ResultComputed("overview", measure(session.lines)))

    @on(FilterChosen)
    def _filter_chosen(self, message: FilterChosen) -> None:
        """Find the matching entries: at once if no text has to be read, else in the background."""
        kind = message.kind
        if message.go:
            self.action_go(TAB_OF[kind].name)
        self.state.filters[kind] = message.text
        screen = self.queue_screen(kind)
        order = screen.order if screen is not None else self.state.orders.get(kind, "")
        self.workers.cancel_group(self, f"narrow-{kind}")
        find = partial(self._find_matching, self.session, message, order)
        self.run_worker(find, thread=True, exit_on_error=False, group=f"narrow-{kind}")

    def _find_matching(self, session: ReviewSession, message: FilterChosen, order: str) -> None:
        """Post `Narrowed` for each part of the entries that match a filter, in this sort order."""
        worker = get_current_worker()
        for view in views(session, message.kind, message.text, order):
            if worker.is_cancelled:
                return
            self.post_message(Narrowed(view, session, openings(session, view), worker))

    # Results

    @on(LinesFound)
    def _lines_found(self, message: LinesFound) -> None:
        first = not len(self.session.examples)
        self.session.grow()
        self._stale = True
        if first or message.complete:
            self._catch_up()
        if message.complete and "overview" not in self.results:
            self.measure_data(self.session)

    @on(ResultComputed)
    def _measured(self, message: ResultComputed) -> None:
        self.results[message.screen] = message.result
        self._stale = True

    @on(Narrowed)
    def _matches_found(self, message: Narrowed) -> None:
        screen = self.queue_screen(message.view.kind)
        # a later filter may have replaced it after it was posted, and the files may have been read again
        if screen is not None and not message.worker.is_cancelled and message.session is self.session:
            screen.show_view(message.view, message.openings)

    @on(FilesChanged)
    def _files_changed(self, message: FilesChanged) -> None:
        self.state.changed = message.names
        self._stale = True
        if message.names and message.names != self._reported_changes:
            self._reported_changes = message.names
            names = visible(", ".join(message.names[:3]))
            self.notify(
                f"{names} changed on disk. The screen shows the old content; {self.state.key('reload')} reloads the "
                "files and keeps all decisions.",
                severity="warning",
                timeout=20,
                markup=False,
            )

    def _catch_up(self) -> None:
        """Let the screen draw the facts that came since it was last drawn."""
        if self._stale and isinstance(self.screen, FrameScreen) and self.screen.is_mounted:
            self._stale = False
            self.screen.catch_up()

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
        text = "\n".join(filter(None, (error.message, error.hint and f"next: {error.hint}")))
        self.notify(visible(text, keep_newlines=True), title="Failed", severity="error", timeout=30, markup=False)

    @on(Exported)
    def _exported(self, message: Exported) -> None:
        if message.file is not None:
            self.deliver_binary(cast("BinaryIO", message.file), save_filename="lines.jsonl")
        place = visible(str(message.path)) if message.path else "lines.jsonl, a download"
        self.notify(f"{plural(message.count, 'line')} written to {place}", timeout=8, markup=False)

    @on(TerminalClosed)
    def _terminal_gone(self) -> None:
        self.abandoned = True
        self.exit()

    # Screens

    def queue_screen(self, kind: Kind) -> QueueScreen | None:
        """The screen for entries of a kind, if it is open."""
        stack = self._screen_stacks.get(TAB_OF[kind].name, [])
        screen = stack[0] if stack else None
        return screen if isinstance(screen, QueueScreen) and screen.is_mounted else None

    def get_key_display(self, binding: Binding) -> str:
        """A key of a dialog as the table of keys names it."""
        return binding.key_display or KEY_SYMBOLS.get(binding.key) or super().get_key_display(binding)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The command palette: the actions in the key table that are available now."""
        for key in self.state.keys:
            if (
                key.scope == "app"
                or (
                    isinstance(screen, QueueScreen)
                    and key.scope == "queue"
                    and screen.kind in key.kinds
                    and screen.is_available(key.action)
                )
                or (isinstance(screen, PlainScreen) and key.scope == "page")
                or key.scope == getattr(screen, "NAME", "")
            ):
                yield SystemCommand(
                    f"{key.label} ({key.shown})",
                    key.tooltip,
                    lambda action=key.action: self.run_action(action, self.screen),
                )

    @on(ScreenChosen)
    def _screen_chosen(self, message: ScreenChosen) -> None:
        self.action_go(message.screen)

    def action_go(self, name: str) -> None:
        """Show a screen."""
        if isinstance(self.screen, FrameScreen):
            self.switch_mode(name)

    def action_go_on(self, by: int) -> None:
        """Show the screen that is `by` tabs further; after the last tab comes the first."""
        names = [tab.name for tab in TABS]
        self.action_go(names[(names.index(self.current_mode) + by) % len(names)])

    @on(DecisionReverted)
    def _decision_reverted(self, message: DecisionReverted) -> None:
        """Move the cursor to the entry in which an example was decided."""
        if not self.screen_stack:  # the application is closing
            return
        first = self.screen.kind if isinstance(self.screen, QueueScreen) else None
        entry = entry_of(self.session, message.example, message.about, first)
        if entry is None:
            return
        kind, number = entry.kind, entry.number
        self.action_go(TAB_OF[kind].name)
        screen = self.queue_screen(kind)
        view = screen.list.view if screen is not None else None
        if screen is not None and view is not None and (row := view.index(number)) is not None:
            screen.list.cursor = row
        elif view is None or message.go:
            self.state.pointed[kind] = number
            if message.go:
                self.post_message(FilterChosen(kind, ""))

    async def action_reload(self) -> None:
        """Read the files again, if one of them has changed."""
        if self.session.lines.complete and not self.session.lines.changed:
            self.notify("no file has changed on disk", timeout=4)
            return
        try:
            session = self.state.opened()
        except CurateError as error:
            self.post_message(Failed(error))
            return
        self.workers.cancel_all()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(0)
        self.state.session, self.state.changed, self._reported_changes = session, [], []
        self.results.clear()
        self._start_workers()
        for stack in self._screen_stacks.values():
            if stack and isinstance(stack[0], FrameScreen) and stack[0].is_mounted:
                stack[0].forget()
        self._stale = True
        self._catch_up()
        self.notify("files reloaded; decisions are kept", timeout=4)

    def action_history(self) -> None:
        """Show who decided what and when."""

        def opened(result: Decision | Likeness | None) -> None:
            if isinstance(result, Likeness):
                self.post_message(FilterChosen(result.kind, result.filter, go=True))
            elif result is not None:
                self.post_message(DecisionReverted(result.example, result.about, go=True))

        self.push_screen(HistoryScreen(self.state), opened)

    def action_help(self) -> None:
        """Show every key."""
        name = self.screen.NAME if isinstance(self.screen, FrameScreen) else ""
        self.push_screen(HelpScreen(name, self.state.keys))

    async def action_quit(self) -> None:
        """Quit; asks first if text in a dialog would be lost."""

        def answered(yes: bool | None) -> None:
            if yes:
                self.exit()

        if any(isinstance(screen, Dialog) and screen.unsaved for screen in self.screen_stack):
            self.push_screen(discard_screen(), answered)
        else:
            self.exit()

    def action_toggle_theme(self) -> None:
        """Switch between dark and light."""
        self.theme = LIGHT if self.current_theme.dark else DARK

    def _fatal_error(self) -> None:
        """Exit without Textual's traceback, whose local variables would show the user's data."""
        self.crash = self._exception
        self._close_messages_no_wait()
