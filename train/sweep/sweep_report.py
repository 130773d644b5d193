"""The report of a sweep: its data, on a terminal, and as one HTML file."""

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any, Final, cast

from rich.console import RenderableType
from rich.text import Text

from curate.core.text import duration, excerpt, plural, visible
from curate.render.console import tables
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
    completed = [outcome for outcome in outcomes if outcome.state != "interrupted"]
    best_and_tied = winner(halving, completed, space.tie)
    best = best_and_tied[0].trial if best_and_tied is not None else None
    following = halving.next(completed)
    going = set(halving.trials_at(len(halving.shares) - 1 if following is None else following.rung, completed))
    seconds = {
        trial.number: sum(outcome.seconds for outcome in outcomes if outcome.trial == trial.number) for trial in trials
    }
    tried = [_trial_result(trial, halving.shares, completed, going, seconds[trial.number]) for trial in trials]
    of_best = next((outcome for outcome in completed if outcome.trial == best and outcome.final is not None), None)
    return Sweep(
        model=model, trials=tuple(sorted(tried, key=lambda result: _trial_order(result, best))), shares=halving.shares,
        best=best, best_recipe=None,
        base_loss=of_best.base if of_best else None,
        tied=tuple(sorted(outcome.trial for outcome in best_and_tied[1])) if best_and_tied is not None else (),
        tie=space.tie,
        validation_examples=of_best.examples if of_best else None,
        seconds=round(sum(outcome.seconds for outcome in outcomes), 1), ended=ended,
    )  # fmt: skip


def _trial_result(
    trial: Trial, shares: Sequence[float], outcomes: Sequence[Outcome], going: Set[int], seconds: float
) -> TrialResult:
    """The state and losses of a trial.

    shares: of the steps, per rung. outcomes: of all trials. going: trials that have not been stopped. seconds: what the
    trial has run.
    """
    own = [outcome for outcome in outcomes if outcome.trial == trial.number]
    last = own[-1] if own else Outcome(trial=trial.number, rung=0, state="paused")  # nothing is known of it
    state: TrialState = "refused" if trial.refused else "waiting"
    if last.state != "paused":
        state = cast("TrialState", last.state)
    elif own and trial.number not in going:
        state = "stopped"
    measured = [
        Measured(share=shares[outcome.rung], step=outcome.step, loss=outcome.loss)
        for outcome in own
        if outcome.loss is not None
    ]
    return TrialResult(
        number=trial.number, changes=trial.changes, state=state, measured=tuple(measured),
        loss=last.loss if last.final is None else last.final, step=last.step, steps=last.steps,
        trainable_parameters=last.trainable_parameters, seconds=round(seconds, 1), reason=trial.refused or last.reason,
    )  # fmt: skip


def _trial_order(trial: TrialResult, best: int | None) -> tuple[Any, ...]:
    """Sort key: the best trial, those that came further, the lower loss; failed trials last."""
    share = trial.step / trial.steps if trial.state == "stopped" else 1
    return trial.number != best, trial.loss is None, -share, trial.loss or 0.0, trial.number


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
    for trial in report.trials:
        style = "" if trial.state == "finished" else "red" if trial.reason else "dim"
        style = "bold green" if trial.number == report.best else style
        rows.append([Text(visible(cell), style) for cell in cells(trial, keys)])
    title = "Trials, by their loss on the validation split"
    yield from tables(title, *columns(keys), after=1 + len(keys), numbers=NUMBERS, rows=rows)
    for trial in report.trials:
        if trial.reason:
            yield Text(f"trial {trial.number}: {trial.state.replace('-', ' ')}: {excerpt(trial.reason, 300)}", "red")
    for sentence in sentences(report):
        yield Text(sentence)


NUMBERS: Final = ("trial", "steps", "loss", "trained", "time")


def columns(keys: Sequence[str]) -> tuple[str, ...]:
    """The columns of the table. `keys`: the keys that were tried."""
    return "trial", *keys, "state", *NUMBERS[1:]


def keys_of(report: Sweep) -> list[str]:
    """The keys that were tried, in their order."""
    return list(
        dict.fromkeys(key for trial in sorted(report.trials, key=lambda trial: trial.number) for key in trial.changes)
    )


def cells(trial: TrialResult, keys: list[str]) -> tuple[str, ...]:
    """A line of the table."""
    values = [value_text(trial.changes[key]) if key in trial.changes else "-" for key in keys]
    steps = f"{trial.step:,}/{trial.steps:,}" if trial.steps else "-"
    loss = "-" if trial.loss is None else f"{trial.loss:.4f}"
    trained = f"{trial.trainable_parameters:,}" if trial.trainable_parameters else "-"
    return str(trial.number), *values, trial.state.replace("-", " "), steps, loss, trained, duration(trial.seconds)


RATE: Final = "learning_rate"
MIN_RATES: Final = 3
"""Values of the learning rate from which the best one may lie between others."""


def sentences(report: Sweep) -> Iterator[str]:
    """The result in words, safe to display."""
    if report.best is None:
        yield "No trial has a loss yet." if report.ended != "done" else "No trial has a loss: there is no best recipe."
        return
    best = next(trial for trial in report.trials if trial.number == report.best)
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
    rates = {trial.changes[RATE] for trial in report.trials if trial.loss is not None and RATE in trial.changes}
    if len(rates) >= MIN_RATES and (rate := best.changes.get(RATE)) in (min(rates), max(rates)):
        end, other = ("lowest", "lower") if rate == min(rates) else ("highest", "higher")
        yield f"{RATE} = {value_text(rate)} is the {end} of those tried: a {other} one may be better."
    if report.ended == "budget":
        waiting = sum(trial.state == "waiting" for trial in report.trials)
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
    rows = [tuple(map(safe, cells(trial, keys))) for trial in report.trials]
    yield html_table(columns(keys), rows, best=None if report.best is None else 0)
    yield "".join(
        f'<p class="warning">trial {trial.number}: {safe(trial.reason)}</p>\n'
        for trial in report.trials
        if trial.reason
    )
    yield footer()


def _plots(report: Sweep) -> Iterator[str]:
    if len(report.shares) > 1:
        others = [Curve("other trials", _loss_curve(trial)) for trial in report.trials if trial.number != report.best]
        best = [
            Curve(f"trial {trial.number}", _loss_curve(trial), "second")
            for trial in report.trials
            if trial.number == report.best
        ]
        yield curves("Validation loss on the way", *others, *best, across="per cent of the steps:")
    kinds = {"": "finished", "early": "not finished", "best": "best"}
    for key in keys_of(report):
        points = []
        for trial in report.trials:
            if key in trial.changes and trial.loss is not None:
                kind = "best" if trial.number == report.best else "" if trial.state == "finished" else "early"
                points.append(Dot(value_text(trial.changes[key]), trial.changes[key], trial.loss, kind))
        yield dots(f"Validation loss by {key}", points, kinds)


def _loss_curve(trial: TrialResult) -> list[tuple[float, float]]:
    """Percent of the steps, and the loss there; at the end the loss of the kept adapter."""
    if not trial.measured or trial.loss is None:
        return []
    return [
        *((100 * measurement.share, measurement.loss) for measurement in trial.measured[:-1]),
        (100 * trial.measured[-1].share, trial.loss),
    ]
