"""The report of a sweep: its data, on a terminal, and as one HTML file."""

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any, Final, cast

from rich.console import RenderableType
from rich.text import Text

from curate.core.text import duration, excerpt, plural, visible
from curate.render.console import table
from curate.render.html import TABLE, footer, head, html_table, safe
from curate.render.html_plots import DOTS, STYLE, Curve, Dot, curves, dots
from train.recipe import toml
from train.sweep.halving import Halving, winner
from train.sweep.space import Space, Trial
from train.sweep.sweep_result import Ended, Measured, Outcome, Sweep, TrialResult, TrialState


def standings(
    model: str, trials: Sequence[Trial], halving: Halving, outcomes: Sequence[Outcome], space: Space, *, ended: Ended
) -> Sweep:
    """The current report of a sweep."""
    known = [one for one in outcomes if one.state != "interrupted"]
    found = winner(halving, known, space.tie)
    best = found[0].trial if found is not None else None
    following = halving.next(known)
    going = set(halving.trials_at(len(halving.shares) - 1 if following is None else following.rung, known))
    seconds = {trial.number: sum(one.seconds for one in outcomes if one.trial == trial.number) for trial in trials}
    tried = [_trial_result(trial, halving.shares, known, going, seconds[trial.number]) for trial in trials]
    of_best = next((one for one in known if one.trial == best and one.final is not None), None)
    return Sweep(
        model=model, trials=tuple(sorted(tried, key=lambda one: _order(one, best))), shares=halving.shares,
        best=best, best_recipe=None,
        base_loss=of_best.base if of_best else None,
        tied=tuple(sorted(one.trial for one in found[1])) if found is not None else (), tie=space.tie,
        validation_examples=of_best.examples if of_best else None,
        seconds=round(sum(one.seconds for one in outcomes), 1), ended=ended,
    )  # fmt: skip


def _trial_result(
    trial: Trial, shares: Sequence[float], known: Sequence[Outcome], going: Set[int], seconds: float
) -> TrialResult:
    """The state of a trial; `going`: trials that have not been stopped."""
    own = [one for one in known if one.trial == trial.number]
    last = own[-1] if own else Outcome(trial=trial.number, rung=0, state="paused")  # nothing is known of it
    state: TrialState = "refused" if trial.refused else "waiting"
    if last.state != "paused":
        state = cast("TrialState", last.state)
    elif own and trial.number not in going:
        state = "stopped"
    measured = [Measured(share=shares[one.rung], step=one.step, loss=one.loss) for one in own if one.loss is not None]
    return TrialResult(
        number=trial.number, changes=trial.changes, state=state, measured=tuple(measured),
        loss=last.loss if last.final is None else last.final, step=last.step, steps=last.steps,
        trainable_parameters=last.trainable_parameters, seconds=round(seconds, 1), reason=trial.refused or last.reason,
    )  # fmt: skip


def _order(one: TrialResult, best: int | None) -> tuple[Any, ...]:
    """Sort key: the best trial, those that came further, the lower loss; failed trials last."""
    share = one.step / one.steps if one.state == "stopped" else 1
    return one.number != best, one.loss is None, -share, one.loss or 0.0, one.number


def changes_text(changes: Mapping[str, Any]) -> str:
    """The changes of a trial in one line."""
    return ", ".join(f"{key} = {value_text(value)}" for key, value in changes.items()) or "the unchanged recipe"


def value_text(value: Any) -> str:
    """A value of a recipe in a table."""
    return f"{value:g}" if isinstance(value, float) else value if isinstance(value, str) else toml(value)


def sweep_text(report: Sweep) -> Iterator[RenderableType]:
    """The trials and the best one of them, for people."""
    keys = keys_of(report)
    rows = []
    for one in report.trials:
        style = "" if one.state == "finished" else "red" if one.reason else "dim"
        style = "bold green" if one.number == report.best else style
        rows.append([Text(visible(cell), style) for cell in cells(one, keys)])
    yield table("Trials, by their loss on the validation split", *columns(keys), numbers=NUMBERS, rows=rows)
    for one in report.trials:
        if one.reason:
            yield Text(f"trial {one.number}: {one.state.replace('-', ' ')}: {excerpt(one.reason, 300)}", "red")
    for sentence in sentences(report):
        yield Text(sentence)


NUMBERS: Final = ("trial", "steps", "loss", "trained", "time")


def columns(keys: Sequence[str]) -> tuple[str, ...]:
    """The columns of the table; the names of keys are ours."""
    return "trial", *keys, "state", *NUMBERS[1:]


def keys_of(report: Sweep) -> list[str]:
    """The keys that were tried, in their order."""
    return list(dict.fromkeys(key for one in sorted(report.trials, key=lambda one: one.number) for key in one.changes))


def cells(one: TrialResult, keys: list[str]) -> tuple[str, ...]:
    """A line of the table."""
    values = [value_text(one.changes[key]) if key in one.changes else "-" for key in keys]
    steps = f"{one.step:,}/{one.steps:,}" if one.steps else "-"
    loss = "-" if one.loss is None else f"{one.loss:.4f}"
    trained = f"{one.trainable_parameters:,}" if one.trainable_parameters else "-"
    return str(one.number), *values, one.state.replace("-", " "), steps, loss, trained, duration(one.seconds)


def sentences(report: Sweep) -> Iterator[str]:
    """The result in words, safe to display."""
    if report.best is None:
        yield "No trial has a loss yet." if report.ended != "done" else "No trial has a loss: there is no best recipe."
        return
    best = next(one for one in report.trials if one.number == report.best)
    base = "" if report.base_loss is None else f", the base has {report.base_loss:.4f}."
    against = base or f" after {best.step:,} of {best.steps:,} steps."
    yield f"Best: trial {best.number}: {visible(changes_text(best.changes))}; loss {best.loss:.4f}{against}"
    if report.tied:
        others = ", ".join(map(str, report.tied))
        yield (
            f"Tied within {report.tie:g}: {plural(len(report.tied), 'trial')} ({others}); a tie goes to fewer "
            "trained parameters, then to fewer steps, then to the lower loss."
        )
    if report.base_loss is not None and best.loss is not None and best.loss >= report.base_loss:
        yield "Warning: no trial is better than the base: check the data, or try lower learning rates."
    if report.ended == "budget":
        waiting = sum(one.state == "waiting" for one in report.trials)
        yield (
            f"The budget is used up, with {plural(waiting, 'trial')} left to train; the same command with more "
            "--minutes continues."
        )
    if report.best_recipe is not None:
        yield (
            f"Next:  curate train {visible(report.best_recipe)}   trains it and measures it on the test split, which "
            "no trial used"
        )


BEST_STYLE: Final = "tr.best { font-weight: 600 } td.number { text-align: right; font-variant-numeric: tabular-nums }\n"


def sweep_html(report: Sweep) -> Iterator[str]:
    """The document in pieces."""
    yield head(f"Sweep over {safe(report.model)}", STYLE + DOTS + TABLE + BEST_STYLE)
    measured = plural(report.validation_examples, "example") if report.validation_examples else "the validation split"
    yield (
        f'<p class="quiet">{plural(len(report.trials), "trial")}, decided on {measured} of validation, '
        f"{duration(report.seconds)} in all</p>\n"
    )
    yield "".join(f"<p>{safe(sentence)}</p>\n" for sentence in sentences(report))
    if report.ended == "not-yet":
        yield '<p class="warning">The sweep has not finished.</p>\n'
    yield '<h2>How the trials went</h2>\n<div class="plots">\n'
    yield from _plots(report)
    yield "</div>\n<h2>The trials</h2>\n"
    keys = keys_of(report)
    rows = [tuple(map(safe, cells(one, keys))) for one in report.trials]
    yield html_table(columns(keys), rows, best=None if report.best is None else 0)
    yield "".join(
        f'<p class="warning">trial {one.number}: {safe(one.reason)}</p>\n' for one in report.trials if one.reason
    )
    yield footer()


def _plots(report: Sweep) -> Iterator[str]:
    if len(report.shares) > 1:
        others = [Curve("other trials", _loss_curve(one)) for one in report.trials if one.number != report.best]
        best = [
            Curve(f"trial {one.number}", _loss_curve(one), "second")
            for one in report.trials
            if one.number == report.best
        ]
        yield curves("Validation loss on the way", *others, *best, across="per cent of the steps:")
    kinds = {"": "finished", "early": "not finished", "best": "best"}
    for key in keys_of(report):
        found = []
        for one in report.trials:
            if key in one.changes and one.loss is not None:
                kind = "best" if one.number == report.best else "" if one.state == "finished" else "early"
                found.append(Dot(value_text(one.changes[key]), one.changes[key], one.loss, kind))
        yield dots(f"Validation loss by {key}", found, kinds)


def _loss_curve(one: TrialResult) -> list[tuple[float, float]]:
    """Percent of the steps, and the loss there; at the end the loss of the kept adapter."""
    if not one.measured or one.loss is None:
        return []
    return [*((100 * at.share, at.loss) for at in one.measured[:-1]), (100 * one.measured[-1].share, one.loss)]
