"""The results of `curate train` and its `--plan`, `export --merge` and `chat`, as their `--json` prints them.

The result of a training holds no times: it is the same whether or not the training was interrupted.
"""

import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from curate.core.datamap import Region
from curate.core.finding import Severity
from train.methods import ObjectiveName


class StrictModel(BaseModel):
    """A frozen model that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Generation(StrictModel):
    """A held-out question with its answers, side by side."""

    prompt: str
    """The last message before the answer."""
    reference: str
    """The answer in the data."""
    base: str
    """The answer of the base model."""
    tuned: str
    """The answer with the adapter."""


class LeftOut(StrictModel):
    """An example that was not used, and why."""

    split: str
    line: int
    """Line in the split's file, from 1."""
    example: str
    """Id of the example."""
    reason: str


class MapRegion(StrictModel):
    """A part of the data map."""

    name: Region
    examples: int
    loss: float
    """Mean over its examples, in nats per supervised token."""
    confidence: float
    """Mean over its examples, 0 to 1."""


class HardExample(StrictModel):
    """An example that the model found hard to learn; see `curate.core.datamap.MappedExample`."""

    line: int
    """Line in train.jsonl."""
    example: str
    """Id of the example."""
    loss: float
    excess: float
    """Difference to the median loss of the examples at about the same steps, in nats."""
    confidence: float
    pull: float | None
    """Difference between its loss and that of neighbours with other answers, in nats; None if it contradicts none."""
    prompt: str
    """The beginning of its question."""
    answer: str
    """The beginning of its answer."""


class DataMap(StrictModel):
    """A summary of the data map; `datamap.jsonl` has all of it."""

    examples: int
    """Number of examples that were trained on."""
    visits: float
    """Mean number of visits of an example."""
    regions: tuple[MapRegion, ...]
    """Easy, ambiguous and hard examples; empty after fewer than two epochs."""
    pulling: int
    """Number of examples that contradict their neighbours."""
    hardest: tuple[HardExample, ...]


class Pause(StrictModel):
    """The output of `curate train --pause-at --json` at the pause."""

    key: str
    """Hash over recipe, data and base model."""
    step: int
    """Number of completed steps."""
    steps: int
    """Number of steps of the whole training."""
    validation_loss: float
    """Mean loss per supervised token on the validation split at the pause, in nats."""
    trainable_parameters: int
    total_parameters: int


Sign = Literal["worsens", "overfits", "memorises", "forgets"]


class LossPoint(StrictModel):
    """The losses at a measurement on the validation split, in nats per supervised token."""

    step: int
    train: float | None
    """Mean training loss of the steps since the previous measurement, each before its update."""
    held_out: float | None


class Memorised(StrictModel):
    """Answers of 8 or more tokens that greedy decoding continues word for word, given their first quarter."""

    answers: int
    """Number of examined answers of the training split."""
    tuned: int
    base: int
    held_out_answers: int
    held_out: int
    held_out_base: int

    @property
    def otherwise(self) -> float:
        """The expected number without training on them: that of the base, or the share of the held-out answers."""
        share = self.held_out / self.held_out_answers if self.held_out_answers else 0.0
        return max(float(self.base), share * self.answers)


class Forgotten(StrictModel):
    """The loss on general answers that are not in the training data, in nats per token."""

    prompts: int
    base: float
    tuned: float
    change: float
    low: float
    """Lower end of the 95% interval of the change."""
    high: float


class Overfitting(StrictModel):
    """Whether the training learned its examples instead of the task. Except for the losses, about the kept adapter."""

    signs: tuple[Sign, ...]
    """worsens: the held-out loss is above that of the base; overfits: it rose after its best measurement; memorises:
    training answers; forgets: general answers became less likely.
    """
    curve: tuple[LossPoint, ...]
    train_loss: float | None
    held_out_loss: float | None
    """The last measurement; without any, the loss of the tuned model."""
    gap: float | None
    """Held-out loss minus training loss: the generalisation gap."""
    best_step: int | None
    """The step of the best measurement: after it the held-out loss did not improve."""
    rise: float | None
    """Increase of the held-out loss from there to the last measurement."""
    memorised: Memorised | None
    """None if too few answers are long enough, or the recipe has no probes."""
    general: Forgotten | None
    sentences: tuple[str, ...]
    """All of it in words; the next step for each sign comes last."""


class Preferences(StrictModel):
    """How well a model tells good answers from bad ones on held-out preferences."""

    loss: float
    """Mean of the objective's loss."""
    good: int
    bad: int
    accuracy: float | None
    """Share of pairs whose good answer has the higher reward, a tie counting half; kto: area under the ROC curve."""
    margin: float | None
    """Mean reward of good answers minus that of bad ones: beta times the log-likelihood above the base's."""
    likelier: float | None
    """As `accuracy`, by the log-likelihood per token, which can be compared with that of the base."""


class OnBase(StrictModel):
    """What was made of a base model, and what its training examples share: inference should use that, too."""

    system: str | None = None
    """The system message; None if the examples differ in it or have none."""
    shared: dict[str, Any] = {}
    """Tools and variables of the chat template; `enable_thinking` as most examples have it."""
    reasoning: float | None = None
    """Share of the training examples that are rendered with `enable_thinking`; None if the template does not read
    it.
    """
    model: str
    """The base model, as the recipe names it."""
    base: str
    """Fingerprint of the base model."""
    template: str
    """SHA-256 of the chat template of the training; inference must use the same."""
    date: datetime.date | None = None
    """What the chat template printed as the current date; None if it prints none."""


class TrainedWeights(OnBase):
    """The weights of a training, and what they were made of."""

    key: str
    """Key of the run: hash over recipe, data and base model; equal keys, equal adapter."""
    method: str
    adapter_sha256: str
    """SHA-256 of the weights in the run's folder `adapter`."""
    manifest: str | None
    """SHA-256 of the split's manifest, if it has one."""


class Report(TrainedWeights):
    """The output of `curate train --json`, and `report.json` in the run's folder."""

    objective: ObjectiveName = "sft"
    dtype: str = ""
    """Type in which the training computed; empty in runs of versions without it, whose environment.json has it."""
    files: dict[str, str] = {}
    """SHA-256 by name of the run's files that are loaded later, without weights; empty in runs of versions without
    it.
    """
    learning_rate: float
    """Peak learning rate."""
    trainable_parameters: int
    total_parameters: int
    steps: int
    """Number of completed optimizer steps; fewer than planned if the training ended early."""
    kept_step: int
    """The step of the adapter: that of the best measurement on the validation split, or the last one."""
    validation_loss: float | None
    """The validation loss at that step; None without a measurement."""
    train_examples: int
    supervised_tokens: int
    """Tokens of the training split that are trained on, in one pass over it."""
    held_out: str
    """The split that was measured on: test, or validation if there is no test split."""
    held_out_examples: int
    base_loss: float
    """Mean loss per supervised token before training, in nats; for preferences, that of the good answers."""
    tuned_loss: float
    """The same with the adapter."""
    data_map: DataMap | None = None
    """Easy and hard training examples; None in runs of versions without a data map."""
    base_preferences: Preferences | None = None
    """The held-out preferences by the base; None for supervised fine-tuning."""
    tuned_preferences: Preferences | None = None
    """The same with the adapter."""
    overfitting: Overfitting | None = None
    """None in runs of versions without this report."""
    generations: tuple[Generation, ...]
    left_out: tuple[LeftOut, ...]
    """Examples that were left out, as the recipe allows."""
    mismatches: dict[str, int]
    """Differences between what is trained on and what inference renders, with the number of examples that have them."""


class Estimate(StrictModel):
    """Memory in bytes: of the GPU, or of the whole process on a CPU."""

    weights: int
    """Weights of the base model."""
    trained: int
    """Trainable weights and the state of the optimizer."""
    step: int
    """Activations and gradients of a step, at its largest forward pass."""
    around: int
    """Python and its libraries on a CPU, CUDA's own memory on a GPU."""
    low: int
    high: int
    """Upper bound with fragmentation; compare this number with the memory of the device."""


class TextSpan(StrictModel):
    """Text of an example as the model reads it."""

    text: str
    trained: bool
    """Whether the model is trained on it."""


class RuleCount(StrictModel):
    """A rule of family K and how often it was broken in the split; message and place are of the first finding."""

    code: str
    severity: Severity
    count: int
    message: str
    place: str


class Refusal(StrictModel):
    """Why `curate train` would refuse to begin."""

    reason: str
    next: str
    """The next step."""


class SplitPlan(StrictModel):
    """A split as it would be used."""

    name: str
    examples: int
    texts: int
    """Number of texts; several for an example whose template changes earlier turns."""
    tokens: int
    supervised: int
    """Number of tokens that are trained on, or measured on."""
    longest: int
    """Number of tokens of its longest text."""
    repeated: float = 1.0
    """Tokens of all texts, as a multiple of those of each answer's longest one: 1 if no text repeats another one's
    turns. The two answers of a pair are counted each for itself.
    """


class TrainingPlan(StrictModel):
    """The output of `curate train --plan --json`."""

    model: str
    method: str
    objective: ObjectiveName
    trains: str
    """What is trained of the base model."""
    cannot: tuple[str, ...]
    """Limitations of the method."""
    learning_rate: float
    learning_rate_from: str
    trainable_parameters: int
    total_parameters: int
    device: str
    dtype: str
    optimiser: str
    tokens_per_pass: int
    activation_checkpointing: bool
    memory: Estimate
    memory_available: int
    """Free memory in bytes."""
    splits: tuple[SplitPlan, ...]
    steps: int
    epochs: float
    """Passes over the training split."""
    schedule: str
    warmup_steps: int
    """Steps in which the learning rate rises."""
    evaluate_every: int | None
    """Steps between measurements on the validation split, which also come after the last step; None without any."""
    evaluate_examples: int
    """Examples of the validation split in each measurement; 0 without any."""
    keep: Literal["best", "last"]
    """Which adapter is the result: that of the best measurement, or the last one."""
    disk: int
    """Bytes that checkpoints and adapter take at most."""
    passes: int
    """Total number of forward and backward passes."""
    tokens: int
    """Number of tokens that the model processes in training."""
    supervised: int
    """Number of these tokens that are trained on."""
    seconds: float | None
    """Duration of all steps in seconds, from a measured step; None if none was measured."""
    seconds_measuring: float | None
    """Duration of the measurements on the validation and the held-out split, without answers and probes, likewise."""
    memory_measured: int | None
    """Peak memory of the measured step in bytes; None if none was measured."""
    over_length: tuple[LeftOut, ...]
    """Examples longer than `max_length`."""
    untrainable: tuple[LeftOut, ...]
    """Examples that cannot be rendered, or without a token to train on."""
    mismatches: dict[str, int]
    """Differences between what is trained on and what inference renders, with the number of examples that have them."""
    findings: tuple[RuleCount, ...]
    """Findings of the rules of family K."""
    served_with: str
    """What a server has to give the chat template to render the prompts of the training, in words; empty if the
    template has no variables there.
    """
    masks: tuple[tuple[TextSpan, ...], ...]
    """Some examples, divided into parts that are trained on and parts that are not."""
    mask_roles: tuple[Literal["good", "bad"], ...]
    """For each of them whether its answer is to become more likely or, for preferences, less."""
    refusals: tuple[Refusal, ...]
    """Why the training would refuse to begin; empty if it would begin."""


class File(StrictModel):
    """A file of an export or of a composition."""

    name: str
    size: int
    """Size in bytes."""
    sha256: str


class Member(StrictModel):
    """One of the merged adapters, and how much of its improvement is left."""

    run: str
    """Folder of its run."""
    key: str
    """Key of its run: hash over recipe, data and base model."""
    adapter_sha256: str
    weight: float
    rank: int
    held_out: str
    """Its own held-out split."""
    questions: int
    """Number of questions of that split that were measured on."""
    base_loss: float
    """Mean loss per supervised token of the base, in nats."""
    alone_loss: float
    """Loss with this adapter alone."""
    composed_loss: float
    """Loss with all adapters."""
    kept: float | None
    """Share of its improvement over the base that is left; null if it had none."""


class Composition(OnBase):
    """Several adapters merged into one."""

    folder: str
    rank: int
    """Rank of the composition: the sum of all ranks."""
    members: tuple[Member, ...]
    notes: tuple[str, ...] = ()
    """What a server has to be given."""


class Answered(StrictModel):
    """A line of `curate chat --json`: one question with its answer."""

    question: str
    answer: str
    tokens: int
    """Number of tokens of the answer."""
    ended: bool
    """Whether the answer ended before the limit."""
