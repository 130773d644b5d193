"""Screens that are drawn from results alone: a scrolling page."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.screens.frame import FrameScreen


class PlainScreen(FrameScreen):
    """Draws one page; a subclass says which."""

    TITLE_TEXT: ClassVar[str] = ""

    def body(self) -> ComposeResult:
        """The page."""
        with VerticalScroll(id="page"):
            yield Static(id="page-text", markup=False)

    def draw(self, content: Content) -> None:
        """Draw another page, where the eye is."""
        self.query_one("#page-text", Static).update(content)
