"""All keys and their actions, from the key table."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from curate.review import KINDS
from curate.review.query import HELP
from tui.keys import TAB_OF, TABS, Key
from tui.render.signs import LEGEND

JOURNAL = """Each decision is saved in .curate/decisions.jsonl before the next entry is shown.
Git can merge that file; entries with different decisions by several people are contested."""
SECTIONS = (
    ("app", "Everywhere"),
    ("queue", "Examples, Findings, Duplicates, Conflicts"),
    ("list", "In a list"),
    ("overview", "Overview"),
    ("page", "Splits, Training, Evaluate"),
    ("splits", "Splits"),
    ("training", "Training"),
    ("evaluate", "Evaluate"),
)


def meaning(key: Key) -> Content:
    """What a key does, and on which screens."""
    only = (
        f" ({', '.join(TAB_OF[kind].title for kind in key.kinds)})"
        if key.scope == "queue" and len(key.kinds) < len(KINDS)
        else ""
    )
    return Content.assemble(key.tooltip, (only, "$foreground-muted"))


class HelpScreen(ModalScreen[None]):
    """Help over the current screen, whose keys come first."""

    BINDINGS = [Binding("escape,q,question_mark", "dismiss", "Close", tooltip="Return to the review.", id="close-help")]  # noqa: RUF012

    def __init__(self, name: str, keys: Sequence[Key]) -> None:
        super().__init__()
        self._keys = keys
        self._here = "queue" if any(tab.kind and tab.name == name for tab in TABS) else name

    def compose(self) -> ComposeResult:
        """The table, which scrolls if it does not fit."""
        with VerticalScroll(id="help"):
            yield Static("Esc closes help, ↑↓ scroll; Ctrl+P finds commands by name.", markup=False)
            for scope, title in sorted(SECTIONS, key=lambda section: section[0] != self._here):
                yield Static(title, classes="key-section", markup=False)
                for key in self._keys:
                    if key.scope == scope:
                        with Horizontal(classes="key"):
                            yield Static(key.shown, classes="key-name", markup=False)
                            yield Static(meaning(key), classes="key-meaning", markup=False)
            yield Static(f"{LEGEND}\nfilter: {HELP}\n{JOURNAL}", id="legend", markup=False)
