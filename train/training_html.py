"""The HTML report of a run: its curves, its result, and the answers side by side."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from curate.core.datamap import MappedExample, Region
from curate.core.text import plural
from curate.report.html import TABLE, foot, head, safe, tile
from curate.report.html_plots import SCATTER, STYLE, Curve, Dots, curves, scatter
from train.autoconfig import Settings, gigabytes
from train.plan_text import duration
from train.results import Overfitting, Report
from train.training_text import datamap_lines, reason_for_review

REGIONS: tuple[Region, ...] = ("easy", "ambiguous", "hard")
SMOOTH: Final = 20
"""Steps that the smoothed loss is the mean of."""


def report_html(
    report: Report, settings: Settings, journal: Sequence[dict[str, Any]], mapped: Sequence[MappedExample] = ()
) -> str:
    """The document."""
    return "".join(_parts(report, settings, journal, mapped))


def _parts(
    report: Report, settings: Settings, journal: Sequence[dict[str, Any]], mapped: Sequence[MappedExample]
) -> Iterator[str]:
    steps = [line for line in journal if "loss" in line]
    yield head(f"Training of {safe(report.model)}", STYLE + SCATTER + TABLE)
    yield (
        f'<p class="quiet">{safe(report.method)}, {plural(report.steps, "step")} on '
        f"{plural(report.train_examples, 'example')}, {safe(settings.device)}</p>\n"
    )
    change = report.tuned_loss - report.base_loss
    yield '<div class="tiles">'
    for value, label in (
        (f"{report.base_loss:.4f}", "held-out loss, base"),
        (f"{report.tuned_loss:.4f}", f"held-out loss, tuned ({change:+.4f})"),
        (
            f"{report.trainable_parameters:,}",
            f"trainable parameters ({report.trainable_parameters / report.total_parameters:.2%})",
        ),
        (f"{report.kept_step:,}", "step that was kept"),
        (duration(sum(_seconds(journal))), "in all"),
    ):
        yield tile(value, safe(label))
    yield '</div>\n<h2>Training curves</h2>\n<div class="plots">\n'
    yield from _plots(steps, journal)
    yield "</div>\n"
    peak = max((line["memory"] for line in journal if "memory" in line), default=0)
    expected = settings.estimate
    yield (
        f"<p>Memory: {gigabytes(peak)} at most; {gigabytes(expected.low)} to {gigabytes(expected.high)} were "
        "expected.</p>\n"
    )
    for event in journal:
        if event.get("event") == "out-of-memory":
            yield (
                f'<p class="warning">Out of memory: passes of {event["tokens_per_pass"]:,} tokens from there on, with '
                "the same examples in a step.</p>\n"
            )
    yield from overfitting_html(report.overfitting)
    yield from map_html(report, mapped)
    yield from _answers(report)
    yield from _left_out(report)
    facts = {
        "key": report.key,
        "base": report.base,
        "chat template": report.template,
        "manifest": report.manifest or "none",
        "adapter": report.adapter_sha256,
    }
    yield (
        "<h2>Inputs</h2>\n<table>"
        + "".join(f"<tr><th>{name}</th><td><code>{safe(value)}</code></td></tr>" for name, value in facts.items())
        + "</table>\n"
    )
    versions = ", ".join(f"{name} {version}" for name, version in settings.packages.items())
    yield foot(safe(versions), safe(settings.dtype), safe(settings.optimiser))


def _plots(steps: Sequence[dict[str, Any]], journal: Sequence[dict[str, Any]]) -> Iterator[str]:
    def of(key: str) -> list[tuple[float, float]]:
        return [(line["step"], line[key]) for line in steps if line.get(key) is not None]

    measured = [(line["step"], line["validation_loss"]) for line in journal if line.get("event") == "validation"]
    yield curves("Loss", Curve("training", _smoothed(of("loss"))), Curve("validation", measured, "second"))
    yield curves("Learning rate", Curve("learning rate", of("learning_rate")))
    yield curves("Norm of the gradients", Curve("norm", of("grad_norm")))
    yield curves("Tokens per second", Curve("tokens per second", _smoothed(of("tokens_per_second"))))
    yield curves("Memory, GB", Curve("memory", [(step, size / 1e9) for step, size in of("memory")]))


def _smoothed(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Of many points the running mean of some."""
    if len(points) <= 5 * SMOOTH:
        return points
    values = [value for _, value in points]
    return [
        (points[at][0], sum(values[max(0, at - SMOOTH + 1) : at + 1]) / min(at + 1, SMOOTH))
        for at in range(len(points))
    ]


def _seconds(journal: Sequence[dict[str, Any]]) -> Iterator[float]:
    """What each process that worked on the run took: its clock begins again at 0."""
    for line, following in zip(journal, [*journal[1:], None], strict=True):
        if following is None or following["seconds"] < line["seconds"]:
            yield line["seconds"]


def _answers(report: Report) -> Iterator[str]:
    if not report.generations:
        return
    yield (
        "<h2>Answers before and after training</h2>\n<table><tr><th>question</th><th>in the "
        "data</th><th>base</th><th>tuned</th></tr>"
    )
    for one in report.generations:
        yield (
            "<tr>"
            + "".join(
                f'<td class="text">{_shown(text)}</td>' for text in (one.prompt, one.reference, one.base, one.tuned)
            )
            + "</tr>"
        )
    yield "</table>\n"


def _left_out(report: Report) -> Iterator[str]:
    for mismatch, count in report.mismatches.items():
        yield f'<p class="warning">{plural(count, "example")}: {safe(mismatch)}</p>\n'
    if report.left_out:
        yield (
            "<h2>Left out: "
            f"{plural(len(report.left_out), 'example')}</h2>\n<table><tr><th>split</th><th>line</th><th>reason</th></tr>"  # noqa: E501
        )
        yield "".join(
            f"<tr><td>{safe(one.split)}</td><td>{one.line:,}</td><td>{safe(one.reason)}</td></tr>"
            for one in report.left_out
        )
        yield "</table>\n"


def _shown(text: str) -> str:
    return "\n".join(safe(line) for line in text.split("\n"))


def map_html(report: Report, mapped: Sequence[MappedExample]) -> Iterator[str]:
    """The parts of the section; none where the run has no map."""
    found = report.data_map
    if found is None:
        return
    yield "<h2>Easy and hard examples</h2>\n"
    yield "".join(f"<p>{safe(sentence)}</p>\n" for sentence in datamap_lines(found))
    dots = [Dots(name, [(one.variability, one.confidence) for one in mapped if one.region == name]) for name in REGIONS]
    yield scatter("Each example by confidence and its variability", *dots, across="variability", up="confidence")
    yield "<table><tr><th>line of train.jsonl</th><th>loss</th><th>why</th><th>question</th><th>answer</th></tr>"
    for one in found.hardest:
        texts = "".join(f'<td class="text">{safe(text)}</td>' for text in (one.prompt, one.answer))
        yield f"<tr><td>{one.line:,}</td><td>{one.loss:.2f}</td><td>{safe(reason_for_review(one))}</td>{texts}</tr>"
    yield "</table>\n"


def overfitting_html(found: Overfitting | None) -> Iterator[str]:
    """The section of a run's HTML report; none where the run is older than it."""
    if found is None:
        return
    yield f"<h2>{'Did it overfit?' if found.signs else 'No sign of overfitting'}</h2>\n"
    for number, sentence in enumerate(found.sentences):
        kind = ' class="warning"' if number >= len(found.sentences) - len(found.signs) else ""
        yield f"<p{kind}>{safe(sentence)}</p>\n"
    trained = [(float(point.step), point.train) for point in found.curve if point.train is not None]
    held_out = [(float(point.step), point.held_out) for point in found.curve if point.held_out is not None]
    yield curves(
        "Loss in training, and on held-out examples", Curve("training", trained), Curve("held out", held_out, "second")
    )
