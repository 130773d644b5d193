"""The list of entries: draws the lines in view and no others, so that a hundred thousand are no slower than ten."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from curate.review import Entry, Kind
from tui.keys import bindings


class EntryList(ScrollView, can_focus=True, inherit_bindings=False):
    """Entries of one kind, one a line, with a cursor."""

    BINDINGS = bindings("list")
    COMPONENT_CLASSES = {"entry-list--cursor", "entry-list--line"}  # noqa: RUF012  (as Textual declares it)

    cursor: reactive[int] = reactive(0)

    @dataclass
    class Pointed(Message):
        """The cursor has come to another entry; None in an empty list."""

        kind: Kind
        entry: Entry | None

    def __init__(self, kind: Kind, draw: Callable[[Entry], Content]) -> None:
        super().__init__(id=f"list-{kind}")
        self.kind: Kind = kind
        self.entries: Sequence[Entry] = ()
        self.text = ""
        """The filter that `entries` were chosen by."""
        self._draw = draw

    @property
    def entry(self) -> Entry | None:
        """The entry under the cursor."""
        return self.entries[self.cursor] if self.cursor < len(self.entries) else None

    def show(self, entries: Sequence[Entry], text: str = "") -> None:
        """Draw other entries; the cursor stays on its entry where that is still there."""
        before = self.entry
        self.entries, self.text = entries, text
        self.virtual_size = Size(1, len(entries))
        at = next((at for at, entry in enumerate(entries) if entry is before), 0)
        moved, self.cursor = at != self.cursor, at
        self.refresh()
        if not moved:  # another entry may stand under the same cursor
            self.watch_cursor()

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor on an entry."""
        return max(0, min(cursor, len(self.entries) - 1))

    def watch_cursor(self) -> None:
        """Bring the cursor into view, and tell."""
        self.refresh()
        self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, force=True)
        self.post_message(self.Pointed(self.kind, self.entry))

    def render_line(self, y: int) -> Strip:
        """One line of the list, if there is an entry for it."""
        at = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        if at >= len(self.entries):
            return Strip.blank(width, self.rich_style)
        here = at == self.cursor
        content = Content.assemble("▌" if here else " ", self._draw(self.entries[at])).truncate(width, ellipsis=True)
        if here:
            style = self.get_visual_style("entry-list--cursor")
            content = content.without_spans.pad_right(max(0, width - content.cell_length)).stylize(style)
        return Visual.to_strips(self, content, width, 1, self.visual_style)[0].adjust_cell_length(width, self.rich_style)

    def action_move(self, by: int) -> None:
        """Move the cursor by some lines."""
        self.cursor += by

    def action_move_page(self, by: int) -> None:
        """Move the cursor by what fits on the screen."""
        self.cursor += by * max(1, self.size.height - 1)

    def action_jump(self, to: int) -> None:
        """Move the cursor to an entry; -1 is the last one."""
        self.cursor = to if to >= 0 else len(self.entries) + to

    def on_click(self, event: events.Click) -> None:
        """Point at the entry that was clicked."""
        self.cursor = self.scroll_offset.y + event.y
