"""The complete entry: the question for the user, and the conversations."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.render.page import Page


class Detail(Vertical):
    """Draws a page; the question stays visible while the conversation scrolls."""

    def compose(self) -> ComposeResult:
        """The question, and the conversation below it, in one or two columns."""
        with VerticalScroll(id="about", can_focus=False):
            yield Static(id="about-text", markup=False)
        with VerticalScroll(id="conversation"):
            yield Static(id="before", markup=False)
            with Horizontal(id="columns"):
                yield Static(id="left", markup=False)
                yield Static(id="right", markup=False)

    def show(self, page: Page, *, stay: bool = False) -> None:
        """Draw a page from its top, or at the same position with `stay`."""
        for name, content in (
            ("about-text", page.about),
            ("before", page.before),
            ("left", page.left),
            ("right", page.right),
        ):
            static = self.query_one(f"#{name}", Static)
            static.display = content is not None
            static.update(content or Content(""))
        if not stay:
            self.query_one("#about", VerticalScroll).scroll_home(animate=False)
            scroll = self.query_one("#conversation", VerticalScroll)
            if page.jump:
                scroll.call_after_refresh(scroll.scroll_to_widget, self.query_one("#columns"), top=True, animate=False)
            else:
                scroll.scroll_home(animate=False)

    def read_on(self, pages: int) -> None:
        """Scroll the conversation by pages."""
        scroll = self.query_one("#conversation", VerticalScroll)
        scroll.scroll_relative(y=pages * max(1, scroll.size.height - 1), animate=False)
