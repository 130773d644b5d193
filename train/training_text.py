"""The result of a training for a person at a terminal."""

from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.text import Text

from curate.core.datamap import MappedExample
from curate.core.text import excerpt, plural, visible
from curate.report.console import table
from train.results import DataMap, Hard, LossPoint, Overfitting, Report


def datamap_lines(found: DataMap) -> Iterator[str]:
    """The map in words."""
    times = f"{found.visits:.1f}".removesuffix(".0")
    yield (
        f"{plural(found.examples, 'example')}, each trained on {times} {'time' if times == '1' else 'times'} on "
        "average."
    )
    for one in found.regions:
        name = {"easy": "Easy", "ambiguous": "Ambiguous (the third with the highest variability)", "hard": "Hard"}[
            one.name
        ]
        yield f"{name}: {plural(one.examples, 'example')}, loss {one.loss:.2f}, confidence {one.confidence:.2f}."
    if found.spiked:
        yield f"{plural(found.spiked, 'example')} caused a spike in the loss of a step."
    if found.pulling:
        pull = (
            "contradicts its neighbours, which ask" if found.pulling == 1 else "contradict their neighbours, which ask"
        )
        yield f"{plural(found.pulling, 'example')} {pull} nearly the same, answer differently and are learned well."


def reason_for_review(one: Hard | MappedExample) -> str:
    """Why an example deserves a look, in a few words."""
    parts = [f"{one.excess:+.2f} nats relative to other examples at that step"]
    if one.spike is not None:
        parts.append(f"caused a loss spike at step {one.spike:,}")
    if one.pull is not None:
        parts.append(f"{one.pull:.2f} above its neighbours, which answer differently")
    return "; ".join(parts)


WIDTH, HEIGHT = 56, 9
"""Of the drawing on a terminal, in characters."""
TRAIN, HELD_OUT, BOTH = "·", "●", "◉"
COLOURS: Final = {TRAIN: "cyan", HELD_OUT: "yellow", BOTH: "yellow"}


def show_overfitting(found: Overfitting, console: Console) -> None:
    """Print it."""
    console.print(Text("Overfitting", "bold"))
    for line in drawn(found.curve):
        console.print(line)
    for number, sentence in enumerate(found.sentences):
        console.print(Text(sentence, "yellow" if number >= len(found.sentences) - len(found.signs) else ""))
    if not found.signs:
        console.print(Text("No sign of overfitting.", "green"))


def drawn(curve: tuple[LossPoint, ...]) -> Iterator[Text]:
    """Both losses over the steps, where there are two points or more."""
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


SHOWN: Final = 5
"""Of the hardest examples, how many are named here."""


def show(report: Report, console: Console) -> None:
    """Print parameters, losses and the answers side by side; text of the data is shown as it is, never as markup."""
    share = report.trainable_parameters / report.total_parameters
    facts = table("Training", "", "")
    facts.show_header = False
    for name, value in (
        ("base model", visible(report.model)),
        ("trainable parameters", f"{report.trainable_parameters:,} of {report.total_parameters:,} ({share:.2%})"),
        ("steps", f"{report.steps:,} on {plural(report.train_examples, 'example')}"),
        ("held-out loss, base", f"{report.base_loss:.4f}"),
        ("held-out loss, tuned", f"{report.tuned_loss:.4f}  ({report.tuned_loss - report.base_loss:+.4f})"),
        ("measured on", f"{plural(report.held_out_examples, 'example')} of {report.held_out}"),
        ("left out", plural(len(report.left_out), "example")),
    ):
        facts.add_row(name, Text(value))
    console.print(facts)
    if report.data_map is not None:
        _show_map(report.data_map, console)
    if report.overfitting is not None:
        show_overfitting(report.overfitting, console)
    if report.generations:
        answers = table("Answers before and after training", "prompt", "reference", "base", "tuned")
        answers.show_lines = True
        for one in report.generations:
            answers.add_row(*(Text(excerpt(text, 160)) for text in (one.prompt, one.reference, one.base, one.tuned)))
        console.print(answers)


def _show_map(found: DataMap, console: Console) -> None:
    console.print(Text("Easy and hard examples", "bold"))
    for sentence in datamap_lines(found):
        console.print(Text(sentence))
    hardest = table("", "train.jsonl", "loss", "question", "answer", "why", numbers=("train.jsonl", "loss"))
    for one in found.hardest[:SHOWN]:
        hardest.add_row(
            f"{one.line:,}",
            f"{one.loss:.2f}",
            Text(excerpt(one.prompt, 60)),
            Text(excerpt(one.answer, 40)),
            Text(reason_for_review(one)),
        )
    console.print(hardest)
