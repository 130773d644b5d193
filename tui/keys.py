"""Every key of the review, in one table: bindings, footer, help and command palette are made of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from textual.binding import Binding, BindingType

from curate.review import KINDS, Kind

Scope = Literal["app", "review", "list"]


@dataclass(frozen=True, slots=True)
class Key:
    """What a key does, where, and how that is told."""

    keys: str
    """As Textual names them; several, separated by commas, do the same."""
    action: str
    id: str
    label: str
    """A word or two, for the footer."""
    tooltip: str
    """A sentence, for help, tooltips and the palette."""
    scope: Scope = "review"
    show: bool = True
    """False: not in the footer, where room is scarce."""
    kinds: tuple[Kind, ...] = KINDS
    """The tabs in which it does something."""

    @property
    def shown(self) -> str:
        """The keys as a person knows them."""
        return " ".join(NAMES.get(key, key) for key in self.keys.split(","))


NAMES: Final = {
    "slash": "/", "question_mark": "?", "left_square_bracket": "[", "right_square_bracket": "]", "pageup": "PgUp", "pagedown": "PgDn",
    "up": "↑", "down": "↓", "left": "←", "right": "→", "home": "Home", "end": "End", "escape": "Esc", "space": "Space", "backspace": "Backspace",
    "tab": "Tab",
}  # fmt: skip
SINGLE: Final[tuple[Kind, ...]] = ("finding", "cluster")
PAIRED: Final[tuple[Kind, ...]] = ("cluster", "conflict")
KEYS: Final = (
    Key("a", "choose('left')", "left", "Keep A", "Keep A, drop B, and go on.", kinds=PAIRED),
    Key("b", "choose('right')", "right", "Keep B", "Keep B, drop A, and go on.", kinds=PAIRED),
    Key("k", "choose('keep')", "keep", "Keep", "Keep the example, whatever a detector says, and go on; of duplicates, keep both.", kinds=SINGLE),
    Key("d", "choose('drop')", "drop", "Drop", "Take the example out of the data set, and go on.", kinds=SINGLE),
    Key("k,B", "choose('both')", "both", "Both", "Keep both A and B, and go on.", kinds=PAIRED),
    Key("d", "choose('neither')", "neither", "Neither", "Drop both A and B, and go on.", kinds=PAIRED),
    Key("u", "undo", "undo", "Undo", "Take the last decision back, and return to where it was taken."),
    Key("n", "next", "next", "Next", "Go to the next undecided entry."),
    Key("slash", "filter", "filter", "Filter", "Show only entries that hold some words: a code, a file, any text; is:undecided, is:keep, is:drop."),
    Key("escape", "clear", "clear", "Clear", "Show all entries again.", show=False),
    Key("K", "choose_all('keep')", "keep-all", "Keep all", "Keep every duplicate of the cluster.", show=False, kinds=("cluster",)),
    Key("D", "choose_all('drop')", "drop-all", "Drop all", "Drop every duplicate of the cluster; its keeper stays.", show=False, kinds=("cluster",)),
    Key("right,right_square_bracket", "member(1)", "member-next", "Next duplicate", "Look at the next duplicate.", show=False, kinds=("cluster",)),
    Key("left,left_square_bracket", "member(-1)", "member-back", "Last duplicate", "Look at the duplicate before.", show=False, kinds=("cluster",)),
    Key("1", "show('finding')", "findings", "Findings", "Show the findings.", show=False),
    Key("2", "show('cluster')", "duplicates", "Duplicates", "Show the clusters of duplicates.", show=False),
    Key("3", "show('conflict')", "conflicts", "Conflicts", "Show the conflicts.", show=False),
    Key("space", "page(1)", "page-down", "Read on", "Scroll the conversation on by a page.", show=False),
    Key("backspace", "page(-1)", "page-up", "Read back", "Scroll the conversation back by a page.", show=False),
    Key("up", "move(-1)", "up", "Up", "One entry up.", "list", show=False),
    Key("down", "move(1)", "down", "Down", "One entry down.", "list", show=False),
    Key("pageup", "move_page(-1)", "list-page-up", "Page up", "A page of entries up.", "list", show=False),
    Key("pagedown", "move_page(1)", "list-page-down", "Page down", "A page of entries down.", "list", show=False),
    Key("home", "jump(0)", "first", "First", "The first entry.", "list", show=False),
    Key("end", "jump(-1)", "last", "Last", "The last entry.", "list", show=False),
    Key("t", "toggle_theme", "theme", "Theme", "Change between dark and light.", "app", show=False),
    Key("question_mark", "help", "help", "Help", "Show every key.", "app"),
    Key("q", "quit", "quit", "Quit", "Leave. Every decision is on the disk already.", "app"),
)  # fmt: skip


def bindings(scope: Scope) -> list[BindingType]:
    """The table's keys of one scope, as Textual wants them."""
    return [Binding(key.keys, key.action, key.label, key.show, tooltip=key.tooltip, id=key.id) for key in KEYS if key.scope == scope]


def works_in(action: str, parameters: Iterable[object], kind: Kind) -> bool | None:
    """Whether an action does something in the tab of `kind`; None where it is not in the table."""
    call = f"{action}({', '.join(repr(parameter) for parameter in parameters)})"
    found = [key for key in KEYS if key.action in (action, call)]
    return any(kind in key.kinds for key in found) if found else None
