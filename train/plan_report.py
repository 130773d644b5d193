"""The plan of a training as data: what `curate plan --json` prints."""

from pydantic import BaseModel, ConfigDict

from curate.finding import Severity
from train.report import LeftOut


class Part(BaseModel):
    """A part of the plan."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Estimate(Part):
    """Memory in bytes: of the GPU, or of the whole process on a CPU."""

    weights: int
    """The base."""
    trained: int
    """What is trained, and the optimiser's state."""
    step: int
    """What a step keeps for the backward pass, with the gradients, at its largest forward pass."""
    around: int
    """Python and its libraries on a CPU, CUDA's own on a GPU."""
    low: int
    high: int
    """With what allocators waste; the number to compare with what the device has."""


class Piece(Part):
    """Text of an example, as the model gets it."""

    text: str
    trained: bool
    """Whether the model is trained to say it."""


class Told(Part):
    """A rule of family K and how often it was broken in the split."""

    code: str
    severity: Severity
    count: int
    message: str
    """Of the first finding."""
    place: str
    """Of the first finding."""


class Refusal(Part):
    """Why `curate train` would not begin."""

    reason: str
    next: str
    """What to do about it."""


class SplitPlan(Part):
    """A split, as it will be used."""

    name: str
    examples: int
    texts: int
    """Several for an example whose template changes earlier turns."""
    tokens: int
    supervised: int
    """Tokens trained on, or measured on."""
    longest: int
    """Tokens of its longest text."""


class TrainingPlan(Part):
    """What `curate plan --json` prints."""

    model: str
    method: str
    trains: str
    """What becomes of the base."""
    cannot: tuple[str, ...]
    """What the method cannot do."""
    learning_rate: float
    learning_rate_from: str
    """Where it comes from."""
    trainable_parameters: int
    total_parameters: int
    device: str
    dtype: str
    optimiser: str
    tokens_per_pass: int
    activation_checkpointing: bool
    memory: Estimate
    memory_available: int
    """Bytes that there are now."""
    splits: tuple[SplitPlan, ...]
    steps: int
    passes: int
    """Forward passes with a backward pass, in all."""
    tokens: int
    """Tokens that go through the model in training."""
    supervised: int
    """Tokens of these that are trained on."""
    seconds: float | None
    """Of the training, from a measured step; None where none was measured."""
    memory_measured: int | None
    """The most memory that the measured step had; None where none was measured."""
    over_length: tuple[LeftOut, ...]
    """Examples longer than `max_length`."""
    untrainable: tuple[LeftOut, ...]
    """Examples that cannot be rendered, or in which nothing is trained on."""
    mismatches: dict[str, int]
    """Differences between what is trained on and what inference renders, with the number of examples that have them."""
    findings: tuple[Told, ...]
    """What the rules of family K say."""
    masks: tuple[tuple[Piece, ...], ...]
    """Some examples, cut into what is trained on and what is not."""
    refusals: tuple[Refusal, ...]
    """Why the training would not begin; empty where it would."""
