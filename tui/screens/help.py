"""Every key and what it does, from the table of keys."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.keys import KEYS, Key
from tui.render import TITLES

LEGEND = "○ undecided   ◐ partly   ✓ keep   ✗ drop   ± some stay, some go   · nothing to decide"
JOURNAL = "A decision is on the disk, in .curate/decisions.jsonl, before the next entry is shown."


def meaning(key: Key) -> Content:
    """What a key does, and in which tabs."""
    only = "" if len(key.kinds) == len(TITLES) else f" ({', '.join(TITLES[kind] for kind in key.kinds)})"
    return Content.assemble(key.tooltip, (only, "$foreground-muted"))


class HelpScreen(ModalScreen[None]):
    """Help over whatever was there."""

    BINDINGS = [Binding("escape,q,question_mark", "dismiss", "Close", tooltip="Go back to the review.", id="close-help")]  # noqa: RUF012

    def compose(self) -> ComposeResult:
        """The table, scrolling where it does not fit."""
        with VerticalScroll(id="help"):
            yield Static("Esc closes this; Ctrl+P finds a command by its name.", markup=False)
            for key in KEYS:
                with Horizontal(classes="key"):
                    yield Static(key.shown, classes="key-name", markup=False)
                    yield Static(meaning(key), classes="key-meaning", markup=False)
            yield Static(f"{LEGEND}\n{JOURNAL}", id="legend", markup=False)
