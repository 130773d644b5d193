"""A console that shows no key and obeys nothing, whatever is printed on it."""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from curate.core.masking import without_keys
from curate.core.text import visible


class MaskedConsole(Console):
    """Takes keys and passwords out of each text that it renders, the cells of tables and the columns of progress bars
    included, and writes control characters as escapes: on standard error line breaks too, for there each text is a
    line, and one from a name would begin another.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """As rich's, of what may be shown."""
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
