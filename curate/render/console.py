"""Shared by text reports: color on a terminal only, and no control characters of the data on it.

Text is built from strings that `curate.core.text.visible` escaped, and printed as `rich.text.Text`, which has no
markup. Keys and passwords are removed from all output here.
"""

import json
import os
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from shlex import quote
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Self

from curate.core.events import Event, RunPlanned, StageAdvanced, StageFinished, StageStarted
from curate.core.finding import Severity
from curate.core.masking import plain_without_keys
from curate.core.text import visible
from curate.storage.data_files import STDIN_NAMES

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress, TaskID
    from rich.table import Table
    from rich.text import Text

COLOURS: Final = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}


EIGHTHS: Final = " ▏▎▍▌▋▊▉"
LEVELS: Final = "▁▂▃▄▅▆▇█"
"""The heights of a column of a histogram or a curve in one line."""


def command_for(verb: str, files: Collection[str]) -> str:
    """A command in backquotes, safe to print, with the file that it reads; without it for several files and for
    standard input.
    """
    name = next(iter(files)) if len(files) == 1 else "-"
    return f"`curate {verb}`" if name in STDIN_NAMES else f"`curate {verb} {visible(quote(name))}`"


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


class StageProgress:
    """Listens to the events of a pipeline and shows progress on stderr during the block."""

    def __init__(self, *, quiet: bool) -> None:
        self.out = None if quiet else console(stderr=True)
        self.bar: Progress | None = None
        self.task: TaskID | None = None
        self.whole: TaskID | None = None
        self.planned: tuple[str, ...] = ()
        self.started = monotonic()

    def __enter__(self) -> Self:
        if self.out is not None and self.out.is_terminal:
            self.bar = progress_bar(self.out, "{task.fields[stage]:<10}", None, "{task.fields[text]}")
            self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the display of progress, as before a question at the terminal."""
        if self.bar is not None:
            self.bar.stop()

    def listen(self, event: Event) -> None:
        """Show one event."""
        if self.out is None:
            return
        if isinstance(event, RunPlanned):
            self.planned = event.stages
            if self.bar is not None:
                self.whole = self.bar.add_task(
                    "", total=len(event.stages), stage="run", text=_progress_text(0, event.stages)
                )
        elif isinstance(event, StageStarted):
            self.started = monotonic()
            if self.bar is not None:
                self.task = self.bar.add_task("", total=None, stage=event.stage, text="")
        elif isinstance(event, StageAdvanced):
            if self.bar is not None and self.task is not None:
                progress = f"{event.done:,}/{event.total:,}" if event.total else f"{event.done:,}"
                self.bar.update(self.task, completed=event.done, total=event.total, text=f"{progress} {event.text}")
        else:
            self._finished(event)

    def _finished(self, event: StageFinished) -> None:
        """Remove the bar of a stage, and print its summary and duration."""
        if self.bar is not None and self.task is not None:
            self.bar.remove_task(self.task)
            self.task = None
        if self.bar is not None and self.whole is not None and event.stage in self.planned:
            done = self.planned.index(event.stage) + 1
            self.bar.update(self.whole, completed=done, text=_progress_text(done, self.planned))
        duration = "unchanged" if event.reused else f"{monotonic() - self.started:.1f} s"
        if self.out is not None:
            self.out.print(f"{event.stage:<10} {event.summary} ({duration})")


def _progress_text(done: int, stages: tuple[str, ...]) -> str:
    remaining = ", ".join(stages[done:])
    return f"{done} of {len(stages)} stages" + (f"; {remaining}" if remaining else "")
