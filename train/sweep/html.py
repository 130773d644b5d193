"""A sweep as one HTML file: how the trials went, what each key does to the loss, and what came out."""

from collections.abc import Iterator
from typing import Final

from curate.report.html import TABLE, foot, head, safe
from curate.report.html_plots import DOTS, STYLE, Curve, Dot, curves, dots
from curate.text import plural
from train.plan_text import duration
from train.sweep.report import Sweep, Tried
from train.sweep.standings import shown
from train.sweep.text import cells, keys_of, sentences

OWN: Final = "tr.best { font-weight: 600 } td.number { text-align: right; font-variant-numeric: tabular-nums }\n"


def sweep_html(report: Sweep) -> str:
    """The document."""
    return "".join(_parts(report))


def _parts(report: Sweep) -> Iterator[str]:
    yield head(f"Sweep over {safe(report.model)}", STYLE + DOTS + TABLE + OWN)
    measured = plural(report.validation_examples, "example") if report.validation_examples else "the validation split"
    yield f'<p class="quiet">{plural(len(report.trials), "trial")}, decided on {measured} of validation, {duration(report.seconds)} in all</p>\n'
    yield "".join(f"<p>{safe(sentence)}</p>\n" for sentence in sentences(report))
    if report.ended == "not-yet":
        yield '<p class="warning">The sweep is not at its end.</p>\n'
    yield '<h2>How the trials went</h2>\n<div class="plots">\n'
    yield from _plots(report)
    yield "</div>\n<h2>The trials</h2>\n"
    keys = keys_of(report)
    names = ("trial", *keys, "state", "steps", "loss", "trained", "time")
    yield "<table><tr>" + "".join(f"<th>{safe(name)}</th>" for name in names) + "</tr>"
    for one in report.trials:
        row = "".join(f"<td>{safe(cell)}</td>" for cell in cells(one, keys))
        yield f'<tr class="{"best" if one.number == report.best else ""}">{row}</tr>'
    yield "</table>\n"
    yield "".join(f'<p class="warning">trial {one.number}: {safe(one.reason)}</p>\n' for one in report.trials if one.reason)
    yield foot()


def _plots(report: Sweep) -> Iterator[str]:
    if len(report.shares) > 1:
        others = [Curve("other trials", _way(one)) for one in report.trials if one.number != report.best]
        best = [Curve(f"trial {one.number}", _way(one), "second") for one in report.trials if one.number == report.best]
        yield curves("Validation loss on the way", *others, *best, across="per cent of the steps:")
    for key in keys_of(report):
        yield dots(
            f"Validation loss by {key}",
            [
                Dot(shown(one.changes[key]), one.changes[key], one.loss, "best" if one.number == report.best else "" if one.state == "finished" else "early")
                for one in report.trials
                if key in one.changes and one.loss is not None
            ],
            {"": "finished", "early": "not finished", "best": "best"},
        )


def _way(one: Tried) -> list[tuple[float, float]]:
    """Per cent of its steps, and the loss there; at the end that of the adapter that is kept."""
    if not one.measured or one.loss is None:
        return []
    return [*((100 * at.share, at.loss) for at in one.measured[:-1]), (100 * one.measured[-1].share, one.loss)]
