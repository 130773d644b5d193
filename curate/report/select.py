"""A selection as terminal text and as plain values."""

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from curate.core.text import plural, visible
from curate.pipeline.compare_selections import RANDOM, Difference, SelectionComparison
from curate.pipeline.select import SelectResult
from curate.report.console import table
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
    comparison: SelectionComparison | None
    """Of trainings, by `--compare`."""


def select_json(result: SelectResult, *, written: bool, comparison: SelectionComparison | None) -> dict[str, Any]:
    """The result as plain values."""
    heavy = [found.message for found in result.heavy]
    return plain(SelectOutput, result, heavy=heavy, written=written, comparison=comparison)


def comparison_text(made: SelectionComparison) -> Iterator[RenderableType]:
    """The comparison for people: a table, and a sentence on each difference."""
    shown = table("", "trained on", "examples", "steps", "held-out loss", "95% interval", numbers=("examples", "steps"))
    shown.add_row("no training", "", "", f"{made.base_loss:.4f}", "")
    for one in made.choices:
        loss = one.loss
        between = f"{loss.low:.4f} to {loss.high:.4f}"
        shown.add_row(one.name, f"{one.examples:,}", f"{one.steps:,}", f"{loss.mean:.4f}", between)
    yield shown
    for found in made.differences:
        yield Text(verdict(found), style="bold" if found.against == RANDOM else "")
    seen = f"{plural(made.held_out_examples, 'example')} of the {visible(made.held_out)} split"
    yield Text(f"{made.seeds} trainings of each, measured on {seen}; runs in {visible(made.folder)}", style="dim")


def verdict(found: Difference) -> str:
    """What a difference says, negative results included."""
    low, high = sorted((abs(found.loss.low), abs(found.loss.high)))
    if found.verdict == "open":
        return (
            f"no difference to {found.against} is shown: loss {found.loss.mean:+.4f} "
            f"(95% interval {found.loss.low:+.4f} to {found.loss.high:+.4f})"
        )
    way = "lower" if found.verdict == "better" else "higher"
    return (
        f"the selection is {found.verdict} than {found.against}: loss {way} by {abs(found.loss.mean):.4f} "
        f"(95% interval {low:.4f} to {high:.4f})"
    )


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
