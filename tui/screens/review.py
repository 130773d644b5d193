"""The one main screen: a list of what to look at, the entry in full, and keys to decide."""

from typing import cast

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Footer, Input, Static, Tab, Tabs
from textual.worker import get_current_worker

from curate.errors import CurateError
from curate.review import KINDS, SINGLE, Choice, Entry, Kind, ReviewSession
from tui.keys import bindings, works_in
from tui.messages import Failed, Filtered
from tui.render import Page, failure, page, row, status, tab_title
from tui.widgets.detail import Detail
from tui.widgets.entry_list import EntryList

EMPTY = {
    "finding": "No findings: nothing wrong was found.",
    "cluster": "No duplicates were found.",
    "conflict": "No conflicts were found.",
}


class ReviewScreen(Screen[None]):
    """Draws the session and hands it what a person decides; what is decided lives in the session alone."""

    BINDINGS = bindings("review")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012  (as Textual declares it)

    session: reactive[ReviewSession | None] = reactive(None)
    kind: reactive[Kind] = reactive[Kind]("finding", bindings=True)
    member: reactive[int] = reactive(0)
    """Which duplicate of the cluster is looked at."""
    choices: reactive[frozenset[Choice]] = reactive(SINGLE, bindings=True)
    """What can be decided about the entry, so which keys the footer offers."""

    def compose(self) -> ComposeResult:
        """Tabs, list beside or above the entry, filter, status, keys."""
        tabs = Tabs(*(Tab(tab_title(kind, number, None), id=kind) for number, kind in enumerate(KINDS, start=1)))
        tabs.can_focus = False
        yield tabs
        with Container(id="room"):
            with ContentSwitcher(id="lists", initial="list-finding"):
                for kind in KINDS:
                    yield EntryList(kind, self._draw)
            yield Detail(id="detail")
        with Vertical(id="bottom"):
            yield Input(placeholder="words to look for; is:undecided, is:keep, is:drop", id="filter", compact=True)
            yield Static("reading …", id="status", markup=False)
            yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Start in the list."""
        self.query_one("#filter").display = False
        self.list.focus()

    @property
    def list(self) -> EntryList:
        """The list in view."""
        return self.query_one(f"#list-{self.kind}", EntryList)

    def say(self, text: str) -> None:
        """Tell in the status line what is being done."""
        self.query_one("#status", Static).update(Content(text))

    def give_up(self, error: CurateError) -> None:
        """Show why nothing could be loaded."""
        self.query_one(Detail).show(Page(failure(error)))
        self.say("nothing was loaded; q leaves")

    def watch_session(self, session: ReviewSession | None) -> None:
        """Fill the lists, and open the first tab that holds something to decide."""
        if session is None:
            return
        for number, kind in enumerate(KINDS, start=1):
            entries = session.of_kind(kind)
            self.query_one(f"#{kind}", Tab).label = tab_title(kind, number, len(entries))
            entry_list = self.query_one(f"#list-{kind}", EntryList)
            entry_list.show(entries)
            entry_list.cursor = session.next_undecided(entries) or 0
        self.kind = next((kind for kind in KINDS if session.progress(kind).total), next((kind for kind in KINDS if session.of_kind(kind)), "finding"))
        self.redraw()

    def watch_kind(self, kind: Kind) -> None:
        """Show the list of a tab."""
        self.query_one("#lists", ContentSwitcher).current = f"list-{kind}"
        self.query_one(Tabs).active = kind
        self.query_one("#filter").display = False
        self.list.focus()
        self._point(self.list.entry)
        self.redraw()

    def watch_member(self) -> None:
        """Show another duplicate."""
        self.redraw()

    def redraw(self, *, stay: bool = False) -> None:
        """Draw the entry under the cursor and the status line afresh."""
        session, entry = self.session, self.list.entry
        if session is None:
            return
        if entry is None:
            empty = "Nothing matches the filter; Esc clears it." if self.list.text else EMPTY[self.kind]
            self.query_one(Detail).show(Page(Content(empty)))
        else:
            self.query_one(Detail).show(page(session, entry, self.member), stay=stay)
        self.list.refresh()
        self.query_one("#status", Static).update(status(session, self.kind, len(self.list.entries), self.list.text))

    def _draw(self, entry: Entry) -> Content:
        return row(self.session, entry) if self.session else Content("")

    def _point(self, entry: Entry | None) -> None:
        """Start a cluster at its first undecided duplicate, and offer the keys that decide here."""
        first = self.session.next_member(entry) if self.session and entry else None
        self.set_reactive(ReviewScreen.member, first or 0)
        if entry and entry.choices:
            self.choices = entry.choices

    @on(EntryList.Pointed)
    def _pointed(self, message: EntryList.Pointed) -> None:
        if message.kind == self.kind and message.entry is self.list.entry:
            self._point(message.entry)
            self.redraw()

    @on(Tabs.TabActivated)
    def _activated(self, message: Tabs.TabActivated) -> None:
        if message.tab.id in KINDS:
            self.kind = message.tab.id

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what does something in this tab, and with this entry."""
        if action in ("choose", "choose_all") and self.choices and parameters[0] not in self.choices:
            return False
        return works_in(action, parameters, self.kind) is not False

    def action_show(self, kind: str) -> None:
        """Show a tab."""
        self.kind = cast("Kind", kind)

    def action_choose(self, choice: str) -> None:
        """Decide, and go on: to the next duplicate of the cluster, then to the next undecided entry."""
        entry = self.list.entry
        one_of_many = entry is not None and entry.kind == "cluster" and not entry.pair
        self._choose(cast("Choice", choice), self.member if one_of_many else None)

    def action_choose_all(self, choice: str) -> None:
        """Decide about a whole cluster, and go on."""
        self._choose(cast("Choice", choice), None)

    def _choose(self, choice: Choice, member: int | None) -> None:
        session, entry = self.session, self.list.entry
        if session is None or entry is None:
            return
        if choice not in entry.choices:
            self.say("there is nothing to decide here; n goes on")
            return
        try:
            session.choose(entry, choice, member)
        except CurateError as error:
            self.app.post_message(Failed(error))
        else:
            left = session.next_member(entry, member) if member is not None else None
            if left is not None:
                self.member = left
            else:
                self.action_next()
        self.redraw(stay=True)

    def action_undo(self) -> None:
        """Take the last decision back, and return to its entry."""
        try:
            step = self.session.undo() if self.session else None
        except CurateError as error:
            self.app.post_message(Failed(error))
            return
        if step is None:
            self.say("nothing to undo")
            return
        if step.entry is not None:
            self.kind = step.entry.kind
            if step.entry not in self.list.entries and self.session:
                self.list.show(self.session.of_kind(self.kind))
            self.list.cursor = self.list.entries.index(step.entry)
            self._point(step.entry)
        self.redraw()

    def action_next(self) -> None:
        """Go to the next undecided entry of the list."""
        at = self.session.next_undecided(self.list.entries, self.list.cursor) if self.session else None
        if at is not None:
            self.list.cursor = at

    def action_member(self, by: int) -> None:
        """Look at another duplicate of the cluster."""
        if self.list.entry and self.list.entry.examples and not self.list.entry.pair:
            self.member = (self.member + by) % len(self.list.entry.examples)

    def action_page(self, pages: int) -> None:
        """Scroll the conversation."""
        self.query_one(Detail).read_on(pages)

    def action_filter(self) -> None:
        """Ask for words to look for."""
        box = self.query_one("#filter", Input)
        box.value, box.display = self.list.text, True
        box.focus()

    def action_clear(self) -> None:
        """Leave the filter and show everything."""
        self.query_one("#filter").display = False
        self.list.focus()
        if self.session and self.list.text:
            self.narrow(self.session, self.kind, "")

    @on(Input.Changed, "#filter")
    def _typed(self, message: Input.Changed) -> None:
        if self.session and message.value != self.list.text:
            self.narrow(self.session, self.kind, message.value)

    @on(Input.Submitted, "#filter")
    def _submitted(self) -> None:
        self.query_one("#filter").display = False
        self.list.focus()

    @work(thread=True, exclusive=True, exit_on_error=False, group="filter")
    def narrow(self, session: ReviewSession, kind: Kind, text: str) -> None:
        """Look for the entries that match, away from the screen."""
        entries = session.matching(kind, text)
        if not get_current_worker().is_cancelled:
            self.post_message(Filtered(kind, text, entries))

    @on(Filtered)
    def _filtered(self, message: Filtered) -> None:
        self.query_one(f"#list-{message.kind}", EntryList).show(message.entries, message.text)
        self.redraw()
