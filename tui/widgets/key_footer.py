"""The keys at the bottom of a screen."""

from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

from tui.keys import ALWAYS_SHOWN, SHOWN_IF_ROOM


class KeyFooter(Footer):
    """As many keys as fit, help and quit among them.

    Is composed anew only if its keys change: that takes as long as all else that a key causes.
    """

    def __init__(self) -> None:
        super().__init__(compact=True, show_command_palette=False)
        self._composed: list[ActiveBinding] = []

    def _offered(self) -> list[ActiveBinding]:
        """The keys that fit into the width, in the order of the screen."""
        by_action: dict[str, ActiveBinding] = {}
        for key in self.screen.active_bindings.values():
            if key.binding.show or key.binding.id in SHOWN_IF_ROOM:
                by_action.setdefault(key.binding.action, key)
        room = (self.size.width or self.app.size.width) + 1
        fitting = set()
        for action, key in sorted(by_action.items(), key=lambda item: _rank(item[1])):
            room -= len(self.app.get_key_display(key.binding)) + len(key.binding.description) + 2
            if room < 0:
                break
            fitting.add(action)
        return [key for action, key in by_action.items() if action in fitting]

    def compose(self) -> ComposeResult:
        """The keys that fit; none before the screen knows them."""
        self._composed = self._offered() if self._bindings_ready else []
        for key in self._composed:
            binding, shown = key.binding, self.app.get_key_display(key.binding)
            yield FooterKey(
                binding.key, shown, binding.description, binding.action, not key.enabled, key.tooltip
            ).data_bind(compact=Footer.compact)

    async def on_resize(self) -> None:
        """Show the keys that fit now."""
        await self.recompose()

    async def recompose(self) -> None:
        """Compose the footer again, unless it was closed or its keys are shown already."""
        if self.is_attached and self._bindings_ready and self._offered() != self._composed:
            await super().recompose()


def _rank(key: ActiveBinding) -> int:
    """The order in which keys are left out of a narrow footer, the highest number first."""
    if key.binding.id in ALWAYS_SHOWN:
        return -1
    return 0 if key.binding.show else 1 + SHOWN_IF_ROOM.index(key.binding.id or "")
