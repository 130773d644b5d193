"""The result of a training. It holds no times, so that it is the same whether or not the training was interrupted."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from curate.datamap import Region


class Part(BaseModel):
    """A part of the report."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Generation(Part):
    """A held-out question with its answers, side by side."""

    prompt: str
    """The last message before the answer."""
    reference: str
    """The answer in the data."""
    base: str
    """What the base model answers."""
    tuned: str
    """What it answers with the adapter."""


class LeftOut(Part):
    """An example that was not used, and why."""

    split: str
    line: int
    """Line in the split's file, from 1."""
    example: str
    """Id of the example."""
    reason: str


class MapRegion(Part):
    """A part of the data map."""

    name: Region
    examples: int
    loss: float
    """Mean over its examples, in nats per supervised token."""
    confidence: float
    """Mean over its examples, 0 to 1."""


class Hard(Part):
    """An example that the model found hard to learn; see `curate.datamap.Mapped`."""

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


class DataMap(Part):
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
    hardest: tuple[Hard, ...]


class Pause(Part):
    """What `curate train --pause-at --json` prints where the training came to its pause."""

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


class LossPoint(Part):
    """The losses at a measurement on the validation split, in nats per supervised token."""

    step: int
    train: float | None
    """Mean over the steps since the measurement before, each before its update."""
    held_out: float | None


class Memorised(Part):
    """Answers that are gone on with word for word by greedy decoding, given their first quarter; answers of 8 tokens and more."""

    answers: int
    """Of the training split, that were looked at."""
    tuned: int
    base: int
    held_out_answers: int
    held_out: int
    held_out_base: int

    @property
    def otherwise(self) -> float:
        """How many would be said so without having been trained on: as many as the base says, or as of the held-out answers."""
        share = self.held_out / self.held_out_answers if self.held_out_answers else 0.0
        return max(float(self.base), share * self.answers)


class Forgotten(Part):
    """The loss on general answers, which nothing was trained for, in nats per token."""

    prompts: int
    base: float
    tuned: float
    change: float
    low: float
    """Of the change's 95% interval."""
    high: float


class Overfitting(Part):
    """Whether the training learnt its examples instead of the task; of the adapter that was kept, but for the losses."""

    signs: tuple[Sign, ...]
    """overfits: the held-out loss rose again; memorises: training answers are known by heart; forgets: general answers have become less likely."""
    curve: tuple[LossPoint, ...]
    train_loss: float | None
    """At the end of the training."""
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


class Report(Part):
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
    """The step after which the adapter was as it is: that of the best measurement on the validation split, or the last one."""
    validation_loss: float | None
    """The measurement at that step; None without any."""
    train_examples: int
    supervised_tokens: int
    """Tokens of the training split that are trained on, in one pass over it."""
    held_out: str
    """The split that was measured on: test, or validation where there is no test."""
    held_out_examples: int
    base_loss: float
    """Mean loss per supervised token before, in nats."""
    tuned_loss: float
    """The same with the adapter."""
    data_map: DataMap | None = None
    """Which training examples were easy and which were hard to learn; None in runs older than it."""
    overfitting: Overfitting | None = None
    """None in runs older than it."""
    generations: tuple[Generation, ...]
    adapter_sha256: str
    """SHA-256 of the weights in adapter/."""
    left_out: tuple[LeftOut, ...]
    """Examples that were not used; the recipe allowed to leave them out."""
    mismatches: dict[str, int]
    """Differences between what is trained on and what inference renders, with the number of examples that have them."""
