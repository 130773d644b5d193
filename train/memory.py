"""What a training needs in memory, told before a byte of weights is loaded, and the settings with which it fits."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import torch

from curate.errors import ModelError
from curate.models import configuration
from train import ranks
from train.machine import held_memory
from train.plan_report import Estimate
from train.recipe import Recipe
from train.shape import Linear4bitShape, kept_by_a_step, meta_model

STATE: Final = {"adamw_torch": 8.0, "adamw_8bit": 2.1, "paged_adamw_8bit": 2.1, "paged_adamw_32bit": 8.0, "lion_8bit": 1.1, "adafactor": 0.1, "sgd": 0.0}
"""Bytes that an optimiser keeps for each trained parameter."""
CONTEXT: Final = (0.3e9, 0.9e9)
"""What CUDA and its libraries take for themselves, at least and at most."""
FRAGMENTS: Final = {"cpu": 1.4, "cuda": 1.1}
"""How much more an allocator holds than is alive in a step: measured with `tests/bench/memory.py` on a CPU (glibc), common on GPUs."""
LIBRARIES: Final = 0.08e9
"""What is loaded only on the way, on a CPU: measured with the same bench."""


class Load(NamedTuple):
    """The largest forward pass of a training."""

    lengths: tuple[int, ...]
    """Tokens of its texts."""
    supervised: int
    """Tokens trained on."""


class Sizes:
    """Estimates for one recipe, whose base's configuration is all that is read."""

    def __init__(self, recipe: Recipe, dtype: torch.dtype, *, on_cpu: bool, config: Any = None) -> None:
        self.recipe, self.dtype, self.on_cpu = recipe, dtype, on_cpu
        self.config = configuration(recipe.model) if config is None else config
        try:
            model = meta_model(self.config, recipe, dtype)
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{recipe.model}: no causal language model that can be trained: {error}", "name another base") from error
        parameters = list(model.parameters())
        packed = [module for module in model.modules() if isinstance(module, Linear4bitShape)]
        self.trainable: int = sum(parameter.numel() for parameter in parameters if parameter.requires_grad)
        self.total = sum(parameter.numel() for parameter in parameters) + sum(module.count - module.packed.numel() for module in packed)
        self.weights: int = sum(parameter.numel() * parameter.element_size() for parameter in parameters if not parameter.requires_grad)
        self._kept = cache(self._run)

    def _run(self, load: Load, checkpointing: bool) -> int:
        return kept_by_a_step(self.config, self.recipe, self.dtype, list(load.lengths), load.supervised, checkpointing=checkpointing, on_cpu=self.on_cpu)

    def estimate(self, load: Load, *, checkpointing: bool, optimiser: str) -> Estimate:
        """What a training with passes like `load` needs."""
        step = self._kept(load, checkpointing)
        low, high = self._around()
        alive = self.weights_here + self._trained(optimiser)
        return Estimate(
            weights=self.weights_here, trained=self._trained(optimiser), step=step, around=round(low), low=round(low + alive + step),
            high=round(high + alive + step * FRAGMENTS["cpu" if self.on_cpu else "cuda"]),
        )  # fmt: skip

    def without_steps(self, optimiser: str) -> int:
        """What a training needs before its first step: known at once, where a step has to be tried."""
        return round(self._around()[1] + self.weights_here + self._trained(optimiser))

    @property
    def weights_here(self) -> int:
        """Bytes of the frozen weights on this device."""
        return self.weights // ranks.world() if self.recipe.parallel == "fsdp" else self.weights

    def _trained(self, optimiser: str) -> int:
        return round(self.trainable * (4 + STATE[optimiser]))

    def _around(self) -> tuple[float, float]:
        """What is there besides the model, at least and at most."""
        if not self.on_cpu:
            return CONTEXT
        held = held_memory()
        return float(held), held * 1.1 + LIBRARIES + min(self.weights_here, 0.2e9)  # pages of the file that the weights came from


def loads(lengths: Sequence[int], supervised: float, batch: int, rooms: Sequence[int]) -> Iterator[tuple[int, Load]]:
    """For each size of passes the largest one that there can be, of texts of the given lengths, `batch` of them in a step.

    It holds the longest text, and others of middle length while they fit.
    """
    ordered = sorted(lengths)
    middle, longest = ordered[len(ordered) // 2], ordered[-1]
    for room in rooms:
        texts = [longest, *[middle] * min(batch - 1, max(0, (room - longest) // middle))]
        yield room, Load(tuple(texts), max(1, round(sum(texts) * supervised)))
