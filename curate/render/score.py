"""Quality signals as terminal text: a table, histograms, both ends of each signal, correlations."""

from collections.abc import Iterator
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from curate.commands.score import REVIEW_DOUBT, ScoredExample, ScoreResult
from curate.core.example import where
from curate.core.masking import masked
from curate.core.text import excerpt, plural, visible
from curate.quality.signals import DOUBT
from curate.render.console import table

BARS: Final = "▁▂▃▄▅▆▇█"
MIN_R: Final = 0.1
MAX_CORRELATIONS: Final = 12
MAX_LOW: Final = 3
"""Examples shown at the low end of a signal without `--all`."""
END_CHARS: Final = 50


def score_text(result: ScoreResult, *, full: bool = False) -> Iterator[RenderableType]:
    """The result for people; `full`: both ends of each signal with ten examples each, and all correlations."""
    numbers = ("mean", "below .5")
    found = table("", "signal", "mean", "histogram", "below .5", "meaning and measured accuracy", numbers=numbers)
    for one in result.signals:
        low = f"{int((result.columns[one.signal.name] < 0.5).sum()):,}" if one.signal.doubts else ""
        text = f"{one.signal.summary} ({one.signal.measured})" if one.signal.measured else one.signal.summary
        found.add_row(one.signal.name, f"{one.mean:.3f}", bar(one.histogram), low, text)
    if result.signals:
        yield found
    else:
        yield Text("no example has a request and an answer in words")
    for one in result.signals:
        if one.signal.name == DOUBT:
            shown = [high for high in one.highest if full or high.value >= REVIEW_DOUBT]
            yield from _listed(f"{DOUBT}: most doubtful", shown)
            worth = int((result.columns[DOUBT] >= REVIEW_DOUBT).sum())
            yield Text(
                f"  {plural(worth, 'example')} with a doubt of {REVIEW_DOUBT} or more: "
                f"`curate review PATH --scores FILE` shows them by the filter signal:doubt>={REVIEW_DOUBT}; "
                "-o FILE.parquet writes FILE"
            )
        elif full:
            yield from _listed(f"{one.signal.name}: lowest", one.lowest)
            yield from _listed(f"{one.signal.name}: highest", one.highest)
        elif one.signal.doubts and one.lowest and one.lowest[0].value < 0.5:
            yield from _listed(f"{one.signal.name}: lowest", [low for low in one.lowest if low.value < 0.5][:MAX_LOW])
    related = [one for one in result.correlations if full or abs(one.r) >= MIN_R][: None if full else MAX_CORRELATIONS]
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


def bar(counts: list[int]) -> str:
    """A histogram in one line; a part with few examples is still seen."""
    most = max(counts, default=0)
    return "".join(" " if not count else BARS[count * (len(BARS) - 1) // most] for count in counts)


def _listed(title: str, examples: list[ScoredExample]) -> Iterator[Text]:
    if examples:
        yield Text(title, style="bold")
    for one in examples:
        yield Text.assemble(
            f"  {one.value:.3f} {visible(where(one.file, one.line))}: ",
            (excerpt(masked(one.request), 60), "dim"),
            " → ",
            both_ends(masked(one.answer)),
        )


def both_ends(answer: str) -> str:
    """The beginning and the end of an answer: faults are at both."""
    if len(answer) <= 2 * END_CHARS:
        return excerpt(answer, 2 * END_CHARS)
    return f"{excerpt(answer[:END_CHARS], END_CHARS)} … {excerpt(answer[-END_CHARS:], END_CHARS)}"
