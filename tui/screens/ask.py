"""Dialogs over the current screen: a line of text, or a confirmation."""

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Footer, Input, Static


class AskScreen(ModalScreen[str | None]):
    """Asks for a line of text; None if it was cancelled."""

    BINDINGS = [Binding("escape", "dismiss(None)", "Cancel", tooltip="Make no changes.", id="ask-leave")]  # noqa: RUF012

    def __init__(self, title: str, placeholder: str = "", value: str = "") -> None:
        super().__init__()
        self._title, self._placeholder, self._value = title, placeholder, value

    def compose(self) -> ComposeResult:
        """The prompt and the input."""
        with Vertical(classes="dialog"):
            yield Static(self._title, markup=False, classes="dialog-title")
            yield Input(self._value, placeholder=self._placeholder, id="answer", select_on_focus=False)
            yield Static("Enter confirms, Esc cancels", markup=False, classes="dialog-help")

    @on(Input.Submitted)
    def _answered(self, message: Input.Submitted) -> None:
        self.dismiss(message.value.strip())


class ConfirmScreen(ModalScreen[bool]):
    """Previews a change and asks for confirmation."""

    BINDINGS = [  # noqa: RUF012
        Binding("enter,y", "dismiss(True)", "Apply", tooltip="Apply the changes.", id="confirm-yes"),
        Binding("escape,n,q", "dismiss(False)", "Cancel", tooltip="Make no changes.", id="confirm-no"),
        Binding("down,space,pagedown", "scroll(1)", "Scroll down", show=False, id="confirm-down"),
        Binding("up,backspace,pageup", "scroll(-1)", "Scroll up", show=False, id="confirm-up"),
    ]

    def __init__(self, title: str, body: Content) -> None:
        super().__init__()
        self._title, self._body = title, body

    def compose(self) -> ComposeResult:
        """The preview, which scrolls if it does not fit."""
        with Vertical(classes="dialog"):
            yield Static(self._title, markup=False, classes="dialog-title")
            with VerticalScroll(id="confirm-body"):
                yield Static(self._body, markup=False)
            yield Footer(compact=True, show_command_palette=False)

    def action_scroll(self, by: int) -> None:
        """Scroll the preview."""
        scroll = self.query_one("#confirm-body", VerticalScroll)
        scroll.scroll_relative(y=by * max(1, scroll.size.height - 2), animate=False)
