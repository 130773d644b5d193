"""The list of entries: only visible rows are drawn, so a million are as fast as ten."""

from collections.abc import Callable, Hashable
from typing import Protocol

from textual import events
from textual.content import Content
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.strip import Strip
from textual.visual import Visual

from curate.review import Kind, View
from tui.keys import KEYS, Key, bindings, rebound

MAX_CACHED_ROWS = 400
"""Number of cached rows: several screens. Each is some thirty objects for the garbage collection to look at."""
MARGIN_LINES = 2
"""Number of lines that stay visible above and below the cursor."""


class Draw(Protocol):
    """Renders a row, and its edge: whether the cursor is here, and whether it is selected."""

    def __call__(self, number: int, *, here: bool) -> Content:
        """`number`: of an entry; negative for a group (see `curate.review.groups`)."""
        ...


class EntryList(ScrollView, can_focus=True, inherit_bindings=False):
    """Entries of one kind, one per row, with a cursor."""

    BINDINGS = bindings("list")
    COMPONENT_CLASSES = {"entry-list--cursor", "entry-list--line"}  # noqa: RUF012

    cursor: reactive[int] = reactive(0, init=False)  # the first row is drawn by the mounted screen

    def __init__(
        self,
        kind: Kind,
        draw: Draw,
        look: Callable[[int], Hashable],
        pointed: Callable[[], None],
        keys: tuple[Key, ...] = KEYS,
    ) -> None:
        """`draw` renders the row of an entry; `look` returns its inputs, and the row is cached while they are equal.

        `pointed` is called at once when the cursor moves to another entry: the next key may be a decision about it.
        """
        super().__init__(id="list")
        self._bindings = rebound(self._bindings, keys)
        self._look, self._pointed = look, pointed
        self._strips: dict[Hashable, Strip] = {}
        self.kind: Kind = kind
        self.view: View | None = None
        self.before: int | None = None
        """The entry under the cursor when the list was cleared, until it is listed again or the cursor has moved."""
        self._draw = draw

    def __len__(self) -> int:
        return 0 if self.view is None else len(self.view)

    @property
    def number(self) -> int | None:
        """The number of the entry under the cursor; None for a group."""
        number = self.view[self.cursor] if self.view is not None and self.cursor < len(self.view) else -1
        return number if number >= 0 else None

    def clear(self) -> None:
        """Show nothing until there are other entries; the cursor then stays nearby."""
        self.before, self.view, self.cursor = self.number, None, 0
        self._strips.clear()
        self.refresh()

    def show(self, view: View) -> None:
        """Show other entries; the cursor stays on its entry if it is still listed."""
        before = self.number if self.before is None or self.cursor else self.before
        top = self.cursor - self.scroll_offset.y
        group = self.view.group_at(self.cursor) if self.view is not None else None
        self.view = view
        self.virtual_size = Size(1, len(view))
        row = view.index_of_group(group.key) if group else view.index(before) if before is not None else None
        self.before = self.before if row is None and not self.cursor else None
        row = row or 0
        moved, self.cursor = row != self.cursor, row
        if moved:  # keeps the line at its screen position
            self.scroll_to(y=row - top, animate=False, force=True)
        self.refresh()
        if (group or before != self.number) and not moved:  # the cursor may be on another entry
            self.watch_cursor()

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor within the list."""
        return max(0, min(cursor, len(self) - 1))

    def watch_cursor(self, before: int = 0) -> None:
        """Scroll to the cursor, and call `pointed`."""
        width = self.scrollable_content_region.width
        for row in (before, self.cursor):
            self.refresh(Region(0, row - self.scroll_offset.y, width, 1))
        self._reveal()
        self._pointed()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scroll; the scroll bar is drawn again only if it then looks different."""
        if self.show_vertical_scrollbar:
            bar = self.vertical_scrollbar
            if _bar_step(bar, bar.position) == _bar_step(bar, new_value):
                bar.set_reactive(ScrollBar.position, new_value)
            else:
                bar.position = new_value
        if round(old_value) != round(new_value):
            self.refresh(self.size.region)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Render rows without Textual's cache of styled lines, which scrolling by a line empties.

        The rows have no border and no padding, and each is cached with what the filters make of it.
        """
        (start, end), style, (_, background) = crop.column_span, self.rich_style, self.background_colors
        strips = [self.render_line(y).crop_extend(start, end, style) for y in crop.line_range]
        for line_filter in self.get_line_filters():
            strips = [strip.apply_filter(line_filter, background) for strip in strips]
        return strips

    def render_line(self, y: int) -> Strip:
        """Render a row of the list, if there is an entry for it."""
        row = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        if self.view is None or row >= len(self.view):
            return Strip.blank(width, self.rich_style)
        here = row == self.cursor
        look = (width, here and self.has_focus, here, self.app.theme, self._look(self.view[row]))
        strip = self._strips.get(look)
        if strip is None:
            if len(self._strips) > MAX_CACHED_ROWS:
                self._strips.clear()
            strip = self._strips[look] = self._row_strip(self.view[row], width, here=here)
        return strip

    def _row_strip(self, number: int, width: int, *, here: bool) -> Strip:
        """The drawn row of an entry or group by its number, from the cache if its inputs are the same."""
        content = self._draw(number, here=here).truncate(width, ellipsis=True)
        if here:
            style = self.get_visual_style("entry-list--cursor")
            content = content.without_spans.pad_right(max(0, width - content.cell_length)).stylize(style)
        return Visual.to_strips(self, content, width, 1, self.visual_style)[0].adjust_cell_length(
            width, self.rich_style
        )

    def action_move(self, by: int) -> None:
        """Move the cursor by lines."""
        self.cursor += by

    def action_move_page(self, by: int) -> None:
        """Move the cursor by pages."""
        self.cursor += by * max(1, self.size.height - 1)

    def action_jump(self, to: int) -> None:
        """Move the cursor to an entry; -1 is the last."""
        self.cursor = to if to >= 0 else len(self) + to

    def on_resize(self) -> None:
        """Keep the cursor visible in a smaller window."""
        self._reveal()

    def _reveal(self) -> None:
        """Scroll to the cursor and the lines around it."""
        margin = min(MARGIN_LINES, max(0, self.size.height - 1) // 2)
        top, bottom = max(0, self.cursor - margin), min(len(self), self.cursor + margin + 1)
        self.scroll_to_region(Region(0, top, 1, max(1, bottom - top)), animate=False, force=True)

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the clicked entry."""
        self.cursor = self.scroll_offset.y + event.y


def _bar_step(bar: ScrollBar, position: float) -> int | None:
    """Where `ScrollBarRender` begins the thumb of a vertical bar, in parts of a cell; None if it draws no thumb."""
    size, total, window = bar.size.height, bar.window_virtual_size, bar.window_size
    if not size or total <= window:
        return None
    thumb = max(1, window / (total / size))
    return int((size - thumb) * (position / (total - window)) * len(ScrollBarRender.VERTICAL_BARS))
