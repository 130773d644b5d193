"""How the trials of a sweep stand: what is known of each, the best first."""

from collections.abc import Mapping, Sequence, Set
from typing import Any, Final

from train.recipe import toml
from train.sweep.folder import outcomes
from train.sweep.halving import Halving, winner
from train.sweep.report import Ended, Entry, Measured, Standing, State, Sweep, Tried
from train.sweep.space import Space, Trial

SETTLED: Final[dict[State, Standing]] = {
    "finished": "finished", "out-of-memory": "out-of-memory", "not-a-number": "not-a-number", "refused": "refused", "failed": "failed",
}  # fmt: skip
"""What a trial is that has come to its end."""


def standings(model: str, trials: Sequence[Trial], halving: Halving, entries: Sequence[Entry], space: Space, *, ended: Ended) -> Sweep:
    """The report of a sweep as it stands."""
    known = outcomes(entries)
    found = winner(halving, known, space.tie)
    best = found[0].trial if found is not None else None
    following = halving.next(known)
    going = set(halving.on(len(halving.shares) - 1 if following is None else following.rung, known))
    tried = sorted((_tried(trial, halving.shares, entries, going) for trial in trials), key=lambda one: _order(one, best))
    of_best = [entry for entry in entries if entry.trial == best and entry.final is not None]
    return Sweep(
        model=model,
        trials=tuple(tried),
        shares=halving.shares,
        best=best,
        best_recipe=None,
        base_loss=of_best[0].base if of_best else None,
        tied=tuple(sorted(one.trial for one in found[1])) if found is not None else (),
        tie=space.tie,
        validation_examples=of_best[0].examples if of_best else None,
        seconds=round(sum(entry.seconds for entry in entries), 1),
        ended=ended,
    )


def _tried(trial: Trial, shares: Sequence[float], entries: Sequence[Entry], going: Set[int]) -> Tried:
    """What is known of a trial; `going`: those that have not been stopped."""
    own = [entry for entry in entries if entry.trial == trial.number]
    ends = [entry for entry in own if entry.state != "interrupted"]
    last = ends[-1] if ends else None
    state: Standing = "waiting"
    if trial.refused:
        state = "refused"
    elif last is not None and last.state in SETTLED:
        state = SETTLED[last.state]
    elif last is not None and trial.number not in going:
        state = "stopped"
    return Tried(
        number=trial.number,
        changes=trial.changes,
        state=state,
        loss=None if last is None else last.loss if last.final is None else last.final,
        step=last.step if last is not None else 0,
        steps=last.steps if last is not None else 0,
        trainable_parameters=last.trainable_parameters if last is not None else 0,
        seconds=round(sum(entry.seconds for entry in own), 1),
        measured=tuple(Measured(share=shares[one.rung], step=one.step, loss=one.loss) for one in ends if one.loss is not None),
        reason=trial.refused or (last.reason if last is not None else ""),
    )


def _order(one: Tried, best: int | None) -> tuple[Any, ...]:
    """The best one, then those that came further, then by loss; those that failed last."""
    return one.number != best, one.loss is None, -(one.step / one.steps if one.state == "stopped" else 1), one.loss or 0.0, one.number


def described(changes: Mapping[str, Any]) -> str:
    """What a trial lays over the recipe, in one line."""
    return ", ".join(f"{key} = {shown(value)}" for key, value in changes.items()) or "the recipe as it is"


def shown(value: Any) -> str:
    """A value of a recipe in a table."""
    return f"{value:g}" if isinstance(value, float) else value if isinstance(value, str) else toml(value)
