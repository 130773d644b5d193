"""Who decided what and when: the steps of the journal, any of which can be undone."""

from functools import cached_property

import numpy as np
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from curate.commands.review_history import History, Step
from curate.core.decision import Decision
from curate.core.errors import CurateError
from curate.core.text import excerpt, plural
from curate.review import View
from curate.review.history import entry_of, undo_plan
from curate.review.similar import Likeness, likenesses
from tui.conversation import ConversationView
from tui.keys import bindings, rebound
from tui.messages import Failed
from tui.render.history import HEADER, LEGEND, replaced_text, step_row, step_text, undo_text
from tui.render.signs import lines
from tui.review_state import ReviewState
from tui.screens.ask import ConfirmScreen, Dialog, like_screen
from tui.widgets import EntryList, FilterInput, KeyFooter


class HistoryScreen(Dialog[Decision | Likeness | None]):
    """Returns the decision whose entry is to be shown, or what entries to show share with it."""

    AUTO_FOCUS = "#list"
    BINDINGS = [  # noqa: RUF012
        *bindings("history"),
        Binding("escape,q", "clear", "Close", tooltip="Show all decisions, else return.", id="history-leave"),
    ]

    def __init__(self, state: ReviewState) -> None:
        super().__init__()
        self._bindings = rebound(self._bindings, state.keys)
        self._state, self._read = state, ConversationView()
        self._history = History(state.session.log)

    def compose(self) -> ComposeResult:
        """The list, and the filter below."""
        with Vertical(classes="dialog history"):
            yield Static(f"History    {LEGEND}", markup=False, classes="dialog-title")
            yield Static(HEADER, id="head", markup=False)
            yield EntryList("example", self._draw, self._state_key, lambda: None, self._state.keys)
            box = FilterInput(placeholder="words", id="filter", compact=True, select_on_focus=False)
            box.display = False
            yield box
            yield Static("", id="history-status", markup=False)
            yield KeyFooter()

    def on_mount(self) -> None:
        """Show all steps."""
        self._show()

    @cached_property
    def _texts(self) -> list[str]:
        """The searchable texts of the steps."""
        session = self._state.session
        return [step_text(session, step, self._read).casefold() for step in self._history.steps]

    def _draw(self, number: int, *, has_cursor: bool) -> Content:
        """The row of the step with this number; `has_cursor`: the cursor is on it."""
        row = step_row(self._state.session, self._history, self._history.steps[number], self._read)
        return Content.assemble("█" if has_cursor else " ", row)

    def _state_key(self, number: int) -> tuple[int, int]:
        """A value that changes when entry `number` must be drawn again."""
        return number, len(self._state.session.log.decisions)

    def _show(self) -> None:
        """List the steps that match the filter, the latest first."""
        words, steps = self.query_one("#filter", Input).value.casefold().split(), self._history.steps
        texts = self._texts if words else []
        rows = [index for index in range(len(steps) - 1, -1, -1) if all(word in texts[index] for word in words)]
        self.query_one(EntryList).show(View("example", np.array(rows, np.int32)))
        shown = f"{len(rows):,} of {plural(len(steps), 'decision')}" if words else plural(len(steps), "decision")
        self.query_one("#history-status", Static).update(f"{shown}, the latest first")

    @property
    def step(self) -> Step | None:
        """The step under the cursor."""
        number = self.query_one(EntryList).number
        return None if number is None else self._history.steps[number]

    def action_open(self) -> None:
        """Show the entry of the step."""
        if self.step is not None:
            self.dismiss(self.step.decisions[0])

    def action_like(self) -> None:
        """Show the entries that are like that of the step."""
        decision = self.step.decisions[0] if self.step is not None else None
        entry = entry_of(self._state.session, decision.example, decision.about) if decision is not None else None
        if entry is None:
            self.notify("this example is not in the files", timeout=4, markup=False)
            return
        alike = list(likenesses(self._state.session, entry))

        def picked(index: int | None) -> None:
            if index is not None:
                self.dismiss(alike[index])

        self.app.push_screen(like_screen(alike), picked)

    def action_undo(self) -> None:
        """Undo the step, after a preview of what changes and what stays."""
        step, session = self.step, self._state.session
        if step is None:
            return
        plan = undo_plan(self._history, step)
        if not plan.records:
            body = lines("Nothing would change. Undo these later decisions first:", *replaced_text(session, plan))
            self.app.push_screen(ConfirmScreen("Not in effect any more", body))
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._undo(step)

        body = undo_text(session, self._history, plan)
        self.app.push_screen(ConfirmScreen(f"Undo this decision? {excerpt(step.value)}", body), answered)

    def _undo(self, step: Step) -> None:
        """Undo a step as the journal is now: another window may have decided since the preview."""
        session = self._state.session
        try:
            session.log.follow()
            session.follow_journal()
            plan = undo_plan(History(session.log), step)
            session.write(plan.records, undoes=plan.undoes)
            if not plan.records:
                self.notify("left as it is: replaced since then", severity="warning", timeout=10, markup=False)
        except CurateError as error:
            self.app.post_message(Failed(error))
        self._history = History(session.log)
        self.__dict__.pop("_texts", None)
        self._show()

    def action_filter(self) -> None:
        """Open the filter."""
        box = self.query_one("#filter", Input)
        box.display = True
        self.set_focus(box)

    @on(Input.Changed, "#filter")
    def _typed(self) -> None:
        self._show()

    def action_leave_filter(self) -> None:
        """Return to the list."""
        self.query_one("#filter").display = False
        self.set_focus(self.query_one(EntryList))

    def action_clear(self) -> None:
        """Clear the filter, else return."""
        box = self.query_one("#filter", Input)
        if not box.display and not box.value:
            self.dismiss(None)
        box.value = ""
        self.action_leave_filter()
