"""Entries of one kind: a list, the complete entry, and keys to decide."""

from collections.abc import Hashable
from time import monotonic

from textual.actions import parse
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from curate.core.errors import CurateError
from curate.review import (
    SINGLE_CHOICES,
    Choice,
    Edit,
    Entry,
    Kind,
    ReviewStatus,
    VerdictOrEdit,
    View,
    next_open,
)
from curate.review.bulk import compared_ids, next_compared
from curate.review.query import HELP, mistake_in
from curate.review.training_signals import CODES
from curate.review.view import why_unscored
from tui.conversation import ConversationView, literal
from tui.keys import SINGLE_KINDS, TAB_OF, bindings, works_in
from tui.messages import Failed
from tui.render.card import pair_of
from tui.render.page import Page, ViewOptions, group_page, page
from tui.render.rows import Openings, group_row, header, row
from tui.render.status import status
from tui.review_state import START_OF_TASK, ReviewState
from tui.screens.filtering import Filtering
from tui.screens.frame import LOADING_NOTE
from tui.widgets import Detail, EntryList, FilterInput, ListPane

EMPTY_NOTES: dict[Kind, str] = {
    "example": "No lines: the files are empty, or no example is in this share.",
    "finding": "No findings.",
    "cluster": "No duplicates were found.",
    "conflict": "No conflicts were found.",
}
WAITING_NOTES: dict[Kind, str] = {
    "example": "Reading lines …",
    "finding": "Checking: no findings so far.",
    "cluster": "Comparing: duplicates appear when all lines are read.",
    "conflict": "Conflicts are searched after duplicates.",
}
ENTRY_ACTIONS = ("open", "edit", "edit_outside", "note", "label", "repair", "suppress", "like")
"""Actions about the entry under the cursor; `open` is about a group."""
LIST_ACTIONS = (
    "next", "sort", "columns", "facets", "select", "bulk", "export", "goto", "group", "page", "difference", "fold",
    "secrets", "raw", "rate_mode",
)  # fmt: skip
"""Actions about what is listed."""
DETAIL_DELAY_SECONDS, MAX_DETAIL_DELAY_SECONDS = 0.03, 0.2
"""Seconds without a key before the complete entry is drawn, and maximum delay: while scrolling, the list moves at once.
"""
REPEAT_DELAYS = 3
"""Keys that follow each other within so many delays repeat, as a key that is held down: the entry then waits as long.
"""


class QueueScreen(Filtering):
    """Draws entries of one kind and passes the user's decisions to the session, which alone stores them."""

    BINDINGS = bindings("queue")

    at: reactive[int] = reactive(0)
    """The duplicate of the cluster, or the further answer, that is shown as B."""
    choices: reactive[frozenset[Choice]] = reactive(SINGLE_CHOICES, bindings=True)
    """The available decisions, which the footer offers."""
    empty: reactive[bool] = reactive(True, bindings=True)
    """Whether nothing is listed."""
    many: reactive[bool] = reactive(False, bindings=True)
    """Whether there are several to show as B."""
    ruled: reactive[bool] = reactive(True, bindings=True)
    """Whether a rule found it, so that it can be suppressed; false for training findings."""
    paired: reactive[bool] = reactive(False, bindings=True)
    """Whether the example is a preference pair."""
    repairable: reactive[bool] = reactive(True, bindings=True)
    """Whether a rule found it that can repair examples."""

    def __init__(self, kind: Kind, state: ReviewState) -> None:
        super().__init__(state)
        self.kind, self.NAME = kind, TAB_OF[kind].name
        self.order, self.folded, self.raw = "", True, False
        self.read = ConversationView(key=state.key("fold"))
        self.marked: frozenset[int] = frozenset()
        self.selected, self.grouping, self.opened = set(), "", set()
        self._due = self._asked = self._delay = 0.0
        self._known = (-1, False)
        self.shared = Openings()

    def body(self) -> ComposeResult:
        """List beside or above the entry."""
        with Container(id="room"):
            with ListPane(self.state.shares, id="lists"):
                yield Static(header(self.session, self.kind, self.columns), id="head", markup=False)
                yield EntryList(self.kind, self._draw, self._row_key, self._entry_pointed, self.state.keys)
            yield Detail(id="detail")

    def above_status(self) -> ComposeResult:
        """The filter input, while it is open."""
        box = FilterInput(placeholder=HELP, id="filter", compact=True, select_on_focus=False)
        box.display = False
        yield box

    def on_mount(self) -> None:
        """Focus the list."""
        self.order = self.state.orders.get(self.kind, "")
        self.set_focus(self.list)
        self.catch_up()

    @property
    def list(self) -> EntryList:
        """The list."""
        return self.query_one(EntryList)

    @property
    def ready(self) -> bool:
        """Whether the list shows what was asked for, or the filter is typed: the next key may be a decision."""
        if not self.is_mounted or self.focused is None or self.working or self.kind in self.state.pointed:
            return False
        view, sort = self.list.view, self.order or self.session.queues[self.kind].sorts[0]
        return self.focused is not self.list or (view is not None and (view.text, view.sort) == (self.text, sort))

    @property
    def pending(self) -> bool:
        """Whether the list does not yet show all entries that match its filter."""
        view, queue = self.list.view, self.session.queues[self.kind]
        behind = view is None or view.complete < 1 or view.text != self.text or view.known < len(queue)
        return behind or self._known != (len(queue), self.session.ended)

    @property
    def entry(self) -> Entry | None:
        """The entry under the cursor."""
        return None if (number := self.list.number) is None else self.session.queues[self.kind].entry(number)

    def catch_up(self) -> None:
        """Show new entries, and decisions made elsewhere."""
        super().catch_up()
        queue = self.session.queues[self.kind]
        progress = len(queue), self.session.ended  # the end of the check may change the status of all examples
        if progress != self._known:
            self._known = progress
            self.filter_by(self.text)
        self.redraw(stay=True)

    def forget(self) -> None:
        """Filter again after the files were read again, and keep the cursor nearby."""
        self.list.clear()
        self._known = (-1, False)
        self.filter_by(self.text)

    def show_view(self, view: View, shared: Openings) -> None:
        """Show another view; the first one starts at the first undecided entry. `shared`: how its rows begin."""
        self.shared = shared
        first, pointed = self.list.before is None and not len(self.list), None
        if view.complete >= 1 and view.text == self.text and self.kind in self.state.pointed:
            pointed, self.grouping = self.state.pointed.pop(self.kind), ""
        self.selected &= set(view.rows.tolist()) if self.selected and view.complete >= 1 else self.selected
        self.group_view(view)
        self.list.show(view)
        self.empty = not len(self.list)
        if pointed == START_OF_TASK:
            self.begin_entries()
        elif pointed is not None:
            self.list.cursor = view.index(pointed) or 0
        elif first and len(view) and self.kind != "example":
            self.list.cursor = next_open(self.session, view) or 0
        self.redraw(stay=True)

    def redraw(self, *, stay: bool = False, whole: bool = True) -> None:
        """Redraw list and status line now, and the entry when no key follows."""
        if whole:
            self.list.refresh()
        sort = self.order or self.session.queues[self.kind].sorts[0]
        view, cursor, task = self.list.view, self.list.cursor, self.task_progress
        self.say(status(self.session, self.kind, view, cursor, sort=sort, selected=len(self.selected), task=task))
        if not stay:
            self._moved = True
        before, self._asked = self._asked, monotonic()
        if not self._due:
            self._due = self._asked
            repeated = self._due - before < REPEAT_DELAYS * DETAIL_DELAY_SECONDS
            self._delay = DETAIL_DELAY_SECONDS * (REPEAT_DELAYS if repeated else 0.9)
            self.set_timer(DETAIL_DELAY_SECONDS, self._draw_detail)

    _moved = True
    _closed = False
    """Whether the last decision was that about the last open entry."""

    def _draw_detail(self) -> None:
        """Draw the entry; later if keys follow each other fast."""
        now = monotonic()
        if now - self._asked < self._delay and now - self._due < MAX_DETAIL_DELAY_SECONDS:
            self.set_timer(DETAIL_DELAY_SECONDS, self._draw_detail)
            return
        self._due = 0.0
        self.query_one(Detail).show(self._page(), stay=not self._moved)
        self._moved = False

    def _page(self) -> Page:
        """What the detail shows: the entry or group under the cursor, else why the list is empty."""
        entry = self.entry
        if entry is not None:
            options = ViewOptions(self.read, self.at, self.marked, self.folded, self.state.key, self.raw)
            return page(self.session, entry, options)
        view = self.list.view
        if view is not None and (group := view.group_at(self.list.cursor)) is not None:
            return group_page(self.session, group, self.grouping, self.state.key)
        if self.pending:
            return Page(Content(LOADING_NOTE))
        if wrong := mistake_in(self.text) or why_unscored(self.session, self.text):
            return Page(Content.assemble(("filter: ", "bold $text-error"), literal(wrong)))
        if self.text and not (self.session.trained and not self.session.ended):
            return Page(Content(f"No entry matches the filter; {self.state.key('clear')} clears it."))
        if self.text:
            return Page(Content("Hard training examples appear when all lines are read and compared."))
        if self.session.ended or (self.kind == "example" and self.session.lines.complete and not self.session.share):
            return Page(Content(EMPTY_NOTES[self.kind]), left=self.summary())
        return Page(Content(WAITING_NOTES[self.kind]))

    def _draw(self, number: int, *, has_cursor: bool) -> Content:
        """The row of an entry or group; `has_cursor`: the cursor is on it."""
        group = self.list.view.groups[-1 - number] if self.list.view and self.list.view.groups and number < 0 else None
        chosen = bool(self.selected) and self.selected.issuperset([number] if group is None else group.rows.tolist())
        edge = "█" if has_cursor and chosen else "▌" if has_cursor else "■" if chosen else " "
        if group is not None:
            return Content.assemble(edge, group_row(self.session, group, self.grouping, self.state.rule_names))
        entry = self.session.queues[self.kind].entry(number)
        drawn = row(self.session, entry, self.read, self.shared, self.columns)
        return Content.assemble(edge, "  " if self.grouping else "", drawn)

    def _row_key(self, number: int) -> tuple[Hashable, ...]:
        """The inputs of a list row; for an edited or rated example, any decision may change it."""
        if number < 0 and self.list.view is not None and self.list.view.groups is not None:
            key, rows, opened = self.list.view.groups[-1 - number]
            return key, len(rows), opened, self.grouping, len(self.session.log.decisions), len(self.selected)
        values = self.session.queues[self.kind].statuses.values
        standing = int(values[number]) if number < len(values) else 0
        several = standing in (ReviewStatus.EDIT, ReviewStatus.MIXED, ReviewStatus.PARTLY)
        several |= self.kind == "example" and not self.session.examples.has_ids  # nor is the status of all lines
        version = len(self.session.log.decisions) if several or self.columns or number in self.rated else 0
        drawn = self.grouping, self.columns, self.read.secrets, self.shared.key
        return number, standing, *drawn, version, number in self.selected

    def watch_at(self) -> None:
        """Show another duplicate or answer group."""
        if self.is_mounted:
            self.redraw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enable only the actions that have an effect on this entry."""
        if action in ("choose", "choose_all") and parameters[0] not in self.choices:
            return False
        if self.is_mounted and action in ENTRY_ACTIONS:
            group = self.list.view.group_at(self.list.cursor) if self.list.view is not None else None
            if group is None if action == "open" else self.list.number is None:
                return False
        if (action in ("mark", "split", "choose_all", "turn") and not self.many) or (
            action in LIST_ACTIONS and self.empty
        ):
            return False
        if (action == "suppress" and not self.ruled) or (action == "repair" and not self.repairable):
            return False
        pairs = action == "prefer" or (action == "difference" and self.kind in SINGLE_KINDS)
        if (pairs and not self.paired) or (action == "rate" and not (self.rating and self.entry)):
            return False
        if action == "edit_outside" and self.app.is_web:
            return False
        return works_in(action, parameters, self.kind) is not False

    def is_available(self, action: str) -> bool:
        """Whether an action of the key table has an effect on the entry under the cursor."""
        _, name, parameters = parse(action)
        return self.check_action(name, parameters) is not False

    def _prepare_entry(self, entry: Entry | None) -> None:
        """Start a cluster at its first undecided duplicate, and enable the decision keys."""
        several = entry is not None and not entry.pair and self.kind in ("cluster", "conflict")
        first = next_compared(self.session, entry) if entry is not None and several else None
        self.set_reactive(QueueScreen.at, first or 0)
        self.marked = frozenset()
        if entry is not None and self.kind == "example":
            self.session.index_entry(entry.number)
        self.choices = entry.choices if entry else frozenset()
        self.ruled = entry is not None and entry.code not in CODES
        self.repairable = entry is not None and entry.kind == "finding" and entry.code in self.state.repairing
        single = entry is not None and self.kind in ("example", "finding") and "keep" in entry.choices
        self.paired = single and entry is not None and pair_of(self.session.example(entry)) is not None
        self.many = several and entry is not None and len(compared_ids(entry)) > 2

    def _entry_pointed(self) -> None:
        """Draw the entry that the cursor has moved to."""
        self._prepare_entry(self.entry)
        self.redraw(whole=False)

    # Decisions

    def decide(self, entry: Entry, decisions: dict[str, VerdictOrEdit], why: str = "") -> bool:
        """Record decisions in one step; false if they could not be written."""
        queue = self.session.queues[self.kind]
        before = queue.open
        if not any(isinstance(decision, Edit) for decision in decisions.values()) and self.moved(entry):
            return False
        try:
            self.session.decide(decisions, why=why, target=entry.target)
            self._closed = before > 0 and not queue.open
        except CurateError as error:
            self.app.post_message(Failed(error))
            self.redraw(stay=True)
            return False
        return True

    def action_next(self) -> None:
        """Go to the next undecided entry of the list; without one, show the end of the queue."""
        self._closed = not self.session.queues[self.kind].open
        self.go_next()

    def go_next(self) -> None:
        """Go to the next undecided entry of the list, or to the end of the queue."""
        index = next_open(self.session, self.list.view, self.list.cursor) if self.list.view is not None else None
        if index is not None and index != self.list.cursor:
            self.list.cursor = index
        else:
            self._prepare_entry(self.entry)
        self.redraw()
        if index is None and self.current_task is not None and not self.current_task.audit:
            self._closed = False
            self.next_stage()
        elif index is None and self._closed and self.list.view is not None and len(self.list.view):
            self._closed = False
            self.show_end(TAB_OF[self.kind].title)

    def action_page(self, pages: int) -> None:
        """Scroll the conversation."""
        self.query_one(Detail).read_on(pages)

    def action_difference(self, by: int) -> None:
        """Scroll to the next or previous difference."""
        self.say(self.query_one(Detail).difference(by))

    def action_fold(self) -> None:
        """Fold reasoning, tools, other keys, and messages that are the same in A and B, or not."""
        self.folded = self.read.folded = not self.folded
        self.redraw(stay=True)

    def action_raw(self) -> None:
        """Show the line as it is in the file, or the conversation."""
        self.raw = not self.raw
        self.redraw()

    def action_resize(self, by: int) -> None:
        """Make the list larger or smaller."""
        self.query_one(ListPane).grow(by)

    def action_secrets(self) -> None:
        """Show or hide secrets."""
        self.read.secrets = not self.read.secrets
        self.redraw(stay=True)
