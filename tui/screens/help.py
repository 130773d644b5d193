"""All keys and their actions, from the key table."""

from collections.abc import Sequence
from typing import Final

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from curate.review import KINDS, Kind
from curate.review.query import HELP
from tui.keys import TAB_OF, TABS, Key
from tui.render.signs import LEGEND

JOURNAL_NOTE = """Each decision is saved in .curate/decisions.jsonl before the next entry is shown.
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
    ("history", "History"),
)

GROUPS: Final = (
    ("decide", ("left", "right", "keep", "drop", "both", "neither", "prefer-", "left-", "right-", "both-", "neither-",
                "mark", "split", "undo", "redo", "next")),
    ("change", ("repair", "edit", "suppress")),
    ("annotate", ("note", "label", "rate")),
    ("find and select", ("filter", "clear", "facets", "like", "columns", "agreement", "sort", "select", "bulk",
                         "export", "group", "open-group", "goto")),
    ("look", ("",)),
)  # fmt: skip
"""The keys of a list by purpose: names of actions, or how they begin; the first group that fits holds an action."""


def grouped(keys: Sequence[Key]) -> list[tuple[str, list[Key]]]:
    """The keys of a list by purpose."""
    groups: dict[str, list[Key]] = {name: [] for name, _ in GROUPS}
    for key in keys:
        name = next(name for name, starts in GROUPS if key.id in starts or key.id.startswith(_prefixes(starts)))
        groups[name].append(key)
    return [group for group in groups.items() if group[1]]


def _prefixes(starts: Sequence[str]) -> tuple[str, ...]:
    return tuple(start for start in starts if start.endswith("-") or start in ("edit", "rate", ""))


def meaning(key: Key, kind: Kind | None) -> Content:
    """What a key does, and in which lists, unless it does so in the list of `kind`."""
    only = (
        f" ({', '.join(TAB_OF[key_kind].title for key_kind in key.kinds)})"
        if key.scope == "queue" and len(key.kinds) < len(KINDS) and kind not in key.kinds
        else ""
    )
    return Content.assemble(key.tooltip, (only, "$foreground-muted"))


class HelpScreen(ModalScreen[None]):
    """Help over the current screen, whose keys come first."""

    BINDINGS = [Binding("escape,q,question_mark", "dismiss", "Close", tooltip="Return to the review.", id="close-help")]  # noqa: RUF012

    def __init__(self, name: str, keys: Sequence[Key]) -> None:
        super().__init__()
        self._keys, self._name = keys, name
        self._kind = next((tab.kind for tab in TABS if tab.name == name), None)

    def _sections(self) -> list[tuple[str, list[Key]]]:
        """The keys of this screen, those of others, and at last those that work in other lists only."""
        by_scope = {scope: [key for key in self._keys if key.scope == scope] for scope, _ in SECTIONS}
        titles = dict(SECTIONS)
        here, elsewhere = self._name, list[Key]()
        if self._kind is not None:
            here, titles["queue"] = "queue", TAB_OF[self._kind].title
            elsewhere = [key for key in by_scope["queue"] if self._kind not in key.kinds]
            by_scope["queue"] = [key for key in by_scope["queue"] if self._kind in key.kinds]
        scopes = sorted(by_scope, key=lambda scope: scope != here)
        sections = []
        for scope in scopes:
            parts = grouped(by_scope[scope]) if scope == "queue" else [("", by_scope[scope])]
            sections += [(f"{titles[scope]}{name and ': '}{name}", keys) for name, keys in parts]
        return [*sections, ("Other lists", elsewhere)]

    def compose(self) -> ComposeResult:
        """The table, which scrolls if it does not fit."""
        with VerticalScroll(id="help"):
            yield Static("Esc closes help, ↑↓ scroll; Ctrl+P finds commands by name.", markup=False)
            for title, keys in self._sections():
                if keys:
                    yield Static(title, classes="key-section", markup=False)
                for key in keys:
                    with Horizontal(classes="key"):
                        yield Static(key.shown, classes="key-name", markup=False)
                        yield Static(meaning(key, self._kind), classes="key-meaning", markup=False)
            yield Static(f"{LEGEND}\nfilter: {HELP}\n{JOURNAL_NOTE}", id="legend", markup=False)
