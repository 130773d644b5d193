"""The list's part of the screen, which keys and the mouse resize."""

from collections.abc import MutableMapping
from typing import Final

from textual import events
from textual.containers import Vertical

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
