"""The tabs at the top: all screens, the current one, and their numbers of entries."""

from collections.abc import Mapping
from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tui.keys import TABS, Tab

ACTIVE_STYLE = "bold reverse $text-primary"


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
        for short, counted in ((False, True), (False, False), (True, False)):
            parts = [
                (tab.name, self._part(number, tab, short=short, counted=counted))
                for number, tab in enumerate(TABS, start=1)
            ]
            if sum(part.cell_length for _, part in parts) <= self.size.width:
                break
        return parts

    def _part(self, number: int, tab: Tab, *, short: bool, counted: bool) -> Content:
        active = tab.name == self.active
        count = self.counts.get(tab.name) if counted else None
        name = tab.short if short and not active else tab.title
        text = f" {number} {name}" + (f" {count:,}" if count is not None else "") + " "
        return (
            Content.assemble((text, ACTIVE_STYLE))
            if active
            else Content.assemble((f" {number} ", "$foreground-muted"), text[len(f" {number} ") :])
        )

    def on_click(self, event: events.Click) -> None:
        """Post the clicked screen."""
        at = 0
        for name, part in self._parts():
            at += part.cell_length
            if event.x < at:
                self.post_message(self.Chosen(name))
                return
