"""Overfitting for a person: what is said of it, and the curves of both losses."""

from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.text import Text

from curate.report.html import safe
from curate.report.html_plots import Curve, curves
from train.report import LossPoint, Overfitting

WIDTH, HEIGHT = 56, 9
"""Of the drawing on a terminal, in characters."""
TRAIN, HELD_OUT, BOTH = "·", "●", "◉"
COLOURS: Final = {TRAIN: "cyan", HELD_OUT: "yellow", BOTH: "yellow"}


def show(found: Overfitting, console: Console) -> None:
    """Print it."""
    console.print(Text("Overfitting", "bold"))
    for line in drawn(found.curve):
        console.print(line)
    for number, sentence in enumerate(found.sentences):
        console.print(Text(sentence, "yellow" if number >= len(found.sentences) - len(found.signs) else ""))
    if not found.signs:
        console.print(Text("No sign of overfitting.", "green"))


def drawn(curve: tuple[LossPoint, ...]) -> Iterator[Text]:
    """Both losses over the steps, where there are two points or more."""
    points = [(point.step, point.train, point.held_out) for point in curve]
    values = [value for _, *both in points for value in both if value is not None]
    if len(points) < 2 or not values:
        return
    low, high, first, last = min(values), max(values), points[0][0], points[-1][0]
    cells = [[" "] * WIDTH for _ in range(HEIGHT)]
    for step, *both in points:
        for sign, value in zip((TRAIN, HELD_OUT), both, strict=True):
            if value is not None:
                row = round((high - value) / ((high - low) or 1) * (HEIGHT - 1))
                column = round((step - first) / ((last - first) or 1) * (WIDTH - 1))
                cells[row][column] = sign if cells[row][column] in (" ", sign) else BOTH
    for number, row_of in enumerate(cells):
        label = f"{high:8.2f} " if number == 0 else f"{low:8.2f} " if number == HEIGHT - 1 else " " * 9
        yield Text.assemble((label, "dim"), ("│", "dim"), *((cell, COLOURS.get(cell, "")) for cell in row_of))
    yield Text.assemble((" " * 9 + "└" + "─" * WIDTH, "dim"))
    ends = f"step {first:,}"
    yield Text.assemble((" " * 10 + ends + f"{last:,}".rjust(WIDTH - len(ends)), "dim"))
    yield Text.assemble(" " * 10, (TRAIN, "cyan"), " training  ", (HELD_OUT, "yellow"), " held out  ", (BOTH, "yellow"), " both")


def overfitting_html(found: Overfitting | None) -> Iterator[str]:
    """The section of a run's HTML report; none where the run is older than it."""
    if found is None:
        return
    yield f"<h2>{'Did it overfit?' if found.signs else 'No sign of overfitting'}</h2>\n"
    for number, sentence in enumerate(found.sentences):
        kind = ' class="warning"' if number >= len(found.sentences) - len(found.signs) else ""
        yield f"<p{kind}>{safe(sentence)}</p>\n"
    trained = [(float(point.step), point.train) for point in found.curve if point.train is not None]
    held_out = [(float(point.step), point.held_out) for point in found.curve if point.held_out is not None]
    yield curves("Loss in training, and on held-out examples", Curve("training", trained), Curve("held out", held_out, "second"))
