"""Dots for HTML reports: numbers by the value that something had, as SVG in the document (see `curate.report.html`)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from curate.report.html import safe
from curate.report.html_curves import ABOVE, BELOW, HEIGHT, LEFT, WIDTH, ticks

STYLE: Final = """
svg circle.early { fill: none; stroke: var(--quiet) } svg circle.best { fill: var(--warning) }
.key.early { background: none; border: 1px solid var(--quiet) } .key.best { background: var(--warning) }
"""
"""To be added to the style of a document that has dots, behind that of curves."""
MOST: Final = 8
"""Values that are named below the plot; of more, the outer ones."""


class Dot(NamedTuple):
    """A number at a value."""

    label: str
    """The value as it is shown."""
    at: Any
    """The value: numbers are put in their order, others stay in that of the dots."""
    number: float
    kind: str = ""
    """A class of the style."""


def dots(title: str, shown: Sequence[Dot], kinds: Mapping[str, str]) -> str:
    """A plot with a column for each value, next to each other; nothing where there are no dots. `kinds` says what each kind means."""
    if not shown:
        return ""
    columns = _columns(shown)
    marks = ticks(min(dot.number for dot in shown), max(dot.number for dot in shown))
    low, high = marks[0], marks[-1]
    room = (WIDTH - LEFT - 8) / len(columns)

    def height(number: float) -> float:
        return ABOVE + (high - number) / ((high - low) or 1) * (HEIGHT - ABOVE - BELOW)

    there = {dot.kind for dot in shown}
    keys = "".join(f'<span class="key {kind}"></span>{safe(name)}' for kind, name in kinds.items() if kind in there)
    told = "; ".join(f"{dot.label}: {dot.number:.4g}" for dot in shown[:40])
    parts = [f'<figure><figcaption>{safe(title)}{keys}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{safe(told)}">']
    for mark in marks:
        parts.append(f'<line x1="{LEFT}" y1="{height(mark):.1f}" x2="{WIDTH - 8}" y2="{height(mark):.1f}"/>')
        parts.append(f'<text class="quiet" x="{LEFT - 6}" y="{height(mark) + 4:.1f}" text-anchor="end">{mark:.4g}</text>')
    for place, label in enumerate(columns):
        x = LEFT + room * (place + 0.5)
        if len(columns) <= MOST or place in (0, len(columns) - 1):
            said = label if len(label) <= 22 else label[:21] + "…"
            parts.append(f'<text class="quiet" x="{x:.1f}" y="{HEIGHT - 6}" text-anchor="middle">{safe(said)}</text>')
        of_it = sorted((dot for dot in shown if dot.label == label), key=lambda dot: dot.kind == "best")  # drawn last, it is covered by none
        parts += [f'<circle class="{dot.kind}" cx="{x:.1f}" cy="{height(dot.number):.1f}" r="4"/>' for dot in of_it]
    return "".join(parts) + "</svg></figure>\n"


def _columns(shown: Sequence[Dot]) -> list[str]:
    numbers = all(isinstance(dot.at, int | float) for dot in shown)
    return list(dict.fromkeys(dot.label for dot in (sorted(shown, key=lambda dot: dot.at) if numbers else shown)))
