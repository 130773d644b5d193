"""A sweep for a person at a terminal."""

from collections.abc import Iterator
from typing import Final

from rich.console import Console, RenderableType
from rich.text import Text

from curate.report.console import table
from curate.text import excerpt, plural, visible
from train.plan_text import duration
from train.sweep.report import Sweep, Tried
from train.sweep.standings import described, shown

SAID: Final = {
    "finished": "finished", "stopped": "stopped", "waiting": "waiting", "out-of-memory": "out of memory", "not-a-number": "not a number",
    "refused": "refused", "failed": "failed",
}  # fmt: skip


def show(report: Sweep, console: Console) -> None:
    """Print the trials and the best one of them."""
    for part in _parts(report):
        console.print(part)


def _parts(report: Sweep) -> Iterator[RenderableType]:
    keys = keys_of(report)
    numbers = ("trial", "steps", "loss", "trained", "time")
    found = table("Trials, by their loss on the validation split", "trial", *keys, "state", *numbers[1:], numbers=numbers)
    for one in report.trials:
        style = "bold green" if one.number == report.best else "" if one.state == "finished" else "red" if one.reason else "dim"
        found.add_row(*(Text(visible(cell), style) for cell in cells(one, keys)))
    yield found
    for one in report.trials:
        if one.reason:
            yield Text(f"trial {one.number}: {SAID[one.state]}: {excerpt(one.reason, 300)}", "red")
    for sentence in sentences(report):
        yield Text(sentence)


def keys_of(report: Sweep) -> list[str]:
    """The keys that were tried, in their order."""
    return list(dict.fromkeys(key for one in sorted(report.trials, key=lambda one: one.number) for key in one.changes))


def cells(one: Tried, keys: list[str]) -> tuple[str, ...]:
    """A line of the table."""
    values = [shown(one.changes[key]) if key in one.changes else "-" for key in keys]
    steps = f"{one.step:,}/{one.steps:,}" if one.steps else "-"
    loss = "-" if one.loss is None else f"{one.loss:.4f}"
    trained = f"{one.trainable_parameters:,}" if one.trainable_parameters else "-"
    return str(one.number), *values, SAID[one.state], steps, loss, trained, duration(one.seconds)


def sentences(report: Sweep) -> Iterator[str]:
    """What came out, in words; safe to be shown."""
    if report.best is None:
        yield "No trial has come to a loss yet." if report.ended != "done" else "No trial came to a loss: there is no best recipe."
        return
    best = next(one for one in report.trials if one.number == report.best)
    yield f"Best: trial {best.number}: {visible(described(best.changes))}; loss {best.loss:.4f}" + (
        f", the base has {report.base_loss:.4f}." if report.base_loss is not None else f" after {best.step:,} of {best.steps:,} steps."
    )
    if report.tied:
        others = ", ".join(map(str, report.tied))
        yield (
            f"As good within {report.tie:g}: {plural(len(report.tied), 'trial')} ({others}); a tie goes to fewer trained parameters, then to fewer steps,"
            " then to the lower loss."
        )
    if report.base_loss is not None and best.loss is not None and best.loss >= report.base_loss:
        yield "Warning: no trial is better than the base: look at the data, or try lower learning rates."
    if report.ended == "budget":
        waiting = sum(one.state == "waiting" for one in report.trials)
        yield f"The budget is used up, with {plural(waiting, 'trial')} still to be trained; the same command with more --minutes goes on."
    if report.best_recipe is not None:
        yield f"Next:  curate train {visible(report.best_recipe)}   trains it and measures it on the test split, which no trial has seen"
