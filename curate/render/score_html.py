"""Quality signals as one HTML file: a histogram, both ends of each signal, and the correlations."""

from collections.abc import Iterator, Sequence
from typing import Final

from curate.commands.score import ScoredExample, ScoreResult, SignalScores
from curate.core.example import where
from curate.core.masking import masked
from curate.render.html import TABLE, footer, head, html_table, safe, tiles
from curate.render.html_plots import bars

MAX_CHARS: Final = 1_500
MAX_CORRELATIONS: Final = 40


def score_html(result: ScoreResult) -> Iterator[str]:
    """The document in pieces."""
    yield head("curate score", TABLE)
    yield tiles(((result.read, "lines"), (result.scored, "examples scored"), (len(result.signals), "signals")))
    for note in result.notes:
        yield f'<p class="quiet">{safe(note)}</p>\n'
    for scores in reversed(result.signals):
        yield f"<h2>{safe(scores.signal.name)}</h2>\n<p>{safe(scores.signal.summary)}. "
        yield f'<span class="quiet">Measured: {safe(scores.signal.measured)}</span></p>\n'
        yield bars(f"Examples by {scores.signal.name}", _histogram_rows(scores))
        for title, examples in (("lowest", scores.lowest), ("highest", scores.highest)):
            yield from _section(f"{scores.signal.name}: {title}", examples)
    if result.correlations:
        shown = result.correlations[:MAX_CORRELATIONS]
        rows = [(safe(pair.left), safe(pair.right), f"{pair.r:+.2f}", f"{pair.examples:,}") for pair in shown]
        yield "<h2>Correlations</h2>\n" + html_table(("signal", "signal or rule", "r", "examples"), rows)
    yield footer()


def _histogram_rows(scores: SignalScores) -> list[tuple[str, int, str]]:
    """Label, count and class of each bar of the histogram of a signal."""
    width = (scores.most - scores.least) / len(scores.histogram)
    return [
        (f"{scores.least + index * width:.2f} to {scores.least + (index + 1) * width:.2f}", count, "")
        for index, count in enumerate(scores.histogram)
    ]


def _section(title: str, examples: Sequence[ScoredExample]) -> Iterator[str]:
    """A list of examples with their values, which opens at a click."""
    yield f"<details><summary><h3>{safe(title)}</h3></summary><div><ol>"
    for example in examples:
        yield f"<li><b>{example.value:.3f}</b> <code>{safe(where(example.file, example.line))}</code> "
        yield f"{safe(masked(example.request)[:300])}<pre>{safe(_shortened(masked(example.answer)))}</pre></li>"
    yield "</ol></div></details>\n"


def _shortened(answer: str) -> str:
    """The beginning and the end of an answer that is too long; a short answer whole."""
    return answer if len(answer) <= MAX_CHARS else f"{answer[: MAX_CHARS // 2]} … {answer[-MAX_CHARS // 2 :]}"
