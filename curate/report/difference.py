"""What changed between two output folders, for people and programs."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from rich.text import Text

from curate.difference import Changed, Difference
from curate.report.console import more
from curate.report.part import Part, at, plain
from curate.text import excerpt, plural, visible

SHOWN: Final = 10
"""Examples of a kind that are shown."""


class ChangeOutput(Part):
    """A value that is another one."""

    name: str
    before: Any
    now: Any


class FoundOutput(Part):
    """An example that only one of the two has."""

    example: str
    file: str = at("place", "file")
    line: int = at("place", "line")
    split: str


class SwitchedOutput(Part):
    """An example that stands in another split."""

    example: str
    before: str = at("before_split")
    now: str = at("now_split")
    file: str = at("now", "file")
    line: int = at("now", "line")


class DiffResult(Part):
    """What `curate diff --json` prints."""

    before: str
    now: str
    same: bool
    """Whether the two manifests are equal, byte for byte."""
    inputs: list[ChangeOutput]
    settings: list[ChangeOutput]
    versions: list[ChangeOutput]
    models: list[ChangeOutput]
    decisions: list[ChangeOutput]
    counts: list[ChangeOutput]
    added: list[FoundOutput]
    gone: list[FoundOutput]
    switched: list[SwitchedOutput]


PARTS: Final = ("inputs", "settings", "versions", "models", "decisions", "counts")


def diff_json(found: Difference) -> dict[str, Any]:
    """The difference as plain values."""
    return plain(DiffResult, found)


def diff_text(found: Difference, limit: int | None = SHOWN) -> Iterator[Text]:
    """The difference as lines, settings first."""
    if found.same:
        yield Text(f"{visible(found.before)} and {visible(found.now)} are the same", style="bold")
        return
    for part in PARTS:
        changes: Sequence[Changed] = getattr(found, part)
        for change in changes[: limit if part == "decisions" else None]:
            yield Text.assemble(f"{part.removesuffix('s'):<9} ", (visible(change.name), "bold"), f": {_value(change.before)} → {_value(change.now)}")
        if part == "decisions":
            yield from more(len(changes), limit, " decisions")
    places = [("+", "green", f"{one.split:<10} {one.place}") for one in found.added], [("-", "red", f"{one.split:<10} {one.place}") for one in found.gone]
    moved = [("~", "yellow", f"{one.before_split} → {one.now_split} {one.now}") for one in found.switched]
    for lines in (*places, moved):
        for sign, style, said in lines[:limit]:
            yield Text(f"{sign} {visible(said)}", style=style)
        yield from more(len(lines), limit, " like this")
    ways = Counter(f"{one.before_split} → {one.now_split}" for one in found.switched)
    ways_said = f" ({', '.join(f'{way} {count:,}' for way, count in sorted(ways.items()))})" if ways else ""
    yield Text(f"{plural(len(found.added), 'example')} added, {len(found.gone):,} gone, {len(found.switched):,} in another split{ways_said}", style="bold")


def _value(value: Any) -> str:
    return "none" if value is None else excerpt(str(value), 60)
