"""The changes between two output folders, for people and programs."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from rich.text import Text

from curate.core.text import excerpt, plural, visible
from curate.output.difference import Change, DiffResult
from curate.render.console import more_lines

MAX_SHOWN: Final = 10


PARTS: Final = ("inputs", "settings", "versions", "models", "decisions", "counts")


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
