"""How much a training measures besides the held-out loss: by default so much that all of it is a quarter of the run,
or the least that says anything.

A training step costs three forward passes over its tokens: one forward, one for the gradients of the inputs, one for
those of the weights, which an adapter on a frozen base does without. Measuring costs one.
"""

from typing import Final, NamedTuple

from train.recipe import Recipe

MEASURED: Final = 1 / 3
"""Forward passes of all measurements, as a share of those of the steps: a quarter of the run."""
MODELS: Final = 2
"""The base and the tuned model."""
MAX_EXAMPLES: Final = 200
MIN_EXAMPLES: Final = 32
MAX_PROBES: Final = 32
MIN_PROBES: Final = 8
"""Fewer say nothing about memorization."""
GENERAL_PROMPTS: Final = 24
"""The general prompts of `generic.jsonl`, which are probed as long as anything is."""


class Measuring(NamedTuple):
    """What is measured."""

    examples: int
    """Examples of the validation split in each measurement during the training."""
    probes: int
    """Training and held-out answers that are probed before and after it."""


def step_passes(recipe: Recipe) -> int:
    """Forward passes that take as long as a training step over the same tokens."""
    return 3 if recipe.method == "full" else 2


def measuring_of(recipe: Recipe, trained: int, held_out: int, mean: float, measurements: int) -> Measuring:
    """How much to measure: what the recipe says, or as much as takes a quarter of the run.

    `trained`, `held_out`: tokens of all steps and of the held-out split; `mean`: mean tokens of an example;
    `measurements`: how often the validation split is measured.
    """
    left = max(0.0, trained * step_passes(recipe) * MEASURED - held_out * MODELS) / mean
    examples = int(left / 2 / max(1, measurements))
    probes = int((left / 2 / MODELS - GENERAL_PROMPTS) / 2)
    return Measuring(
        recipe.evaluate_examples or min(max(examples, MIN_EXAMPLES), MAX_EXAMPLES),
        min(max(probes, MIN_PROBES), MAX_PROBES) if recipe.probes is None else recipe.probes,
    )
