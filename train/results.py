"""The results of `curate train`, `plan`, `merge` and `chat`, as their `--json` prints them.

The result of a training holds no times: it is the same whether or not the training was interrupted.
"""

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
    """What the base model answers."""
    tuned: str
    """What it answers with the adapter."""


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
    """In train.jsonl."""
    example: str
    """Id of the example."""
    loss: float
    excess: float
    """Nats above the median of what was trained on at about the same steps."""
    confidence: float
    spike: int | None
    """A step whose loss it made rise."""
    pull: float | None
    """Nats above its neighbours, where it answers otherwise than they do."""
    prompt: str
    """The beginning of what it asks."""
    answer: str
    """The beginning of its answer."""


class DataMap(StrictModel):
    """What the training saw of its examples, in short; `datamap.jsonl` has all of it."""

    examples: int
    """That were trained on."""
    visits: float
    """How often each was, on average."""
    regions: tuple[MapRegion, ...]
    """Easy, ambiguous and hard to learn; none after less than two passes over the data."""
    spiked: int
    """Examples that made the loss of a step rise."""
    pulling: int
    """Examples that pull against their neighbours."""
    hardest: tuple[HardExample, ...]


class Pause(StrictModel):
    """What `curate train --pause-at --json` prints at the pause."""

    key: str
    """Hash over recipe, data and base model."""
    step: int
    """Steps that are done."""
    steps: int
    """Steps of the whole training."""
    validation_loss: float
    """Mean loss per supervised token of the validation split there, in nats."""
    trainable_parameters: int
    total_parameters: int


Sign = Literal["overfits", "memorises", "forgets"]


class LossPoint(StrictModel):
    """The losses at a measurement on the validation split, in nats per supervised token."""

    step: int
    train: float | None
    """Mean over the steps since the measurement before, each before its update."""
    held_out: float | None


class Memorised(StrictModel):
    """Answers of 8 or more tokens that greedy decoding continues word for word, given their first quarter."""

    answers: int
    """Of the training split, that were looked at."""
    tuned: int
    base: int
    held_out_answers: int
    held_out: int
    held_out_base: int

    @property
    def otherwise(self) -> float:
        """The number expected without training on them: that of the base, or the share of the held-out answers."""
        share = self.held_out / self.held_out_answers if self.held_out_answers else 0.0
        return max(float(self.base), share * self.answers)


class Forgotten(StrictModel):
    """The loss on general answers, which nothing was trained for, in nats per token."""

    prompts: int
    base: float
    tuned: float
    change: float
    low: float
    """Of the change's 95% interval."""
    high: float


class Overfitting(StrictModel):
    """Whether the training learned its examples instead of the task. Except for the losses, about the kept adapter."""

    signs: tuple[Sign, ...]
    """overfits: the held-out loss rose; memorises: training answers; forgets: general answers became less likely."""
    curve: tuple[LossPoint, ...]
    train_loss: float | None
    held_out_loss: float | None
    """The last measurement; of a training without any, the loss of the tuned model."""
    gap: float | None
    """Held-out loss minus training loss: the generalisation gap."""
    best_step: int | None
    """The step of the best measurement: after it the held-out loss did not improve."""
    rise: float | None
    """From there to the last measurement."""
    memorised: Memorised | None
    """None where too few answers are long enough, or the recipe wants no probes."""
    general: Forgotten | None
    sentences: tuple[str, ...]
    """All of it in words; what to do about each sign last."""


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


class Shared(StrictModel):
    """What all training examples share beside their messages; the model is to be asked with it."""

    system: str | None = None
    """The system message; None where some have another one or none."""
    shared: dict[str, Any] = {}
    """Tools and variables of the chat template."""


class Report(Shared):
    """What `curate train --json` prints and `report.json` in the run's folder holds."""

    key: str
    """Hash over recipe, data and base model: equal keys, equal adapter."""
    model: str
    """The base model, as the recipe names it."""
    base: str
    """Fingerprint of the base model."""
    template: str
    """SHA-256 of the chat template; inference must use the same."""
    manifest: str | None
    """SHA-256 of the split's manifest, where it has one."""
    method: str
    learning_rate: float
    """At its peak."""
    trainable_parameters: int
    total_parameters: int
    steps: int
    """Optimiser steps that were done; fewer than planned where the training ended early."""
    kept_step: int
    """The step of the adapter: that of the best measurement on the validation split, or the last one."""
    validation_loss: float | None
    """The measurement at that step; None without any."""
    train_examples: int
    supervised_tokens: int
    """Tokens of the training split that are trained on, in one pass over it."""
    held_out: str
    """The split that was measured on: test, or validation where there is no test."""
    held_out_examples: int
    base_loss: float
    """Mean loss per supervised token before, in nats; of preferences, that of the good answers."""
    tuned_loss: float
    """The same with the adapter."""
    data_map: DataMap | None = None
    """Which training examples were easy and which were hard to learn; None in runs older than it."""
    base_preferences: Preferences | None = None
    """The held-out preferences by the base; None for supervised fine-tuning."""
    tuned_preferences: Preferences | None = None
    """The same with the adapter."""
    overfitting: Overfitting | None = None
    """None in runs older than it."""
    generations: tuple[Generation, ...]
    adapter_sha256: str
    """SHA-256 of the weights in adapter/."""
    left_out: tuple[LeftOut, ...]
    """Examples that were not used; the recipe allowed to leave them out."""
    mismatches: dict[str, int]
    """Differences between what is trained on and what inference renders, with the number of examples that have them."""


class Estimate(StrictModel):
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


class TextSpan(StrictModel):
    """Text of an example, as the model gets it."""

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
    """Why `curate train` would not begin."""

    reason: str
    next: str
    """What to do about it."""


class SplitPlan(StrictModel):
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
    repeated: float = 1.0
    """Tokens of all texts, as a multiple of those of each example's longest one."""


class TrainingPlan(StrictModel):
    """What `curate plan --json` prints."""

    model: str
    method: str
    objective: ObjectiveName
    trains: str
    """What becomes of the base."""
    cannot: tuple[str, ...]
    """What the method cannot do."""
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
    findings: tuple[RuleCount, ...]
    """Findings of the rules of family K."""
    masks: tuple[tuple[TextSpan, ...], ...]
    """Some examples, cut into what is trained on and what is not."""
    refusals: tuple[Refusal, ...]
    """Why the training would not begin; empty where it would."""


class Member(StrictModel):
    """One of the adapters, and what became of what it had learnt."""

    run: str
    """Folder of its run."""
    key: str
    """Of its run: hash over recipe, data and base model."""
    adapter_sha256: str
    weight: float
    rank: int
    held_out: str
    """Its own held-out split."""
    questions: int
    """Of that split, which were measured on."""
    base_loss: float
    """Mean loss per supervised token of the base, in nats."""
    alone_loss: float
    """With this adapter alone."""
    composed_loss: float
    """With all of them."""
    kept: float | None
    """Share of what it gained over the base that is left; null where it had gained nothing."""


class Composition(Shared):
    """Several adapters as one."""

    folder: str
    model: str
    """The base model, as the first recipe names it."""
    base: str
    """Fingerprint of the base model."""
    template: str
    """SHA-256 of the chat template that all were trained with."""
    rank: int
    """Of the composition: the sum of theirs."""
    members: tuple[Member, ...]


class Answered(StrictModel):
    """A line of `curate chat --json`: one question with its answer."""

    question: str
    answer: str
    tokens: int
    """Of the answer."""
    ended: bool
    """Whether the answer ended before the limit."""
