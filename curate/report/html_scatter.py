"""Dots for HTML reports: how two numbers of many things lie to each other, as SVG in the document (see `curate.report.html`)."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from curate.report.html import safe

STYLE: Final = """
svg circle.easy { fill: var(--info) } svg circle.ambiguous { fill: var(--warning) } svg circle.hard { fill: var(--error) } .dots circle { opacity: .6 }
.key.easy { background: var(--info) } .key.ambiguous { background: var(--warning) } .key.hard { background: var(--error) }
"""
"""To be added to the style of a document that has dots; the colours of kinds."""
WIDTH, HEIGHT, LEFT, BELOW, ABOVE = 500, 300, 44, 24, 8
MOST: Final = 1500
"""Dots of a kind that are drawn."""


class Dots(NamedTuple):
    """Points of one kind, which is the name of their colour."""

    kind: str
    points: Sequence[tuple[float, float]]


def scatter(title: str, *shown: Dots, across: str, up: str) -> str:
    """A plot of dots, both axes from 0 to the largest value; of very many evenly chosen ones. Nothing where there is no dot."""
    drawn = [dots for dots in shown if dots.points]
    if not drawn:
        return ""
    right = max(x for dots in drawn for x, _ in dots.points) or 1.0
    top = max(y for dots in drawn for _, y in dots.points) or 1.0
    keys = "".join(f'<span class="key {dots.kind}"></span>{safe(dots.kind)} {len(dots.points):,}' for dots in drawn)
    told = "; ".join(f"{dots.kind}: {len(dots.points):,}" for dots in drawn)
    parts = [f"<figure><figcaption>{safe(title)}{keys}</figcaption>"]
    parts.append(f'<svg class="dots" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{safe(told)}">')
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = ABOVE + (1 - share) * (HEIGHT - ABOVE - BELOW)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - 8}" y2="{y:.1f}"/>')
        parts.append(f'<text class="quiet" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{top * share:.2g}</text>')
    parts.append(f'<text class="quiet" x="{LEFT}" y="{HEIGHT - 6}">{safe(up)} up, {safe(across)} to the right</text>')
    parts.append(f'<text class="quiet" x="{WIDTH - 8}" y="{HEIGHT - 6}" text-anchor="end">{right:.2g}</text>')
    for dots in drawn:
        for x, y in dots.points[:: -(-len(dots.points) // MOST)]:
            left, above = LEFT + x / right * (WIDTH - LEFT - 12), ABOVE + (1 - y / top) * (HEIGHT - ABOVE - BELOW)
            parts.append(f'<circle class="{dots.kind}" cx="{left:.1f}" cy="{above:.1f}" r="2.5"/>')
    return "".join(parts) + "</svg></figure>\n"
