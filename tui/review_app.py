"""What the screens have of the application: the review, what was computed for it, and what goes on behind them."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from textual import work
from textual.app import App
from textual.worker import get_current_worker

from curate.decision import DecisionLog
from curate.read.index import Lines
from curate.review import Kind, ReviewSession, Sources, views
from curate.review.events import ScanEvent
from curate.review.overview import measure
from tui.abandon import abandonable
from tui.keys import TAB_OF
from tui.messages import FactTold, LinesFound, Measured, Narrowed

Facts = Callable[[Sources, Callable[[ScanEvent], None], Callable[[], bool]], None]
"""Checks and compares, tells each fact, and asks now and then whether it shall stop."""


class At(NamedTuple):
    """Where a review begins: entries of a kind that fit a filter, in an order."""

    kind: Kind
    filter: str
    order: str


class ReviewApp(App[None]):
    """An application that reviews one data set; `tui.app` has the one with all screens."""

    def __init__(self, sources: Sources, facts: Facts, merged: int = 0, at: At | None = None) -> None:
        """`facts` does the checking; `merged` decisions were just taken in from another journal; `at` is what is
        shown first. Raises `InputError` for files that are not there."""
        super().__init__()
        self.animation_level = "none"  # a hundred decisions an hour, and over slow lines
        self.sources, self._facts, self._merged = sources, facts, merged
        self.session = ReviewSession(Lines(sources.files), DecisionLog(sources.project.decisions))
        self.results: dict[str, Any] = {}
        """What was computed for screens, by name."""
        self.changed: list[str] = []
        """Files that are others on disk by now."""
        self.crash: Exception | None = None
        """What ended the application, when that was a bug."""
        self.abandoned = False
        """Whether it ended because its terminal did."""
        self.at = at
        self.orders: dict[Kind, str] = {at.kind: at.order} if at else {}
        """In which order the entries of each kind are shown at first."""
        self.filters: dict[Kind, str] = {at.kind: at.filter} if at else {}
        """What is looked for in the entries of each kind."""
        self._stale = True
        self._told_of: list[str] = []

    def _begin(self) -> None:
        self.index_lines(self.session)
        self.find_facts(self.session)

    @cached_property
    def mender(self) -> Any:
        """The rules, ready to be asked about one line; loaded when first needed."""
        from curate.review.live_lint import LiveLint  # a fifth of a second that the first screen does not wait for

        return LiveLint(self.sources.config.check)

    @cached_property
    def rule_names(self) -> Mapping[str, str]:
        """Names of rules by code."""
        from curate.rules import RULES  # as above

        return {code: rule.name for code, rule in RULES.items()}

    # What goes on behind the screen

    @work(exclusive=True, exit_on_error=False, group="index")
    async def index_lines(self, session: ReviewSession) -> None:
        """Find the lines."""
        worker = get_current_worker()

        def find() -> None:
            for count in session.lines.build():
                if worker.is_cancelled:
                    return
                self.post_message(LinesFound(count, session.lines.complete))
            self.post_message(LinesFound(len(session.lines), complete=True))

        await abandonable(find)

    @work(exclusive=True, exit_on_error=False, group="facts")
    async def find_facts(self, session: ReviewSession) -> None:
        """Check and compare."""
        worker = get_current_worker()

        def tell(fact: ScanEvent) -> None:
            if not worker.is_cancelled and session is self.session:
                self.post_message(FactTold(fact))

        await abandonable(lambda: self._facts(self.sources, tell, lambda: worker.is_cancelled))

    @work(thread=True, exclusive=True, exit_on_error=False, group="measure")
    def measure_data(self, session: ReviewSession) -> None:
        """Lengths, roles and so on."""
        self.post_message(Measured("overview", measure(session.lines)))

    def narrow(self, kind: Kind, text: str, order: str = "") -> None:
        """Look for the entries of a kind that fit: at once where no text has to be read, else away from the screen."""
        self.filters[kind] = text
        self.workers.cancel_group(self, f"narrow-{kind}")
        self.run_worker(lambda: self._narrow(self.session, kind, text, order), thread=True, exit_on_error=False, group=f"narrow-{kind}")

    def _narrow(self, session: ReviewSession, kind: Kind, text: str, order: str) -> None:
        worker = get_current_worker()
        for view in views(session, kind, text, order):
            if worker.is_cancelled:
                return
            self.post_message(Narrowed(view))

    # What screens ask for of each other

    def show_filtered(self, kind: Kind, text: str) -> None:
        """Show the entries of a kind that fit a filter."""
        self.action_go(TAB_OF[kind].name)
        self.narrow(kind, text)

    def action_go(self, name: str) -> None:
        """Show a screen."""
        raise NotImplementedError

    def return_to(self, example: str, about: str) -> None:
        """Put the cursor on the entry at which something was decided about an example."""
        raise NotImplementedError
