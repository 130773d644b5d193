"""A selection as terminal text and as plain values."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from curate.commands.compare_selections import RANDOM
from curate.commands.select import Interval, SelectionComparison, SelectResult, Verdict
from curate.core.example import where
from curate.core.masking import masked
from curate.core.text import excerpt, plural, visible
from curate.output.datacard import reason_for
from curate.render.console import table


def comparison_text(comparison: SelectionComparison) -> Iterator[RenderableType]:
    """The comparison for people: a table, and a sentence on each difference."""
    metric = [visible(comparison.metric), "95% interval"] if comparison.metric else []
    columns = ["trained on", "examples", "steps", "held-out loss", "95% interval", *metric]
    shown = table("", *columns, numbers=("examples", "steps"))
    shown.add_row("no training", "", "", f"{comparison.base_loss:.4f}", *[""] * (1 + len(metric)))
    for choice in comparison.choices:
        measured = [choice.loss, *([choice.score] if choice.score else [])]
        figures = [
            cell for figure in measured for cell in (f"{figure.mean:.4f}", f"{figure.low:.4f} to {figure.high:.4f}")
        ]
        shown.add_row(choice.name, f"{choice.examples:,}", f"{choice.steps:,}", *figures)
    yield shown
    for difference in comparison.differences:
        style = "bold" if difference.against == RANDOM else ""
        yield Text(verdict(difference.against, "loss", difference.loss, difference.verdict), style=style)
        if difference.score and difference.score_verdict and comparison.metric:
            yield Text(
                verdict(difference.against, visible(comparison.metric), difference.score, difference.score_verdict),
                style=style,
            )
    basis = f"{plural(comparison.held_out_examples, 'example')} of the {visible(comparison.held_out)} split"
    yield Text(
        f"{comparison.seeds} trainings of each, measured on {basis}; runs in {visible(comparison.folder)}", style="dim"
    )


def verdict(against: str, measured: str, interval: Interval, outcome: Verdict) -> str:
    """A sentence about a difference. `against`: the other choice of examples; `measured`: what differs, such as the
    loss; `outcome`: better, worse or open.
    """
    if outcome == "open":
        return (
            f"no difference to {against} is shown: {measured} {interval.mean:+.4f} "
            f"(95% interval {interval.low:+.4f} to {interval.high:+.4f})"
        )
    low, high = sorted((abs(interval.low), abs(interval.high)))
    direction = "lower" if interval.high < 0 else "higher"
    return (
        f"the selection is {outcome} than {against}: {measured} {direction} by {abs(interval.mean):.4f} "
        f"(95% interval {low:.4f} to {high:.4f})"
    )


def select_text(result: SelectResult) -> Iterator[RenderableType]:
    """The result for people."""
    for floor in result.floors:
        shortage = "" if floor.available >= floor.wanted else f", only {floor.available:,} there"
        yield Text(
            f"{floor.field} {visible(floor.value)}: {floor.selected:,} selected, floor {floor.wanted:,}{shortage}"
        )
    for note in result.notes:
        yield Text(f"note: {note}", style="dim")
    for reason, count in result.left.items():
        yield Text(f"left out {count:>9,}  {reason}: {visible(reason_for(reason, result.rules))}")
    yield Text(f"mean doubt {result.doubt_selected:.3f} of the selected examples, {result.doubt_all:.3f} of all")
    if result.selected:
        yield Text(
            f"coverage {result.coverage:.3f}, of random selections of the same size {result.coverage_random:.3f}: mean "
            "cosine similarity of all examples to the nearest selected one"
        )
    if result.least_covered:
        yield Text("not selected, and least similar to a selected example:")
    for example in result.least_covered:
        place = visible(where(example.file, example.line))
        yield Text.assemble(f"  {example.similarity:.2f} {place}  ", (excerpt(masked(example.text)), "dim"))
    verb = "selected" if result.written else "would be selected"
    yield Text(
        f"{plural(result.selected, 'example')} of {plural(result.read, 'line')} {verb}, about "
        f"{plural(result.tokens, 'token')}",
        style="bold",
    )
    if result.comparison is not None:
        yield from comparison_text(result.comparison)
