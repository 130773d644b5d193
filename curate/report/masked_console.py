"""A console that shows no key, whatever is printed on it."""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from curate.masking import without_keys


class MaskedConsole(Console):
    """Takes keys and passwords out of each text that it renders, the cells of tables and the columns of progress bars included."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """As rich's, after the masking."""
        if isinstance(renderable, str):
            renderable = without_keys(renderable)
        elif isinstance(renderable, Text) and (shown := without_keys(renderable.plain)) != renderable.plain:
            renderable = Text(shown, style=renderable.style, justify=renderable.justify, overflow=renderable.overflow, no_wrap=renderable.no_wrap)
        return super().render(renderable, options)
