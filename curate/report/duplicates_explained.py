"""Removals explained on a terminal or in a log: the example that goes, the one that stays, and how they differ word by word."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from curate.dedup import Plan
from curate.report.console import more
from curate.report.duplicates import doubtful, headline
from curate.report.word_diff import Piece, folded, turn_diffs
from curate.text import visible

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

LONGEST: Final = 400
"""Characters of a piece that are shown; the middle of a longer one is left out."""
STYLES: Final = {"same": "", "gone": "red strike", "kept": "green"}
MARKS: Final = {"same": ("", ""), "gone": ("[-", "-]"), "kept": ("{+", "+}")}
"""Those of `git diff --word-diff`."""


def explained_text(plan: Plan, limit: int | None, *, colour: bool, fold: bool) -> "Iterator[RenderableType]":
    """Each removal with its differences, the least similar first.

    With `colour` what goes is red and struck out and what stays green, else they stand in marks; with `fold` long lines keep their indentation.
    """
    from rich.padding import Padding
    from rich.text import Text

    shown = doubtful(plan, limit)
    examples = plan.examples({place for lost in shown for place in (lost.place, lost.kept_place)})
    for lost in shown:
        yield headline(lost)
        if lost.code == "D001":
            continue
        turns = [(role, pieces) for role, pieces in turn_diffs(examples[lost.place], examples[lost.kept_place]) if pieces]
        if all(piece.kind == "same" for _, pieces in turns for piece in pieces):
            turns = []
            yield Text("    the turns read the same; the lines differ in something else", style="dim")
        for role, pieces in turns:
            if any(piece.kind != "same" for piece in pieces):
                text = Text.assemble((f"{visible(role)}: ", "bold"), diff_text(pieces, colour=colour))
                yield Padding(text, (0, 0, 0, 4)) if fold else Text.assemble("    ", text)
    yield from more(len(plan.losses), limit)


def diff_text(pieces: list[Piece], *, colour: bool) -> "Text":
    """The pieces of two texts as one."""
    from rich.text import Text

    text = Text()
    for kind, said in folded(pieces):
        before, after = ("", "") if colour else MARKS[kind]
        text.append(f"{before}{visible(shortened(said))}{after}", STYLES[kind] if colour else "")
    return text


def shortened(text: str) -> str:
    """A text without its middle, where it is long."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} … {text[-LONGEST // 2 :]}"
