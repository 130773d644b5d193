"""All keys and their actions, from the key table."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widget import Widget

from curate.review import KINDS, Kind
from curate.review.query import HELP
from tui.keys import TAB_OF, TABS, Key
from tui.render.signs import LEGEND

JOURNAL_NOTE = """Each decision is saved in .curate/decisions.jsonl before the next entry is shown.
Git can merge that file; entries with different decisions by several people are contested."""
NAME_CELLS: Final = 13
"""Width of the column of keys in cells."""
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


class HelpText(Widget):
    """The sections in two columns. One widget draws all: as many as there are keys take a second to open."""

    def __init__(self, sections: Sequence[tuple[str, Sequence[Key]]], kind: Kind | None) -> None:
        super().__init__(id="help-text")
        self._sections, self._kind = sections, kind

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """The number of lines."""
        return len(self._lines(width))

    def render(self) -> Content:
        """The lines at this width."""
        return Content("\n").join(self._lines(self.content_size.width))

    def _lines(self, width: int) -> list[Content]:
        """All lines, of at most `width` cells; a meaning is wrapped beside its key."""
        lines = Content("Esc closes help, ↑↓ scroll; Ctrl+P finds commands by name.").wrap(width)
        for title, keys in self._sections:
            if keys:
                lines += [Content(""), *Content.styled(title, "bold $text-primary").wrap(width)]
            for key in keys:
                names = Content.styled(key.shown, "bold $text-warning").wrap(NAME_CELLS)
                meanings = meaning(key, self._kind).wrap(max(1, width - NAME_CELLS))
                rows = zip_longest(names, meanings, fillvalue=Content(""))
                lines += [name.pad_right(NAME_CELLS - name.cell_length) + said for name, said in rows]
        return [*lines, Content(""), *Content(f"{LEGEND}\nfilter: {HELP}\n{JOURNAL_NOTE}").wrap(width)]


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
        own_scope, elsewhere = self._name, list[Key]()
        if self._kind is not None:
            own_scope, titles["queue"] = "queue", TAB_OF[self._kind].title
            elsewhere = [key for key in by_scope["queue"] if self._kind not in key.kinds]
            by_scope["queue"] = [key for key in by_scope["queue"] if self._kind in key.kinds]
        scopes = sorted(by_scope, key=lambda scope: scope != own_scope)
        sections = []
        for scope in scopes:
            parts = grouped(by_scope[scope]) if scope == "queue" else [("", by_scope[scope])]
            sections += [(f"{titles[scope]}{name and ': '}{name}", keys) for name, keys in parts]
        return [*sections, ("Other lists", elsewhere)]

    def compose(self) -> ComposeResult:
        """The table, which scrolls if it does not fit."""
        with VerticalScroll(id="help"):
            yield HelpText(self._sections(), self._kind)
