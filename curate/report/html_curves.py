"""Curves for HTML reports: how a number went, as SVG in the document (see `curate.report.html`)."""

from collections.abc import Sequence
from math import floor, isfinite, log10
from typing import Final, NamedTuple

from curate.report.html import safe

STYLE: Final = """
svg polyline { fill: none; stroke: var(--bar); stroke-width: 1.5 } svg polyline.second { stroke: var(--warning); stroke-width: 2 }
svg circle { fill: var(--bar) } svg circle.second { fill: var(--warning) } svg line { stroke: var(--line) }
.key { display: inline-block; width: .8em; height: .8em; border-radius: 2px; background: var(--bar); margin: 0 .3em 0 .8em }
.key.second { background: var(--warning) }
"""
"""To be added to the style of a document that has curves."""
WIDTH, HEIGHT, LEFT, BELOW, ABOVE = 500, 230, 58, 24, 8
"""Of a plot in its own units; room for the numbers at its left and below it."""
MOST: Final = 600
"""Points of a curve that are drawn: more lie on the same pixels."""
Points = Sequence[tuple[float, float]]


class Curve(NamedTuple):
    """A line through points, left to right."""

    name: str
    points: Points
    kind: str = ""
    """`second` for another colour, with a dot at each point."""


def curves(title: str, *shown: Curve, across: str = "step") -> str:
    """A plot of curves over the same axes; nothing where there is no point to show."""
    drawn = [Curve(curve.name, [point for point in curve.points if isfinite(point[1])], curve.kind) for curve in shown]
    drawn = [curve for curve in drawn if curve.points]
    if not drawn:
        return ""
    right, left = max(point[0] for curve in drawn for point in curve.points), min(point[0] for curve in drawn for point in curve.points)
    marks = ticks(min(point[1] for curve in drawn for point in curve.points), max(point[1] for curve in drawn for point in curve.points))
    low, high = marks[0], marks[-1]

    def place(point: tuple[float, float]) -> tuple[float, float]:
        x = LEFT + (point[0] - left) / ((right - left) or 1) * (WIDTH - LEFT - 8)
        return x, ABOVE + (high - point[1]) / ((high - low) or 1) * (HEIGHT - ABOVE - BELOW)

    told = "; ".join(f"{curve.name} from {curve.points[0][1]:.4g} to {curve.points[-1][1]:.4g}" for curve in drawn)
    named = dict.fromkeys((curve.name, curve.kind) for curve in drawn)
    keys = "".join(f'<span class="key {kind}"></span>{safe(name)}' for name, kind in named) if len(named) > 1 else ""
    parts = [f"<figure><figcaption>{safe(title)}{keys}</figcaption>"]
    parts.append(f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{safe(told)}">')
    for tick in marks:
        y = place((left, tick))[1]
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - 8}" y2="{y:.1f}"/>')
        parts.append(f'<text class="quiet" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:.4g}</text>')
    parts.append(f'<text class="quiet" x="{LEFT}" y="{HEIGHT - 6}">{left:,.0f}</text>')
    parts.append(f'<text class="quiet" x="{WIDTH - 8}" y="{HEIGHT - 6}" text-anchor="end">{safe(across)} {right:,.0f}</text>')
    for curve in drawn:
        points = [place(point) for point in _thinned(curve.points)]
        parts.append(f'<polyline class="{curve.kind}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>')
        if curve.kind or len(points) == 1:
            parts += [f'<circle class="{curve.kind}" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>' for x, y in points]
    return "".join(parts) + "</svg></figure>\n"


def ticks(low: float, high: float) -> list[float]:
    """Round numbers from below the lowest to above the highest value."""
    if high == low:
        high, low = high + (abs(high) or 1) / 2, low - (abs(low) or 1) / 2
    rough = (high - low) / 4
    size = 10.0 ** floor(log10(rough))
    step = next(factor * size for factor in (1, 2, 5, 10) if factor * size >= rough)
    first, last = floor(low / step), -floor(-high / step)
    return [number * step for number in range(first, last + 1)]


def _thinned(points: Points) -> Points:
    """At most so many points as can be told apart: of each stretch the lowest and the highest, so that no peak goes missing."""
    if len(points) <= MOST:
        return points
    size = -(-len(points) // (MOST // 2))
    stretches = [points[start : start + size] for start in range(0, len(points), size)]
    return [point for one in stretches for point in sorted({min(one, key=lambda point: point[1]), max(one, key=lambda point: point[1])})]
