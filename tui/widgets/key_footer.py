"""The keys at the bottom of a screen."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Footer


class KeyFooter(Footer):
    """Is composed anew only if its keys change: that takes as long as all else that a key causes."""

    def __init__(self) -> None:
        super().__init__(compact=True, show_command_palette=False)
        self._composed: list[tuple[Binding, bool, str]] | None = None

    def _offered(self) -> list[tuple[Binding, bool, str]]:
        keys = self.screen.active_bindings.values()
        return [(key.binding, key.enabled, key.tooltip) for key in keys if key.binding.show]

    def compose(self) -> ComposeResult:
        """All keys; none before the screen knows them."""
        self._composed = self._offered() if self.is_mounted else None
        yield from super().compose()

    async def recompose(self) -> None:
        """Nothing if it was closed, or if its keys are shown."""
        if self.is_attached and self._offered() != self._composed:
            await super().recompose()
