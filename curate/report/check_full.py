"""A check's findings with the text that they are about: escaped, a caret under the place, and never a secret."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from curate.check import CheckReport
from curate.report.check_source import AFTER, BEFORE, Spot, spots
from curate.report.check_text import SHOWN, ending, finding_line, first_ones
from curate.report.console import COLOURS
from curate.text import visible

if TYPE_CHECKING:
    from rich.text import Text

INSIDE: Final = 60
"""Characters of the offending text that are shown."""
HIDDEN: Final = "(not shown: the line holds a secret)"


def check_full(report: CheckReport, limit: int | None = SHOWN) -> "Iterator[Text]":
    """The lines of the report, each finding with the text around its place."""
    from rich.text import Text

    shown = first_ones(report, limit)
    for finding, spot in zip(shown, spots(shown), strict=True):
        yield finding_line(finding)
        if spot is not None:
            yield from _excerpt(spot, COLOURS[finding.severity])
        yield Text()
    yield from ending(report, limit)


def _excerpt(spot: Spot, colour: str) -> "Iterator[Text]":
    from rich.cells import cell_len
    from rich.text import Text

    number = f"{spot.line:>6} | "
    margin = " " * (len(number) - 2) + "| "
    if spot.secret:
        yield Text.assemble((number, "dim"), HIDDEN)
        return
    before, inside, after = shown_parts(spot)
    yield Text.assemble((number, "dim"), before, (inside, colour), after)
    yield Text.assemble((margin, "dim"), " " * cell_len(before), ("^" * max(1, cell_len(inside)), colour))


def shown_parts(spot: Spot) -> tuple[str, str, str]:
    """The text before a place, in it and after it, on one line, cut where it is long, with nothing in it that could be obeyed."""
    before = visible(spot.before if len(spot.before) <= BEFORE else "…" + spot.before[-BEFORE:])
    if len(spot.text) > INSIDE:
        return before, visible(spot.text[:INSIDE]) + "…", ""
    return before, visible(spot.text), visible(spot.after if len(spot.after) <= AFTER else spot.after[:AFTER] + "…")
