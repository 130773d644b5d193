"""The result of a training: on a terminal, and as one HTML file with its curves."""

from collections.abc import Iterator, Sequence
from math import exp
from typing import Any, Final, get_args

from rich.console import RenderableType
from rich.text import Text

from curate.core.datamap import MappedExample, Region
from curate.core.text import EMPTY, duration, excerpt, gigabytes, plural, visible
from curate.render.console import table
from curate.render.html import TABLE, block, footer, head, html_table, safe, tile
from curate.render.html_plots import SCATTER, STYLE, Curve, Dots, curves, scatter
from train.memory.autoconfig import RunEnvironment
from train.methods import OWN_KEYS
from train.recipe import Recipe, recipe_text
from train.results import DataMap, HardExample, LossPoint, Overfitting, Pause, Report


def datamap_lines(data_map: DataMap, report: Report) -> Iterator[str]:
    """The map of a training in words."""
    times = f"{data_map.visits:.1f}".removesuffix(".0")
    yield (
        f"{plural(data_map.examples, 'example')}, each trained on {times} {'time' if times == '1' else 'times'} on "
        "average."
    )
    if report.objective == "kto" and (bad := report.train_examples - data_map.examples) > 0:
        are = "is" if bad == 1 else "are"
        yield f"The map has good answers only; {plural(bad, 'example')} with a bad answer {are} not on it."
    for region in data_map.regions:
        name = region.name.capitalize() + " (the third with the highest variability)" * (region.name == "ambiguous")
        examples = plural(region.examples, "example")
        yield f"{name}: {examples}, loss {region.loss:.2f}, confidence {region.confidence:.2f}."
    if data_map.pulling:
        pull = "contradicts its" if data_map.pulling == 1 else "contradict their"
        yield (
            f"{plural(data_map.pulling, 'example')} {pull} neighbours, which ask nearly the same, answer differently "
            "and have a lower loss."
        )


def reason_for_review(example: HardExample | MappedExample) -> str:
    """Why an example deserves a look, in a few words."""
    parts = [f"{example.excess:+.2f} nats relative to other examples at that step"]
    if example.pull is not None:
        parts.append(f"{example.pull:.2f} above its neighbours, which answer differently")
    return "; ".join(parts)


WIDTH, HEIGHT = 56, 9
"""Size of the plot on a terminal, in characters."""
TRAIN, HELD_OUT, BOTH = "·", "●", "◉"
COLOURS: Final = {TRAIN: "cyan", HELD_OUT: "yellow", BOTH: "yellow"}


def overfitting_text(diagnosis: Overfitting) -> Iterator[Text]:
    """The diagnosis for people."""
    yield Text("Overfitting", "bold")
    yield from loss_plot(diagnosis.curve)
    for number, sentence in enumerate(diagnosis.sentences):
        yield Text(sentence, "yellow" if number >= len(diagnosis.sentences) - len(diagnosis.signs) else "")
    if not diagnosis.signs:
        yield Text(f"{_all_clear(diagnosis)}.", "green")


def _all_clear(diagnosis: Overfitting) -> str:
    """The sentence for a diagnosis without signs of overfitting."""
    return "No sign of overfitting" if len(diagnosis.curve) > 1 else "No sign of overfitting in what was measured"


def loss_plot(curve: tuple[LossPoint, ...]) -> Iterator[Text]:
    """A plot of both losses over the steps; nothing for fewer than two points."""
    points = [(point.step, point.train, point.held_out) for point in curve]
    values = [value for _, *both in points for value in both if value is not None]
    if len(points) < 2 or not values:
        return
    low, high, first, last = min(values), max(values), points[0][0], points[-1][0]
    cells = [[" "] * WIDTH for _ in range(HEIGHT)]
    for step, *both in points:
        for sign, value in zip((TRAIN, HELD_OUT), both, strict=True):
            if value is not None:
                row = round((high - value) / ((high - low) or 1) * (HEIGHT - 1))
                column = round((step - first) / ((last - first) or 1) * (WIDTH - 1))
                cells[row][column] = sign if cells[row][column] in (" ", sign) else BOTH
    for number, row_of in enumerate(cells):
        label = f"{high:8.2f} " if number == 0 else f"{low:8.2f} " if number == HEIGHT - 1 else " " * 9
        yield Text.assemble((label, "dim"), ("│", "dim"), *((cell, COLOURS.get(cell, "")) for cell in row_of))
    yield Text.assemble((" " * 9 + "└" + "─" * WIDTH, "dim"))
    ends = f"step {first:,}"
    yield Text.assemble((" " * 10 + ends + f"{last:,}".rjust(WIDTH - len(ends)), "dim"))
    yield Text.assemble(
        " " * 10, (TRAIN, "cyan"), " training  ", (HELD_OUT, "yellow"), " held out  ", (BOTH, "yellow"), " both"
    )


MAX_SHOWN: Final = 5


def training_text(report: Report | Pause) -> Iterator[RenderableType]:
    """Parameters, losses and the answers side by side; text of the data is shown as it is, never as markup."""
    if isinstance(report, Pause):
        done, loss = f"{report.step:,} of {report.steps:,}", f"{report.validation_loss:.4f}"
        yield Text(f"paused after step {done}: validation loss {loss}; --resume continues")
        return
    share = report.trainable_parameters / report.total_parameters
    facts = (
        ("base model", visible(report.model)),
        ("trainable parameters", f"{report.trainable_parameters:,} of {report.total_parameters:,} ({share:.2%})"),
        ("steps", f"{report.steps:,} on {plural(report.train_examples, 'example')}"),
        ("held-out loss, base", f"{report.base_loss:.4f}"),
        ("held-out loss, tuned", f"{report.tuned_loss:.4f}  ({report.tuned_loss - report.base_loss:+.4f})"),
        *objective_facts(report),
        ("measured on", f"{plural(report.held_out_examples, 'example')} of {report.held_out}"),
        ("left out", plural(len(report.left_out), "example")),
    )
    yield table("Training", "", "", rows=facts)
    if report.data_map is not None:
        yield from _map_text(report.data_map, report)
    if report.overfitting is not None:
        yield from overfitting_text(report.overfitting)
    if report.generations:
        rows = [[excerpt(text, 160) for text in answered] for answered in _answer_rows(report)]
        answers = table("Answers before and after training", "prompt", "reference", "base", "tuned", rows=rows)
        answers.show_lines = True
        yield answers


def _answer_rows(report: Report) -> Iterator[tuple[str, str, str, str]]:
    """Question, answer of the data, and the answers before and after the training; an empty one is named."""
    for shown in report.generations:
        yield shown.prompt, shown.reference or EMPTY, shown.base or EMPTY, shown.tuned or EMPTY


def objective_facts(report: Report) -> Iterator[tuple[str, str]]:
    """Rows about held-out perplexity of plain text, or about held-out preferences; none of supervised fine-tuning."""
    if report.objective == "pt":
        yield "held-out perplexity", f"{exp(report.base_loss):,.2f} before, {exp(report.tuned_loss):,.2f} after"
    base, tuned = report.base_preferences, report.tuned_preferences
    if base is None or tuned is None:
        return
    yield "held-out preference loss", f"{base.loss:.4f} before, {tuned.loss:.4f} after"
    if tuned.accuracy is not None and tuned.margin is not None:
        yield "preference accuracy, margin", f"{tuned.accuracy:.1%} by reward, {tuned.margin:+.4f}"
    if base.likelier is not None and tuned.likelier is not None:
        yield "better answer is likelier", f"{base.likelier:.1%} before, {tuned.likelier:.1%} after"


def _map_text(data_map: DataMap, report: Report) -> Iterator[RenderableType]:
    """The data map in words, with a table of the hardest examples."""
    yield Text("Easy and hard examples", "bold")
    yield from map(Text, datamap_lines(data_map, report))
    columns = ("train.jsonl", "loss", "above others", "above neighbours", "question", "answer")
    rows = [
        (f"{example.line:,}", f"{example.loss:.2f}", f"{example.excess:+.2f}",
         "-" if example.pull is None else f"{example.pull:.2f}",
         excerpt(example.prompt, 60), excerpt(example.answer, 40))
        for example in data_map.hardest[:MAX_SHOWN]
    ]  # fmt: skip
    yield Text(
        "The hardest, with their loss in nats: above others at the same step, above neighbours with other answers."
    )
    yield table("", *columns, numbers=columns[:4], rows=rows)


WINDOW: Final = 20
"""Window of the running mean, in steps."""


def report_html(
    report: Report,
    settings: RunEnvironment,
    journal: Sequence[dict[str, Any]],
    mapped: Sequence[MappedExample] = (),
    recipe: Recipe | None = None,
) -> Iterator[str]:
    """The document in pieces."""
    steps = [line for line in journal if "loss" in line]
    yield head(f"Training of {safe(report.model)}", STYLE + SCATTER + TABLE)
    yield (
        f'<p class="quiet">{safe(report.method)}, {plural(report.steps, "step")} on '
        f"{plural(report.train_examples, 'example')}, {safe(settings.device)}</p>\n"
    )
    yield from _tiles_html(report, journal)
    yield '<h2>Training curves</h2>\n<div class="plots">\n'
    yield from _plots_html(steps, journal)
    yield "</div>\n"
    yield from _memory_html(settings, journal)
    yield from overfitting_html(report.overfitting)
    yield from map_html(report, mapped)
    yield from _answers_html(report)
    yield from _left_out_html(report)
    yield from _inputs_html(report)
    if recipe is not None:
        yield f"<h2>Recipe</h2>\n<pre>{block(_used_recipe(recipe))}</pre>\n"
    versions = ", ".join(f"{name} {version}" for name, version in settings.packages.items())
    yield footer(safe(versions), safe(settings.dtype), safe(settings.optimiser))


def _tiles_html(report: Report, journal: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The numbers at the top."""
    change = report.tuned_loss - report.base_loss
    share = report.trainable_parameters / report.total_parameters
    yield '<div class="tiles">'
    for value, label in (
        (f"{report.base_loss:.4f}", "held-out loss, base"),
        (f"{report.tuned_loss:.4f}", f"held-out loss, tuned ({change:+.4f})"),
        (f"{report.trainable_parameters:,}", f"trainable parameters ({share:.2%})"),
        (f"{report.kept_step:,}", "step that was kept"),
        (duration(sum(_seconds(journal))), "in all"),
    ):
        yield tile(value, safe(label))
    for label, value in objective_facts(report):
        yield tile(safe(value), safe(label))
    yield "</div>\n"


def _memory_html(settings: RunEnvironment, journal: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The memory that was used and expected, and where it ran out."""
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


def _inputs_html(report: Report) -> Iterator[str]:
    """A table of the hashes of what was trained on, and of the result."""
    facts = {"key": report.key, "base": report.base, "chat template": report.template}
    facts |= {"manifest": report.manifest or "none", "adapter": report.adapter_sha256}
    rows = (f"<tr><th>{name}</th><td><code>{safe(value)}</code></td></tr>" for name, value in facts.items())
    yield f"<h2>Inputs</h2>\n<table>{''.join(rows)}</table>\n"


def _used_recipe(recipe: Recipe) -> str:
    """The keys of a recipe that its method reads, as TOML."""
    idle = OWN_KEYS - recipe.how.keys
    used = {key: value for key, value in recipe.model_dump(mode="json").items() if key not in idle}
    used |= {"learning_rate": recipe.peak_rate, "epochs": recipe.epochs or (None if recipe.max_steps else 1)}
    return recipe_text({key: value for key, value in used.items() if value is not None})


def _plots_html(steps: Sequence[dict[str, Any]], journal: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Plots of loss, learning rate, gradient norm, speed and memory over the steps."""

    def of(key: str) -> list[tuple[float, float]]:
        return [(line["step"], line[key]) for line in steps if line.get(key) is not None]

    measured = [(line["step"], line["validation_loss"]) for line in journal if line.get("event") == "validation"]
    yield curves("Loss", Curve("training", _smoothed(of("loss"))), Curve("validation", measured, "second"))
    yield curves("Learning rate", Curve("learning rate", of("learning_rate")))
    yield curves("Norm of the gradients", Curve("norm", of("grad_norm")))
    yield curves("Tokens per second", Curve("tokens per second", _smoothed(of("tokens_per_second"))))
    yield curves("Memory, GB", Curve("memory", [(step, size / 1e9) for step, size in of("memory")]))


def _smoothed(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The running mean of a long curve."""
    if len(points) <= 5 * WINDOW:
        return points
    values = [value for _, value in points]
    means = (
        sum(values[max(0, index - WINDOW + 1) : index + 1]) / min(index + 1, WINDOW) for index in range(len(points))
    )
    return [(step, mean) for (step, _), mean in zip(points, means, strict=True)]


def _seconds(journal: Sequence[dict[str, Any]]) -> Iterator[float]:
    """Seconds of each process of the run; each clock starts at 0."""
    for line, following in zip(journal, [*journal[1:], None], strict=True):
        if following is None or following["seconds"] < line["seconds"]:
            yield line["seconds"]


def _answers_html(report: Report) -> Iterator[str]:
    """A table of the answers before and after the training; nothing without answers."""
    if not report.generations:
        return
    yield "<h2>Answers before and after training</h2>\n"
    names = ("question", "in the data", "base", "tuned")
    rows = [["\n".join(map(safe, text.split("\n"))) for text in answered] for answered in _answer_rows(report)]
    yield html_table(names, rows, texts=names)


def _left_out_html(report: Report) -> Iterator[str]:
    """Warnings about differences from inference, and a table of the examples that were left out."""
    for mismatch, count in report.mismatches.items():
        yield f'<p class="warning">{plural(count, "example")}: {safe(mismatch)}</p>\n'
    if report.left_out:
        yield f"<h2>Left out: {plural(len(report.left_out), 'example')}</h2>\n"
        rows = [(safe(example.split), f"{example.line:,}", safe(example.reason)) for example in report.left_out]
        yield html_table(("split", "line", "reason"), rows)


def map_html(report: Report, mapped: Sequence[MappedExample]) -> Iterator[str]:
    """The parts of the section; none where the run has no map."""
    data_map = report.data_map
    if data_map is None:
        return
    yield "<h2>Easy and hard examples</h2>\n"
    yield "".join(f"<p>{safe(sentence)}</p>\n" for sentence in datamap_lines(data_map, report))
    parts = ((name, [example for example in mapped if example.region == name]) for name in get_args(Region))
    dots = (Dots(name, [(example.variability, example.confidence) for example in part]) for name, part in parts)
    yield scatter("Each example by confidence and its variability", *dots, across="variability", up="confidence")
    rows = [
        (f"{example.line:,}", f"{example.loss:.2f}",
         *map(safe, (reason_for_review(example), example.prompt, example.answer)))
        for example in data_map.hardest
    ]  # fmt: skip
    names = ("line of train.jsonl", "loss", "why", "question", "answer")
    yield html_table(names, rows, texts=names[3:])


def overfitting_html(diagnosis: Overfitting | None) -> Iterator[str]:
    """The section of a run's HTML report; none where the run is older than it."""
    if diagnosis is None:
        return
    yield f"<h2>{'Did it overfit?' if diagnosis.signs else _all_clear(diagnosis)}</h2>\n"
    for number, sentence in enumerate(diagnosis.sentences):
        kind = ' class="warning"' if number >= len(diagnosis.sentences) - len(diagnosis.signs) else ""
        yield f"<p{kind}>{safe(sentence)}</p>\n"
    trained = [(float(point.step), point.train) for point in diagnosis.curve if point.train is not None]
    held_out = [(float(point.step), point.held_out) for point in diagnosis.curve if point.held_out is not None]
    yield curves(
        "Loss in training, and on held-out examples", Curve("training", trained), Curve("held out", held_out, "second")
    )
