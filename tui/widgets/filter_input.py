"""The input of the filter."""

from textual.binding import Binding
from textual.widgets import Input

from tui.keys import KEY_SYMBOLS


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
