"""A console that masks keys and passwords and escapes control characters in all output."""

import re
from collections.abc import Iterable
from typing import Any, Final

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from curate.core.masking import without_keys
from curate.core.text import visible

COLUMN: Final = re.compile(r"(?<=\S) {2,}(?=\S)")
"""The spaces before a column of a line."""


class MaskedConsole(Console):
    """Masks and escapes each rendered text, including table cells and progress columns.

    On standard error, line breaks are escaped too: each text is a line there, and a name could start another one.
    """

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as rich does; on a terminal, what does not fit on a line is indented below it."""
        if not (self.soft_wrap or self.stderr or options.get("no_wrap")):
            lines = (Text(item) if isinstance(item, str) else item for item in objects)
            objects = tuple(self._wrapped(item) if isinstance(item, Text) else item for item in lines)
        super().print(*objects, **options)

    def _wrapped(self, line: Text) -> Text:
        """A line, wrapped with a hanging indent: at its last column in the left half, else by two more places."""
        line = self._masked(line)
        text = line.plain
        if "\n" in text or "\t" in text:
            return line
        first, *others = line.wrap(self, self.width)
        if not others:
            return line
        columns = [match.end() for match in COLUMN.finditer(text) if match.end() <= self.width // 2]
        indent = max(columns, default=len(text) - len(text.lstrip()) + 2)
        first_length = len(first.plain)
        remainder = line[first_length + len(text[first_length:]) - len(text[first_length:].lstrip()) :].wrap(
            self, self.width - indent
        )
        return Text("\n").join([first, *(Text.assemble(" " * indent, line_rest) for line_rest in remainder)])

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as rich does, but masked and escaped."""
        if isinstance(renderable, str):
            renderable = self._printable(renderable)
        elif isinstance(renderable, Text):
            renderable = self._masked(renderable)
        return super().render(renderable, options)

    def _masked(self, text: Text) -> Text:
        """The text with secrets masked and controls escaped; its styles are lost if this changes it."""
        shown = self._printable(text.plain)
        if shown == text.plain:
            return text
        return Text(shown, style=text.style, justify=text.justify, overflow=text.overflow, no_wrap=text.no_wrap)

    def _printable(self, text: str) -> str:
        return visible(without_keys(text), keep_newlines=not self.stderr)
