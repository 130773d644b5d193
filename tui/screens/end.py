"""The end of a queue: what was decided, what is left elsewhere, and the next command."""

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.keys import TABS, Key
from tui.messages import ScreenChosen
from tui.screens.ask import Dialog


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
