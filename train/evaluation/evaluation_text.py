"""An evaluation on a terminal: scores, the deciding metric as a plot, some outputs, the verdict."""

from collections.abc import Iterator
from typing import Final

from rich.console import Console, RenderableType
from rich.text import Text

from curate.core.text import excerpt, plural, visible
from curate.report.console import table
from train.evaluation.evaluation_result import Evaluation, Score
from train.evaluation.verdict import best_tuned
from train.scores import METRICS
from train.scores.metric import Metric

COLOURS: Final = {"helped": "bold green", "no-gain": "bold yellow", "worse": "bold red", "not-compared": "bold"}
WIDTH: Final = 44
"""Columns of the drawing."""


def show(report: Evaluation, console: Console, outputs: int) -> None:
    """Print the report with at most `outputs` questions; text of the data is shown as it is, never as markup."""
    for part in _parts(report, outputs):
        console.print(part)


def _parts(report: Evaluation, outputs: int) -> Iterator[RenderableType]:
    more = f" of {report.available:,}" if report.available > report.questions else ""
    asked = plural(report.questions, "question") + more
    names = list(report.results[0].scores)
    titles = [METRICS[name].title for name in names]
    found = table(
        f"{asked} of the split {report.split}; {report.task} ({report.task_from})", "", *titles, numbers=tuple(titles)
    )
    for one in report.results:
        title = Text(one.title, "bold" if one.name == report.verdict.use else "")
        scores = (_score(METRICS[name], score, whole=name == report.metric) for name, score in one.scores.items())
        found.add_row(title, *map(Text, scores))
    yield found
    yield from _intervals(report)
    best = best_tuned(report.results, report.verdict, report.metric)
    if report.classes and best is not None:
        numbers = ("precision", "recall", "F1", "examples")
        classes = table(f"{best.title}, by class", "label", *numbers, numbers=numbers)
        for row in report.classes[:12]:
            shares = (f"{100 * value:.1f}" for value in (row.precision, row.recall, row.f1))
            classes.add_row(Text(excerpt(row.label, 40)), *shares, f"{row.examples:,}")
        yield classes
    if report.benchmarks:
        harness = table("lm-evaluation-harness", "task", "metric", "base", "tuned", numbers=("base", "tuned"))
        for bench in report.benchmarks:
            sides = ((bench.base, bench.base_error), (bench.tuned, bench.tuned_error))
            harness.add_row(
                Text(visible(bench.task)), Text(visible(bench.metric)), *(_measured(*side) for side in sides)
            )
        yield harness
    if outputs:
        yield from _outputs(report, outputs)
    for note in report.notes:
        yield Text(f"note: {visible(note)}", "yellow")
    yield Text(report.verdict.sentence, COLOURS[report.verdict.outcome])


def _measured(value: float | None, error: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.4f}" + ("" if error is None else f" ±{error:.4f}")


def _score(metric: Metric, score: Score, *, whole: bool) -> str:
    scale = 100 if metric.percent else 1
    digits = 1 if metric.percent or score.value >= 100 else 2
    value, low, high = (f"{min(number * scale, 1e9):.{digits}f}" for number in (score.value, score.low, score.high))
    if whole:
        return f"{value} [{low}, {high}]"
    return f"{value} ±{score.half * scale:.{digits}f}" if score.value < 1e6 else f"{score.value:.1e}"


def _intervals(report: Evaluation) -> Iterator[Text]:
    """The deciding metric of all systems on one scale, with their intervals."""
    scores = [one.scores[report.metric] for one in report.results]
    low, high = min(score.low for score in scores), max(score.high for score in scores)
    spread = (high - low) or 1.0
    metric = METRICS[report.metric]
    scale = 100 if metric.percent else 1
    width = max(len(one.title) for one in report.results)
    yield Text(f"{metric.title}, with its 95% interval: from {low * scale:.1f} to {high * scale:.1f}", "bold")
    for one, score in zip(report.results, scores, strict=True):
        at, left, right = (
            round((value - low) / spread * (WIDTH - 1)) for value in (score.value, score.low, score.high)
        )
        signs = {right: "┤", left: "├", at: "●"}
        line = "".join(signs.get(i, "─" if left < i < right else " ") for i in range(WIDTH))
        style = "green" if one.tuned else "cyan"
        yield Text.assemble(f"{one.title:<{width}}  ", (line, style), f" {score.value * scale:.1f}")
    yield Text("")


def _outputs(report: Evaluation, count: int) -> Iterator[RenderableType]:
    step = max(1, len(report.outputs) // count)
    for output in report.outputs[::step][:count]:
        shown = table("", "", "")
        shown.show_header = False
        shown.title = Text(f"{visible(output.file)}:{output.line}", "bold")
        shown.add_row("asked", Text(excerpt(output.request, 300)))
        shown.add_row("expected", Text(excerpt(output.expected, 300)))
        for one in report.results:
            shown.add_row(one.title, Text(excerpt(output.answers[one.name], 300)))
        yield shown
