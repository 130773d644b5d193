"""Decisions about several entries: select, group, choose from a menu, confirm after a preview."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from string import ascii_lowercase
from typing import cast

import numpy as np
from textual.content import Content
from textual.worker import get_current_worker

from curate.core.errors import CurateError
from curate.core.text import excerpt, plural, visible
from curate.review import Choice, View
from curate.review.bulk import Bulk, Repairs, annotate, decide, label, preview, rate, repairs
from curate.review.view import Numbers
from tui.abandon import cancellable
from tui.conversation import ConversationView
from tui.messages import Failed
from tui.render.changes import bulk_text, notes_text, repairs_text
from tui.screens.ask import AskScreen, ConfirmScreen, MenuOption, MenuScreen
from tui.screens.changing import Changing
from tui.widgets import EntryList

CHOICES: dict[str, str] = {"y": "keep", "d": "drop", "a": "left", "b": "right", "u": "undecided"}
PAIR_CHOICES: dict[str, str] = {**CHOICES, "y": "both", "d": "neither"}
MAX_FILTER_CHARS = 200
"""Maximum number of characters of a filter in a question."""
OTHER_OPTIONS = (
    MenuOption("u", "Undecide", "take decisions and edits back"),
    MenuOption("m", "Note", "add a note to each example"),
    MenuOption("l", "Label", "label or rate each example"),
)
SINGLE_OPTIONS = (MenuOption("y", "Keep"), MenuOption("d", "Drop"), *OTHER_OPTIONS)
SIDE_OPTIONS = (
    MenuOption("a", "Keep A", "the keeper, or the first answer; drop the others"),
    MenuOption("b", "Keep B", "of each pair; drop A"),
    MenuOption("y", "Keep all"),
    MenuOption("d", "Drop all"),
    *OTHER_OPTIONS,
)
REPAIR_OPTION = MenuOption("r", "Repair", "apply the fix of each rule")
BULK_OPTIONS = {
    "example": SINGLE_OPTIONS,
    "finding": (*SINGLE_OPTIONS[:2], REPAIR_OPTION, *OTHER_OPTIONS),
    "cluster": SIDE_OPTIONS,
    "conflict": SIDE_OPTIONS,
}
MAX_REPAIRED = 5_000
"""Maximum number of entries that are repaired at once: each takes about a millisecond."""


class Selecting(Changing):
    """The actions of a list screen about several entries."""

    selected: set[int]
    """Numbers of the selected entries."""
    grouping: str
    """What the entries are grouped by; empty: nothing."""
    opened: set[int]
    """Keys of the opened groups."""
    working = False
    """Whether a preview is computed: the next key waits for it."""

    @property
    @abstractmethod
    def list(self) -> EntryList:
        """The list."""

    @property
    def under_cursor(self) -> Numbers:
        """The numbers of the entry or group under the cursor."""
        view = self.list.view
        if view is None or not len(view):
            return np.empty(0, np.int32)
        group = view.group_at(self.list.cursor)
        return np.array([view[self.list.cursor]]) if group is None else group.rows

    def regroup(self) -> None:
        """Group the entries of the list, and keep the cursor on its entry or group."""
        view = self.list.view
        if view is None:
            return
        group, number = view.group_at(self.list.cursor), self.list.number
        self.group_view(view)
        self.list.show(view)
        cursor = view.index_of_group(group.key) if group else view.index(number) if number is not None else 0
        self.list.cursor = cursor or 0
        self.redraw()

    def group_view(self, view: View) -> None:
        """Group the entries of a view by the chosen property, if there is one."""
        keys = self.session.queues[self.kind].group_keys(self.grouping, view.rows) if self.grouping else None
        view.group(keys, self.opened)

    def action_group(self) -> None:
        """Group by the next property, then not at all."""
        names = ("", *self.session.queues[self.kind].groupings)
        self.grouping = names[(names.index(self.grouping) + 1) % len(names)]
        self.opened.clear()
        self.regroup()

    def action_open(self) -> None:
        """Open or close the group under the cursor."""
        view = self.list.view
        group = view.group_at(self.list.cursor) if view is not None else None
        if group is not None:
            self.opened ^= {group.key}
            self.regroup()

    def action_select(self) -> None:
        """Select the entry or group under the cursor, or take it out of the selection; go to the next line."""
        numbers = set(self.under_cursor.tolist())
        self.selected = self.selected - numbers if numbers <= self.selected else self.selected | numbers
        self.list.cursor += 1
        self.redraw(stay=True)

    def action_bulk(self) -> None:
        """Decide about the selected entries, else about all in the list."""
        view = self.list.view
        if view is None or not len(view):
            self.say("no entries are shown")
            return
        if changed := self.session.lines.changed:
            self.say(visible(f"{changed[0]} changed on disk; {self.state.key('reload')} reloads the files"))
            return
        rows = view.rows[np.isin(view.rows, list(self.selected))] if self.selected else view.rows
        count = plural(len(rows), "entry")
        shown = f" by {excerpt(ConversationView().text(view.text), MAX_FILTER_CHARS)}" if view.text else ""
        name = f"{count} selected" if self.selected else f"all {count} shown{shown}"
        self.app.push_screen(
            MenuScreen(name[0].upper() + name[1:], BULK_OPTIONS[self.kind], "decided entries, too"),
            lambda picked: self._apply_choice(rows, name, picked),
        )

    def _apply_choice(self, rows: Numbers, name: str, picked: str | None) -> None:
        """Do what was picked in the menu with the entries.

        `name`: the entries in words; `picked`: the key of the choice, with `!` to include decided entries; None if
        cancelled.
        """
        if picked is None:
            return
        key, decided_too = picked[0], picked.endswith("!")
        if key == "m":
            self.app.push_screen(
                AskScreen(f"Note about {name}", "text; an example that has a note keeps it, too"),
                lambda text: self._confirm_note(rows, name, text),
            )
        elif key == "l":
            queue = self.session.queues[self.kind]
            examples = list(dict.fromkeys(example for row in rows.tolist() for example in queue.entry(row).ids))
            self._pick_label(f"Label {name}", examples, ask=True)
        elif key == "r":
            self._start_repairs(rows, name, decided_too=decided_too)
        else:
            choice = cast("Choice", (PAIR_CHOICES if self.kind in ("cluster", "conflict") else CHOICES)[key])
            plan = preview(self.session, self.kind, rows, choice, decided_too=decided_too or key == "u")
            self._confirm(plan, name, f"{choice} {name}?")

    def _confirm(self, plan: Bulk, name: str, question: str) -> None:
        """Preview bulk decisions, and record them once they are confirmed."""
        if not plan.decisions:
            self.say("no changes")
        else:
            self._ask_to_change(
                question[0].upper() + question[1:], bulk_text(plan), lambda: decide(self.session, plan, name)
            )

    def _confirm_note(self, rows: Numbers, name: str, text: str | None) -> None:
        if text:
            queue = self.session.queues[self.kind]
            examples = list(dict.fromkeys(example for row in rows.tolist() for example in queue.entry(row).ids))
            summary = notes_text(text, examples, sum(bool(self.session.note(example)) for example in examples))
            self._ask_to_change(f"Add a note to {name}?", summary, lambda: annotate(self.session, examples, text))

    def action_label(self) -> None:
        """Label or rate the example, or A or B."""
        self._choose_side("Label", lambda _, side: self._pick_label(f"Label {side.place}", [side.id], ask=False))

    def _pick_label(self, title: str, examples: Sequence[str], *, ask: bool) -> None:
        """Ask for a rating or label of examples, which are confirmed if there are several."""
        names = dict(zip(ascii_lowercase, self.state.sources.config.review.labels, strict=False))
        options = [
            *(MenuOption(str(rating), "★" * rating) for rating in range(1, 6)),
            MenuOption("0", "no rating"),
            *(MenuOption(key, f"#{name}", "give it, or take it back") for key, name in names.items()),
        ]
        help_ = "" if names else '\nlabels: [review] labels = ["NAME"] in curate.toml'

        def picked(key: str | None) -> None:
            if key is None or not all(examples):
                return
            if key in names:
                action, act = f"#{names[key]}", lambda: label(self.session, examples, names[key])
            else:
                action, act = f"rating {key}", lambda: rate(self.session, examples, key.strip("0"))
            if ask:
                self._ask_to_change(f"{title}: {action}?", notes_text(action, examples, None), act)
            else:
                self._try_to_write(act)

        self.app.push_screen(MenuScreen(title + help_, options), picked)

    def _try_to_write(self, act: Callable[[], object]) -> bool:
        """Change something; false if it could not be written."""
        try:
            act()
        except CurateError as error:
            self.app.post_message(Failed(error))
            return False
        finally:
            self.redraw(stay=True)
        return True

    def _start_repairs(self, rows: Numbers, name: str, *, decided_too: bool) -> None:
        """Compute the repairs in the background, then ask whether to record them. `name`: the entries in words."""
        if len(rows) > MAX_REPAIRED:
            self.say(f"{len(rows):,} entries are too many to repair here; curate check --fix repairs whole files")
            return
        self.working = True
        self.say(f"computing the repairs of {name} …")
        plans: list[Repairs] = []

        async def work() -> None:
            worker = get_current_worker()
            try:
                await cancellable(lambda: plans.append(
                    repairs(
                        self.session, self.state.live_lint, rows, lambda: worker.is_cancelled, decided_too=decided_too
                    )
                ))  # fmt: skip
            finally:
                self.working = False
            plan = plans[0]
            if plan.decisions:
                self._ask_to_change(f"Repair {name}?", repairs_text(plan), lambda: decide(self.session, plan, name))
            else:
                self.say(f"no entry has a fix: {plural(plan.skipped, 'entry')} skipped")

        self.run_worker(work(), exclusive=True, exit_on_error=False, group="repairs")

    def _ask_to_change(self, title: str, body: Content, act: Callable[[], object]) -> None:
        """Preview a change, and call `act` once it is confirmed; the selection is then cleared."""

        def answered(yes: bool | None) -> None:
            if yes and self._try_to_write(act):
                self.selected = set()
                self.redraw(stay=True)

        self.app.push_screen(ConfirmScreen(title, body), answered)
