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
    summary = table("", "signal", "mean", "histogram", "below .5", "meaning and measured accuracy", numbers=numbers)
    for scores in result.signals:
        low = f"{int((result.columns[scores.signal.name] < 0.5).sum()):,}" if scores.signal.doubts else ""
        text = (
            f"{scores.signal.summary} ({scores.signal.measured})" if scores.signal.measured else scores.signal.summary
        )
        summary.add_row(scores.signal.name, f"{scores.mean:.3f}", bar(scores.histogram), low, text)
    if result.signals:
        yield summary
    else:
        yield Text("no example has a request and an answer in words")
    for scores in result.signals:
        if scores.signal.name == DOUBT:
            shown = [high for high in scores.highest if full or high.value >= REVIEW_DOUBT]
            yield from _listed(f"{DOUBT}: most doubtful", shown)
            doubtful_count = int((result.columns[DOUBT] >= REVIEW_DOUBT).sum())
            yield Text(
                f"  {plural(doubtful_count, 'example')} with a doubt of {REVIEW_DOUBT} or more: "
                f"`curate review PATH --scores FILE` shows them by the filter signal:doubt>={REVIEW_DOUBT}; "
                "-o FILE.parquet writes FILE"
            )
        elif full:
            yield from _listed(f"{scores.signal.name}: lowest", scores.lowest)
            yield from _listed(f"{scores.signal.name}: highest", scores.highest)
        elif scores.signal.doubts and scores.lowest and scores.lowest[0].value < 0.5:
            yield from _listed(
                f"{scores.signal.name}: lowest", [low for low in scores.lowest if low.value < 0.5][:MAX_LOW]
            )
    related = [pair for pair in result.correlations if full or abs(pair.r) >= MIN_R][
        : None if full else MAX_CORRELATIONS
    ]
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
    highest = max(counts, default=0)
    return "".join(" " if not count else BARS[count * (len(BARS) - 1) // highest] for count in counts)


def _listed(title: str, examples: list[ScoredExample]) -> Iterator[Text]:
    if examples:
        yield Text(title, style="bold")
    for example in examples:
        yield Text.assemble(
            f"  {example.value:.3f} {visible(where(example.file, example.line))}: ",
            (excerpt(masked(example.request), 60), "dim"),
            " → ",
            both_ends(masked(example.answer)),
        )


def both_ends(answer: str) -> str:
    """The beginning and the end of an answer: faults are at both."""
    if len(answer) <= 2 * END_CHARS:
        return excerpt(answer, 2 * END_CHARS)
    return f"{excerpt(answer[:END_CHARS], END_CHARS)} … {excerpt(answer[-END_CHARS:], END_CHARS)}"
