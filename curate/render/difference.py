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


def diff_text(found: DiffResult, limit: int | None = MAX_SHOWN) -> Iterator[Text]:
    """The differences as lines, settings first."""
    if found.same:
        yield Text(f"{visible(found.before)} and {visible(found.now)} are the same", style="bold")
        return
    for part in PARTS:
        changes: Sequence[Change] = getattr(found, part)
        for change in changes[: limit if part == "decisions" else None]:
            yield Text.assemble(
                f"{part.removesuffix('s'):<9} ",
                (visible(change.name), "bold"),
                f": {_value(change.before)} → {_value(change.now)}",
            )
        if part == "decisions":
            yield from more_lines(len(changes), limit, " decisions")
    places = (
        [("+", "green", f"{one.split:<10} {one.file}:{one.line}") for one in found.added],
        [("-", "red", f"{one.split:<10} {one.file}:{one.line}") for one in found.gone],
    )
    moved = [("~", "yellow", f"{one.before} → {one.now} {one.file}:{one.line}") for one in found.switched]
    for lines in (*places, moved):
        for sign, style, text in lines[:limit]:
            yield Text(f"{sign} {visible(text)}", style=style)
        yield from more_lines(len(lines), limit, " like this")
    ways = Counter(f"{one.before} → {one.now}" for one in found.switched)
    ways_said = f" ({', '.join(f'{way} {count:,}' for way, count in sorted(ways.items()))})" if ways else ""
    yield Text(
        f"{plural(len(found.added), 'example')} added, {len(found.gone):,} gone, {len(found.switched):,} moved "
        f"to another split{ways_said}",
        style="bold",
    )


def _value(value: Any) -> str:
    return "none" if value is None else excerpt(str(value), 60)
