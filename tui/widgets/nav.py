"""The tabs at the top: all screens, the current one, and their numbers of entries."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tui.keys import TABS, Tab

ACTIVE_STYLE = "bold reverse $text-primary"


class Layout(NamedTuple):
    """What is drawn of each tab."""

    short: bool = False
    counted: bool = False
    spaced: bool = True


LAYOUTS: Final = (Layout(counted=True), Layout(), Layout(spaced=False), Layout(short=True))
"""The first one that fits is drawn: at 80 columns, all names without spaces around them."""


class Nav(Widget):
    """All screens by number and name; names are shortened and counts left out if they do not fit."""

    counts: reactive[Mapping[str, int]] = reactive[Mapping[str, int]]({})
    """Entries by screen."""

    @dataclass
    class Chosen(Message):
        """A screen was clicked."""

        name: str

    def __init__(self, active: str) -> None:
        super().__init__(id="nav")
        self.active = active

    def render(self) -> Content:
        """Render as much as fits."""
        return Content("").join([part for _, part in self._parts()])

    def _parts(self) -> list[tuple[str, Content]]:
        """For each tab its name and its text, in the most detailed layout that fits."""
        for layout in LAYOUTS:
            parts = [
                (tab.name, self._part(number, tab, layout, last=number == len(TABS)))
                for number, tab in enumerate(TABS, start=1)
            ]
            if sum(part.cell_length for _, part in parts) <= self.size.width:
                break
        return parts

    def _part(self, number: int, tab: Tab, layout: Layout, *, last: bool) -> Content:
        """The text of a tab."""
        active = tab.name == self.active
        count = self.counts.get(tab.name) if layout.counted else None
        name = tab.short if layout.short and not active else tab.title
        shown = name + (f" {count:,}" if count is not None else "")
        before, after = (f" {number} ", " ") if layout.spaced else (str(number), "")
        gap = "" if layout.spaced or last else " "
        if active:
            return Content.assemble((f"{before}{shown}{after}", ACTIVE_STYLE), gap)
        return Content.assemble((before, "$foreground-muted"), f"{shown}{after}{gap}")

    def on_click(self, event: events.Click) -> None:
        """Post the clicked screen."""
        end = 0
        for name, part in self._parts():
            end += part.cell_length
            if event.x < end:
                self.post_message(self.Chosen(name))
                return
