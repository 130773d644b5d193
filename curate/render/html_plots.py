"""Plots for HTML reports: bars, curves and dots, as SVG in the document (see `curate.render.html`)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import floor, isfinite, log10
from typing import Any, Final, NamedTuple

from curate.render.html import safe

STYLE: Final = """
svg polyline { fill: none; stroke: var(--bar); stroke-width: 1.5 } svg polyline.second { stroke: var(--warning);
stroke-width: 2 }
svg circle { fill: var(--bar) } svg circle.second { fill: var(--warning) } svg line { stroke: var(--line) }
.key { display: inline-block; width: .8em; height: .8em; border-radius: 2px; background: var(--bar); margin: 0 .3em 0
.8em }
.key.second { background: var(--warning) }
"""
"""CSS for documents with curves or dots."""
DOTS: Final = """
svg circle.early { fill: none; stroke: var(--quiet) } svg circle.best { fill: var(--warning) }
.key.early { background: none; border: 1px solid var(--quiet) } .key.best { background: var(--warning) }
"""
"""CSS to append for `dots`."""
SCATTER: Final = """
svg circle.easy { fill: var(--info) } svg circle.ambiguous { fill: var(--warning) } svg circle.hard { fill: var(--error)
} .dots circle { opacity: .6 }
.key.easy { background: var(--info) } .key.ambiguous { background: var(--warning) } .key.hard { background: var(--error)
}
"""
"""CSS to append for `scatter`: the colors of the kinds."""
WIDTH, HEIGHT, LEFT_MARGIN, BOTTOM_MARGIN, TOP_MARGIN = 500, 230, 58, 24, 8
"""Plot size in its own units, and the margins for numbers at the left, below and above."""
LABEL_WIDTH, NUMBER_WIDTH, BAR_HEIGHT = 190, 64, 22
"""Bars: width of labels and of numbers, and height."""
MAX_POINTS: Final = 600
"""More would share pixels."""
MAX_LABELS: Final = 8
"""Maximum number of labels below `dots`; of more values, only the outer ones are labelled."""
MAX_DOTS: Final = 1500
Points = Sequence[tuple[float, float]]


class Curve(NamedTuple):
    """A curve through points, left to right."""

    name: str
    points: Points
    kind: str = ""
    """`second` for another color, with a dot at each point."""


class Dot(NamedTuple):
    """A number at a value of the x axis."""

    label: str
    """The displayed value."""
    value: Any
    """The value: numbers are sorted, others keep the order of the dots."""
    number: float
    kind: str = ""
    """A CSS class."""


class Dots(NamedTuple):
    """Points of one kind, which is also the name of their color."""

    kind: str
    points: Points


def bars(title: str, rows: Sequence[tuple[str, int, str]]) -> str:
    """Horizontal bars from (label, count, class); empty if there are none."""
    if not rows:
        return ""
    highest = max(count for _, count, _ in rows) or 1
    parts = []
    for position, (label, count, kind) in enumerate(rows):
        y, width = (
            position * BAR_HEIGHT,
            max(1.0 if count else 0.0, count / highest * (WIDTH - LABEL_WIDTH - NUMBER_WIDTH)),
        )
        parts.append(f'<text x="{LABEL_WIDTH - 8}" y="{y + 16}" text-anchor="end">{safe(_shortened(label, 25))}</text>')
        parts.append(
            f'<rect class="{kind}" x="{LABEL_WIDTH}" y="{y + 4}" width="{width:.1f}" height="{BAR_HEIGHT - 6}" rx="2"/>'
        )
        parts.append(_text(f"{LABEL_WIDTH + width + 6:.1f}", y + 16, f"{count:,}"))
    return _figure(
        title, [], (f"{label}: {count:,}" for label, count, _ in rows), parts, height=BAR_HEIGHT * len(rows) + 4
    )


def curves(title: str, *shown: Curve, across: str = "step") -> str:
    """A plot of curves on common axes; empty if there are no points. `across`: the name of the x axis."""
    drawn = [curve._replace(points=[point for point in curve.points if isfinite(point[1])]) for curve in shown]
    drawn = [curve for curve in drawn if curve.points]
    if not drawn:
        return ""
    xs, ys = ([point[axis] for curve in drawn for point in curve.points] for axis in (0, 1))
    left, right, marks = min(xs), max(xs), ticks(min(ys), max(ys))
    parts = list(_grid_lines(marks))
    parts.append(_text(LEFT_MARGIN, HEIGHT - 6, f"{left:,.0f}"))
    parts.append(_text(WIDTH - 8, HEIGHT - 6, f"{safe(across)} {right:,.0f}", "end"))
    for curve in drawn:
        points = [
            (LEFT_MARGIN + (x - left) / ((right - left) or 1) * (WIDTH - LEFT_MARGIN - 8), _height(y, marks))
            for x, y in _thinned(curve.points)
        ]
        parts.append(f'<polyline class="{curve.kind}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>')
        if curve.kind or len(points) == 1:
            parts += [_circle_svg(curve.kind, x, y, 2.5) for x, y in points]
    names = dict.fromkeys((curve.name, curve.kind) for curve in drawn)
    descriptions = (f"{curve.name} from {curve.points[0][1]:.4g} to {curve.points[-1][1]:.4g}" for curve in drawn)
    return _figure(title, names if len(names) > 1 else (), descriptions, parts)


def dots(title: str, shown: Sequence[Dot], kinds: Mapping[str, str]) -> str:
    """A plot with one column per value; empty if there are no dots. `kinds` explains the kinds."""
    if not shown:
        return ""
    numbers = all(isinstance(dot.value, int | float) for dot in shown)
    columns = list(dict.fromkeys(dot.label for dot in (sorted(shown, key=lambda dot: dot.value) if numbers else shown)))
    marks = ticks(min(dot.number for dot in shown), max(dot.number for dot in shown))
    room = (WIDTH - LEFT_MARGIN - 8) / len(columns)
    parts = list(_grid_lines(marks))
    for place, label in enumerate(columns):
        x = LEFT_MARGIN + room * (place + 0.5)
        if len(columns) <= MAX_LABELS or place in (0, len(columns) - 1):
            parts.append(_text(f"{x:.1f}", HEIGHT - 6, safe(_shortened(label, 22)), "middle"))
        # drawn last, so that no other dot covers it
        of_it = sorted((dot for dot in shown if dot.label == label), key=lambda dot: dot.kind == "best")
        parts += [_circle_svg(dot.kind, x, _height(dot.number, marks), 4) for dot in of_it]
    present = {dot.kind for dot in shown}
    return _figure(
        title,
        [(name, kind) for kind, name in kinds.items() if kind in present],
        (f"{dot.label}: {dot.number:.4g}" for dot in shown[:40]),
        parts,
    )


def scatter(title: str, *shown: Dots, across: str, up: str) -> str:
    """A plot of dots, both axes from 0 to the maximum; a sample if there are very many. Empty without dots. `across`
    and `up`: the names of the axes.
    """
    drawn = [dots for dots in shown if dots.points]
    if not drawn:
        return ""
    height, left = 300, 44
    right = max(x for dots in drawn for x, _ in dots.points) or 1.0
    top = max(y for dots in drawn for _, y in dots.points) or 1.0
    parts = list(_grid_lines([top * share for share in (0.0, 0.25, 0.5, 0.75, 1.0)], ".2g", height=height, left=left))
    parts.append(_text(left, height - 6, f"{safe(up)} up, {safe(across)} to the right"))
    parts.append(_text(WIDTH - 8, height - 6, f"{right:.2g}", "end"))
    for dots in drawn:
        for x, y in dots.points[:: -(-len(dots.points) // MAX_DOTS)]:
            parts.append(
                _circle_svg(
                    dots.kind,
                    left + x / right * (WIDTH - left - 12),
                    TOP_MARGIN + (1 - y / top) * (height - TOP_MARGIN - BOTTOM_MARGIN),
                    2.5,
                )
            )
    keys = [(f"{dots.kind} {len(dots.points):,}", dots.kind) for dots in drawn]
    return _figure(
        title, keys, (f"{dots.kind}: {len(dots.points):,}" for dots in drawn), parts, height=height, kind="dots"
    )


def _figure(
    title: str,
    keys: Iterable[tuple[str, str]],
    descriptions: Iterable[str],
    parts: Iterable[str],
    *,
    height: int = HEIGHT,
    kind: str = "",
) -> str:
    """A plot with a title. `keys`: the legend; `descriptions`: the text for screen readers."""
    key = "".join(f'<span class="key {kind}"></span>{safe(name)}' for name, kind in keys)
    style = kind and f'class="{kind}" '
    head = (
        f'<figure><figcaption>{safe(title)}{key}</figcaption><svg {style}viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{safe("; ".join(descriptions))}">'
    )
    return head + "".join(parts) + "</svg></figure>\n"


def _grid_lines(
    marks: Sequence[float], form: str = ".4g", *, height: int = HEIGHT, left: int = LEFT_MARGIN
) -> Iterator[str]:
    """Horizontal grid lines at the ticks `marks`, with their numbers in the format `form`."""
    for mark in marks:
        y = _height(mark, marks, height)
        yield f'<line x1="{left}" y1="{y:.1f}" x2="{WIDTH - 8}" y2="{y:.1f}"/>'
        yield _text(left - 6, f"{y + 4:.1f}", f"{mark:{form}}", "end")


def _height(number: float, marks: Sequence[float], height: int = HEIGHT) -> float:
    """The y coordinate of a number; `marks`: the ticks of the axis."""
    return TOP_MARGIN + (marks[-1] - number) / ((marks[-1] - marks[0]) or 1) * (height - TOP_MARGIN - BOTTOM_MARGIN)


def _text(x: float | str, y: float | str, text: str, anchor: str = "") -> str:
    """A text element at a point; `anchor`: the value of `text-anchor`."""
    placed = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text class="quiet" x="{x}" y="{y}"{placed}>{text}</text>'


def _circle_svg(kind: str, x: float, y: float, radius: float) -> str:
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>'


def _shortened(label: str, limit: int) -> str:
    return label if len(label) <= limit else label[: limit - 1] + "…"


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
    """At most as many points as can be distinguished: lowest and highest per interval, so no peak is lost."""
    if len(points) <= MAX_POINTS:
        return points
    size = -(-len(points) // (MAX_POINTS // 2))
    stretches = [points[start : start + size] for start in range(0, len(points), size)]
    return [
        point
        for stretch in stretches
        for point in sorted({min(stretch, key=lambda point: point[1]), max(stretch, key=lambda point: point[1])})
    ]
