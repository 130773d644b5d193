"""A console that masks keys and passwords and escapes control characters in all output."""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from curate.core.masking import without_keys
from curate.core.text import visible


class MaskedConsole(Console):
    """Masks and escapes each rendered text, including table cells and progress columns.

    On standard error, line breaks are escaped too: each text is a line there, and a name could start another one.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as rich does, but masked and escaped."""
        if isinstance(renderable, str):
            renderable = self._shown(renderable)
        elif isinstance(renderable, Text) and (shown := self._shown(renderable.plain)) != renderable.plain:
            renderable = Text(
                shown,
                style=renderable.style,
                justify=renderable.justify,
                overflow=renderable.overflow,
                no_wrap=renderable.no_wrap,
            )
        return super().render(renderable, options)

    def _shown(self, text: str) -> str:
        return visible(without_keys(text), keep_newlines=not self.stderr)
