"""Shared by text reports: color on a terminal only, and no control characters of the data on it.

Text is built from strings that `curate.core.text.visible` escaped, and printed as `rich.text.Text`, which has no
markup. Keys and passwords are removed from all output here.
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from curate.core.finding import Severity
from curate.core.masking import plain_without_keys

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress
    from rich.table import Table
    from rich.text import Text

COLOURS: Final = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}


EIGHTHS: Final = " ▏▎▍▌▋▊▉"
LEVELS: Final = "▁▂▃▄▅▆▇█"
"""The heights of a column of a histogram or a curve in one line."""


class Styled:
    """A line for people, made of safe text with optional styles; rich text is only created for a terminal."""

    __slots__ = ("cropped", "pieces")

    def __init__(self, *pieces: str | tuple[str, str], cropped: bool = False) -> None:
        self.pieces = pieces
        self.cropped = cropped
        """Whether a line is truncated on a narrow terminal instead of wrapped."""

    @property
    def plain(self) -> str:
        """The text without styles."""
        return "".join([piece if isinstance(piece, str) else piece[0] for piece in self.pieces])

    @property
    def text(self) -> "Text":
        """The text with styles, for a terminal."""
        from rich.text import Text

        return Text.assemble(*self.pieces)


def console(*, stderr: bool = False) -> "Console":
    """A console for data (stdout) or messages (stderr).

    Lines are not wrapped unless it is a terminal, so that they can be searched; tables are 160 columns wide.
    """
    # takes a few hundredths of a second that `--version` does not need
    from curate.render.masked_console import MaskedConsole

    stream = sys.stderr if stderr else sys.stdout
    terminal = stream.isatty()
    return MaskedConsole(
        stderr=stderr,
        color_system=None if os.environ.get("NO_COLOR") else "auto",
        width=None if terminal else 160,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=not terminal,
    )


def progress_bar(out: "Console", *parts: str | None) -> "Progress":
    """A progress display that disappears at its end. `parts`: formats of the texts about a task; None stands for the
    bar.
    """
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (BarColumn(bar_width=24) if part is None else TextColumn(part, markup=False) for part in parts)
    return Progress(SpinnerColumn(), *columns, TimeElapsedColumn(), console=out, transient=True)


def table(
    title: str, *columns: str, numbers: "Sequence[str]" = (), rows: "Iterable[Sequence[str | Text]]" = ()
) -> "Table":
    """A table in the common style, without a header if no column has a name. Columns in `numbers` are right-aligned."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    result = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    result.show_header = any(columns)
    for column in columns:
        result.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    for row in rows:
        result.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    return result


def tables(
    title: str, *columns: str, after: int, numbers: "Sequence[str]" = (), rows: "Iterable[Sequence[str | Text]]" = ()
) -> "Iterator[Table]":
    """A table, or two where the terminal is too narrow: up to the column number `after`, and the first column with the
    others.
    """
    from rich.measure import Measurement

    rows, out = list(rows), console()
    whole = table(title, *columns, numbers=numbers, rows=rows)
    if Measurement.get(out, out.options.update(max_width=1 << 16), whole).maximum <= out.width:
        yield whole
        return
    yield table(title, *columns[:after], numbers=numbers, rows=[row[:after] for row in rows])
    others = [[row[0], *row[after:]] for row in rows]
    yield table("", columns[0], *columns[after:], numbers=numbers, rows=others)


def bar(share: float, width: int) -> str:
    """A bar of `share` of `width` columns, in eighths of a column; never empty for a share above 0."""
    eighths = max(round(share * width * 8), 1) if share > 0 else 0
    return "█" * (eighths // 8) + (EIGHTHS[eighths % 8] if eighths % 8 else "")


def more_lines(count: int, limit: int | None, of: str = "", option: str = "--all") -> "Iterator[Text]":
    """The number of list items left out, and the option that shows them; nothing if all are shown.

    `limit`: the number of items shown, None for all; `of`: what the items are, with a space before it.
    """
    from rich.text import Text

    if limit is not None and count > limit:
        yield Text(f"… and {count - limit:,} more{of} ({option} shows them)")


def print_json(value: Any, *, indent: int | None = None, exclude_none: bool = False) -> None:
    """Print a result for programs: ASCII JSON without keys and passwords, from a model, dataclass or plain values."""
    if not isinstance(value, dict):
        from pydantic import TypeAdapter

        value = TypeAdapter(type(value)).dump_python(value, mode="json", exclude_none=exclude_none)
    json.dump(plain_without_keys(value), sys.stdout, indent=indent)
    sys.stdout.write("\n")


def print_result(
    value: Any,
    lines: "Iterable[RenderableType]",
    *,
    as_json: bool,
    indent: int | None = None,
    exclude_none: bool = False,
) -> None:
    """Print a result for programs (`as_json`), or as lines for people."""
    if as_json:
        print_json(value, indent=indent, exclude_none=exclude_none)
    else:
        print_lines(lines)


def print_lines(lines: "Iterable[RenderableType]") -> None:
    """Print a result for people on standard output."""
    out = console()
    for line in lines:
        out.print(line)
