"""Screens drawn from results alone: a scrolling page."""

from typing import Final

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.keys import bindings
from tui.screens.frame import FrameScreen

LOADING_NOTE: Final = "Loading …"


class PlainScreen(FrameScreen):
    """Draws one page, which a subclass defines."""

    BINDINGS = bindings("page")

    def body(self) -> ComposeResult:
        """The page."""
        with VerticalScroll(id="page", can_focus=False):
            yield Static(id="page-text", markup=False)

    def draw(self, content: Content) -> None:
        """Draw another page at the same scroll position."""
        self.query_one("#page-text", Static).update(content)

    @property
    def width(self) -> int:
        """Width of a line in cells."""
        return max(40, self.size.width - 4)

    @property
    def height(self) -> int:
        """Number of visible lines."""
        return max(8, self.size.height - 3)

    def action_scroll(self, pages: float) -> None:
        """Scroll the page."""
        scroll = self.query_one("#page", VerticalScroll)
        scroll.scroll_relative(y=pages * max(1, scroll.size.height - 1), animate=False)
