"""A selection as terminal text and as plain values."""

from collections.abc import Iterator
from typing import Any

from rich.text import Text

from curate.core.text import plural, visible
from curate.pipeline.select import SelectResult
from curate.report.part import Part, plain


class FloorOutput(Part):
    """A value of a field with its floor."""

    field: str
    value: str
    wanted: int
    selected: int
    available: int
    """Examples that were not left out for another reason."""


class SelectOutput(Part, title="SelectResult"):
    """What `curate select --json` prints."""

    read: int
    """Lines read: selected + left."""
    selected: int
    tokens: int
    """Estimated tokens of the selected examples: bytes of text / 4."""
    left: dict[str, int]
    """Lines left out by reason: the code of a rule or detector, `select` for the selection, `decision`."""
    doubt_selected: float
    """Mean doubt of the selected examples."""
    doubt_all: float
    """Mean doubt of all examples."""
    floors: list[FloorOutput]
    earlier: int
    """Examples of the earlier selection that are in the data."""
    displaced: list[str]
    """Ids of those that are not selected any more."""
    heavy: list[str]
    """Removals by a rule or a score that need a confirmation (D008)."""
    notes: list[str]
    written: bool


def select_json(result: SelectResult, *, written: bool) -> dict[str, Any]:
    """The result as plain values."""
    return plain(SelectOutput, result, heavy=[found.message for found in result.heavy], written=written)


def select_text(result: SelectResult, *, written: bool) -> Iterator[Text]:
    """The result for people."""
    for floor in result.floors:
        few = "" if floor.available >= floor.wanted else f", only {floor.available:,} there"
        yield Text(f"{floor.field} {visible(floor.value)}: {floor.selected:,} selected, floor {floor.wanted:,}{few}")
    for note in result.notes:
        yield Text(f"note: {note}", style="dim")
    for reason, count in result.left.items():
        yield Text(f"left out, {reason}: {count:,}")
    yield Text(f"mean doubt {result.doubt_selected:.3f} of the selected examples, {result.doubt_all:.3f} of all")
    done = "selected" if written else "would be selected"
    yield Text(
        f"{plural(result.selected, 'example')} of {plural(result.read, 'line')} {done}, about {result.tokens:,} tokens",
        style="bold",
    )
