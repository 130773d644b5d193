"""Quality signals as terminal text and as plain values: a table, histograms, both ends of each signal, correlations."""

from collections.abc import Iterator
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from curate.core.masking import masked
from curate.core.text import excerpt, plural, visible
from curate.pipeline.score import WORTH_A_LOOK, ScoredExample, ScoreResult, SignalScores
from curate.quality.signals import DOUBT, Signal
from curate.report.console import table
from curate.report.part import ClearText, Part, Similarity, at

BARS: Final = "▁▂▃▄▅▆▇█"
STRONG: Final = 0.1
"""Absolute correlation from which it is shown."""
MOST: Final = 12
"""Correlations that are shown."""
LISTED: Final = 3
"""Examples shown at the low end of a signal without `--all`."""


class ScoredOutput(Part):
    """An example with its value of a signal."""

    example: str
    """Id of the example."""
    file: str = at("place", "file")
    line: int = at("place", "line")
    value: Similarity
    request: ClearText
    answer: ClearText


class SignalOutput(Part):
    """A signal over all examples."""

    signal: Signal
    examples: int
    """Examples that have a value."""
    mean: Similarity
    least: Similarity
    most: Similarity
    histogram: list[int]
    """Examples in each of 10 equal parts from `least` to `most`."""
    lowest: list[ScoredOutput]
    highest: list[ScoredOutput]


class CorrelationOutput(Part):
    """Pearson's r between two signals, or between a signal and whether a rule reports the example."""

    left: str
    right: str
    """A signal, or the code of a rule."""
    r: float
    examples: int
    """Examples with both values; for a rule, those with a finding."""


class ScoreOutput(Part, title="ScoreResult"):
    """What `curate score --json` prints."""

    read: int
    """Lines read."""
    scored: int
    """Distinct examples with a request and an answer in words."""
    not_understood: int
    """Lines without an example in a known format."""
    signals: list[SignalOutput]
    correlations: list[CorrelationOutput]
    notes: list[str]
    """What was not computed, and why."""


def score_text(result: ScoreResult, *, full: bool = False) -> Iterator[RenderableType]:
    """The result for people; `full`: both ends of each signal with ten examples each, and all correlations."""
    numbers = ("mean", "below .5")
    found = table("", "signal", "mean", "histogram", "below .5", "meaning, and how right it was", numbers=numbers)
    for one in result.signals:
        low = "" if not one.signal.doubts else f"{low_count(result, one):,}"
        said = f"{one.signal.summary} ({one.signal.measured})" if one.signal.measured else one.signal.summary
        found.add_row(one.signal.name, f"{one.mean:.3f}", bar(one.histogram), low, said)
    yield found
    for one in result.signals:
        if one.signal.name == DOUBT:
            shown = [high for high in one.highest if full or high.value >= WORTH_A_LOOK]
            yield from _listed(f"{DOUBT}: most doubtful", shown)
            worth = int((result.columns[DOUBT] >= WORTH_A_LOOK).sum())
            yield Text(
                f"  {plural(worth, 'example')} with a doubt of {WORTH_A_LOOK} or more: "
                f"curate review --scores FILE, filter signal:doubt>={WORTH_A_LOOK}"
            )
        elif full:
            yield from _listed(f"{one.signal.name}: lowest", one.lowest)
            yield from _listed(f"{one.signal.name}: highest", one.highest)
        elif one.signal.doubts and one.lowest and one.lowest[0].value < 0.5:
            yield from _listed(f"{one.signal.name}: lowest", [low for low in one.lowest if low.value < 0.5][:LISTED])
    related = [one for one in result.correlations if full or abs(one.r) >= STRONG][: None if full else MOST]
    if related:
        yield Text("correlations", style="bold")
    for pair in related:
        yield Text(f"  {pair.r:+.2f}  {pair.left} and {pair.right} ({plural(pair.examples, 'example')})")
    for note in result.notes:
        yield Text(f"note: {note}", style="dim")
    yield Text(
        f"{plural(result.scored, 'example')} scored of {plural(result.read, 'line')}; nothing is removed for a score",
        style="bold",
    )


def low_count(result: ScoreResult, one: SignalScores) -> int:
    """Examples below 0.5."""
    return int((result.columns[one.signal.name] < 0.5).sum())


def bar(counts: list[int]) -> str:
    """A histogram in one line; a part with few examples is still seen."""
    most = max(counts, default=0)
    return "".join(" " if not count else BARS[count * (len(BARS) - 1) // most] for count in counts)


def _listed(title: str, examples: list[ScoredExample]) -> Iterator[Text]:
    if examples:
        yield Text(title, style="bold")
    for one in examples:
        yield Text.assemble(
            f"  {one.value:.3f} {visible(str(one.place))}: ",
            (excerpt(masked(one.request), 60), "dim"),
            " → ",
            ends(masked(one.answer)),
        )


def ends(answer: str, width: int = 50) -> str:
    """The beginning and the end of an answer: faults are at both."""
    if len(answer) <= 2 * width:
        return excerpt(answer, 2 * width)
    return f"{excerpt(answer[:width], width)} … {excerpt(answer[-width:], width)}"
