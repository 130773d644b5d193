"""An evaluation on a terminal: scores, the deciding metric as a plot, some outputs, the verdict."""

from collections.abc import Iterator
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from curate.core.text import EMPTY, excerpt, plural, visible
from curate.render.console import table
from train.evaluation.evaluation_result import Evaluation, Score
from train.evaluation.verdict import best_tuned
from train.scores import METRICS
from train.scores.metric import Metric

COLOURS: Final = {"helped": "bold green", "no-gain": "bold yellow", "worse": "bold red", "not-compared": "bold"}
PLOT_COLUMNS: Final = 44


def evaluation_text(report: Evaluation, outputs: int) -> Iterator[RenderableType]:
    """The report with at most `outputs` questions; text of the data is shown as it is, never as markup."""
    more = f" of {report.available:,}" if report.available > report.questions else ""
    question_count = plural(report.questions, "question") + more
    names = list(report.results[0].scores)
    titles = [METRICS[name].title for name in names]
    rows: list[tuple[str | Text, ...]] = []
    for result in report.results:
        scores = (
            _score_text(METRICS[name], score, whole=name == report.metric) for name, score in result.scores.items()
        )
        rows.append((Text(result.title, "bold" if result.name == report.verdict.use else ""), *scores))
    title = f"{question_count} of the split {report.split}; {report.task} ({report.task_from})"
    yield table(title, "", *titles, numbers=titles, rows=rows)
    yield from _intervals(report)
    best = best_tuned(report.results, report.verdict, report.metric)
    if report.classes and best is not None:
        numbers = ("precision", "recall", "F1", "examples")
        classes = [
            (excerpt(row.label, 40), *(f"{100 * value:.1f}" for value in (row.precision, row.recall, row.f1)),
             f"{row.examples:,}")
            for row in report.classes[:12]
        ]  # fmt: skip
        yield table(f"{best.title}, by class", "label", *numbers, numbers=numbers, rows=classes)
    if outputs:
        yield from _output_tables(report, outputs)
    for note in report.notes:
        yield Text(f"note: {visible(note)}", "yellow")
    if report.verdict.retrieval:
        yield Text(report.verdict.retrieval, "bold")
    yield Text(report.verdict.sentence, COLOURS[report.verdict.outcome])


def _score_text(metric: Metric, score: Score, *, whole: bool) -> str:
    """A score with its interval: `61.0 [55.0, 66.5]` if `whole`, else `61.0 ±5.8`."""
    scale = metric.scale
    digits = 1 if metric.percent or score.value >= 100 else 2
    value, low, high = (f"{min(number * scale, 1e9):.{digits}f}" for number in (score.value, score.low, score.high))
    if whole:
        return f"{value} [{low}, {high}]"
    return f"{value} ±{score.half * scale:.{digits}f}" if score.value < 1e6 else f"{score.value:.1e}"


def _intervals(report: Evaluation) -> Iterator[Text]:
    """The deciding metric of all systems on one scale, with their intervals."""
    scores = [result.scores[report.metric] for result in report.results]
    low, high = min(score.low for score in scores), max(score.high for score in scores)
    spread = (high - low) or 1.0
    metric = METRICS[report.metric]
    scale = metric.scale
    width = max(len(result.title) for result in report.results)
    yield Text(f"{metric.title}, with its 95% interval: from {low * scale:.1f} to {high * scale:.1f}", "bold")
    for result, score in zip(report.results, scores, strict=True):
        position, left, right = (
            round((value - low) / spread * (PLOT_COLUMNS - 1)) for value in (score.value, score.low, score.high)
        )
        signs = {right: "┤", left: "├", position: "●"}
        line = "".join(signs.get(i, "─" if left < i < right else " ") for i in range(PLOT_COLUMNS))
        style = "green" if result.tuned else "cyan"
        yield Text.assemble(f"{result.title:<{width}}  ", (line, style), f" {score.value * scale:.1f}")
    yield Text("")


def _output_tables(report: Evaluation, count: int) -> Iterator[RenderableType]:
    step = max(1, len(report.outputs) // count)
    for output in report.outputs[::step][:count]:
        texts = [("asked", output.request), ("expected", output.expected)]
        texts += [(result.title, output.answers[result.name]) for result in report.results]
        texts += [("passages", ", ".join(output.passages))] if output.passages else []
        rows = [(name, excerpt(text, 300) or EMPTY) for name, text in texts]
        yield table(f"{visible(output.file)}:{output.line}", "", "", rows=rows)
