"""The end of a queue: what was decided, what is left elsewhere, and the next command."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.keys import TABS
from tui.messages import ScreenChosen
from tui.screens.ask import Dialog


class EndScreen(Dialog[None]):
    """Takes no decision: a key too many does not change the last one."""

    BINDINGS = [  # noqa: RUF012
        Binding("escape,enter", "leave", "Close", tooltip="Return to the list.", id="end-leave"),
        *(
            Binding(str(number), f"go({tab.name!r})", tab.title, show=False, id=f"end-{tab.name}")
            for number, tab in enumerate(TABS, start=1)
        ),
    ]

    def __init__(self, title: str, body: Content) -> None:
        super().__init__()
        self._title, self._body = title, body

    def compose(self) -> ComposeResult:
        """The summary."""
        with Vertical(classes="dialog"):
            yield Static(self._title, markup=False, classes="dialog-title")
            with VerticalScroll(id="confirm-body"):
                yield Static(self._body, markup=False)
            yield Static("Esc returns to the list, 1 to 8 show another screen, u there undoes", classes="dialog-help")

    def action_go(self, name: str) -> None:
        """Show another screen."""
        self.dismiss(None)
        self.app.post_message(ScreenChosen(name))
