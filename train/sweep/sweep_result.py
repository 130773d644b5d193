"""The results of a sweep and of a comparison of methods, as `--json` prints them, and the journal's lines."""

from typing import Any, Literal

from train.results import StrictModel

State = Literal["finished", "paused", "interrupted", "out-of-memory", "not-a-number", "refused", "failed"]
Ended = Literal["done", "budget", "not-yet"]
TrialState = Literal["finished", "stopped", "waiting", "out-of-memory", "not-a-number", "refused", "failed"]


class Entry(StrictModel):
    """A line of the journal: the outcome of one training up to a rung."""

    trial: int
    rung: int
    state: State
    loss: float | None = None
    """On the validation split, its sample of `evaluate_examples`; None where the training failed."""
    final: float | None = None
    """On the whole validation split, of the adapter that is kept; None before the trial's end."""
    base: float | None = None
    """The same of the base."""
    step: int = 0
    """Steps that are done."""
    steps: int = 0
    """Steps of the whole training."""
    examples: int = 0
    """Of the validation split; 0 before the trial's end."""
    trainable_parameters: int = 0
    seconds: float = 0.0
    """Wall-clock seconds."""
    reason: str = ""
    """Why it failed."""


class Measured(StrictModel):
    """The loss of a trial at a rung."""

    share: float
    """Of its steps."""
    step: int
    loss: float


class TrialResult(StrictModel):
    """A trial."""

    number: int
    changes: dict[str, Any]
    """Keys of the recipe that it overrides."""
    state: TrialState
    """`stopped`: others did better at the same point; `waiting`: the budget ended before it was trained so far."""
    loss: float | None
    """What it is ranked by: at its end over the whole validation split, before over its first examples; else None."""
    step: int
    steps: int
    trainable_parameters: int
    seconds: float
    measured: tuple[Measured, ...]
    reason: str
    """Why it failed."""


class Sweep(StrictModel):
    """What `curate sweep --json` prints and `report.json` in the sweep's folder holds."""

    model: str
    trials: tuple[TrialResult, ...]
    """The best first, failed ones last."""
    shares: tuple[float, ...]
    """Shares of a trial's steps at the rungs."""
    best: int | None
    """Number of the best trial; None if no trial has a loss."""
    best_recipe: str | None
    """Its recipe as a file; None before the sweep has ended."""
    base_loss: float | None
    """Loss of the base on the validation split; None before the best trial's end."""
    tied: tuple[int, ...]
    """Trials that did as well as the best one, within `tie`, and cost more."""
    tie: float
    validation_examples: int | None
    """None before a trial has finished."""
    seconds: float
    """Of all trials."""
    ended: Ended
    """Whether all trainings are done, or the budget ended before."""

    @property
    def better(self) -> bool:
        """Whether the best trial is better than the base, as far as that is known."""
        loss = next((one.loss for one in self.trials if one.number == self.best), None)
        return loss is not None and (self.base_loss is None or loss < self.base_loss)


class MethodResult(StrictModel):
    """One method on the same data, steps and base."""

    name: str
    learning_rate: float
    trainable_parameters: int
    share: float
    """Of all parameters."""
    memory: int
    """Peak memory of the process or its GPU, in bytes."""
    seconds: float
    """Wall-clock seconds of the training alone."""
    cpu_seconds: float
    """CPU seconds of the whole process."""
    size: int
    """Bytes of the saved weights."""
    base_loss: float
    """Held-out, before."""
    tuned_loss: float
    """Held-out, after."""
    merges: bool
    """Whether the result can be merged into the base."""


class Comparison(StrictModel):
    """A comparison of methods."""

    model: str
    steps: int
    train_examples: int
    held_out_examples: int
    methods: tuple[MethodResult, ...]
