"""Dialogs over the current screen: a line of text, a choice, or a confirmation."""

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static

from curate.review.similar import Likeness
from tui.conversation import ConversationView, literal
from tui.key_queue import now
from tui.timers import ReliableTimers
from tui.widgets import KeyFooter

CONFIRM_DELAY_SECONDS: Final = 0.25
"""Seconds without a key before a confirmation takes one: text that is typed or pasted confirms nothing."""
FIXED_HEIGHT_CELLS: Final = 6
"""Height in cells of a dialog without what scrolls in it: border, title, keys and the space between them."""
Result = TypeVar("Result")


class Dialog(ReliableTimers, ModalScreen[Result]):
    """A dialog; keys wait until it has the focus."""

    @property
    def ready(self) -> bool:
        """Whether it has the focus."""
        return self.is_mounted and self.focused is not None

    @property
    def unsaved(self) -> bool:
        """Whether it holds text that would be lost."""
        return False

    def on_resize(self, event: events.Resize) -> None:
        """Leave room for the title and the keys beside what scrolls."""
        for body in self.query(".dialog-body"):
            body.styles.max_height = max(3, event.size.height * 9 // 10 - FIXED_HEIGHT_CELLS)

    def leave(self) -> None:
        """Close it without a result."""
        self.dismiss(None)

    def action_leave(self) -> None:
        """Close it; asks first if text would be lost."""
        if not self.unsaved:
            self.leave()
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.leave()

        self.app.push_screen(discard_screen(), answered)


class AnswerInput(Input):
    """Closes its dialog at once on Enter, so that the next key goes to the screen below."""

    async def action_submit(self) -> None:
        """Return the text."""
        if isinstance(self.screen, AskScreen):
            self.screen.dismiss(self.value.strip())


class AskScreen(Dialog[str | None]):
    """Asks for a line of text; None if it was cancelled."""

    BINDINGS = [Binding("escape", "leave", "Cancel", tooltip="Make no changes.", id="ask-leave")]  # noqa: RUF012

    def __init__(self, title: str, placeholder: str = "", value: str = "", text: str = "") -> None:
        """`value`: the text at the start; `text`: an edited version of it that could not be saved, shown instead."""
        super().__init__()
        self._title, self._placeholder, self._value, self._text = title, placeholder, value, text

    def compose(self) -> ComposeResult:
        """The prompt and the input."""
        with Vertical(classes="dialog"):
            yield Static(self._title, markup=False, classes="dialog-title")
            yield AnswerInput(
                self._text or self._value, placeholder=self._placeholder, id="answer", select_on_focus=False
            )
            yield Static("Enter confirms, Esc cancels", markup=False, classes="dialog-help")

    @property
    def unsaved(self) -> bool:
        """Whether the text was changed."""
        return self.is_mounted and self.query_one(Input).value.strip() not in ("", self._value.strip())


class ConfirmScreen(Dialog[bool]):
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
        self._last = now()
        """When it was drawn, or the last key was pressed."""

    def compose(self) -> ComposeResult:
        """The preview, which scrolls if it does not fit."""
        with Vertical(classes="dialog"):
            yield Static(self._title, markup=False, classes="dialog-title")
            with VerticalScroll(id="confirm-body", classes="dialog-body"):
                yield Static(self._body, markup=False)
            yield KeyFooter()

    def on_mount(self) -> None:
        """Take keys from now on."""
        self.call_after_refresh(self._reset_clock)

    def _reset_clock(self) -> None:
        self._last = now()

    def accepts(self, key: events.Key) -> bool:
        """Whether a key counts: it follows `CONFIRM_DELAY_SECONDS` seconds without one."""
        calm, self._last = key.time - self._last >= CONFIRM_DELAY_SECONDS, max(key.time, self._last)
        return calm or key.key not in ("enter", "y")

    def action_scroll(self, by: int) -> None:
        """Scroll the preview."""
        scroll = self.query_one("#confirm-body", VerticalScroll)
        scroll.scroll_relative(y=by * max(1, scroll.size.height - 2), animate=False)


def discard_screen() -> ConfirmScreen:
    """Asks whether text is to be lost."""
    return ConfirmScreen("Discard the text?", Content("Enter or y discards it; Esc returns to it."))


class PickScreen(Dialog[int | None]):
    """Asks for one of many lines; returns its position, None if it was cancelled."""

    AUTO_FOCUS = "#picks"
    BINDINGS = [Binding("escape,q", "leave", "Cancel", tooltip="Make no changes.", id="pick-leave")]  # noqa: RUF012

    def __init__(self, title: str, lines: Sequence[Content]) -> None:
        super().__init__()
        self._title, self._lines = title, lines

    def compose(self) -> ComposeResult:
        """The lines; the list scrolls if they do not fit."""
        with Vertical(classes="dialog"):
            yield Static(self._title, markup=False, classes="dialog-title")
            yield OptionList(*self._lines, id="picks", classes="dialog-body", markup=False, compact=True)
            yield Static("Enter chooses, Esc cancels", markup=False, classes="dialog-help")

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        """Return the line that was chosen by Enter or a click."""
        self.dismiss(message.option_index)


def like_screen(alike: Sequence[Likeness]) -> PickScreen:
    """Asks what entries to show have in common with one."""
    read = ConversationView()  # a question may begin with a secret
    lines = [Content.assemble((f"{like.name:<32} ", "bold"), literal(read.text(like.filter))) for like in alike]
    return PickScreen("Show the entries with the same", lines)


class MenuOption(NamedTuple):
    """A line of a menu."""

    key: str
    label: str
    text: str = ""


class MenuScreen(Dialog[str | None]):
    """Asks for one of some options by its key; None if it was cancelled."""

    AUTO_FOCUS = "#menu"
    BINDINGS = [Binding("escape,q", "leave", "Cancel", tooltip="Make no changes.", id="menu-leave")]  # noqa: RUF012

    def __init__(self, title: str, options: Sequence[MenuOption], switch: str = "") -> None:
        """`switch`: what the key `!` includes, which adds `!` to the result."""
        super().__init__()
        self._title, self._options, self._switch = title, options, switch
        self._on = False
        for option in options:
            self._bindings.bind(option.key, f"pick({option.key!r})", option.label)
        if switch:
            self._bindings.bind("exclamation_mark", "switch", switch)

    def compose(self) -> ComposeResult:
        """A line for each option."""
        with Vertical(classes="dialog"):
            yield Static(self._title, markup=False, classes="dialog-title")
            with VerticalScroll(id="menu", classes="dialog-body"):
                yield Static(self._text(), id="menu-text", markup=False)
            yield Static("Esc cancels", markup=False, classes="dialog-help")

    def _text(self) -> Content:
        """A line for each option, and one for the switch if there is one."""
        lines = [
            Content.assemble((f" {option.key} ", "bold $text-warning"), f" {option.label:<16} ",
                             (option.text, "$foreground-muted"))
            for option in self._options
        ]  # fmt: skip
        if self._switch:
            sign = "x" if self._on else " "
            lines.append(Content.assemble((" ! ", "bold $text-warning"), f" [{sign}] {self._switch}"))
        return Content("\n").join(lines)

    def action_pick(self, key: str) -> None:
        """Choose."""
        self.dismiss(key + ("!" if self._on else ""))

    def action_switch(self) -> None:
        """Include more, or not."""
        self._on = not self._on
        self.query_one("#menu-text", Static).update(self._text())
