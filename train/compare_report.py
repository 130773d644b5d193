"""The comparison of methods as data: what `curate train --compare --json` prints."""

from train.plan_report import Part


class Compared(Part):
    """One method on the same data, steps and base."""

    name: str
    learning_rate: float
    trainable_parameters: int
    share: float
    """Of all parameters."""
    memory: int
    """The most that the process, or its GPU, had; bytes."""
    seconds: float
    """Of the training alone, by the clock."""
    cpu_seconds: float
    """Of the whole process, by the processor."""
    size: int
    """Bytes of what is saved."""
    base_loss: float
    """Held-out, before."""
    tuned_loss: float
    """Held-out, after."""
    merges: bool
    """Whether the result can be merged into the base."""


class Comparison(Part):
    """All methods that were compared."""

    model: str
    steps: int
    train_examples: int
    held_out_examples: int
    methods: tuple[Compared, ...]
