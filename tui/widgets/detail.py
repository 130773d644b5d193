"""The complete entry: the question for the user, and the conversations."""

from typing import Final

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.widgets import Static

from tui.render.compare import stacked, two_columns
from tui.render.page import Page

MIN_PAIR_CELLS: Final = 84
"""Minimum width of a preference pair in two columns in cells."""


class Text(Static):
    """A text that takes part in a layout only when it changes."""

    def show(self, content: Content) -> None:
        """Draw another text; nothing if it is the same."""
        if not (isinstance(self.content, Content) and self.content.is_same(content)):
            self.update(content)

    def _size_updated(
        self,
        size: Size,
        virtual_size: Size,
        container_size: Size,
        layout: bool = True,  # noqa: ARG002
    ) -> bool:
        """Request no second layout after the one that has changed the size: nothing scrolls in a text."""
        return super()._size_updated(size, virtual_size, container_size, layout=False)


class Detail(Vertical):
    """Draws a page; the question stays visible while the conversation scrolls."""

    _page: Page | None = None
    _differences: list[int]
    """The lines of the comparison in which a difference begins."""
    _here = -1
    """The difference that was scrolled to."""

    def compose(self) -> ComposeResult:
        """The question, and the conversation or the comparison below it."""
        with VerticalScroll(id="about", can_focus=False):
            yield Text(id="about-text", markup=False)
        with VerticalScroll(id="conversation"):
            yield Text(id="before", markup=False)
            yield Text(id="left", markup=False)
            yield Text(id="compared", markup=False)

    def show(self, page: Page, *, stay: bool = False) -> None:
        """Draw a page from its top, or at the same position with `stay`."""
        for name, content in (
            ("about-text", page.about),
            ("before", page.before),
            ("left", page.left),
            ("compared", self._columns(page)),
        ):
            static = self.query_one(f"#{name}", Text)
            static.display = content is not None
            static.show(content or Content(""))
        if not stay:
            self._here = -1
            self.query_one("#about", VerticalScroll).scroll_home(animate=False)
            scroll = self.query_one("#conversation", VerticalScroll)
            if page.jump:
                scroll.call_after_refresh(scroll.scroll_to_widget, self.query_one("#left"), top=True, animate=False)
            else:
                scroll.scroll_home(animate=False)

    def _columns(self, page: Page) -> Content | None:
        """The comparison of a page, in columns or stacked by the width; None if it compares nothing."""
        self._page = page
        if not page.rows:
            self._differences = []
            return None
        narrow = page.stacks and self._width() < MIN_PAIR_CELLS
        content, self._differences = (stacked if narrow else two_columns)(page.rows, self._width())
        return content

    def _width(self) -> int:
        """Cells of a line of the conversation, at least 20."""
        return max(20, self.query_one("#conversation", VerticalScroll).scrollable_content_region.width)

    def on_resize(self) -> None:
        """Compose the comparison again."""
        if self._page is not None and self._page.rows:
            self.query_one("#compared", Text).show(self._columns(self._page) or Content(""))

    def difference(self, by: int) -> str:
        """Scroll to the next or previous difference; returns a text such as `difference 2 of 5`."""
        count = len(self._differences)
        if not count:
            return "no difference in the text that is shown"
        self._here = (self._here + by) % count if self._here >= 0 or by > 0 else count - 1
        top = self.query_one("#compared", Static).virtual_region.y + self._differences[self._here]
        self.query_one("#conversation", VerticalScroll).scroll_to(y=max(0, top - 1), animate=False, force=True)
        return f"difference {self._here + 1} of {count}"

    def read_on(self, pages: int) -> None:
        """Scroll the conversation by pages."""
        scroll = self.query_one("#conversation", VerticalScroll)
        scroll.scroll_relative(y=pages * max(1, scroll.size.height - 1), animate=False)
