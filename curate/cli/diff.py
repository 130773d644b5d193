"""`curate diff`."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.text import Text

from curate.cli.options import AsJson
from curate.core.errors import ExitCode
from curate.core.text import excerpt, plural, visible
from curate.output.difference import Change, DiffResult, difference
from curate.render.console import more_lines, print_result

MAX_SHOWN: Final = 10
PARTS: Final = ("inputs", "settings", "versions", "models", "decisions", "counts")


def diff(
    before: Annotated[Path, typer.Argument(help="Folder of a split.", metavar="DIR")],
    now: Annotated[Path, typer.Argument(help="Folder of another split.", metavar="DIR")],
    show_all: Annotated[
        bool, typer.Option("--all", help=f"Show every example, not only {MAX_SHOWN} of each kind.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare two splits: inputs, settings, versions, decisions, and the examples that were added, removed or moved.

    Exit status: 0 if the two are the same, 1 if they differ.
    """
    comparison = difference(before, now)
    print_result(comparison, diff_text(comparison, None if show_all else MAX_SHOWN), as_json=as_json)
    raise typer.Exit(ExitCode.CLEAN if comparison.same else ExitCode.FINDINGS)


def diff_text(result: DiffResult, limit: int | None = MAX_SHOWN) -> Iterator[Text]:
    """The differences as lines, settings first."""
    if result.same:
        yield Text(f"{visible(result.before)} and {visible(result.now)} are the same", style="bold")
        return
    for part in PARTS:
        changes: Sequence[Change] = getattr(result, part)
        for change in changes[: limit if part == "decisions" else None]:
            yield Text.assemble(
                f"{part.removesuffix('s'):<9} ",
                (visible(change.name), "bold"),
                f": {_setting_text(change.before)} → {_setting_text(change.now)}",
            )
        if part == "decisions":
            yield from more_lines(len(changes), limit, " decisions")
    places = (
        [("+", "green", f"{example.split:<10} {example.file}:{example.line}") for example in result.added],
        [("-", "red", f"{example.split:<10} {example.file}:{example.line}") for example in result.gone],
    )
    moved = [
        ("~", "yellow", f"{example.before} → {example.now} {example.file}:{example.line}")
        for example in result.switched
    ]
    for lines in (*places, moved):
        for sign, style, text in lines[:limit]:
            yield Text(f"{sign} {visible(text)}", style=style)
        yield from more_lines(len(lines), limit, " like this")
    moves = Counter(f"{example.before} → {example.now}" for example in result.switched)
    move_counts = f" ({', '.join(f'{move} {count:,}' for move, count in sorted(moves.items()))})" if moves else ""
    yield Text(
        f"{plural(len(result.added), 'example')} added, {len(result.gone):,} gone, {len(result.switched):,} moved "
        f"to another split{move_counts}",
        style="bold",
    )


def _setting_text(value: Any) -> str:
    """A value of a setting in few characters; `none` for None."""
    return "none" if value is None else excerpt(str(value), 60)
