"""Preference objectives: DPO, ORPO and KTO, as a weight for each text of a step.

The loss of a step depends on the log-likelihoods of its answers alone, so its gradient is that of a weighted sum of
them. They are computed first, without gradients; then the loop trains on the texts with these weights, as in supervised
fine-tuning: in any micro-batches and on any number of processes, the two answers of a pair apart if need be. It costs
one forward pass more than the gradients need, and as little memory as supervised fine-tuning.

The reference is the same model with its adapter switched off, so there is one model in memory.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from curate.models.encoding import IGNORE_INDEX, Encoded
from train import distributed
from train.batching import pack, split_into_microbatches
from train.data.splits import TokenizedSplit
from train.methods import ObjectiveName
from train.model.adapters import adapter_disabled
from train.model.base import autocast, device
from train.model.loss import losses
from train.recipe import Recipe
from train.results import Preferences

POLICY, REFERENCE, OTHER, OTHER_REFERENCE = range(4)
"""Columns of log-likelihoods: by model and base of the answer, and of the answer of another example (KTO)."""


class Sides(NamedTuple):
    """The answers of a step; tensors with one entry per answer, of pairs the chosen one first."""

    policy: Tensor
    """Log-likelihood by the model that is trained, in nats."""
    reference: Tensor
    """By the base."""
    tokens: Tensor
    signs: Tensor
    """1 for a good answer, -1 for a bad one."""
    weights: Tensor
    """Loss weight of its example."""
    divergence: Tensor
    """Estimate of the divergence of the model from the base, in nats, at least 0; for KTO."""


def dpo(sides: Sides, recipe: Recipe) -> Tensor:
    """Rafailov et al. 2023, equation 7: one loss per pair."""
    ratios = sides.policy - sides.reference
    return -logsigmoid(recipe.beta * (ratios[0::2] - ratios[1::2]))


def orpo(sides: Sides, recipe: Recipe) -> Tensor:
    """Hong et al. 2024, equations 6 and 7: one loss per pair; likelihoods are means over the tokens of an answer."""
    means = (sides.policy / sides.tokens).clamp(max=-1e-7)  # of a certain answer the odds are infinite
    odds = means - torch.log1p(-means.exp())
    return -means[0::2] - recipe.beta * logsigmoid(odds[0::2] - odds[1::2])


def kto(sides: Sides, recipe: Recipe) -> Tensor:
    """Ethayarajh et al. 2024, equation 8: one loss per answer."""
    weights = torch.where(sides.signs > 0, recipe.desirable_weight, recipe.undesirable_weight)
    value = torch.sigmoid(recipe.beta * sides.signs * (sides.policy - sides.reference - sides.divergence))
    return weights * (1 - value)


LOSSES: Final[dict[ObjectiveName, Callable[[Sides, Recipe], Tensor]]] = {"dpo": dpo, "orpo": orpo, "kto": kto}


class Weighed(NamedTuple):
    """The loss of a step, and the weights with which its texts give the gradient of that loss."""

    loss: float
    factors: list[float]
    """For each text, -1 to 1; times its token losses and divided by `weight`."""
    weight: float


@dataclass(frozen=True, slots=True)
class Preference:
    """The preferences of a split, for the objective of a recipe."""

    split: TokenizedSplit
    recipe: Recipe
    dtype: torch.dtype

    def local_likelihoods(self, model: Any, step: Sequence[int], room: int, *, alone: bool = False) -> Tensor:
        """Log-likelihoods of the texts of a step in float64, shape (texts, 4), of this process: the others have zeros.

        `room`: tokens of a pass; `alone`: the model is the base itself.
        """
        texts = [self.split.encoded[index] for index in step]
        likelihoods = torch.zeros(len(texts), 4, dtype=torch.float64, device=device())
        others = self._mismatched_texts(step) if self.recipe.objective == "kto" and not alone else []
        with torch.no_grad():
            likelihoods[:, POLICY] = self._sums(model, texts, room)
            likelihoods[: len(others), OTHER] = self._sums(model, others, room)
            if self.recipe.goal.reference and not alone:
                with adapter_disabled(model) as base:
                    likelihoods[:, REFERENCE] = self._sums(base, texts, room)
                    likelihoods[: len(others), OTHER_REFERENCE] = self._sums(base, others, room)
        if alone:
            likelihoods[:, REFERENCE] = likelihoods[:, POLICY]
        return likelihoods

    def _sums(self, model: Any, texts: Sequence[Encoded], room: int) -> Tensor:
        """The weighted log-likelihood of each text; zero for those that other processes compute."""
        sums = torch.zeros(len(texts), dtype=torch.float64, device=device())
        training = model.training
        model.eval()
        lengths = [len(text.input_ids) for text in texts]
        batches = split_into_microbatches(lengths, room, distributed.world_size())[distributed.rank()]
        for positions in filter(None, batches):
            packed = pack([texts[position] for position in positions]).to(device())
            with autocast(self.dtype):
                each = losses(model, packed).each
            sums[positions] = packed.sums(-(each * packed.weights).double())
        model.train(training)
        return sums

    def _answer_and_example_numbers(self, step: Sequence[int]) -> list[tuple[int, int]]:
        """For each text of a step the number of its answer and that of its example.

        An answer is several texts where the template changes earlier turns. A step may contain an example twice.
        """
        owners, signs = self.split.owners, self.split.signs
        answer, example, numbers = -1, -1, list[tuple[int, int]]()
        for index, before in zip(step, (-1, *step), strict=False):
            again = before < 0 or index <= before or owners[index] != owners[before]
            example += again
            answer += again or signs[index] != signs[before]
            numbers.append((answer, example))
        return numbers

    def _mismatched_texts(self, step: Sequence[int]) -> list[Encoded]:
        """For each answer its prompt with the answer of the example before it (before the first: the last); empty for
        one example.
        """
        first = dict[int, tuple[Encoded, int]]()
        for index, (answer, example) in zip(step, self._answer_and_example_numbers(step), strict=True):
            first.setdefault(answer, (self.split.encoded[index], example))
        of_example = {example: text for text, example in reversed(first.values())}
        if len(of_example) == 1:
            return []
        return [_with_answer_of(text, of_example[(example - 1) % len(of_example)]) for text, example in first.values()]

    def _sides_of(self, step: Sequence[int], likelihoods: Tensor) -> tuple[Sides, list[int]]:
        """The answers of a step, and for each of its texts the number of its answer."""
        split, numbers = self.split, [answer for answer, _ in self._answer_and_example_numbers(step)]
        first = [step[numbers.index(number)] for number in range(numbers[-1] + 1)]
        tokens = likelihoods.new_tensor([split.encoded.weights[index] for index in step])
        texts = torch.stack([likelihoods[:, POLICY], likelihoods[:, REFERENCE], tokens])
        owners = torch.tensor(numbers, device=likelihoods.device)
        policy, reference, counts = texts.new_zeros(3, len(first)).index_add_(1, owners, texts)
        others = (likelihoods[:, OTHER] - likelihoods[:, OTHER_REFERENCE])[: len(first)]
        signs = likelihoods.new_tensor([split.signs[index] for index in first])
        weights = likelihoods.new_tensor([split.weights[split.owners[index]] for index in first])
        return Sides(policy, reference, counts, signs, weights, others.mean().clamp(min=0)), numbers

    def weigh(self, step: Sequence[int], likelihoods: Tensor) -> Weighed:
        """The loss of a step, and the weights of its texts, from the log-likelihoods of all processes."""
        sides, numbers = self._sides_of(step, likelihoods)
        policy = sides.policy.requires_grad_()
        loss = self._mean_loss(sides)
        (slopes,) = torch.autograd.grad(loss, policy)
        scale = float(slopes.abs().max()) or 1.0  # small numbers would be lost in float16
        return Weighed(float(loss.detach()), [-float(slopes[number]) / scale for number in numbers], 1 / scale)

    def _mean_loss(self, sides: Sides) -> Tensor:
        """The weighted mean of the losses of pairs or answers."""
        loss = LOSSES[self.recipe.objective](sides, self.recipe)
        weights = sides.weights[:: len(sides.weights) // len(loss)]
        return (loss * weights).sum() / weights.sum()

    def measure(self, model: Any, room: int, done: Callable[[int], None], *, alone: bool = False) -> Preferences:
        """Measure a model on the split; `alone`: it is the base. `done` is called after each step with its number of
        texts.
        """
        examples = [list(group) for _, group in groupby(range(len(self.split.owners)), self.split.owners.__getitem__)]
        size, total, weight, parts = self.recipe.batch, 0.0, 0.0, list[Sides]()
        for start in range(0, len(examples), size):
            step = [index for example in examples[start : start + size] for index in example]
            likelihoods = distributed.sum_over_processes(self.local_likelihoods(model, step, room, alone=alone))
            sides, _ = self._sides_of(step, likelihoods)
            share = float(sides.weights.sum())
            total, weight = total + float(self._mean_loss(sides)) * share, weight + share
            parts.append(sides)
            done(len(step))
        policy, reference, tokens, signs = (
            torch.cat([getattr(part, key) for part in parts]) for key in Sides._fields[:4]
        )
        likely = policy / tokens
        rewards = self.recipe.beta * (policy - reference if self.recipe.goal.reference else likely)
        pairs = self.recipe.objective != "kto"
        good, bad = rewards[signs > 0], rewards[signs < 0]
        margin = float(good.mean() - bad.mean()) if len(bad) else None
        return Preferences(
            loss=total / weight, good=len(good), bad=len(bad), accuracy=_accuracy(rewards, signs, pairs=pairs),
            margin=margin, likelier=_accuracy(likely, signs, pairs=pairs),
        )  # fmt: skip


def _accuracy(scores: Tensor, signs: Tensor, *, pairs: bool) -> float | None:
    """Share of pairs whose good answer has the higher score, a tie counting half; None without bad answers.

    Where they are no pairs, all good answers are compared with all bad ones (the area under the ROC curve).
    """
    good, bad = scores[signs > 0], scores[signs < 0]
    if not len(bad):
        return None
    above = good - bad if pairs else good[:, None] - bad[None]
    return float((above > 0).double().mean() + (above == 0).double().mean() / 2)


def _with_answer_of(text: Encoded, other: Encoded) -> Encoded:
    """The prompt of a text with the answer of another one."""
    first, from_ = (
        next(i for i, label in enumerate(encoded.labels) if label != IGNORE_INDEX) for encoded in (text, other)
    )
    return replace(
        other,
        input_ids=text.input_ids[:first] + other.input_ids[from_:],
        labels=[IGNORE_INDEX] * first + other.labels[from_:],
        weights=[0.0] * first + other.weights[from_:],
    )
