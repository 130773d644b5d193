"""Widgets that screens share: the list of entries, its pane, the detail, the row of keys, the filter, the navigation.

Only visible rows of the list are drawn, so a million are as fast as ten.
"""

from collections.abc import Callable, Hashable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget
from textual.widgets import Input, Static

from curate.review import Kind, View
from tui.keys import ALWAYS_SHOWN, KEY_SYMBOLS, KEYS, SHOWN_IF_ROOM, TABS, Key, Tab, bindings, rebound
from tui.render.compare import stacked, two_columns
from tui.render.page import Page

MAX_CACHED_ROWS = 400
"""Number of cached rows: several screens. Each is some thirty objects for the garbage collection to look at."""
MARGIN_LINES = 2
"""Number of lines that stay visible above and below the cursor."""


class Draw(Protocol):
    """Renders a row, and its edge: whether it has the cursor, and whether it is selected."""

    def __call__(self, number: int, *, has_cursor: bool) -> Content:
        """`number`: of an entry; negative for a group (see `curate.review.view`)."""
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
        has_cursor = row == self.cursor
        look = (width, has_cursor and self.has_focus, has_cursor, self.app.theme, self._look(self.view[row]))
        strip = self._strips.get(look)
        if strip is None:
            if len(self._strips) > MAX_CACHED_ROWS:
                self._strips.clear()
            strip = self._strips[look] = self._row_strip(self.view[row], width, has_cursor=has_cursor)
        return strip

    def _row_strip(self, number: int, width: int, *, has_cursor: bool) -> Strip:
        """The drawn row of an entry or group by its number, from the cache if its inputs are the same."""
        content = self._draw(number, has_cursor=has_cursor).truncate(width, ellipsis=True)
        if has_cursor:
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


class FilterInput(Input):
    """Returns the focus to the list on Enter, since the next key may be a decision."""

    BINDINGS = [  # noqa: RUF012
        Binding("enter", "screen.leave_filter", "Back to list", tooltip="Keep the filter and return to the list.",
                id="filter-take"),
        Binding("escape", "screen.clear", "Show all", tooltip="Clear the filter.", id="filter-leave"),
    ]  # fmt: skip

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Letters typed into the filter are not commands."""
        name = KEY_SYMBOLS.get(key, "")
        return super().check_consume_key(key, character) or (len(name) == 1 and name.isascii())


ACTIVE_STYLE = "bold reverse $text-primary"


class Layout(NamedTuple):
    """What is drawn of each tab."""

    short: bool = False
    counted: bool = False
    spaced: bool = True


LAYOUTS: Final = (
    Layout(counted=True), Layout(), Layout(spaced=False), Layout(short=True), Layout(short=True, spaced=False)
)  # fmt: skip
"""The first one that fits is drawn: at 80 columns, all names without spaces around them; at 60, short ones."""


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


MIN_PERCENT, MAX_PERCENT = 15, 85
"""Percent of the screen."""
DEFAULT_PERCENT: Final = {False: 38, True: 40}


class ListPane(Vertical):
    """Above the entry, or beside it on a wide screen; the border between them can be dragged."""

    def __init__(self, shares: MutableMapping[bool, int], id: str) -> None:  # noqa: A002
        """`shares`: the percentage on narrow and on wide screens, which all lists have in common."""
        super().__init__(id=id)
        self._shares = shares

    @property
    def wide(self) -> bool:
        """Whether the list is beside the entry."""
        return self.screen.has_class("-wide")

    def on_resize(self) -> None:
        """Take the size for a screen of this width."""
        self.fit()

    def fit(self) -> None:
        """Take the size that was chosen, if one was."""
        share = self._shares.get(self.wide)
        self.styles.width = f"{share}%" if share and self.wide else None
        self.styles.height = f"{share}%" if share and not self.wide else None

    def resize_to(self, share: int) -> None:
        """Take a percentage of the screen."""
        self._shares[self.wide] = max(MIN_PERCENT, min(share, MAX_PERCENT))
        self.fit()

    def grow(self, by: int) -> None:
        """Change the percentage of the screen by `by`."""
        self.resize_to(self._shares.get(self.wide, DEFAULT_PERCENT[self.wide]) + by)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin to drag the border."""
        position, end = (event.x, self.size.width) if self.wide else (event.y, self.size.height)
        if position >= end:  # behind the content there is only the border
            self.capture_mouse()
            event.stop()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag the border."""
        if self.app.mouse_captured is self and self.parent is not None:
            room = self.screen.query_one("#room").region
            position, size = (
                (event.screen_x - room.x, room.width) if self.wide else (event.screen_y - room.y, room.height)
            )
            self.resize_to(round(100 * (position + 1) / max(1, size)))

    def on_mouse_up(self) -> None:
        """Stop dragging the border."""
        self.release_mouse()


class KeyFooter(Widget):
    """As many keys as fit, help and quit among them.

    One widget draws all keys: to compose a widget for each key takes as long as all else that a pressed key causes.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES = {"footer--key", "footer--label", "footer--hover"}  # noqa: RUF012

    pointed: reactive[int | None] = reactive(None)
    """The key under the mouse, by its position; None if there is none."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[ActiveBinding] = []
        self._is_due = False
        """Whether the keys are to be looked up again."""

    def on_mount(self) -> None:
        """Show the keys of the screen, and follow their changes."""
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed, immediate=True)
        self._update()

    def _bindings_changed(self, _screen: object) -> None:
        """Look up the keys once for all changes that one input causes."""
        if not self._is_due:
            self._is_due = self.call_later(self._update)

    def on_resize(self) -> None:
        """Show the keys that fit now."""
        self._update()

    def _update(self) -> None:
        """Draw the keys that are offered now, if they are others; while the terminal has not the focus, none change."""
        self._is_due = False
        if self.is_attached and self.app.app_focus and (keys := self._offered()) != self._shown:
            self._shown, self.pointed = keys, None
            self.refresh()

    def _offered(self) -> list[ActiveBinding]:
        """The keys that fit into the width, in the order of the screen."""
        by_action: dict[str, ActiveBinding] = {}
        for key in self.screen.active_bindings.values():
            if key.binding.show or key.binding.id in SHOWN_IF_ROOM:
                by_action.setdefault(key.binding.action, key)
        room = (self.size.width or self.app.size.width) + 1
        fitting = set()
        for action, key in sorted(by_action.items(), key=lambda item: _footer_rank(item[1])):
            room -= self._cells(key) + 1
            if room < 0:
                break
            fitting.add(action)
        return [key for action, key in by_action.items() if action in fitting]

    def _cells(self, key: ActiveBinding) -> int:
        """Width of a key with its label in cells."""
        return len(self.app.get_key_display(key.binding)) + 1 + len(key.binding.description)

    def render_line(self, y: int) -> Strip:
        """Draw the keys; each is followed by a blank without its style."""
        names = ("footer--key", "footer--label", "footer--hover")
        style, label, hover = (self.get_component_rich_style(name) for name in names)
        gap = Style(bgcolor=self.rich_style.bgcolor)
        segments = []
        for position, key in enumerate(self._shown if not y else ()):
            over = Style(bgcolor=hover.bgcolor if position == self.pointed else None)
            segments += [
                Segment(self.app.get_key_display(key.binding), style + over),
                Segment(f" {key.binding.description}", label + over),
                Segment(" ", gap),
            ]
        return Strip(segments).adjust_cell_length(self.size.width, gap)

    def _key_at(self, x: int) -> int | None:
        """The position of the key that is drawn in a column; None if there is none."""
        for position, key in enumerate(self._shown):
            if x < self._cells(key):
                return position if x >= 0 else None
            x -= self._cells(key) + 1
        return None

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Point at the key under the mouse."""
        self.pointed = self._key_at(event.x)

    def on_leave(self) -> None:
        """Point at no key."""
        self.pointed = None

    def watch_pointed(self, pointed: int | None) -> None:
        """Explain the key under the mouse, which takes a click."""
        self.tooltip = self._shown[pointed].tooltip or None if pointed is not None else None
        self.styles.pointer = "default" if pointed is None else "pointer"

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Press the key that is clicked."""
        position = self._key_at(event.x)
        if position is not None:
            self.app.simulate_key(self._shown[position].binding.key)


def _footer_rank(key: ActiveBinding) -> int:
    """The order in which keys are left out of a narrow footer, the highest number first."""
    if key.binding.id in ALWAYS_SHOWN:
        return -1
    return 0 if key.binding.show else 1 + SHOWN_IF_ROOM.index(key.binding.id or "")


def _bar_step(bar: ScrollBar, position: float) -> int | None:
    """Where `ScrollBarRender` begins the thumb of a vertical bar, in parts of a cell; None if it draws no thumb."""
    size, total, window = bar.size.height, bar.window_virtual_size, bar.window_size
    if not size or total <= window:
        return None
    thumb = max(1, window / (total / size))
    return int((size - thumb) * (position / (total - window)) * len(ScrollBarRender.VERTICAL_BARS))
