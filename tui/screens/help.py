"""Every key and what it does, from the table of keys."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.keys import KEYS
from tui.render import TITLES


def help_text() -> Content:
    """The table of keys, for reading."""
    width = max(len(key.shown) for key in KEYS)
    lines = [Content.assemble(("Keys", "bold"), ("   Esc closes this; Ctrl+P finds a command by its name", "$text-muted")), Content("")]
    for key in KEYS:
        only = "" if len(key.kinds) == len(TITLES) else f"  ({', '.join(TITLES[kind] for kind in key.kinds)})"
        lines.append(Content.assemble((f"{key.shown:>{width}}  ", "bold $primary"), key.tooltip, (only, "$text-muted")))
    lines.extend(
        (
            Content(""),
            Content("○ undecided   ◐ partly   ✓ keep   ✗ drop   ± some stay, some go   · nothing to decide"),
            Content("A decision is on the disk, in .curate/decisions.jsonl, before the next entry is shown."),
        )
    )
    return Content("\n").join(lines)


class HelpScreen(ModalScreen[None]):
    """Help over whatever was there."""

    BINDINGS = [Binding("escape,q,question_mark", "dismiss", "Close", tooltip="Go back to the review.", id="close-help")]  # noqa: RUF012

    def compose(self) -> ComposeResult:
        """The table, scrolling where it does not fit."""
        with VerticalScroll(id="help"):
            yield Static(help_text(), markup=False)
