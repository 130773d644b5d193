"""The results of a sweep and of a comparison of methods, as `--json` prints them, and the journal's lines."""

from typing import Any, Literal

from train.results import StrictModel

State = Literal["finished", "paused", "interrupted", "out-of-memory", "not-a-number", "refused", "failed"]
Ended = Literal["done", "budget", "not-yet"]
TrialState = Literal["finished", "stopped", "waiting", "out-of-memory", "not-a-number", "refused", "failed"]


class Outcome(StrictModel):
    """A line of the journal: the outcome of one training up to a rung."""

    trial: int
    rung: int
    state: State
    loss: float | None = None
    """Loss on the first `evaluate_examples` of the validation split; None if the training failed."""
    final: float | None = None
    """Loss of the kept adapter on the whole validation split; None before the trial's end."""
    base: float | None = None
    """The same for the base model."""
    step: int = 0
    """Number of completed steps."""
    steps: int = 0
    """Number of steps of the whole training."""
    examples: int = 0
    """Number of examples of the validation split; 0 before the trial's end."""
    trainable_parameters: int = 0
    seconds: float = 0.0
    """Wall-clock seconds."""
    reason: str = ""
    """Why it failed."""

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to train."""
        return self.loss is None or self.final is not None

    @property
    def cost(self) -> tuple[int, int]:
        """Trained parameters and steps: of equally good trials the one with the lower cost is taken."""
        return self.trainable_parameters, self.steps


class Measured(StrictModel):
    """The loss of a trial at a rung."""

    share: float
    """Share of its steps."""
    step: int
    loss: float


class TrialResult(StrictModel):
    """A trial."""

    number: int
    changes: dict[str, Any]
    """Keys of the recipe that it changes."""
    state: TrialState
    """`stopped`: others did better at the same point; `waiting`: the budget ended first."""
    loss: float | None
    """The loss for ranking: on the whole validation split at its end, on its first examples before; else None."""
    step: int
    steps: int
    trainable_parameters: int
    seconds: float
    measured: tuple[Measured, ...]
    reason: str
    """Why it failed."""


class Sweep(StrictModel):
    """The output of `curate sweep --json`, and `report.json` in the sweep's folder."""

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
    """Total seconds of all trials."""
    ended: Ended
    """Whether all trainings are done, or the budget ended before."""

    @property
    def better(self) -> bool:
        """Whether the best trial is better than the base, as far as that is known."""
        loss = next((trial.loss for trial in self.trials if trial.number == self.best), None)
        return loss is not None and (self.base_loss is None or loss < self.base_loss)


class MethodResult(StrictModel):
    """One method on the same data, steps and base."""

    name: str
    learning_rate: float
    trainable_parameters: int
    share: float
    """Share of the trained parameters in all parameters."""
    memory: int
    """Peak memory of the process or its GPU, in bytes."""
    seconds: float
    """Wall-clock seconds of the training alone."""
    cpu_seconds: float
    """CPU seconds of the whole process."""
    size: int
    """Bytes of the saved weights."""
    base_loss: float
    """Held-out loss before training."""
    tuned_loss: float
    """Held-out loss after training."""
    merges: bool
    """Whether the result can be merged into the base."""


class Comparison(StrictModel):
    """A comparison of methods."""

    model: str
    steps: int
    train_examples: int
    held_out_examples: int
    methods: tuple[MethodResult, ...]
